// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/kappa/kappa_map.hpp"

namespace varphase {

/// What a kappa map is computed of, beside its epoch and class. An empty text stands for the default of `varphase kappa
/// RUN`.
struct MapSubject {
  std::string layers;       // as layers_name has them; "": all variance layers
  std::string split;        // "test", "validation"; "": train
  std::string method;       // "ggn", "estimate-4"; "": exact
  std::string smooth;       // "none", "softplus:2"; "": each layer as kappa chooses
  bool quantities = false;  // --all-quantities
  std::string data;         // digest of the images, where they are not the run's own

  /// The folder below kappa/ for maps of this: "" for the run's own maps; "layers" where only the choice of layers
  /// differs; else the differences beside the layers, "split-test,smooth-none".
  std::string folder() const;
};

/// "conv1+dense1": one name for each list of layers, short enough for a file's name.
std::string layers_name(const std::vector<std::string>& layers);

/// Where every file below a run's kappa/ lies. Maps of different things never have the same path.
class MapFiles {
 public:
  explicit MapFiles(const std::filesystem::path& run);

  std::filesystem::path root() const { return root_; }
  std::filesystem::path folder(const MapSubject& subject) const;
  std::filesystem::path map(const MapSubject& subject, std::int64_t epoch) const;
  std::filesystem::path class_folder(const MapSubject& subject) const;
  std::filesystem::path class_map(const MapSubject& subject, std::int64_t epoch,
                                  std::int64_t label) const;
  /// Of the shares of single images: the path without its ending, .json or .csv.
  std::filesystem::path images(const MapSubject& subject, std::int64_t epoch) const;
  std::filesystem::path partial() const { return root_ / "partial"; }
  /// The histogram file that lies beside the maps of a folder.
  static std::filesystem::path histogram(const std::filesystem::path& folder);

  struct File {
    std::filesystem::path path;
    std::string folder;  // below kappa/; "" of kappa/ itself
  };
  /// The maps over all images of a split (not of single classes): the run's own first, then those of some of its
  /// layers, then all others by name. Older versions named some files otherwise, so a map's content says what it is of,
  /// not its name.
  std::vector<File> list() const;
  /// The same of one epoch.
  std::vector<File> of_epoch(std::int64_t epoch) const;

  /// Older versions wrote maps of different things to one path. Where such a file is in the new map's place and is of
  /// something else, this moves it to kappa/older, where readers still find it.
  /// @return where it went; empty: nothing was in the way
  std::filesystem::path make_room(const std::filesystem::path& path, const KappaMap& map) const;

 private:
  std::string stem(const MapSubject& subject, std::int64_t epoch) const;
  std::filesystem::path root_;
};

}  // namespace varphase
