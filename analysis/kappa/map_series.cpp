// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/map_series.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/ranges.h>

#include "analysis/kappa/map_files.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/error.hpp"
#include "src/base/suggest.hpp"
#include "src/base/text_table.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kExact = "exact";

struct Summary : MapSummary {
  /// Maps of one group differ in layers, smoothing and epoch alone. Exact numbers are the same in
  /// whatever map they lie; estimates of different samples are not.
  auto group() const {
    return std::tuple(split, images, digest, method, method == kExact ? "" : folder);
  }
};
using Group = decltype(Summary().group());
/// One layer as it compares.
using LayerKey = std::tuple<Group, std::string, std::string, std::int64_t>;

LayerKey key_of(const Summary& map, const MapLayer& layer) {
  return {map.group(), layer.layer, layer.smooth, layer.weights};
}

/// None of a map of one class, or of no variance layer.
std::optional<MapSummary> summary_of(const MapFiles::File& file, double kappa0) {
  const KappaMap map = kappa_from_document(read_document(file.path, "kappa"), file.path.string());
  if (map.layers.empty() || map.label) return std::nullopt;
  MapSummary summary{file.folder, map.epoch, map.images, map.split, map.method, "", {}};
  const auto digest = map.provenance.find("dataset_digest");
  if (digest != map.provenance.end()) summary.digest = digest->second;
  for (const LayerKappa& layer : map.layers)
    summary.layers.push_back(
        {layer.layer, layer.smooth, layer.count(), layer.over(kappa0), layer.histogram()});
  return summary;
}

std::optional<MapSummary> summary_by(const MapFiles::File& file, double kappa0, MapCache* cache) {
  if (cache == nullptr) return summary_of(file, kappa0);
  std::error_code gone;
  const fs::file_time_type written = fs::last_write_time(file.path, gone);
  const auto found = cache->entries.find(file.path);
  if (found != cache->entries.end() && found->second.written == written &&
      found->second.kappa0 == kappa0)
    return found->second.summary;
  std::optional<MapSummary> summary = summary_of(file, kappa0);
  cache->entries[file.path] = {written, kappa0, summary};
  return summary;
}

std::string smooth_text(const std::vector<MapLayer>& layers) {
  std::vector<std::string> by_layer;
  std::set<std::string> different;
  for (const MapLayer& layer : layers) {
    by_layer.push_back(layer.layer + " " + layer.smooth);
    different.insert(layer.smooth);
  }
  return different.size() == 1 ? *different.begin() : fmt::format("{}", fmt::join(by_layer, ", "));
}

