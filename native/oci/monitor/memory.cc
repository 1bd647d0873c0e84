#include "oci/monitor/memory.h"

#include <link.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdint>

namespace slipway::monitor {

IdleMemory::IdleMemory() {
  const auto collect = [](struct dl_phdr_info* info, size_t, void* data) {
    auto& memory = *static_cast<IdleMemory*>(data);
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int index = 0; index < info->dlpi_phnum && memory.count_ < memory.ranges_.size(); ++index) {
      const ElfW(Phdr)& segment = info->dlpi_phdr[index];
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
      const uintptr_t start = (info->dlpi_addr + segment.p_vaddr + page - 1) & ~(page - 1);
      const uintptr_t end = (info->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
      if (start < end) memory.ranges_[memory.count_++] = {reinterpret_cast<void*>(start), end - start};
    }
    return 0;
  };
  dl_iterate_phdr(collect, this);
}

void IdleMemory::trim() {
  malloc_trim(0);
}

}  // namespace slipway::monitor
