// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "src/base/error.hpp"

namespace varphase::test {

/// Bytes as a file that readers open by its path, without a disk.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : descriptor_(::memfd_create("fuzz", 0)) {
    if (descriptor_ < 0) std::abort();
    for (std::size_t done = 0; done < size;) {
      const ssize_t count = ::write(descriptor_, data + done, size - done);
      if (count <= 0) std::abort();
      done += static_cast<std::size_t>(count);
    }
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// An error of ours is how a reader refuses; all else ends the fuzzer. @return whether it came to
/// its end.
template <class Act>
bool reads(Act&& act) {
  try {
    act();
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// What must be so whatever the input; else a silent wrong number.
inline void must(bool so) {
  if (!so) std::abort();
}

}  // namespace varphase::test
