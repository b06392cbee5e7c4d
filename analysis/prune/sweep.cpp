// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/sweep.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

namespace varphase {
namespace {

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
    return point.by_sparsity ? of_sparsity(point.value) : over(point.threshold);
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

/// What a row holds beside what is asked for: numbers, which other ranks are told.
template <class Row, class Visit>
void visit_numbers(Row& row, const Visit& visit) {
  visit(row.threshold);
  visit(row.sparsity);
  visit(row.network_sparsity);
  visit(row.metrics.images);
  visit(row.metrics.accuracy_se);
  visit(row.difference.difference);
  visit(row.difference.standard_error);
  for (const MetricField& field : kMetricFields) visit(row.metrics.*field.value);
  for (auto& kept : row.kept) visit(kept);
}

std::vector<double> numbers_of(const SweepRow& row) {
  std::vector<double> numbers;
  visit_numbers(row, [&](auto number) { numbers.push_back(static_cast<double>(number)); });
  return numbers;
}

void take_numbers(SweepRow& row, const double* numbers, std::size_t layers) {
  row.kept.resize(layers);
  visit_numbers(row, [&](auto& number) {
    number = static_cast<std::remove_reference_t<decltype(number)>>(*numbers++);
  });
}

/// Gives every rank the rows of all. @param rows  of all cuts; this rank's are filled from `begin` to `end`
void exchange_rows(Communicator& ranks, std::vector<SweepRow>& rows, std::size_t begin,
                   std::size_t end, std::size_t layers) {
  const auto width = static_cast<std::int64_t>(numbers_of(SweepRow{}).size() + layers);
  const at::Tensor own = at::empty({static_cast<std::int64_t>(end - begin), width}, at::kDouble);
  for (std::size_t i = begin; i < end; ++i) {
    const std::vector<double> numbers = numbers_of(rows[i]);
    std::copy(numbers.begin(), numbers.end(),
              own.data_ptr<double>() + static_cast<std::int64_t>(i - begin) * width);
  }
  std::size_t next = 0;
  for (const at::Tensor& part : ranks.gather(own)) {
    for (std::int64_t i = 0; i < part.size(0); ++i)
      take_numbers(rows[next++], part.const_data_ptr<double>() + i * width, layers);
  }
}

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

}  // namespace

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
                  const std::function<void(std::int64_t)>& advanced, Communicator* ranks) {
  std::int64_t pruned_weights = 0;
  for (const PrunableLayer& layer : layers) pruned_weights += layer.layer->mean().numel();
  const std::int64_t network_weights = network.weight_count();
  const std::size_t points = request.points.size(), rules = request.rules.size();

  SweepResult result;
  const std::size_t all = rankings.size() * points;
  result.rows.resize(all * rules);
  for (std::size_t v = 0; v < result.rows.size(); ++v) {
    result.rows[v].criterion = rankings[v / rules / points].criterion;
    result.rows[v].point = request.points[v / rules % points];
    result.rows[v].replace = request.rules[v % rules];
  }
  const auto share = [&](bool end) {
    const auto count = static_cast<std::int64_t>(all);
    if (ranks == nullptr) return end ? all : 0;
    return static_cast<std::size_t>(end ? ranks->share_end(count) : ranks->share_begin(count));
  };
  const std::size_t own_first = share(false), own_last = share(true);
  // A rank without a cut of its own needs the full network's metrics all the same, which come with one.
  const bool idle = own_first == own_last && all > 0;
  const std::size_t first = idle ? 0 : own_first, last = idle ? 1 : own_last;
  // Cuts are asked for in order: one ranking at a time is sorted.
  std::unique_ptr<Cutter> cutter;
  std::size_t sorted = 0;
  const Cuts cuts{
      last - first, [&](std::size_t own) {
        const std::size_t c = first + own;
        const Ranking& ranking = rankings[c / points];
        const SweepPoint& point = request.points[c % points];
        if (!cutter || sorted != c / points)
          cutter = std::make_unique<Cutter>(ranking, layers, request.scope);
        sorted = c / points;
        Cut cut = cutter->at(point);
        SweepRow row = result.rows[c * rules];
        if (!point.by_sparsity) {
          row.threshold = point.threshold;
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
  for (std::size_t v = first * rules; v < last * rules; ++v) {
    result.rows[v].metrics = scored[v - first * rules + 1].metrics;
    result.rows[v].difference = scored[v - first * rules + 1].difference;
  }
  if (ranks != nullptr)
    exchange_rows(*ranks, result.rows, own_first * rules, own_last * rules, layers.size());
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

}  // namespace varphase
