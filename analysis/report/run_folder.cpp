// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/report/report.hpp"
#include "checkpoints/document.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;

namespace {

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
  explicit Collector(ReportInputs& inputs) : inputs_(inputs) {}

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
      const Json json = read_json_file(path);
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

  void read_kappa(const fs::path& path) {
    read(path, [&] {
      const KappaMap map = kappa_from_document(read_document(path, "kappa"), path.string());
      const KappaMaking making{map.images, map.split, map.method, map.smooth};
      if (inputs_.histograms.empty()) inputs_.making = making;
      const KappaMaking& first = inputs_.making;
      VARPHASE_CHECK(
          making.images == first.images && making.split == first.split &&
              making.method == first.method && making.smooth == first.smooth,
          ErrorKind::format,
          "{}: made from {} {} images, {}, --smooth {}; the maps before it from {} {} images, {}, "
          "--smooth {}: they do not compare\n  compute them again alike: varphase kappa {}",
          path.string(), making.images, making.split, making.method, making.smooth, first.images,
          first.split, first.method, first.smooth, inputs_.run.string());
      for (const LayerKappa& layer : map.layers) {
        inputs_.histograms.push_back(
            {map.epoch, layer.layer, layer.count(), layer.over(inputs_.kappa0), layer.histogram()});
      }
    });
  }

 private:
  ReportInputs& inputs_;
};

}  // namespace

std::vector<fs::path> kappa_files(const fs::path& run_folder) {
  std::vector<fs::path> files;
  for (const fs::path& path : files_in(run_folder / "kappa", ".h5")) {
    if (path.filename().string().rfind("epoch_", 0) == 0) files.push_back(path);
  }
  return files;
}

ReportInputs collect_report(const fs::path& run_folder) {
  std::error_code error;
  VARPHASE_CHECK(fs::is_directory(run_folder, error), ErrorKind::io, "{}: no such run folder",
                 run_folder.string());
  ReportInputs inputs;
  inputs.run = run_folder;
  inputs.name = run_name(run_folder);
  Collector collector(inputs);
  collector.read_json("config.json", inputs.config);
  collector.read_json("environment.json", inputs.environment);
  const fs::path metrics = run_folder / "metrics.csv";
  collector.read(metrics, [&] {
    inputs.metrics = read_csv(metrics);
    VARPHASE_CHECK(inputs.metrics->has("epoch"), ErrorKind::format, "{}: no column 'epoch'",
                   metrics.string());
  });
  if (inputs.metrics && !inputs.metrics->has("epoch")) inputs.metrics.reset();
  const fs::path transition = run_folder / "transition.json";
  collector.read(transition, [&] {
    inputs.transition = transition_from_json(read_json_file(transition), transition.string());
    inputs.kappa0 = inputs.transition->rules.kappa0;
  });
  for (const fs::path& path : kappa_files(run_folder)) collector.read_kappa(path);
  std::stable_sort(inputs.histograms.begin(), inputs.histograms.end(),
                   [](const auto& a, const auto& b) { return a.epoch < b.epoch; });
  collector.read_results("sweeps", "rows", inputs.sweeps);
  collector.read_results("evaluations", "entries", inputs.evaluations);
  const bool empty = inputs.config.is_null() && !inputs.metrics && !inputs.transition &&
                     inputs.histograms.empty() && inputs.sweeps.empty() &&
                     inputs.evaluations.empty() && inputs.problems.empty();
  VARPHASE_CHECK(!empty, ErrorKind::usage,
                 "{}: holds nothing of a run (no config.json, metrics.csv, kappa/, sweeps/, ...)\n"
                 "  name the folder that varphase train --run wrote",
                 run_folder.string());
  return inputs;
}

Transition transition_of_run(const fs::path& run_folder, const TransitionRules& rules,
                             const std::string& split) {
  std::error_code error;
  VARPHASE_CHECK(fs::is_directory(run_folder, error), ErrorKind::io, "{}: no such run folder",
                 run_folder.string());
  CsvTable metrics;
  if (fs::exists(run_folder / "metrics.csv", error)) metrics = read_csv(run_folder / "metrics.csv");
  std::vector<KappaSummary> maps;
  for (const fs::path& path : kappa_files(run_folder)) {
    maps.push_back(
        summarize(kappa_from_document(read_document(path, "kappa"), path.string()), rules.kappa0));
  }
  VARPHASE_CHECK(
      !maps.empty(), ErrorKind::io,
      "{}: no kappa maps, so no weights to count\n  compute them with: varphase kappa {}",
      (run_folder / "kappa").string(), run_folder.string());
  return find_transition(maps, metrics, rules, split);
}

}  // namespace varphase
