// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/kappa/kappa_map.hpp"

namespace varphase {

/// What a kappa map is of, beside its epoch and class. An empty text stands for what
/// `varphase kappa RUN` takes.
struct MapSubject {
  std::string layers;       // as layers_name has them; "": all variance layers
  std::string split;        // "test", "validation"; "": train
  std::string method;       // "ggn", "estimate-4"; "": exact
  std::string smooth;       // "none", "softplus:2"; "": each layer as kappa chooses
  bool quantities = false;  // --all-quantities
  std::string data;         // digest of the images, where they are not the run's own

  /// The folder below kappa/: "" of the run's own maps, "layers" where the layers alone differ,
  /// else what differs beside them: "split-test,smooth-none".
  std::string folder() const;
};

/// "conv1+dense1", short enough for a file's name, and one name for one list.
std::string layers_name(const std::vector<std::string>& layers);

/// Every path below a run's kappa/: maps that are of different things never have one name.
class MapFiles {
 public:
  explicit MapFiles(const std::filesystem::path& run);

  std::filesystem::path root() const { return root_; }
  std::filesystem::path folder(const MapSubject& subject) const;
  std::filesystem::path map(const MapSubject& subject, std::int64_t epoch) const;
  std::filesystem::path class_folder(const MapSubject& subject) const;
  std::filesystem::path class_map(const MapSubject& subject, std::int64_t epoch,
                                  std::int64_t label) const;
  /// Of images' shares, without .json or .csv.
  std::filesystem::path images(const MapSubject& subject, std::int64_t epoch) const;
  std::filesystem::path partial() const { return root_ / "partial"; }
  /// Beside the maps of a folder.
  static std::filesystem::path histogram(const std::filesystem::path& folder);

  struct File {
    std::filesystem::path path;
    std::string folder;  // below kappa/; "" of kappa/ itself
  };
  /// Maps over all images of a split, the run's own first, then those of some layers, then the
  /// others by name. Older versions named some otherwise: a map itself says what it is of.
  std::vector<File> list() const;
  /// Those of one epoch.
  std::vector<File> of_epoch(std::int64_t epoch) const;

  /// A file in a new map's place that is of something else, as older versions wrote it, goes to
  /// kappa/older, where readers find it. @return where it went; empty: nothing was in the way.
  std::filesystem::path make_room(const std::filesystem::path& path, const KappaMap& map) const;

 private:
  std::string stem(const MapSubject& subject, std::int64_t epoch) const;
  std::filesystem::path root_;
};

}  // namespace varphase
