// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <charconv>
#include <cmath>

#include <fmt/ranges.h>

#include "analysis/kappa/transition.hpp"
#include "analysis/predict/sampled_inputs.hpp"
#include "analysis/prune/network_cost.hpp"
#include "analysis/prune/sweep.hpp"
#include "analysis/prune/units.hpp"
#include "analysis/sparse/compact.hpp"
#include "checkpoints/inspect.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/progress.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/pruning_source.hpp"
#include "tools/app/trained_images.hpp"
#include "tools/cli/old_verbs.hpp"
#include "tools/cli/prune_output.hpp"
#include "tools/cli/terminal_job.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// "dense1=0.98" and so on, as layers and their shares.
struct Budget {
  std::vector<std::string> layers;
  std::vector<double> shares;
};

Budget parse_budget(const std::vector<std::string>& items) {
  Budget budget;
  for (const std::string& item : items) {
    const std::size_t equals = item.find('=');
    double share = -1;
    const char* last = item.data() + item.size();
    if (equals != std::string::npos) {
      const auto [end, status] = std::from_chars(item.data() + equals + 1, last, share);
      if (status != std::errc() || end != last) share = -1;
    }
    VARPHASE_CHECK(equals != 0 && share >= 0 && share <= 1, ErrorKind::usage,
                   "--budget {}: wants LAYER=SHARE with a share from 0 to 1, such as dense1=0.98",
                   item);
    budget.layers.push_back(item.substr(0, equals));
    budget.shares.push_back(share);
  }
  return budget;
}

/// A threshold on scores: of kappa one of the forms of kappa_0, of others any number.
double parse_score(const std::string& text, const std::string& criterion) {
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, status] = std::from_chars(text.data(), last, value);
  const bool plain = status == std::errc() && end == last && std::isfinite(value);
  return plain && criterion != "kappa" ? value : parse_threshold(text);
}

struct Chosen {
  Cut cut;
  Replacement rule = Replacement::zero;
  double threshold = std::nan("");  // NaN: cut by sparsity
  std::string how;
};

Chosen choose_on_validation(const Options& options, PruningSource& source, const Scoring& scoring,
                            const Ranking& ranking, const DeviceImages& train) {
  VARPHASE_CHECK(source.dataset.validation.count() > 0, ErrorKind::usage,
                 "--choose wants validation images, this run has none\n  train with --validation "
                 "0.1, or give --threshold or --sparsity");
  const DeviceImages validation =
      to_device(source.dataset.validation, Split::validation, source.device);
  SweepRequest request;
  request.points = options.criterion == "kappa" ? default_sweep_points() : default_sparsities();
  request.scope = scope_from_name(options.scope);
  if (!options.replace.empty()) request.rules = {replacement_from_name(options.replace)};
  if (options.structure != "none") request.rules = {Replacement::zero};
  request.repair = repair_from_name(options.repair);
  request.members = options.samples;
  request.seed = static_cast<std::uint64_t>(options.seed);
  Network& network = source.loaded.network;
  Progress progress("sweep of the validation images",
                    images_of_sweep(network, scoring.layers, 1, validation, request), " images",
                    options.quiet);
  const SweepResult result = sweep(network, scoring.layers, {ranking}, validation, &train, request,
                                   [&](std::int64_t n) { progress.advance(n); });
  progress.clear();
  const std::int64_t best = choose_row(result, options.choose);
  VARPHASE_CHECK(best >= 0, ErrorKind::usage, "no cut has {} on the {} validation images",
                 options.choose, validation.count());
  const SweepRow& row = result.rows[static_cast<std::size_t>(best)];
  Chosen chosen;
  chosen.cut = cut_at(row.point, ranking, scoring.layers, request.scope);
  chosen.rule = row.replace;
  if (!row.point.by_sparsity) chosen.threshold = row.threshold;
  chosen.how = options.choose + " on validation";
  return chosen;
}

