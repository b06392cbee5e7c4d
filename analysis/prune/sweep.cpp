// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/sweep.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <tuple>

#include <ATen/TensorOperators.h>

#include "src/base/enum_names.hpp"

namespace varphase {
namespace {

const EnumNames<Scope>& scopes() {
  static const EnumNames<Scope> table{"scope",
                                      {{Scope::layer, "layer"}, {Scope::global, "global"}}};
  return table;
}

std::vector<at::Tensor> kept_before(const std::vector<PrunableLayer>& layers) {
  std::vector<at::Tensor> kept;
  kept.reserve(layers.size());
  for (const PrunableLayer& layer : layers) kept.push_back(layer.kept);
  return kept;
}

/// Cuts by one ranking, which is sorted once for all sparsities.
class Cutter {
 public:
  Cutter(const Ranking& ranking, const std::vector<PrunableLayer>& layers, Scope scope)
      : ranking_(ranking), kept_(kept_before(layers)), scope_(scope) {}

  Cut at(const SweepPoint& point) {
    return point.by_sparsity ? of_sparsity(point.value) : over(std::pow(10, point.value));
  }

  Cut over(double threshold) const {
    Cut cut;
    for (std::size_t l = 0; l < kept_.size(); ++l) {
      const at::Tensor mask = mask_over(ranking_.scores[l], threshold);
      cut.push_back(kept_[l].defined() ? mask * kept_[l] : mask);
    }
    return cut;
  }

 private:
  Cut of_sparsity(double sparsity) {
    if (orders_.empty() && scope_ == Scope::global) orders_.emplace_back(ranking_.scores, kept_);
    if (scope_ == Scope::global) return orders_.front().masks(sparsity);
    Cut cut;
    for (std::size_t l = 0; l < kept_.size(); ++l) {
      if (orders_.size() == l)
        orders_.emplace_back(std::vector<at::Tensor>{ranking_.scores[l]},
                             std::vector<at::Tensor>{kept_[l]});
      cut.push_back(orders_[l].masks(sparsity).front());
    }
    return cut;
  }

