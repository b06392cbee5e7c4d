// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/network_cost.hpp"
#include "analysis/prune/sweep.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/ranges.h>

#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/log.hpp"
#include "src/base/progress.hpp"
#include "src/base/stopwatch.hpp"
#include "src/base/text_table.hpp"
#include "src/base/time_estimate.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/pruning_source.hpp"
#include "tools/app/side_files.hpp"
#include "tools/app/trained_images.hpp"
#include "tools/cli/old_verbs.hpp"
#include "tools/cli/sweep_output.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/unwritten.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAll = "all";

/// The criteria that are asked for, "all" written out.
std::vector<std::string> criteria_of(const Options& options) {
  const std::vector<std::string>& names = options.criteria;
  if (names.empty()) return {"kappa"};
  if (names == std::vector<std::string>{kAll}) return criteria().names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    VARPHASE_CHECK(names[i] != kAll, ErrorKind::usage,
                   "--criteria: all stands for every criterion, it takes no others beside it");
    criteria().at(names[i]);
    VARPHASE_CHECK(std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i),
                             names[i]) == names.begin() + static_cast<std::ptrdiff_t>(i),
                   ErrorKind::usage, "--criteria: {} is named twice", names[i]);
  }
  return names;
}

std::vector<SweepPoint> points_of(const Options& options) {
  std::vector<SweepPoint> points;
  const std::vector<std::string>& names = options.criteria;
  const bool kappa_alone = names.empty() || names == std::vector<std::string>{"kappa"};
  VARPHASE_CHECK(options.thresholds.empty() || kappa_alone, ErrorKind::usage,
                 "--thresholds are of kappa alone: criteria are compared at equal --sparsities");
  for (const double log10_threshold : options.thresholds)
    points.push_back({false, log10_threshold});
  if (points.empty() && names.empty()) points = default_sweep_points();
  for (const double sparsity : options.sparsities) points.push_back({true, sparsity});
  return points.empty() ? default_sparsities() : points;
}

std::vector<std::string> runs_of(const Options& options) {
  std::vector<std::string> runs;
  for (const std::string& path : options.paths) {
    if (!MembersFile::is_in(path)) {
      runs.push_back(path);
      continue;
    }
    for (const fs::path& member : MembersFile::read(path).paths()) runs.push_back(member.string());
  }
  return runs;
}

struct OneSweep {
  SweepReport report;
  fs::path folder;
  std::string stem;  // of the files' names: the epoch, or the pruned file's own
  bool of_pruned_file = false;
  RunLock lock = RunLock::none();  // until the results are written
};

