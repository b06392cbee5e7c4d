// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace varphase {

/// What came of work in a child process.
struct Isolated {
  std::string said;     // what the work returned
  std::string trouble;  // "" or how the child ended before it returned: a signal, out of time
};

/// Memory that a child process fills for its parent.
class SharedBytes {
 public:
  /// @throws Error device where there is no memory for it.
  explicit SharedBytes(std::size_t size);
  ~SharedBytes();
  SharedBytes(const SharedBytes&) = delete;
  SharedBytes& operator=(const SharedBytes&) = delete;

  std::span<std::byte> span() const noexcept { return {data_, size_}; }
  /// Copies from `offset` on and gives the memory back piece by piece; it reads as zeros then.
  void move_out(std::size_t offset, std::span<std::byte> into);

 private:
  std::byte* data_ = nullptr;
  std::size_t size_;
};

/// Runs `work` in a child process, where a hostile file may make HDF5 die or hang; of a processor's
/// time it gets `processor_seconds`.
/// @param what named where there is no process to be had
/// @throws Error io.
Isolated run_isolated(const std::string& what, double seconds,
                      const std::function<std::string()>& work, double processor_seconds = 0);

}  // namespace varphase
