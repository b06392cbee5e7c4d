// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "analysis/kappa/map_files.hpp"
#include "analysis/kappa/map_series.hpp"
#include "analysis/report/map_figures.hpp"
#include "analysis/report/report.hpp"
#include "checkpoints/document.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;

namespace {

// config.json and environment.json, of which the page shows all.
constexpr std::size_t kMostSettingsBytes = std::size_t{4} << 20U;

/// Regular files of a folder with this ending, by name; empty where there is no such folder.
std::vector<fs::path> files_in(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end;
       item.increment(error)) {
    const std::string name = item->path().filename().string();
    // A leading dot is the mark of a writer's temporary file.
    if (name.front() != '.' && item->path().extension() == ending && item->is_regular_file(error)) {
      files.push_back(item->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string run_name(const fs::path& run) {
  const fs::path whole = fs::absolute(run).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

/// Reads what is there; what is there but cannot be used becomes a problem instead of an end.
class Collector {
 public:
  Collector(ReportInputs& inputs, const ReportReading& reading)
      : inputs_(inputs), reading_(reading) {}

  void read(const fs::path& path, const std::function<void()>& reader) {
    std::error_code error;
    if (!fs::exists(path, error)) return;
    try {
      reader();
    } catch (const Error& problem) {
      inputs_.problems.emplace_back(problem.what());
    }
  }

  void read_json(const char* name, Json& into) {
    const fs::path path = inputs_.run / name;
    read(path, [&] {
      const Json json = parse_json(read_text_file(path, kMostSettingsBytes), path.string());
      VARPHASE_CHECK(json.is_object(), ErrorKind::format, "{}: wants a JSON object", path.string());
      into = json;
    });
  }

  void read_results(const char* folder, const char* list,
                    std::vector<std::pair<std::string, Json>>& into) {
    for (const fs::path& path : files_in(inputs_.run / folder, ".json")) {
      read(path, [&] {
        Json json = read_json_file(path);
        VARPHASE_CHECK(
            json.is_object() && json.contains(list) && json[list].is_array() && !json[list].empty(),
            ErrorKind::format, "{}: has no list '{}'", path.string(), list);
        into.emplace_back(fmt::format("{}/{}", folder, path.filename().string()), std::move(json));
      });
    }
  }

  void read_kappa() {
    const std::string asked = inputs_.transition ? inputs_.transition->maps.asked : "";
    try {
      MapSeries series = read_series(inputs_.run, inputs_.kappa0, asked, reading_.cache);
      if (reading_.find_transition) find_anew(series);
      for (const auto& [path, why] : series.damaged) inputs_.problems.push_back(why);
      inputs_.making = {series.images, series.split, series.method, series.smooth};
      for (const EpochLayers& row : series.epochs) {
        for (const MapLayer& layer : row.layers)
          inputs_.histograms.push_back(
              {row.epoch, layer.layer, layer.weights, layer.over, layer.histogram});
      }
      inputs_.other_maps = std::move(series.left_out);
      if (!series.epochs.empty()) read_last_maps(series.epochs.back());
    } catch (const Error& problem) {
      inputs_.problems.emplace_back(problem.what());
    }
  }

  void read_images() {
    const std::vector<fs::path> files = files_in(MapFiles(inputs_.run).root() / "images", ".json");
    if (!files.empty()) read(files.back(), [&] { inputs_.images = read_json_file(files.back()); });
  }

  void read_class_maps() {
    const fs::path folder = MapFiles(inputs_.run).class_folder({});
    for (const fs::path& path : files_in(folder, ".h5")) {
      read(path, [&] {
        const Json one = class_map_data(
            kappa_from_document(read_document(path, "kappa"), path.string()), inputs_.kappa0);
        if (one["label"].is_null()) return;
        // Files come by epoch: those of the last one stay.
        if (!inputs_.class_maps.empty() && inputs_.class_maps.back()["epoch"] != one["epoch"])
          inputs_.class_maps.clear();
        inputs_.class_maps.push_back(one);
      });
    }
  }

 private:
  void find_anew(const MapSeries& series) {
    if (series.epochs.empty()) return;
    TransitionRules rules;
    if (inputs_.transition) rules = inputs_.transition->rules;
    Transition found =
        find_transition(summarize(series), inputs_.metrics.value_or(CsvTable{}), rules,
                        inputs_.transition ? inputs_.transition->split : Transition{}.split);
    if (inputs_.transition) found.maps.asked = inputs_.transition->maps.asked;
    inputs_.transition = std::move(found);
  }

  /// Each layer of the last epoch out of the first map that has it as the series does.
  void read_last_maps(const EpochLayers& last) {
    std::map<std::string, Json> found;
    for (const MapFiles::File& file : MapFiles(inputs_.run).of_epoch(last.epoch)) {
      if (found.size() == last.layers.size()) break;
      read(file.path, [&] {
        const KappaMap map =
            kappa_from_document(read_document(file.path, "kappa"), file.path.string());
        if (map.images != inputs_.making.images || map.split != inputs_.making.split ||
            map.method != inputs_.making.method)
          return;
        for (std::size_t i = 0; i < map.layers.size(); ++i) {
          const LayerKappa& layer = map.layers[i];
          const bool shown =
              std::any_of(last.layers.begin(), last.layers.end(), [&](const MapLayer& one) {
                return one.layer == layer.layer && one.smooth == layer.smooth &&
                       one.over == layer.over(inputs_.kappa0);
              });
          if (!shown || found.contains(layer.layer)) continue;
          const KappaProof* proof = i < map.proofs.size() ? &map.proofs[i] : nullptr;
          found[layer.layer] = layer_map_data(layer, map.epoch, proof);
        }
      });
    }
    for (const MapLayer& layer : last.layers)
      if (found.contains(layer.layer)) inputs_.layer_maps.push_back(found[layer.layer]);
  }

  ReportInputs& inputs_;
  const ReportReading& reading_;
};

}  // namespace

ReportInputs collect_report(const fs::path& run_folder, const ReportReading& reading) {
  std::error_code error;
  VARPHASE_CHECK(fs::is_directory(run_folder, error), ErrorKind::io, "{}: no such run folder",
                 run_folder.string());
  ReportInputs inputs;
  inputs.run = run_folder;
  inputs.name = run_name(run_folder);
  Collector collector(inputs, reading);
  collector.read_json("config.json", inputs.config);
  collector.read_json("environment.json", inputs.environment);
  const fs::path metrics = RunLayout{run_folder}.metrics();
  collector.read(metrics, [&] {
    inputs.metrics = read_csv(metrics);
    VARPHASE_CHECK(inputs.metrics->has("epoch"), ErrorKind::format, "{}: no column 'epoch'",
                   metrics.string());
    if (inputs.metrics->truncated)
      inputs.problems.push_back(
          fmt::format("{}: its last line is cut off and was left out", metrics.string()));
  });
  if (inputs.metrics && !inputs.metrics->has("epoch")) inputs.metrics.reset();
  const fs::path transition = RunLayout{run_folder}.transition_json();
  collector.read(transition, [&] {
    inputs.transition = transition_from_json(read_json_file(transition), transition.string());
    inputs.kappa0 = inputs.transition->rules.kappa0;
  });
  collector.read_kappa();
  collector.read_class_maps();
  collector.read_images();
  collector.read_results("sweeps", "rows", inputs.sweeps);
  collector.read_results("sweeps/criteria", "rows", inputs.sweeps);
  collector.read_results("evaluations", "entries", inputs.evaluations);
  collector.read_results("attacks", "judges", inputs.attacks);
  const bool empty = inputs.config.is_null() && !inputs.metrics && !inputs.transition &&
                     inputs.histograms.empty() && inputs.sweeps.empty() &&
                     inputs.evaluations.empty() && inputs.attacks.empty() &&
                     inputs.problems.empty();
  VARPHASE_CHECK(!empty, ErrorKind::usage,
                 "{}: holds nothing of a run (no config.json, metrics.csv, kappa/, sweeps/, ...)\n"
                 "  name the folder that varphase train --run wrote",
                 run_folder.string());
  return inputs;
}

Transition transition_of_run(const fs::path& run_folder, const TransitionRules& rules,
                             const std::string& maps, const std::string& split) {
  std::error_code error;
  VARPHASE_CHECK(fs::is_directory(run_folder, error), ErrorKind::io, "{}: no such run folder",
                 run_folder.string());
  CsvTable metrics;
  if (fs::exists(RunLayout{run_folder}.metrics(), error))
    metrics = read_csv(RunLayout{run_folder}.metrics());
  MapSeries series = read_series(run_folder, rules.kappa0, maps);
  const fs::path root = MapFiles(run_folder).root();
  const fs::path asked = maps.empty() || maps == kOwnMaps ? root : root / maps;
  for (const auto& [path, why] : series.damaged)
    VARPHASE_CHECK(path.parent_path() != asked, ErrorKind::format, "{}", why);
  VARPHASE_CHECK(
      !series.epochs.empty(), ErrorKind::io,
      "{}: no kappa maps, so no weights to count\n  compute them with: varphase kappa {}",
      root.string(), run_folder.string());
  Transition transition = find_transition(summarize(series), metrics, rules, split);
  transition.maps = {maps,          series.images,           series.split,
                     series.method, std::move(series.taken), std::move(series.left_out)};
  return transition;
}

}  // namespace varphase
