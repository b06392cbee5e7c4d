// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct z_stream_s;

namespace varphase {

/// The bytes of a file in order, inflated where the file begins as gzip does, whatever its name says. Never inflates
/// more than it is asked for, so that a small file cannot fill the memory.
class ByteSource {
 public:
  /// @throws Error io where there is no readable regular file.
  explicit ByteSource(const std::filesystem::path& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Fills `out`; returns fewer bytes than asked for only at the end of the data, where trouble() says how they ended.
  /// @throws Error io where the disk fails.
  std::size_t read(std::span<std::uint8_t> out);

  /// What is wrong with the data read so far (ended early, damaged, foreign bytes behind them); "": nothing.
  const std::string& trouble() const { return trouble_; }

  /// The most bytes that all reads together can return, by the size of the file alone.
  std::uint64_t most_bytes() const;

  bool compressed() const { return inflater_ != nullptr; }
  std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  struct EndInflate {
    void operator()(z_stream_s* stream) const noexcept;
  };

  std::size_t read_file(std::uint8_t* out, std::size_t count);
  std::size_t read_inflated(std::span<std::uint8_t> out);

  std::string path_;
  std::ifstream file_;
  std::uint64_t file_bytes_ = 0;
  std::string trouble_;
  std::unique_ptr<z_stream_s, EndInflate> inflater_;
  std::vector<std::uint8_t> packed_;  // what of the file waits to be inflated
  bool inside_member_ = true;         // a gzip file may be several members, one after the other
};

}  // namespace varphase
