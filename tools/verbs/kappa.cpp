// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include <fmt/ranges.h>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/kappa_csv.hpp"
#include "analysis/kappa/transition.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/log.hpp"
#include "src/base/progress.hpp"
#include "src/base/text_table.hpp"
#include "src/train/trainer.hpp"
#include "tools/run_folder.hpp"
#include "tools/session.hpp"
#include "tools/verbs/verbs.hpp"

namespace varphase {
namespace {

DiagonalPlan planned(Network& network, const DeviceImages& images, const KappaPlan& plan,
                     std::int64_t samples) {
  DiagonalPlan all;
  for (NetworkDiagonalRequest general : plan.general()) {
    general.samples = samples;
    const DiagonalPlan one = plan_network_diagonal(network, images, general);
    all.factors.insert(all.factors.end(), one.factors.begin(), one.factors.end());
    all.seconds += one.seconds;
    all.bytes = std::max(all.bytes, one.bytes + one.map_bytes);
    all.repeatable = all.repeatable && one.repeatable;
  }
  return all;
}

/// What the passes over an epoch will take, said before they start; an estimate's samples are
/// chosen to fit the budget here. @throws Error usage where the budget is too small.
void announce(Network& network, const DeviceImages& images, const Options& options,
              KappaRequest& request) {
  const KappaPlan kappa_plan(network, request);
  if (kappa_plan.general().empty()) return;
  DiagonalPlan plan = planned(network, images, kappa_plan, request.samples);
  if (options.seconds > 0 && request.method == CurvatureMethod::sampled_residual) {
    const double two = planned(network, images, kappa_plan, 2).seconds;
    plan = planned(network, images, kappa_plan, 6);
    const double one = std::max((plan.seconds - two) / 4, 1e-9);
    request.samples = static_cast<std::int64_t>(
        std::clamp(2 + std::floor((options.seconds - two) / one), 2.0, 1e6));
    plan.seconds = two + one * static_cast<double>(request.samples - 2);
  }
  VARPHASE_CHECK(options.seconds == 0 || plan.seconds <= 1.2 * options.seconds, ErrorKind::usage,
                 "kappa of an epoch is expected to take {:.0f} s, --budget allows {:g}\n  take "
                 "fewer layers by --layer, --method ggn, or --method estimate --samples 2",
                 plan.seconds, options.seconds);
  if (!plan.repeatable)
    log_warning("two passes over the same images gave different bits on this device");
  if (options.json || options.quiet) return;
  std::string text;
  std::size_t next = 0;
  for (const NetworkDiagonalRequest& general : kappa_plan.general()) {
    for (const std::size_t layer : general.layers) {
      text += fmt::format("{}{} {}", next == 0 ? "" : ", ", network.layers()[layer]->name(),
                          count_text(plan.factors[next]));
      ++next;
    }
  }
  fmt::print(stderr,
             "factors an image: {}\nabout {:.3g} s an epoch; {} at most beside the images\n", text,
             plan.seconds, bytes_text(static_cast<double>(plan.bytes)));
}

/// Where a map goes: the run's own maps are those of all its variance layers, which transition,
/// sweep and report read; maps of some layers lie beside them and replace none.
std::filesystem::path map_file(const RunFolder& run, std::int64_t epoch, const KappaMap& map,
                               const Network& network) {
  if (map.layers.size() == network.variance_layers().size()) return run.kappa(epoch);
  std::vector<std::string> names;
  for (const auto* list : {&map.layers, &map.plain_layers}) {
    for (const LayerKappa& layer : *list) names.push_back(layer.layer);
  }
  constexpr std::size_t kMostNamed = 4;
  const std::string tag = names.size() <= kMostNamed ? fmt::format("{}", fmt::join(names, "+"))
                                                     : fmt::format("{}_layers", names.size());
  return run.path() / "kappa" / "layers" / fmt::format("epoch_{:04}_{}.h5", epoch, tag);
}

/// Norm of the standard errors over the norm of the curvature.
double relative_error(const LayerKappa& layer) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < layer.standard_error.size(); ++i) {
    error += std::pow(static_cast<double>(layer.standard_error[i]), 2);
    size += std::pow(static_cast<double>(layer.hessian_diagonal[i]), 2);
  }
  return size > 0 ? std::sqrt(error / size) : 0;
}

Json row_of(const KappaMap& map, const LayerKappa& layer, const KappaProof* proof, double kappa0,
            std::int64_t samples) {
  const LogHistogram histogram = layer.histogram();
  Json row{{"epoch", map.epoch},       {"layer", layer.layer},
           {"weights", layer.count()}, {"negative", histogram.negative},
           {"zeros", histogram.zeros}, {"smooth", layer.smooth},
           {"method", layer.method},   {"factors", layer.factors}};
  row["over"] = layer.has_variance() ? Json(layer.over(kappa0)) : Json();
  if (!layer.standard_error.empty()) {
    const double relative = relative_error(layer);
    row["relative_standard_error"] = relative;
    row["samples_for_1_percent"] =
        std::ceil(static_cast<double>(samples) * std::pow(relative / 0.01, 2));
    if (layer.has_variance()) row["uncertain"] = layer.uncertain(kappa0);
  }
  if (proof != nullptr) row["worst_relative_error"] = proof->worst_relative_error;
  return row;
}