Chosen choose_cut(const Options& options, PruningSource& source, const Scoring& scoring,
                  const Ranking& ranking, const DeviceImages& train, const Budget& budget) {
  if (!options.choose.empty())
    return choose_on_validation(options, source, scoring, ranking, train);
  Chosen chosen;
  if (!options.replace.empty()) chosen.rule = replacement_from_name(options.replace);
  const std::vector<PrunableLayer>& layers = scoring.layers;
  if (!options.threshold.empty()) {
    chosen.threshold = parse_score(options.threshold, options.criterion);
    chosen.cut = cut_over(chosen.threshold, ranking, layers);
    chosen.how = fmt::format("threshold {}", options.threshold);
  } else if (options.sparsity >= 0) {
    const Scope scope = scope_from_name(options.scope);
    chosen.cut = cut_at({true, options.sparsity}, ranking, layers, scope);
    chosen.how = fmt::format("sparsity {}{}", options.sparsity,
                             scope == Scope::global ? " of all layers together" : "");
  } else {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      for (std::size_t b = 0; b < budget.layers.size(); ++b) {
        if (budget.layers[b] != layers[l].layer->name()) continue;
        const Ranking own{ranking.criterion, {ranking.scores[l]}};
        chosen.cut.push_back(
            cut_at({true, budget.shares[b]}, own, {layers[l]}, Scope::layer).front());
      }
    }
    chosen.how = fmt::format("budget {}", fmt::join(options.budget, ","));
  }
  return chosen;
}

/// What was pruned before must lose something.
void check_drops_more(const PruningSource& source, const Scoring& scoring, const Chosen& chosen) {
  std::vector<std::string> have;
  for (std::size_t l = 0; l < chosen.cut.size(); ++l) {
    const at::Tensor& before = scoring.layers[l].kept;
    if (!before.defined() || !chosen.cut[l].equal(before)) return;
    have.push_back(fmt::format("{} {:.4g}", scoring.layers[l].layer->name(),
                               1 - before.mean(at::kDouble).item<double>()));
  }
  fail(
      ErrorKind::usage,
      "{}: {} drops nothing that is not dropped already ({})\n  a larger --sparsity or --threshold "
      "does",
      source.file.string(), chosen.how, fmt::join(have, ", "));
}

/// A layer with the mask that it was trained with.
PrunedLayer as_it_is(const VarianceLayer& layer) {
  std::vector<std::uint8_t> keep;
  for (const float value : host_floats(layer.mask())) keep.push_back(value > 0 ? 1 : 0);
  const bool held = layer.mask().logical_not().logical_and(layer.mean().ne(0)).any().item<bool>();
  return make_pruned_layer(layer.name(), layer.mean().sizes().vec(), held ? "mean" : "zero",
                           std::string(layer.parameterization().name()),
                           host_floats(layer.effective_mean()),
                           host_floats(layer.effective_variance()), keep);
}

Json units_json(const CompactModel& compacted) {
  Json rows = Json::array();
  for (const CompactedLayer& layer : compacted.layers) {
    rows.push_back(Json{{"layer", layer.layer},
                        {"units_before", layer.units_before},
                        {"units", layer.units},
                        {"weights_before", layer.weights_before},
                        {"weights", layer.weights}});
  }
  return rows;
}

std::string units_text(const CompactModel& compacted) {
  std::int64_t before = 0, weights = 0;
  std::vector<std::string> parts;
  for (const CompactedLayer& layer : compacted.layers) {
    before += layer.weights_before;
    weights += layer.weights;
    if (layer.units != layer.units_before)
      parts.push_back(fmt::format("{} {} > {}", layer.layer, count_text(layer.units_before),
                                  count_text(layer.units)));
  }
  if (parts.empty()) return "no dead unit to take out\n";
  return fmt::format("dead units taken out: {}; {} > {} weights\n", fmt::join(parts, ", "),
                     count_text(before), count_text(weights));
}

/// The pruned network as a file holds it; the network has been cut.
SparseModel model_of(const PruningSource& source, const Scoring& scoring, const Chosen& chosen) {
  const Network& network = source.loaded.network;
  SparseModel model;
  model.config = source.config;
  model.epoch = source.epoch();
  model.threshold = chosen.threshold;
  const std::string rule = replacement_name(chosen.rule);
  const auto is_pruned = [&](const std::string& layer) {
    for (const PrunedLayer& entry : model.layers) {
      if (entry.layer == layer) return true;
    }
    return false;
  };
  for (VarianceLayer* layer : network.variance_layers()) {
    for (std::size_t l = 0; l < scoring.layers.size(); ++l) {
      if (scoring.layers[l].layer != layer) continue;
      std::vector<std::uint8_t> keep;
      for (const float value : host_floats(chosen.cut[l])) keep.push_back(value > 0 ? 1 : 0);
      model.layers.push_back(make_pruned_layer(layer->name(), layer->mean().sizes().vec(), rule,
                                               std::string(layer->parameterization().name()),
                                               host_floats(layer->effective_mean()),
                                               host_floats(layer->effective_variance()), keep));
    }
    // What an earlier pruning did to other layers stays.
    if (is_pruned(layer->name())) continue;
    if (layer->mask().defined()) model.layers.push_back(as_it_is(*layer));
    if (!source.pruned) continue;
    for (const PrunedLayer& before : source.pruned->layers) {
      if (before.layer == layer->name()) model.layers.push_back(before);
    }
  }
  for (const auto& [name, parameter] : network.parameters()) {
    const std::string layer = name.substr(0, name.find('/'));
    const bool of_weights = name == layer + "/mean" || parameter.role == Role::variance;
    if (!of_weights || !is_pruned(layer))
      model.parameters.push_back(array_from_tensor(name, *parameter.tensor, parameter.dims));
  }
  for (const auto& [name, buffer] : network.buffers())
    model.buffers.push_back(array_from_tensor(name, *buffer.tensor, buffer.dims));
  return model;
}

