#include "oci/monitor/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace slipway::monitor {
namespace {

// Unmaps the pages of the program's own text and constants that are not needed any more. They are clean copies of the
// file: what is needed again comes back from the page cache, 64 KiB around each place.
int drop_program_pages(struct dl_phdr_info* info, size_t, void*) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int index = 0; index < info->dlpi_phnum; ++index) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[index];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t start = (info->dlpi_addr + segment.p_vaddr + page - 1) & ~(page - 1);
    const uintptr_t end = (info->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
    if (start < end) madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void shrink_memory() {
  malloc_trim(0);
  dl_iterate_phdr(drop_program_pages, nullptr);
}

}  // namespace slipway::monitor