void print_row(const TextTable& table, const Json& row, const KappaProof* proof) {
  fmt::print("{}\n", table.row({std::to_string(row["epoch"].get<std::int64_t>()),
                                row["layer"].get<std::string>(),
                                row["over"].is_null() ? "-" : count_text(row["over"]),
                                count_text(row["weights"]), count_text(row["negative"]),
                                count_text(row["zeros"]), row["smooth"].get<std::string>()}));
  if (row["method"] != "closed form") fmt::print("      {}", row["method"].get<std::string>());
  if (row.contains("relative_standard_error")) {
    fmt::print(": standard error {:.2g} %, 1 % takes {} samples",
               100 * row["relative_standard_error"].get<double>(),
               count_text(row["samples_for_1_percent"].get<std::int64_t>()));
    if (row.contains("uncertain"))
      fmt::print("; {} of the count within two of them", count_text(row["uncertain"]));
  }
  if (row["method"] != "closed form") fmt::print("\n");
  if (proof != nullptr) {
    fmt::print("      verified {} entries: worst relative error {:.1e}\n", proof->entries,
               proof->worst_relative_error);
  }
}

}  // namespace

int run_kappa(const Options& options) {
  const Target target = resolve_target(options.run, options.epoch.empty() ? "all" : options.epoch);
  const double kappa0 = parse_threshold(options.kappa0);
  const RunConfig config = target.run.config();
  const Dataset dataset = open_dataset(config.data, options.data);
  const at::Device device = open_device(options);
  set_numerics(config.train.deterministic, false);
  const Split split = options.split.empty() ? Split::train : split_from_name(options.split);
  const DeviceImages images = to_device(dataset.part(split), split, device);
  KappaRequest request;
  request.smooth = options.smooth;
  request.verify = options.verify;
  request.layers = options.curvature_layers;
  request.method = curvature_method_from_name(options.method);
  request.samples = options.estimate_samples;
  request.others = options.all_quantities;

  const TextTable table({{"epoch", 5},
                         {"layer", 8},
                         {"over kappa_0", 12},
                         {"of", 10},
                         {"negative", 10},
                         {"zero", 9},
                         {"smooth", 10}});
  Json rows = Json::array();
  std::string histograms;
  std::optional<Progress> progress;
  std::filesystem::path folder;
  for (const std::int64_t epoch : target.epochs) {
    const std::filesystem::path checkpoint = target.run.checkpoint(epoch);
    LoadedNetwork loaded =
        network_of_snapshot(read_snapshot(checkpoint), device, checkpoint.string());
    check_fits(loaded.network, dataset);
    if (!progress) {
      announce(loaded.network, images, options, request);
      const KappaPlan plan(loaded.network, request);
      progress.emplace(
          "kappa", static_cast<std::int64_t>(target.epochs.size()) * plan.passes() * images.count(),
          " images", options.quiet);
      if (!options.json) fmt::print("{}\n", table.header());
    }
    progress->describe(fmt::format("kappa of epoch {}", epoch));
    KappaMap map = compute_kappa(loaded.network, images, request,
                                 [&](std::int64_t n) { progress->advance(n); });
    map.epoch = epoch;
    map.provenance = provenance(device);
    map.provenance[kDatasetDigest] = dataset.digest;
    map.provenance["checkpoint"] = checkpoint.filename().string();
    const std::filesystem::path file = map_file(target.run, epoch, map, loaded.network);
    folder = file.parent_path();
    std::filesystem::create_directories(folder);
    write_document(file, to_document(map));
    progress->clear();
    const auto show = [&](const std::vector<LayerKappa>& layers,
                          const std::vector<KappaProof>& proofs) {
      for (std::size_t i = 0; i < layers.size(); ++i) {
        const KappaProof* proof = i < proofs.size() ? &proofs[i] : nullptr;
        rows.push_back(row_of(map, layers[i], proof, kappa0, request.samples));
        if (!options.json) print_row(table, rows.back(), proof);
      }
    };
    show(map.layers, map.proofs);
    show(map.plain_layers, map.plain_proofs);
    const std::string csv = histogram_csv({&map, 1});
    histograms += histograms.empty() ? csv : csv.substr(csv.find('\n') + 1);
  }
  write_text_atomically(folder / "histogram.csv", histograms);
  if (options.json) {
    fmt::print("{}\n", Json{{"kappa0", kappa0},
                            {"images", images.count()},
                            {"split", split_name(split)},
                            {"rows", rows}}
                           .dump(2));
  } else {
    fmt::print("\nkappa_0 = {}; sums over {} {} images; maps in {}\n", options.kappa0,
               count_text(images.count()), split_name(split), folder.string());
  }
  return kSuccess;
}

}  // namespace varphase