void record_making(const Options& options, const PruningSource& source, const Scoring& scoring,
                   const Chosen& chosen, SparseModel& model) {
  const std::string digest = describe_file(source.file, false).digest;
  if (source.pruned) {
    for (const char* key : {"checkpoint", "checkpoint_digest"}) {
      const auto found = source.pruned->provenance.find(key);
      if (found != source.pruned->provenance.end()) model.provenance[key] = found->second;
    }
    model.provenance["pruned_from"] = text_of_bytes(source.file.string());
    model.provenance["pruned_from_digest"] = digest;
  } else {
    model.provenance["checkpoint"] = text_of_bytes(source.file.string());
    model.provenance["checkpoint_digest"] = digest;
  }
  model.provenance.merge(provenance(source.device));
  if (!source.loaded.dataset_digest.empty())
    model.provenance[kDatasetDigest] = source.loaded.dataset_digest;
  model.provenance["criterion"] = options.criterion;
  model.provenance["scope"] = options.scope;
  if (!scoring.smooth.empty()) model.provenance["smooth"] = scoring.smooth;
  if (!scoring.map.empty()) model.provenance["kappa_map"] = scoring.map;
  model.provenance["cut"] = chosen.how;
  model.provenance["repair"] = options.repair;
}

fs::path path_of(const Options& options, const PruningSource& source, const Chosen& chosen,
                 double sparsity) {
  fs::path out = options.out;
  if (out.empty()) {
    const std::string name = fmt::format(
        "{}{}_{}_{:.2f}.h5",
        source.pruned ? source.file.stem().string() : fmt::format("epoch_{:04}", source.epoch()),
        options.criterion == "kappa" ? "" : fmt::format("_{}", options.criterion),
        replacement_name(chosen.rule), 100 * sparsity);
    out =
        source.pruned ? source.file.parent_path() / name : RunLayout{source.folder}.pruned() / name;
  }
  check_output_file(out, options.overwrite);
  make_output_folder(out);
  return out;
}

}  // namespace