std::string folder_text(const std::string& folder) {
  return folder.empty() ? "kappa" : "kappa/" + folder;
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

using Where =
    std::map<LayerKey, std::map<std::int64_t, std::pair<const MapLayer*, const Summary*>>>;

/// The epochs of which every layer of a map is known, made alike.
std::vector<std::int64_t> epochs_like(const Summary& map, const Where& where) {
  std::vector<std::int64_t> epochs;
  for (const auto& [epoch, found] : where.at(key_of(map, map.layers.front()))) {
    if (std::all_of(map.layers.begin(), map.layers.end(), [&, at = epoch](const MapLayer& layer) {
          return where.at(key_of(map, layer)).contains(at);
        }))
      epochs.push_back(epoch);
  }
  return epochs;
}

/// Which of two series a reader means that was told nothing: greater is meant rather.
auto worth(const Summary& map, std::size_t epochs) {
  const bool usual = map.split == "train" && map.method == kExact;
  const bool own_images = map.folder.find("data-") == std::string::npos;
  return std::tuple(own_images, usual, map.layers.size(), epochs, map.folder.empty());
}

void refuse_unknown(const std::vector<Summary>& maps, const fs::path& run,
                    const std::string& wanted) {
  std::vector<std::string> known;
  for (const Summary& map : maps) {
    const std::string name = map.folder.empty() ? kOwnMaps : map.folder;
    if (name == wanted) return;
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  fail(ErrorKind::usage, "--maps {}: no such kappa maps of variance layers in {}{}", wanted,
       (RunLayout{run}.kappa()).string(), known.empty() ? "" : suggestion(wanted, known));
}

/// A line for maps alike of which nothing was taken.
std::vector<std::string> left_out(const std::vector<Summary>& maps, const Summary& best,
                                  const std::vector<std::int64_t>& epochs) {
  std::set<LayerKey> taken;
  for (const MapLayer& layer : best.layers) taken.insert(key_of(best, layer));
  std::vector<std::tuple<std::string, std::string, std::size_t>> lines;
  for (const Summary& map : maps) {
    const bool of_epoch = std::find(epochs.begin(), epochs.end(), map.epoch) != epochs.end();
    if (of_epoch && std::any_of(map.layers.begin(), map.layers.end(), [&](const MapLayer& layer) {
          return taken.contains(key_of(map, layer));
        }))
      continue;
    const std::string what = fmt::format(
        "{} {} images, {}, smooth {}, {}", count_text(map.images), map.split, map.method,
        smooth_text(map.layers),
        map.layers.size() == 1 ? map.layers.front().layer : counted(map.layers.size(), "layer"));
    const auto same = std::find_if(lines.begin(), lines.end(), [&](const auto& line) {
      return std::get<0>(line) == map.folder && std::get<1>(line) == what;
    });
    if (same == lines.end()) {
      lines.emplace_back(map.folder, what, 1);
    } else {
      ++std::get<2>(*same);
    }
  }
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const auto& [folder, what, count] : lines)
    texts.push_back(fmt::format("{}: {} ({})", folder_text(folder), counted(count, "map"), what));
  return texts;
}

}  // namespace

MapSeries read_series(const fs::path& run, double kappa0, const std::string& wanted,
                      MapCache* cache) {
  MapSeries series;
  std::vector<Summary> maps;
  for (const MapFiles::File& file : MapFiles(run).list()) {
    try {
      if (std::optional<MapSummary> map = summary_by(file, kappa0, cache))
        maps.push_back({*std::move(map)});
    } catch (const Error& error) {
      series.damaged.emplace_back(file.path, error.what());
    }
  }
  if (!wanted.empty()) refuse_unknown(maps, run, wanted);
  const auto meant = [&](const Summary& map) {
    return wanted.empty() || (map.folder.empty() ? kOwnMaps : map.folder) == wanted;
  };
  Where where;  // the first map of a layer counts: the run's own come first
  for (const Summary& map : maps) {
    for (const MapLayer& layer : map.layers) {
      if (meant(map)) where[key_of(map, layer)].try_emplace(map.epoch, &layer, &map);
    }
  }
  const Summary* best = nullptr;
  std::vector<std::int64_t> epochs;
  for (const Summary& map : maps) {
    if (!meant(map)) continue;
    std::vector<std::int64_t> own = epochs_like(map, where);
    if (best != nullptr && worth(map, own.size()) <= worth(*best, epochs.size())) continue;
    best = &map;
    epochs = std::move(own);
  }
  if (best == nullptr) return series;

  series.images = best->images;
  series.split = best->split;
  series.method = best->method;
  series.smooth = smooth_text(best->layers);
  std::map<std::string, std::set<std::int64_t>> by_folder;
  for (const std::int64_t epoch : epochs) {
    EpochLayers row{epoch, {}};
    for (const MapLayer& layer : best->layers) {
      const auto& [found, map] = where.at(key_of(*best, layer)).at(epoch);
      row.layers.push_back(*found);
      by_folder[map->folder].insert(epoch);
    }
    series.epochs.push_back(std::move(row));
  }
  for (const auto& [folder, list] : by_folder)
    series.taken.push_back(
        fmt::format("{}: {}", folder_text(folder), counted(list.size(), "epoch")));
  series.left_out = left_out(maps, *best, epochs);
  return series;
}

}  // namespace varphase
