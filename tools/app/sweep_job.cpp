// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/sweep_job.hpp"

#include <algorithm>
#include <optional>

#include <fmt/ranges.h>

#include "analysis/kappa/threshold.hpp"
#include "analysis/prune/network_cost.hpp"
#include "analysis/prune/prunable_layers.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/log.hpp"
#include "src/base/stopwatch.hpp"
#include "src/distributed/communicator.hpp"
#include "tools/app/job_estimate.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/pruning_scores.hpp"
#include "tools/app/pruning_source.hpp"
#include "tools/app/side_files.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAll = "all";

/// The criteria that are asked for, "all" written out.
std::vector<std::string> criteria_of(const SweepRunsRequest& request) {
  const std::vector<std::string>& names = request.criteria;
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

std::vector<SweepPoint> points_of(const SweepRunsRequest& request) {
  std::vector<SweepPoint> points;
  const std::vector<std::string>& names = request.criteria;
  const bool kappa_alone = names.empty() || names == std::vector<std::string>{"kappa"};
  VARPHASE_CHECK(request.thresholds.empty() || kappa_alone, ErrorKind::usage,
                 "--thresholds are of kappa alone: criteria are compared at equal --sparsities");
  for (const std::string& text : request.thresholds)
    points.push_back({false, parse_log10_threshold(text), parse_threshold(text)});
  if (points.empty() && names.empty() && request.sparsities.empty())
    points = default_sweep_points();
  for (const double sparsity : request.sparsities) points.push_back({true, sparsity});
  return points.empty() ? default_sparsities() : points;
}

SweepRequest sweep_of(const SweepRunsRequest& request) {
  criteria_of(request);
  SweepRequest sweep;
  sweep.points = points_of(request);
  sweep.scope = scope_from_name(request.scope);
  if (!request.replace.empty()) sweep.rules = {replacement_from_name(request.replace)};
  sweep.repair = repair_from_name(request.repair);
  sweep.members = request.samples;
  sweep.seed = static_cast<std::uint64_t>(request.seed);
  if (!request.choose.empty()) choose_row({}, request.choose);  // a wrong rule costs no sweep
  return sweep;
}

std::vector<std::string> networks_of(const SweepRunsRequest& request) {
  std::vector<std::string> networks;
  for (const std::string& path : request.runs) {
    if (!MembersFile::is_in(path)) {
      networks.push_back(path);
      continue;
    }
    for (const fs::path& member : MembersFile::read(path).paths())
      networks.push_back(member.string());
  }
  VARPHASE_CHECK(!networks.empty(), ErrorKind::usage, "a sweep wants a run");
  return networks;
}

struct OneSweep {
  SweepReport report;
  fs::path folder;
  std::string stem;  // of the files' names: the epoch, or the pruned file's own
  bool of_pruned_file = false;
  RunLock lock = RunLock::none();  // until the results are written
};

/// The sweeps of a request's networks, one after the other.
class Sweeps {
 public:
  Sweeps(const SweepRunsRequest& request, Job& job)
      : request_(request), sweep_(sweep_of(request)), networks_(networks_of(request)), job_(job) {}

  std::vector<OneSweep> all() {
    std::vector<OneSweep> sweeps;
    sweeps.reserve(networks_.size());
    for (const std::string& path : networks_) sweeps.push_back(one(path));
    return sweeps;
  }

 private:
  OneSweep one(const std::string& path);
  Split split_of(const Dataset& dataset, const std::string& path) const;
  Rankings rankings_of(const PruningScores& scores, at::Device device) const;
  SweepResult evaluate(PruningSource& source, const PruningScores& scores, const Rankings& rankings,
                       const DeviceImages& images, const DeviceImages& train,
                       const Stopwatch& since_opening);
  std::vector<NetworkCost> costs_of(const Network& network,
                                    const std::vector<PrunableLayer>& layers,
                                    const std::vector<SweepRow>& rows) const;
  std::optional<TestedChoice> test_choice(PruningSource& source, const PruningScores& scores,
                                          const Rankings& rankings, const SweepResult& result,
                                          const DeviceImages& train) const;

  const SweepRunsRequest& request_;
  SweepRequest sweep_;
  std::vector<std::string> networks_;
  Job& job_;
  std::optional<TimeEstimate> estimate_;  // of all networks, made at the first
};

Split Sweeps::split_of(const Dataset& dataset, const std::string& path) const {
  const bool validated = dataset.validation.count() > 0;
  if (!request_.choose.empty() && request_.split.empty() && !validated)
    log_warning(fmt::format(
        "{}: has no validation images, so --choose chooses on test images: what they then say of "
        "that choice is too good\n  train with --validation 0.1",
        path));
  const Split split = request_.split.empty() ? (validated ? Split::validation : Split::test)
                                             : split_from_name(request_.split);
  VARPHASE_CHECK(dataset.part(split).count() > 0, ErrorKind::usage, "{}: no {} images", path,
                 split_name(split));
  return split;
}

Rankings Sweeps::rankings_of(const PruningScores& scores, at::Device device) const {
  Rankings rankings;
  if (request_.criteria == std::vector<std::string>{kAll}) {
    rankings = rank_by_all(scores.inputs, device);
  } else {
    for (const std::string& name : criteria_of(request_))
      rankings.list.push_back(rank(name, scores.inputs, device));
  }
  VARPHASE_CHECK(!rankings.list.empty(), ErrorKind::unsupported, "no criterion ranks these layers");
  return rankings;
}

SweepResult Sweeps::evaluate(PruningSource& source, const PruningScores& scores,
                             const Rankings& rankings, const DeviceImages& images,
                             const DeviceImages& train, const Stopwatch& since_opening) {
  Network& network = source.loaded.network;
  const std::string what = "sweep of " + source.file.filename().string();
  Communicator& ranks = communicator();
  const std::int64_t count =
      images_of_sweep(network, scores.layers, rankings.list.size(), images, sweep_);
  if (!estimate_) {
    LongWork work{what, "images", count * static_cast<std::int64_t>(networks_.size())};
    if (networks_.size() > 1) {
      work.what = fmt::format("sweep of {} networks", networks_.size());
      work.between = since_opening.seconds() / static_cast<double>(count);
    }
    estimate_ = job_estimate(work, job_, source.device);
  }
  job_.begin(what, count, "images");
  SweepResult result = sweep(
      network, scores.layers, rankings.list, images, &train, sweep_,
      [&](std::int64_t n) {
        job_.advance(n * ranks.size());
        estimate_->advance(n * ranks.size());
      },
      ranks.alone() ? nullptr : &ranks);
  estimate_->end_piece();
  job_.end();
  return result;
}

std::vector<NetworkCost> Sweeps::costs_of(const Network& network,
                                          const std::vector<PrunableLayer>& layers,
                                          const std::vector<SweepRow>& rows) const {
  std::vector<bool> alpha_is_shared;
  for (const PrunableLayer& layer : layers)
    alpha_is_shared.push_back(!mends_variance(sweep_.repair) &&
                              shared_alpha(host_floats(layer.layer->effective_mean()),
                                           host_floats(layer.layer->effective_variance()))
                                  .has_value());
  std::vector<NetworkCost> costs;
  for (const SweepRow& row : rows) {
    std::vector<LayerCost> of_layers;
    for (std::size_t l = 0; l < layers.size(); ++l)
      of_layers.push_back(layer_cost(*layers[l].layer, replacement_name(row.replace), row.kept[l],
                                     alpha_is_shared[l]));
    costs.push_back(network_cost(network, of_layers));
  }
  return costs;
}

/// What was chosen on other images, on the test images, which had no part in the choice.
std::optional<TestedChoice> Sweeps::test_choice(PruningSource& source, const PruningScores& scores,
                                                const Rankings& rankings, const SweepResult& result,
                                                const DeviceImages& train) const {
  if (request_.choose.empty() || networks_.size() > 1 || source.dataset.test.count() == 0)
    return std::nullopt;
  const std::int64_t chosen = choose_row(result, request_.choose);
  if (chosen < 0) return std::nullopt;
  const SweepRow& row = result.rows[static_cast<std::size_t>(chosen)];
  const auto ranking =
      std::find_if(rankings.list.begin(), rankings.list.end(),
                   [&](const Ranking& one) { return one.criterion == row.criterion; });
  SweepRequest request = sweep_;
  request.points = {row.point};
  request.rules = {row.replace};
  const DeviceImages images = to_device(source.dataset.test, Split::test, source.device);
  Communicator& ranks = communicator();
  const SweepResult tested = sweep(
      source.loaded.network, scores.layers, {*ranking}, images, &train, request,
      [](std::int64_t) {}, ranks.alone() ? nullptr : &ranks);
  return TestedChoice{tested.full, tested.rows.front()};
}

OneSweep Sweeps::one(const std::string& path) {
  const Stopwatch clock;
  PruningSource source =
      open_pruning_source(path, request_.epoch, request_.data, request_, "sweep");
  const Split split = split_of(source.dataset, path);
  const DeviceImages train = to_device(source.dataset.train, Split::train, source.device);
  const DeviceImages images = to_device(source.dataset.part(split), split, source.device);
  const PruningScores scores = prepare_scores(
      source,
      prunable_layers(source.loaded.network, request_.layer, source.before(), source.file.string()),
      criteria_of(request_), sweep_.repair, train, request_.smooth, sweep_.seed, job_);
  const Rankings rankings = rankings_of(scores, source.device);

  OneSweep one;
  SweepReport& report = one.report;
  report.result = evaluate(source, scores, rankings, images, train, clock);
  if (split == Split::validation)
    report.tested = test_choice(source, scores, rankings, report.result, train);
  report.request = sweep_;
  report.by_criteria = !request_.criteria.empty();
  report.runs = {text_of_bytes(source.file.string())};
  for (const PrunableLayer& layer : scores.layers) report.layers.push_back(layer.layer->name());
  report.costs = costs_of(source.loaded.network, scores.layers, report.result.rows);
  report.smooth = scores.smooth;
  report.kappa_map = scores.map;
  report.images = Json::array({source.images});
  report.epoch = source.epoch();
  report.checkpoint = text_of_bytes(source.file.filename().string());
  report.split = split;
  report.left_out = rankings.left_out;
  one.folder = source.folder;
  one.of_pruned_file = source.before() != nullptr;
  one.stem =
      one.of_pruned_file ? source.file.stem().string() : fmt::format("epoch_{:04}", source.epoch());
  one.lock = std::move(source.lock);
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

fs::path file_stem(const OneSweep& first, const SweepReport& report, bool layers_named) {
  std::string name = fmt::format("{}_{}", first.stem, split_name(report.split));
  if (layers_named) name += fmt::format("_{}", fmt::join(report.layers, "_"));
  const std::vector<SweepPoint>& points = report.request.points;
  if (!report.by_criteria && std::all_of(points.begin(), points.end(),
                                         [](const SweepPoint& one) { return one.by_sparsity; }))
    name += "_by-sparsity";
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

}  // namespace

SweepRunsResult sweep_runs(const SweepRunsRequest& request, Job& job) {
  const std::vector<OneSweep> sweeps = Sweeps(request, job).all();
  SweepRunsResult result;
  SweepReport& report = result.report;
  report = together(sweeps);
  report.rule = request.choose;
  if (!request.choose.empty()) report.chosen = choose_row(report.result, request.choose);
  const fs::path stem = file_stem(sweeps.front(), report, !request.layer.empty());
  result.stem = stem.string();
  if (!communicator().first()) return result;
  SideFiles side;
  side.add([&] { make_output_folder(stem); });
  side.add([&] { write_json_file(stem.string() + ".json", to_json(report)); });
  side.add([&] { write_text_atomically(stem.string() + ".csv", to_csv(report)); });
  result.unwritten = side.problems();
  return result;
}

}  // namespace varphase
