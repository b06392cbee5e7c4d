// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace varphase {

/// How work in a child process ended.
struct Isolated {
  std::string said;  // what the work returned
  /// how the child ended before the work returned (a signal, out of time); "": it returned
  std::string trouble;
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
  /// Copies the bytes from `offset` on and gives their memory back piece by piece; they read as zeros then.
  void move_out(std::size_t offset, std::span<std::byte> into);

 private:
  std::byte* data_ = nullptr;
  std::size_t size_;
};

/// Runs `work` in a child process, where a hostile file may make HDF5 crash or hang.
/// @param what  named in the message where no process can be made
/// @param seconds  the child may take @param processor_seconds  of a processor's time; 0: no limit
/// @throws Error io.
Isolated run_isolated(const std::string& what, double seconds,
                      const std::function<std::string()>& work, double processor_seconds = 0);

}  // namespace varphase
