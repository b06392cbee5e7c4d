// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "src/data/dataset.hpp"
#include "src/data/image_listing.hpp"

namespace varphase {

struct ReadOptions;

/// Where decoded sets are kept: $VARPHASE_CACHE, $XDG_CACHE_HOME/varphase or ~/.cache/varphase; "" where none of these
/// is set.
std::filesystem::path cache_folder();

/// Decoded image folders in the user's cache. A set is found by its contents: the names of its files, the SHA-256 of
/// each file's bytes, and what was to be made of them. So a renamed folder or a copied cache finds its set again, and
/// two folders that are alike in names, sizes and times are two sets.
///
/// Beside a set lies a small note that says, by the FileIdentity of every file, which contents a folder had: while no
/// identity changes, no image is read. The note is written only where every file was last changed long enough before it
/// was read, so that a later change would show.
class ImageCache {
 public:
  /// @param root the set's folder
  ImageCache(std::filesystem::path root, std::vector<const ImageFile*> files,
             const ReadOptions& options);

  /// The set, where it is kept. Reads the images' files only where their identities are not known and there is a set of
  /// the same names and sizes.
  std::optional<Dataset> find();

  /// Keeps a set; to be called after find(). @param digests  of each file as it was listed, "" where there is none
  void keep(const Dataset& dataset, const std::vector<std::string>& digests) const;

 private:
  std::string outline() const;
  std::string set_name(const std::vector<std::string>& digests) const;
  std::optional<Dataset> read(const std::string& name) const;
  std::vector<std::string> digest_files(bool& as_listed) const;
  std::filesystem::path note_file() const;
  std::optional<std::string> noted() const;
  void note(const std::string& set) const;
  void let_changes_show();

  std::filesystem::path root_;
  std::vector<const ImageFile*> files_;
  const ReadOptions& options_;
  std::string made_of_them_;
  bool changes_show_ = false;
};

}  // namespace varphase