int run_prune(const Options& options) {
  criteria().at(options.criterion);
  const Repair repair = repair_from_name(options.repair);
  const Structure structure = structure_from_name(options.structure);
  VARPHASE_CHECK(structure == Structure::none || options.replace != "mean", ErrorKind::usage,
                 "--structure {}: rule mean keeps the means of what it drops, and so every unit\n  "
                 "--replace zero",
                 options.structure);
  const Budget budget = parse_budget(options.budget);
  VARPHASE_CHECK(options.budget.empty() || (options.layer.empty() && options.scope == "layer"),
                 ErrorKind::usage,
                 "--budget names the layers and each one's share itself: it takes "
                 "neither --layer nor --scope global");
  if (!options.choose.empty()) choose_row({}, options.choose);
  if (!options.threshold.empty()) parse_score(options.threshold, options.criterion);

  if (!options.out.empty()) check_output_file(options.out, options.overwrite);
  std::error_code none;
  VARPHASE_CHECK(options.out.empty() || !fs::equivalent(options.out, options.run, none),
                 ErrorKind::usage, "{}: is what is pruned\n  give another --out", options.out);
  PruningSource source = open_pruning_source(options, options.run, "prune");
  if (options.out.empty())
    check_output_folder(source.pruned ? source.file.parent_path()
                                      : RunLayout{source.folder}.pruned());
  Network& network = source.loaded.network;
  const DeviceImages train = to_device(source.dataset.train, Split::train, source.device);
  std::vector<PrunableLayer> layers =
      prunable_layers(source, budget.layers.empty() ? split_list(options.layer) : budget.layers);
  TerminalJob<> job(options.quiet);
  const Scoring scoring =
      prepare_scores(source, std::move(layers), {options.criterion}, repair, train, options, job);
  Ranking ranking = rank(options.criterion, scoring.inputs, source.device);
  const bool by_units = structure == Structure::neurons;
  for (at::Tensor& scores : ranking.scores) {
    if (by_units) scores = unit_scores(scores, options.criterion);
  }
  Chosen chosen = choose_cut(options, source, scoring, ranking, train, budget);
  for (std::size_t l = 0; l < chosen.cut.size(); ++l) {
    if (by_units) chosen.cut[l] = whole_units(chosen.cut[l], scoring.layers[l].kept);
  }
  check_drops_more(source, scoring, chosen);
  SampledInputs passes(network, train, static_cast<std::uint64_t>(options.seed),
                       first_position(scoring.layers));
  apply_cut(network, scoring.layers, chosen.cut, chosen.rule, repair, &passes);

  SparseModel model = model_of(source, scoring, chosen);
  record_making(options, source, scoring, chosen, model);
  std::vector<LayerCost> costs;
  std::int64_t weights = 0, kept = 0;
  for (const PrunedLayer& layer : model.layers) {
    const VarianceLayer& own = *network.layer(layer.layer).as_variance();
    costs.push_back(layer_cost(own, layer.replace, layer.kept(), shared_alpha(layer).has_value()));
    weights += layer.count();
    kept += layer.kept();
  }
  const NetworkCost cost = network_cost(network, costs);
  const double sparsity = static_cast<double>(weights - kept) / static_cast<double>(weights);
  const fs::path out = path_of(options, source, chosen, sparsity);
  const double network_sparsity = model.sparsity();
  const std::int64_t dense = dense_bytes(model);
  CompactModel compacted;
  if (structure != Structure::none) {
    compacted = compact(model);
    model = compacted.model;
    model.provenance["structure"] = options.structure;
  }
  const std::int64_t bytes = write_document(out, to_document(model));
  std::vector<std::string> names;
  for (const LayerCost& layer : cost.layers) names.push_back(layer.layer);
  const Json result{{"path", text_of_bytes(out.string())},
                    {"images", source.images},
                    {"layer", fmt::format("{}", fmt::join(names, ","))},
                    {"weights", weights},
                    {"kept", kept},
                    {"sparsity", sparsity},
                    {"network_sparsity", network_sparsity},
                    {"compression", compression(sparsity)},
                    {"bytes", bytes},
                    {"dense_bytes", dense},
                    {"replace", replacement_name(chosen.rule)},
                    {"repair", repair_name(repair)},
                    {"criterion", options.criterion},
                    {"scope", options.scope},
                    {"smooth", scoring.smooth},
                    {"kappa_map", scoring.map},
                    {"cut", chosen.how},
                    {"structure", options.structure},
                    {"units", units_json(compacted)},
                    {"layers", layers_json(cost)},
                    {"multiply_adds",
                     {{"full", {{"mean", cost.full.mean}, {"moments", cost.full.moments}}},
                      {"pruned", {{"mean", cost.pruned.mean}, {"moments", cost.pruned.moments}}}}}};
  if (options.json) {
    print_json(result);
    return kSuccess;
  }
  std::string smoothed;
  if (!scoring.smooth.empty())
    smoothed = fmt::format(" ({}; {})",
                           scoring.smooth == "none" ? "as it is" : "smoothed by " + scoring.smooth,
                           scoring.map);
  print_out(
      "{}\n{}{:.2f} % of the network's weights dropped; cut by {} of {}{}, dropped weights "
      "replaced "
      "by {}, repair {}\nmultiply-adds an image, of the means: {} > {}; of both moments: {} > {}\n"
      "{}{} (dense: {})\n",
      out.string(), layers_text(cost, options.wide), 100 * network_sparsity, chosen.how,
      options.criterion, smoothed, replacement_name(chosen.rule), repair_name(repair),
      adds_text(cost.full.mean), adds_text(cost.pruned.mean), adds_text(cost.full.moments),
      adds_text(cost.pruned.moments), structure == Structure::none ? "" : units_text(compacted),
      bytes_text(static_cast<double>(bytes)), bytes_text(static_cast<double>(dense)));
  return kSuccess;
}

}  // namespace varphase
