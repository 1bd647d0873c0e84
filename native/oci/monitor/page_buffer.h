// Memory for data in transit, which can be given back to the kernel while nothing moves.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace slipway::monitor {

class PageBuffer {
 public:
  explicit PageBuffer(size_t size) : size_(size) {
    void* const base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<char*>(base);
  }
  ~PageBuffer() { munmap(base_, size_); }
  PageBuffer(const PageBuffer&) = delete;
  PageBuffer& operator=(const PageBuffer&) = delete;

  char* data() { return base_; }
  size_t size() const { return size_; }
  // The content is lost; the address stays.
  void release() { madvise(base_, size_, MADV_DONTNEED); }

 private:
  char* base_;
  size_t size_;
};

}  // namespace slipway::monitor
