// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/kappa/histogram.hpp"
#include "analysis/kappa/map_series.hpp"
#include "analysis/kappa/transition.hpp"
#include "src/base/csv_table.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// The histogram of one layer at one epoch: what the page shows of a kappa map.
struct EpochHistogram {
  std::int64_t epoch = 0;
  std::string layer;
  std::int64_t weights = 0;
  std::int64_t over = 0;  // |kappa| > kappa_0 of ReportInputs
  LogHistogram histogram;
};

/// How the kappa maps of a run were made; the same for all that are shown.
struct KappaMaking {
  std::int64_t images = 0;
  std::string split;
  std::string method;
  std::string smooth;
};

/// All that one page shows, read from a run folder. What the folder does not have is empty.
struct ReportInputs {
  std::filesystem::path run;  // as it was given: the page quotes it in commands
  std::string name;           // its last part
  Json config;                // config.json, or null
  Json environment;           // environment.json, or null
  std::optional<CsvTable> metrics;
  std::optional<Transition> transition;
  double kappa0 = kDefaultKappa0;  // of the transition where there is one
  KappaMaking making;
  std::vector<EpochHistogram> histograms;  // by epoch, then by layer as in the file
  Json layer_maps = Json::array();         // of the last epoch shown: layer_map_data of each layer
  Json class_maps = Json::array();      // of the last epoch that has them: class_map_data by class
  Json images;                          // the last file of kappa --by image, or null
  std::vector<std::string> other_maps;  // maps below kappa/ that are not shown
  std::vector<std::pair<std::string, Json>> sweeps;  // path in the run folder, content; by name
  std::vector<std::pair<std::string, Json>> evaluations;  // likewise
  std::vector<std::pair<std::string, Json>> attacks;      // likewise
  /// files that are there but cannot be used, each with its reason
  std::vector<std::string> problems;
};

/// How a run is read for its page.
struct ReportReading {
  MapCache* cache = nullptr;  // of maps that were read before
  /// the transition is found anew, by the rules of transition.json where there is one: a run in training goes on
  bool find_transition = false;
};

/// Reads a run folder: config.json, environment.json, metrics.csv, transition.json, the kappa maps that the transition
/// counted (or would), sweeps/*.json, evaluations/*.json, attacks/*.json. Any of these may be missing; one that is damaged is left out
/// and named in `problems`.
/// @throws Error io where the folder does not exist; usage where it holds nothing of a run.
ReportInputs collect_report(const std::filesystem::path& run_folder,
                            const ReportReading& reading = {});

/// What is around a page's content: nothing, or of one that figures are taken from, their font, or of one that is served while runs are trained, what keeps it fresh.
struct PageFrame {
  bool live = false;
  std::string progress;  // HTML: how far the runs are
  /// with the font of printed figures in it: opened with "#export=svg" or "#export=png" the page leaves nothing but
  /// `<pre data-exported="NAME">` for every figure, with its file's bytes in hexadecimal digits
  bool exported = false;
};

/// One HTML page that needs nothing else: styles, script, Plotly.js and the figures' data are in it.
std::string render_report(const ReportInputs& inputs, const PageFrame& frame = {});

/// The font of exported figures as a style of HTML or SVG.
std::string_view figure_font();

/// Finds the transition of a run folder from its metrics.csv and its kappa maps, which are read one after the other.
/// @param maps  which of them are counted, as read_series takes it
/// @throws Error io, format, usage as the readers and find_transition; a damaged map that is not asked for stops
///   nothing.
Transition transition_of_run(const std::filesystem::path& run_folder, const TransitionRules& rules,
                             const std::string& maps = "", const std::string& split = "test");

}  // namespace varphase