/// @param networks in all; @param estimate of all of them, made at the first
OneSweep sweep_one(const Options& options, const std::string& path, const SweepRequest& request,
                   std::size_t networks, std::optional<TimeEstimate>& estimate) {
  const Stopwatch clock;
  PruningSource source = open_pruning_source(options, path, "sweep");
  Network& network = source.loaded.network;
  const bool validated = source.dataset.validation.count() > 0;
  const Split split = options.split.empty() ? (validated ? Split::validation : Split::test)
                                            : split_from_name(options.split);
  if (!options.choose.empty() && options.split.empty() && !validated)
    log_warning(fmt::format(
        "{}: has no validation images, so --choose chooses on test images: what they then say of "
        "that choice is too good\n  train with --validation 0.1",
        path));
  const std::vector<std::string> names = criteria_of(options);
  const DeviceImages train = to_device(source.dataset.train, Split::train, source.device);
  VARPHASE_CHECK(source.dataset.part(split).count() > 0, ErrorKind::usage, "{}: no {} images", path,
                 split_name(split));
  const DeviceImages images = to_device(source.dataset.part(split), split, source.device);
  TerminalJob<> job(options.quiet);
  const Scoring scoring = prepare_scores(source, prunable_layers(source, split_list(options.layer)),
                                         names, request.repair, train, options, job);

  OneSweep one{{}, source.folder, "", source.pruned.has_value()};
  SweepReport& report = one.report;
  Rankings rankings;
  if (options.criteria == std::vector<std::string>{kAll}) {
    rankings = rank_by_all(scoring.inputs, source.device);
  } else {
    for (const std::string& name : names)
      rankings.list.push_back(rank(name, scoring.inputs, source.device));
  }
  report.left_out = rankings.left_out;
  VARPHASE_CHECK(!rankings.list.empty(), ErrorKind::unsupported, "no criterion ranks these layers");

  const std::string what = "sweep of " + source.file.filename().string();
  const std::int64_t count =
      images_of_sweep(network, scoring.layers, rankings.list.size(), images, request);
  if (!estimate) {
    LongWork work{what, "images", count * static_cast<std::int64_t>(networks)};
    if (networks > 1) {
      work.what = fmt::format("sweep of {} networks", networks);
      work.between = clock.seconds() / static_cast<double>(count);
    }
    estimate.emplace(work, options.quiet || options.json,
                     [device = source.device] { synchronize(device); });
  }
  Progress progress(what, count, " images", options.quiet);
  report.result =
      sweep(network, scoring.layers, rankings.list, images, &train, request, [&](std::int64_t n) {
        progress.advance(n);
        estimate->advance(n, progress);
      });
  estimate->end_piece(progress);
  progress.clear();

  report.request = request;
  report.by_criteria = !options.criteria.empty();
  report.runs = {text_of_bytes(source.file.string())};
  report.images = Json::array({source.images});
  report.smooth = scoring.smooth;
  report.map = scoring.map;
  report.epoch = source.epoch();
  report.checkpoint = text_of_bytes(source.file.filename().string());
  report.split = split;
  for (const PrunableLayer& layer : scoring.layers) report.layers.push_back(layer.layer->name());
  std::vector<bool> alpha_is_shared;
  for (const PrunableLayer& layer : scoring.layers)
    alpha_is_shared.push_back(!mends_variance(request.repair) &&
                              shared_alpha(host_floats(layer.layer->effective_mean()),
                                           host_floats(layer.layer->effective_variance()))
                                  .has_value());
  for (const SweepRow& row : report.result.rows) {
    std::vector<LayerCost> costs;
    for (std::size_t l = 0; l < scoring.layers.size(); ++l)
      costs.push_back(layer_cost(*scoring.layers[l].layer, replacement_name(row.replace),
                                 row.kept[l], alpha_is_shared[l]));
    report.costs.push_back(network_cost(network, costs));
  }
  one.lock = std::move(source.lock);
  one.stem =
      one.of_pruned_file ? source.file.stem().string() : fmt::format("epoch_{:04}", source.epoch());
  return one;
}

/// The first run's report with the means over all.
SweepReport together(const std::vector<OneSweep>& sweeps) {
  SweepReport report = sweeps.front().report;
  std::vector<SweepResult> results;
  report.runs.clear();
  report.images.clear();
  for (const OneSweep& one : sweeps) {
    VARPHASE_CHECK(
        one.report.layers == report.layers && one.report.split == report.split, ErrorKind::usage,
        "{}: prunes {} and predicts {} images, {} prunes {} and predicts {} images: "
        "there is no mean over both",
        report.runs.front(), fmt::join(report.layers, ","), split_name(report.split),
        one.report.runs.front(), fmt::join(one.report.layers, ","), split_name(one.report.split));
    report.runs.push_back(one.report.runs.front());
    report.images.push_back(one.report.images.front());
    results.push_back(one.report.result);
  }
  report.result = mean_of_sweeps(results);
  return report;
}

fs::path file_stem(const Options& options, const OneSweep& first, const SweepReport& report) {
  std::string name = fmt::format("{}_{}", first.stem, split_name(report.split));
  if (!options.layer.empty()) name += fmt::format("_{}", fmt::join(report.layers, "_"));
  if (report.request.scope == Scope::global) name += "_global";
  if (report.request.repair != Repair::none)
    name += fmt::format("_{}", repair_name(report.request.repair));
  if (report.runs.size() > 1) name += fmt::format("_{}-runs", report.runs.size());
  fs::path folder = RunLayout{first.folder}.sweeps();
  // The page of a run shows what lies in sweeps/ itself: cuts of its own networks by kappa.
  if (report.by_criteria) folder /= "criteria";
  if (first.of_pruned_file) folder /= "pruned";
  return folder / name;
}

