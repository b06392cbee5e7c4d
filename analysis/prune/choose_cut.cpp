// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/choose_cut.hpp"

#include <ATen/TensorOperators.h>
#include <fmt/ranges.h>

#include "analysis/prune/units.hpp"

namespace varphase {
namespace {

ChosenCut cut_of_sweep(const std::vector<PrunableLayer>& layers, const Ranking& ranking,
                       const Pruning& pruning, const SweepResult& sweep) {
  const std::string& rule = pruning.place.choose;
  const std::int64_t best = choose_row(sweep, rule);
  VARPHASE_CHECK(best >= 0, ErrorKind::usage, "no cut has {} on the {} validation images", rule,
                 sweep.full.images);
  const SweepRow& row = sweep.rows[static_cast<std::size_t>(best)];
  ChosenCut chosen;
  chosen.cut = cut_at(row.point, ranking, layers, pruning.scope);
  chosen.rule = row.replace;
  if (!row.point.by_sparsity) chosen.threshold = row.threshold;
  chosen.how = rule + " on validation";
  return chosen;
}

/// Each layer by its own share. @param layers those that the budget names
Cut cut_of_budget(const std::vector<PrunableLayer>& layers, const Ranking& ranking,
                  const std::vector<LayerShare>& budget) {
  Cut cut;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    for (const LayerShare& entry : budget) {
      if (entry.layer != layers[l].layer->name()) continue;
      const Ranking own{ranking.criterion, {ranking.scores[l]}};
      cut.push_back(cut_at({true, entry.share}, own, {layers[l]}, Scope::layer).front());
    }
  }
  VARPHASE_CHECK(cut.size() == layers.size(), ErrorKind::usage,
                 "--budget names {} of the {} layers that are pruned: it wants each once",
                 cut.size(), layers.size());
  return cut;
}

ChosenCut cut_of_place(const std::vector<PrunableLayer>& layers, const Ranking& ranking,
                       const Pruning& pruning) {
  const CutPlace& place = pruning.place;
  ChosenCut chosen;
  chosen.rule = pruning.replace.value_or(Replacement::zero);
  if (!place.threshold.empty()) {
    chosen.threshold = parse_score(place.threshold, pruning.criterion);
    chosen.cut = cut_over(chosen.threshold, ranking, layers);
    chosen.how = fmt::format("threshold {}", place.threshold);
  } else if (place.sparsity) {
    chosen.cut = cut_at({true, *place.sparsity}, ranking, layers, pruning.scope);
    chosen.how = fmt::format("sparsity {}{}", *place.sparsity,
                             pruning.scope == Scope::global ? " of all layers together" : "");
  } else {
    chosen.cut = cut_of_budget(layers, ranking, parse_budget(place.budget));
    chosen.how = fmt::format("budget {}", fmt::join(place.budget, ","));
  }
  return chosen;
}

/// What was pruned before must lose something.
void check_drops_more(const std::vector<PrunableLayer>& layers, const ChosenCut& chosen,
                      const std::string& origin) {
  std::vector<std::string> have;
  for (std::size_t l = 0; l < chosen.cut.size(); ++l) {
    const at::Tensor& before = layers[l].kept;
    if (!before.defined() || !chosen.cut[l].equal(before)) return;
    have.push_back(fmt::format("{} {:.4g}", layers[l].layer->name(),
                               1 - before.mean(at::kDouble).item<double>()));
  }
  fail(
      ErrorKind::usage,
      "{}: {} drops nothing that is not dropped already ({})\n  a larger --sparsity or --threshold "
      "does",
      origin, chosen.how, fmt::join(have, ", "));
}

}  // namespace

Ranking ranking_of_units(Ranking ranking) {
  for (at::Tensor& scores : ranking.scores) scores = unit_scores(scores, ranking.criterion);
  return ranking;
}

SweepRequest sweep_to_choose(const Pruning& pruning) {
  SweepRequest request;
  request.points = pruning.criterion == "kappa" ? default_sweep_points() : default_sparsities();
  request.scope = pruning.scope;
  if (pruning.replace) request.rules = {*pruning.replace};
  if (pruning.structure != Structure::none) request.rules = {Replacement::zero};
  request.repair = pruning.repair;
  request.members = pruning.members;
  request.seed = pruning.seed;
  return request;
}

ChosenCut choose_cut(const std::vector<PrunableLayer>& layers, const Ranking& ranking,
                     const Pruning& pruning, const SweepResult* sweep, const std::string& origin) {
  ChosenCut chosen = sweep != nullptr ? cut_of_sweep(layers, ranking, pruning, *sweep)
                                      : cut_of_place(layers, ranking, pruning);
  if (pruning.structure == Structure::neurons) {
    for (std::size_t l = 0; l < chosen.cut.size(); ++l)
      chosen.cut[l] = whole_units(chosen.cut[l], layers[l].kept);
  }
  check_drops_more(layers, chosen, origin);
  return chosen;
}

}  // namespace varphase
