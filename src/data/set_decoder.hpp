// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "src/data/image_listing.hpp"

namespace varphase {

struct ReadOptions;

/// Decodes all images of a set on several threads. What is wrong with each image is kept, so that errors do not depend
/// on which thread met one first.
class SetDecoder {
 public:
  SetDecoder(std::filesystem::path root, std::vector<const ImageFile*> files,
             const ReadOptions& options);

  /// @throws Error format where images differ in size and are not to be brought to one, or where some are damaged and
  ///   are not to be skipped.
  void decode();

  const ImageHeader& header() const { return header_; }
  bool left_out(std::size_t i) const { return static_cast<bool>(troubles_[i]); }
  const std::uint8_t* image(std::size_t i) const { return pixels_.data() + i * header_.bytes(); }
  /// What was left out and why; "" where nothing was.
  std::string trouble_text() const;

  /// Whether every file could be read and was still the one that was listed.
  bool saw_what_was_listed() const { return !another_ && !unread_; }
  /// SHA-256 of each file's bytes, computed as they were decoded; "" where it could not be read.
  const std::vector<std::string>& digests() const { return digests_; }

 private:
  void find_size();
  void allocate();
  std::vector<std::uint8_t> read(std::size_t i);
  void decode_one(std::size_t i);
  void check_sizes() const;
  void check_troubles() const;

  std::filesystem::path root_;
  std::vector<const ImageFile*> files_;
  const ReadOptions& options_;
  std::size_t first_ = 0;
  ImageHeader header_;  // of every image of the set
  std::atomic<bool> found_colour_{false};
  std::atomic<bool> another_{false};
  std::atomic<bool> unread_{false};
  std::vector<std::uint8_t> pixels_;
  std::vector<ImageTrouble> troubles_;
  std::vector<ImageHeader> sizes_;
  std::vector<std::string> digests_;
};

}  // namespace varphase
