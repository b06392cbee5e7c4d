// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/pruning.hpp"

#include <charconv>
#include <cmath>

#include "analysis/kappa/threshold.hpp"
#include "analysis/prune/criteria.hpp"
#include "analysis/prune/sweep_result.hpp"
#include "src/base/error.hpp"

namespace varphase {

void check_pruning(const Pruning& pruning) {
  criteria().at(pruning.criterion);
  VARPHASE_CHECK(pruning.structure == Structure::none || pruning.replace != Replacement::mean,
                 ErrorKind::usage,
                 "--structure {}: rule mean keeps the means of what it drops, and so every unit\n  "
                 "--replace zero",
                 structure_name(pruning.structure));
  const CutPlace& place = pruning.place;
  const int places =
      static_cast<int>(!place.threshold.empty()) + static_cast<int>(place.sparsity.has_value()) +
      static_cast<int>(!place.budget.empty()) + static_cast<int>(!place.choose.empty());
  VARPHASE_CHECK(
      places == 1, ErrorKind::usage,
      "where to cut: wants one of --threshold, --sparsity, --budget and --choose, got {}", places);
  parse_budget(place.budget);
  VARPHASE_CHECK(place.budget.empty() || pruning.scope == Scope::layer, ErrorKind::usage,
                 "--budget names the layers and each one's share itself: it takes "
                 "neither --layer nor --scope global");
  if (!place.choose.empty()) choose_row({}, place.choose);
  if (!place.threshold.empty()) parse_score(place.threshold, pruning.criterion);
}

std::vector<LayerShare> parse_budget(const std::vector<std::string>& budget) {
  std::vector<LayerShare> shares;
  for (const std::string& item : budget) {
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
    shares.push_back({item.substr(0, equals), share});
  }
  return shares;
}

double parse_score(const std::string& text, const std::string& criterion) {
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, status] = std::from_chars(text.data(), last, value);
  const bool plain = status == std::errc() && end == last && std::isfinite(value);
  return plain && criterion != "kappa" ? value : parse_threshold(text);
}

}  // namespace varphase
