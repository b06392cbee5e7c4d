// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>

namespace varphase {

/// The bytes of a file in memory that malloc gave, so that HDF5 can let it grow without a copy.
struct FileBytes {
  struct Free {
    void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> data;
  std::size_t size = 0;

  std::span<const std::byte> span() const noexcept { return {data.get(), size}; }

  /// Memory of that size, uninitialized. @throws Error device where there is none.
  static FileBytes of_size(std::size_t size);
};

/// A regular file that is open for reading. Opening never waits for a pipe and never opens a device.
class InputFile {
 public:
  /// @throws Error io: missing, a folder, no regular file, not permitted.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const noexcept { return size_; }
  /// Fills `into` from `offset` on. @throws Error io where the file ends before or the disk fails.
  void read(std::uint64_t offset, std::span<std::byte> into) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// Writes the parts one behind the other into a new file and closes it. A file of that name is replaced: it can only
/// have been left by a killed process that had this one's number.
/// @throws Error io with the system's cause: a full disk, a quota, or the limit RLIMIT_FSIZE (whose signal is caught).
void write_new_file(const std::filesystem::path& path,
                    std::initializer_list<std::span<const std::byte>> parts);

}  // namespace varphase
