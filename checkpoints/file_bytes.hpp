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

/// The bytes of a file in memory; from malloc, so that HDF5 can let them grow without a copy.
struct FileBytes {
  struct Free {
    void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> data;
  std::size_t size = 0;

  std::span<const std::byte> span() const noexcept { return {data.get(), size}; }

  /// Uninitialized. @throws Error device where there is no memory for it.
  static FileBytes of_size(std::size_t size);
};

/// A regular file open for reading. Never waits on a pipe, never follows into a device.
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

/// Writes the parts one behind the other into a new file and closes it. A file that has that name
/// is replaced: it can only be what a killed process of the same number left there.
/// @throws Error io with the system's cause: a full disk, a quota, the limit of RLIMIT_FSIZE (its
/// signal is caught).
void write_new_file(const std::filesystem::path& path,
                    std::initializer_list<std::span<const std::byte>> parts);

}  // namespace varphase
