// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/map_files.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <tuple>

#include <fmt/ranges.h>

#include "checkpoints/run_layout.hpp"
#include "src/base/error.hpp"
#include "src/base/sha256.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLayers = "layers";
constexpr const char* kClasses = "classes";
constexpr const char* kImages = "images";
constexpr const char* kOlder = "older";
constexpr std::size_t kDigits = 12;    // of a digest, in a name
constexpr std::size_t kMostNamed = 4;  // layers, in a name
constexpr std::size_t kLongest = 100;

/// Letters that neither join names nor mean anything to a file system.
bool plain_name(const std::string& name) {
  return !name.empty() && name != "all" && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

std::string digits_of(const std::string& text) { return sha256_hex(text).substr(0, kDigits); }

std::string path_text(std::string text) {
  std::replace(text.begin(), text.end(), ':', '-');
  return text;
}

/// Regular files epoch_*.h5 of a folder, by name.
std::vector<fs::path> maps_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end;
       item.increment(error)) {
    const std::string name = item->path().filename().string();
    if (name.rfind("epoch_", 0) == 0 && item->path().extension() == ".h5" &&
        item->is_regular_file(error))
      files.push_back(item->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Own maps, then those of some layers, then others, then what older versions left.
int place(const std::string& folder) {
  if (folder.empty()) return 0;
  if (folder == kLayers) return 1;
  return folder == kOlder ? 3 : 2;
}

auto identity(const KappaMap& map) {
  std::vector<std::string> layers;
  for (const auto* list : {&map.layers, &map.plain_layers}) {
    for (const LayerKappa& layer : *list)
      layers.push_back(fmt::format("{} {} {}", layer.layer, layer.smooth, layer.count()));
  }
  const auto digest = map.provenance.find("dataset_digest");
  return std::tuple(map.epoch, map.label, map.split, map.images, map.method, layers,
                    digest == map.provenance.end() ? "" : digest->second);
}

}  // namespace

std::string MapSubject::folder() const {
  std::vector<std::string> parts;
  if (!split.empty()) parts.push_back("split-" + split);
  if (!method.empty()) parts.push_back("method-" + method);
  if (!smooth.empty()) parts.push_back("smooth-" + path_text(smooth));
  if (quantities) parts.emplace_back("quantities");
  if (!data.empty()) parts.push_back("data-" + data.substr(0, kDigits));
  if (parts.empty()) return layers.empty() ? "" : kLayers;
  return fmt::format("{}", fmt::join(parts, ","));
}

std::string layers_name(const std::vector<std::string>& layers) {
  std::string joined = fmt::format("{}", fmt::join(layers, "+"));
  if (layers.size() <= kMostNamed && joined.size() <= kLongest &&
      std::all_of(layers.begin(), layers.end(), plain_name))
    return joined;
  return fmt::format("{}_layers_{}", layers.size(),
                     digits_of(fmt::format("{}", fmt::join(layers, std::string_view("\0", 1)))));
}

MapFiles::MapFiles(const fs::path& run) : root_(RunLayout{run}.kappa()) {}

std::string MapFiles::stem(const MapSubject& subject, std::int64_t epoch) const {
  return fmt::format("epoch_{:04}{}{}", epoch, subject.layers.empty() ? "" : "_", subject.layers);
}

fs::path MapFiles::folder(const MapSubject& subject) const {
  const std::string below = subject.folder();
  return below.empty() ? root_ : root_ / below;
}

fs::path MapFiles::map(const MapSubject& subject, std::int64_t epoch) const {
  return folder(subject) / (stem(subject, epoch) + ".h5");
}

fs::path MapFiles::class_folder(const MapSubject& subject) const {
  MapSubject all_layers = subject;
  all_layers.layers.clear();
  const std::string below = all_layers.folder();
  return below.empty() ? root_ / kClasses : root_ / kClasses / below;
}

fs::path MapFiles::class_map(const MapSubject& subject, std::int64_t epoch,
                             std::int64_t label) const {
  return class_folder(subject) / fmt::format("{}_class_{:02}.h5", stem(subject, epoch), label);
}

fs::path MapFiles::images(const MapSubject& subject, std::int64_t epoch) const {
  MapSubject all_layers = subject;
  all_layers.layers.clear();
  const std::string below = all_layers.folder();
  return (below.empty() ? root_ / kImages : root_ / kImages / below) / stem(subject, epoch);
}

fs::path MapFiles::histogram(const fs::path& folder) { return folder / "histogram.csv"; }

std::vector<MapFiles::File> MapFiles::list() const {
  std::vector<std::string> folders{""};
  std::error_code error;
  for (fs::directory_iterator item(root_, error), end; !error && item != end;
       item.increment(error)) {
    const std::string name = item->path().filename().string();
    std::error_code gone;
    if (item->is_directory(gone) && name != kClasses && name != kImages &&
        item->path() != partial())
      folders.push_back(name);
  }
  std::sort(folders.begin(), folders.end(), [](const std::string& a, const std::string& b) {
    return std::pair(place(a), a) < std::pair(place(b), b);
  });
  std::vector<File> files;
  for (const std::string& below : folders) {
    for (fs::path& path : maps_in(below.empty() ? root_ : root_ / below))
      files.push_back({std::move(path), below});
  }
  return files;
}

std::vector<MapFiles::File> MapFiles::of_epoch(std::int64_t epoch) const {
  const std::string begin = fmt::format("epoch_{:04}", epoch);
  std::vector<File> files;
  for (File& file : list()) {
    const std::string name = file.path.filename().string();
    if (name.rfind(begin, 0) == 0 && (name[begin.size()] == '.' || name[begin.size()] == '_'))
      files.push_back(std::move(file));
  }
  return files;
}

fs::path MapFiles::make_room(const fs::path& path, const KappaMap& map) const {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  std::string digest;
  try {
    const KappaMap there = kappa_from_document(read_document(path, "kappa"), path.string());
    if (identity(there) == identity(map)) return {};
    digest = document_digest(path).substr(0, kDigits);
  } catch (const Error&) {  // damaged: nobody could read it
    return {};
  }
  fs::path older = root_ / kOlder / fmt::format("{}_{}.h5", path.stem().string(), digest);
  fs::create_directories(older.parent_path(), error);
  if (!error) fs::rename(path, older, error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be moved to {}: {}", path.string(),
                 older.string(), error.message());
  return older;
}

}  // namespace varphase