/// One line a reason, with all criteria that it keeps out.
std::vector<std::string> left_out_lines(const SweepReport& report) {
  std::vector<std::pair<std::string, std::string>> by_reason;
  for (const auto& [criterion, why] : report.left_out) {
    const auto same =
        std::find_if(by_reason.begin(), by_reason.end(),
                     [&, reason = why](const auto& row) { return row.second == reason; });
    if (same == by_reason.end()) {
      by_reason.emplace_back(criterion, why);
    } else {
      same->first += ", " + criterion;
    }
  }
  std::vector<std::string> lines;
  lines.reserve(by_reason.size());
  for (const auto& [names, why] : by_reason)
    lines.push_back(fmt::format("{} left out: {}", names, why));
  return lines;
}

}  // namespace

int run_sweep(const Options& options) {
  SweepRequest request;
  criteria_of(options);
  request.points = points_of(options);
  request.scope = scope_from_name(options.scope);
  if (!options.replace.empty()) request.rules = {replacement_from_name(options.replace)};
  request.repair = repair_from_name(options.repair);
  request.members = options.samples;
  request.seed = static_cast<std::uint64_t>(options.seed);
  if (!options.choose.empty()) choose_row({}, options.choose);  // a wrong rule costs no sweep

  const std::vector<std::string> runs = runs_of(options);
  std::vector<OneSweep> sweeps;
  sweeps.reserve(runs.size());
  std::optional<TimeEstimate> estimate;
  for (const std::string& path : runs)
    sweeps.push_back(sweep_one(options, path, request, runs.size(), estimate));
  SweepReport report = together(sweeps);
  report.rule = options.choose;
  if (!options.choose.empty()) report.chosen = choose_row(report.result, options.choose);

  const fs::path stem = file_stem(options, sweeps.front(), report);
  const Json json = sweep_json(report);
  SideFiles side;
  side.add([&] { make_output_folder(stem); });
  side.add([&] { write_json_file(stem.string() + ".json", json); });
  side.add([&] { write_text_atomically(stem.string() + ".csv", sweep_csv(report)); });
  if (options.json) {
    print_json(json);
    return tell_unwritten(side.problems());
  }
  const Metrics& full = report.result.full;
  print_out(
      "{} of {}, {} {} images, K = {}", fmt::join(report.layers, ", "),
      report.runs.size() == 1 ? report.checkpoint : fmt::format("{} networks", report.runs.size()),
      count_text(full.images), split_name(report.split), request.members);
  if (!report.smooth.empty())
    print_out(", kappa {} ({})",
              report.smooth == "none" ? "of the network as it is" : "smoothed by " + report.smooth,
              report.map);
  print_out(": full ensemble {:.2f} % (s.e. {:.2f}), NLL {:.4f}\n", 100 * full.accuracy,
            100 * full.accuracy_se, full.nll);
  if (report.by_criteria) {
    print_out("columns: % of {} dropped; repair {}\n\n{}",
              request.scope == Scope::global ? "all these weights" : "each layer's weights",
              repair_name(request.repair), criteria_table(report));
    for (const std::string& line : left_out_lines(report)) print_out("\n{}", line);
    if (!report.left_out.empty()) print_out("\n");
  } else {
    print_out("\n{}", cut_table(report, options.wide));
  }
  if (!options.choose.empty()) {
    if (report.chosen < 0) {
      print_out("\nno row has {}\n", options.choose);
    } else {
      const SweepRow& row = report.result.rows[static_cast<std::size_t>(report.chosen)];
      print_out(
          "\nchosen by {} on {} images: {}, replace {}, sparsity {:.2f} %\n", options.choose,
          split_name(report.split),
          row.criterion == "kappa" ? fmt::format("kappa_0 = {:.4g}", row.threshold) : row.criterion,
          replacement_name(row.replace), 100 * row.sparsity);
    }
  }
  const int code = tell_unwritten(side.problems());
  if (code == kSuccess) print_out("\n{}.csv, .json\n", stem.string());
  return code;
}

}  // namespace varphase