  const Ranking& ranking_;
  std::vector<at::Tensor> kept_;
  Scope scope_;
  std::vector<DropOrder> orders_;
};

/// The smallest score that is kept in any layer; 0 where all are, infinity where none is.
double lowest_kept(const Cut& cut, const Ranking& ranking) {
  double lowest = std::numeric_limits<double>::infinity();
  bool all = true;
  for (std::size_t l = 0; l < cut.size(); ++l) {
    const double own = threshold_of(ranking.scores[l], cut[l]);
    const bool whole = own == 0 && cut[l].min().item<float>() > 0;
    all = all && whole;
    lowest = std::min(lowest, whole ? ranking.scores[l].min().to(at::kDouble).item<double>() : own);
  }
  return all ? 0 : lowest;
}

/// Of a number over the networks.
struct MeanOf {
  double mean = 0, standard_error = 0;
};
template <class Get>
MeanOf mean_of(const std::vector<SweepResult>& sweeps, const Get& get) {
  const auto n = static_cast<double>(sweeps.size());
  MeanOf result;
  for (const SweepResult& sweep : sweeps) result.mean += get(sweep) / n;
  double square = 0;
  for (const SweepResult& sweep : sweeps) square += std::pow(get(sweep) - result.mean, 2);
  if (sweeps.size() > 1) result.standard_error = std::sqrt(square / (n - 1) / n);
  return result;
}

template <class Get>
Metrics mean_metrics(const std::vector<SweepResult>& sweeps, const Get& of) {
  Metrics metrics = of(sweeps.front());
  const MeanOf accuracy = mean_of(sweeps, [&](const auto& s) { return of(s).accuracy; });
  metrics.accuracy = accuracy.mean;
  metrics.accuracy_se = accuracy.standard_error;
  metrics.nll = mean_of(sweeps, [&](const auto& s) { return of(s).nll; }).mean;
  metrics.brier = mean_of(sweeps, [&](const auto& s) { return of(s).brier; }).mean;
  metrics.ece = mean_of(sweeps, [&](const auto& s) { return of(s).ece; }).mean;
  metrics.entropy = mean_of(sweeps, [&](const auto& s) { return of(s).entropy; }).mean;
  return metrics;
}

}  // namespace

std::string scope_name(Scope scope) { return scopes().name(scope); }
Scope scope_from_name(const std::string& name) { return scopes().value(name); }

std::int64_t SweepRow::kept_total() const {
  return std::accumulate(kept.begin(), kept.end(), std::int64_t{0});
}

std::vector<SweepPoint> default_sweep_points() {
  std::vector<SweepPoint> points;
  for (int i = 0; i <= 40; ++i) points.push_back({false, -6 + 0.25 * i});
  return points;
}

std::vector<SweepPoint> default_sparsities() {
  std::vector<SweepPoint> points;
  for (const double sparsity : {0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999})
    points.push_back({true, sparsity});
  return points;
}

Cut cut_at(const SweepPoint& point, const Ranking& ranking,
           const std::vector<PrunableLayer>& layers, Scope scope) {
  return Cutter(ranking, layers, scope).at(point);
}

Cut cut_over(double threshold, const Ranking& ranking, const std::vector<PrunableLayer>& layers) {
  return Cutter(ranking, layers, Scope::layer).over(threshold);
}

SweepResult sweep(Network& network, const std::vector<PrunableLayer>& layers,
                  const std::vector<Ranking>& rankings, const DeviceImages& images,
                  const DeviceImages* train, const SweepRequest& request,
                  const std::function<void(std::int64_t)>& advanced) {
  std::int64_t pruned_weights = 0;
  for (const PrunableLayer& layer : layers) pruned_weights += layer.layer->mean().numel();
  const std::int64_t network_weights = network.weight_count();
  const std::size_t points = request.points.size(), rules = request.rules.size();

  SweepResult result;
  result.rows.resize(rankings.size() * points * rules);
  // Cuts are asked for in order: one ranking at a time is sorted.
  std::unique_ptr<Cutter> cutter;
  std::size_t sorted = 0;
  const Cuts cuts{
      rankings.size() * points, [&](std::size_t c) {
        const Ranking& ranking = rankings[c / points];
        const SweepPoint& point = request.points[c % points];
        if (!cutter || sorted != c / points)
          cutter = std::make_unique<Cutter>(ranking, layers, request.scope);
        sorted = c / points;
        Cut cut = cutter->at(point);
        SweepRow row;
        row.criterion = ranking.criterion;
        row.point = point;
        if (!point.by_sparsity) {
          row.threshold = std::pow(10, point.value);
        } else if (layers.size() == 1 || request.scope == Scope::global) {
          row.threshold = lowest_kept(cut, ranking);
        } else {
          row.threshold = std::nan("");
        }
        for (const at::Tensor& mask : cut)
          row.kept.push_back(static_cast<std::int64_t>(mask.sum(at::kDouble).item<double>()));
        const auto gone = static_cast<double>(pruned_weights - row.kept_total());
        row.sparsity = gone / static_cast<double>(pruned_weights);
        row.network_sparsity = gone / static_cast<double>(network_weights);
        for (std::size_t r = 0; r < rules; ++r) {
          row.replace = request.rules[r];
          result.rows[c * rules + r] = row;
        }
        return cut;
      }};
  const std::vector<ScoredVariant> scored =
      score_cuts(network, layers, cuts, images, train, request, advanced);
  result.full = scored.front().metrics;
  for (std::size_t v = 0; v < result.rows.size(); ++v) {
    result.rows[v].metrics = scored[v + 1].metrics;
    result.rows[v].difference = scored[v + 1].difference;
  }
  return result;
}

SweepResult sweep(Network& network, const HeadParts& head, const at::Tensor& kappa,
                  const DeviceImages& images, const DeviceImages* train,
                  const SweepRequest& request, const std::function<void(std::int64_t)>& advanced) {
  require_quiet_trunk(network, head);
  PrunableLayer layer{head.position, head.layer, {}, {}};
  return sweep(network, {layer}, {{"kappa", {kappa.abs()}}}, images, train, request, advanced);
}

std::int64_t images_of_sweep(const Network& network, const std::vector<PrunableLayer>& layers,
                             std::size_t rankings, const DeviceImages& images,
                             const SweepRequest& request) {
  return images_of_cuts(network, layers, {rankings * request.points.size(), {}}, images, request);
}

std::int64_t choose_row(const SweepResult& result, const std::string& rule) {
  constexpr std::string_view kPrefix = "drop<=";
  double points = 0;
  const char* last = rule.data() + rule.size();
  const bool known = rule.rfind(kPrefix, 0) == 0;
  const auto [end, status] =
      std::from_chars(rule.data() + (known ? kPrefix.size() : 0), last, points);
  VARPHASE_CHECK(known && status == std::errc() && end == last && points >= 0, ErrorKind::usage,
                 "--choose {}: wants drop<=POINTS, such as drop<=0.1 (points of accuracy)", rule);
  const auto order = [&](const SweepRow& row) {
    return std::tuple(row.sparsity, row.replace == Replacement::zero, row.metrics.accuracy);
  };
  std::int64_t best = -1;
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    const SweepRow& row = result.rows[i];
    // A hair of slack: 0.1 points of 1,000 images are one image, and the difference is a quotient.
    if (-100 * row.difference.difference > points + 1e-9) continue;
    if (best < 0 || order(row) >= order(result.rows[static_cast<std::size_t>(best)]))
      best = static_cast<std::int64_t>(i);
  }
  return best;
}

SweepResult mean_of_sweeps(const std::vector<SweepResult>& sweeps) {
  VARPHASE_CHECK(!sweeps.empty(), ErrorKind::usage, "a mean of sweeps wants at least one");
  if (sweeps.size() == 1) return sweeps.front();
  SweepResult result;
  result.full = mean_metrics(sweeps, [](const SweepResult& s) { return s.full; });
  for (std::size_t i = 0; i < sweeps.front().rows.size(); ++i) {
    SweepRow row = sweeps.front().rows[i];
    for (const SweepResult& sweep : sweeps) {
      VARPHASE_CHECK(sweep.rows.size() == sweeps.front().rows.size() &&
                         sweep.rows[i].criterion == row.criterion &&
                         sweep.rows[i].replace == row.replace &&
                         sweep.rows[i].point.value == row.point.value,
                     ErrorKind::shape, "sweeps of several networks want the same rows");
    }
    row.metrics = mean_metrics(sweeps, [&](const SweepResult& s) { return s.rows[i].metrics; });
    const MeanOf difference =
        mean_of(sweeps, [&](const SweepResult& s) { return s.rows[i].difference.difference; });
    row.difference = {difference.mean, difference.standard_error};
    row.sparsity = mean_of(sweeps, [&](const SweepResult& s) { return s.rows[i].sparsity; }).mean;
    row.network_sparsity =
        mean_of(sweeps, [&](const SweepResult& s) { return s.rows[i].network_sparsity; }).mean;
    if (row.threshold != sweeps.back().rows[i].threshold) row.threshold = std::nan("");
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace varphase
