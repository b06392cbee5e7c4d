// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/second_order.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "analysis/curvature/loss_curvature.hpp"
#include "analysis/curvature/random_signs.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

// From so many factors on a convolution below a pool takes them as they are above it: its kernels
// work on 64 at a time.
constexpr std::int64_t kManyFactors = 24, kFactorTile = 64;

void add_to(at::Tensor& sum, const at::Tensor& part) {
  if (!sum.defined()) sum = at::zeros(part.sizes(), part.options().dtype(at::kDouble));
  sum.add_(part);
}

/// One vector an image through one layer that mixes no units. @param v [N, output...]
at::Tensor through(const GateRule& rule, const at::Tensor& v, const at::Tensor& slope) {
  Shape shape = rule.input_shape();
  shape.insert(shape.begin(), v.size(0));
  const at::Tensor below = rule.window() > 1
                               ? spread_over_windows(v, rule.window(), rule.input_shape())
                               : v.reshape(shape);
  return slope.defined() ? below * slope : below;
}

/// @param v [N, F, O cells...] above a pool @param position [N, cells, O] @return [N, cells, O, F]
at::Tensor unit_by_unit(const at::Tensor& v, const at::Tensor& position) {
  return v.reshape({v.size(0), v.size(1), position.size(2), position.size(1)})
      .permute({0, 3, 2, 1})
      .contiguous();
}

/// The units with a residual, in order, `most` columns, as many as the image with the most has.
ResidualUnits units_of(const at::Tensor& delta, std::int64_t most) {
  const at::Tensor flat = delta.flatten(1);
  const at::Tensor unit = at::argsort(flat == 0, true, 1, false).narrow(1, 0, most);
  return {unit, flat.gather(1, unit)};
}

}  // namespace

SecondOrder::SecondOrder(CurvatureChain& chain, const SecondOrderRequest& request)
    : chain_(chain),
      request_(request),
      slot_(chain.size(), -1),
      sums_(request.layers.size()),
      factors_(request.layers.size()),
      gates_(chain.size()),
      winners_(chain.size()),
      units_(chain.size()) {
  VARPHASE_CHECK(!request.layers.empty(), ErrorKind::usage, "curvature of no layer was asked for");
  lowest_ = chain.size();
  for (std::size_t i = 0; i < request.layers.size(); ++i) {
    const std::size_t rule = request.layers[i] - chain.first();
    slot_[rule] = static_cast<int>(i);
    lowest_ = std::min(lowest_, rule);
  }
}

SecondOrder::Readers SecondOrder::make_readers() const {
  Readers readers(chain_.size());
  for (std::size_t i = lowest_; i < chain_.size(); ++i) {
    if (wanted(i))
      readers[i] = chain_.weighted(i)->reader(request_.method == CurvatureMethod::exact
                                                  ? factors_[static_cast<std::size_t>(slot_[i])]
                                                  : classes_ - 1);
  }
  return readers;
}

void SecondOrder::build_gates() {
  for (auto& gate : gates_) gate.reset();
  for (std::size_t top = chain_.size(); top-- > lowest_;) {
    if (chain_.gate(top) == nullptr) continue;
    Shape output = top + 1 < chain_.size() ? chain_.rule(top + 1).input_shape() : Shape{classes_};
    gates_[top] = std::make_unique<Gate>(std::move(output));
    std::size_t i = top;
    for (; i > lowest_ && chain_.gate(i) != nullptr; --i) gates_[top]->append(*chain_.gate(i));
    top = i + 1;
  }
}

std::vector<at::Tensor> SecondOrder::sweep(const at::Tensor& gradient) {
  std::vector<at::Tensor> residuals(chain_.size());
  at::Tensor g = gradient, delta;
  for (std::size_t i = chain_.size(); i-- > lowest_;) {
    if (const LinearRule* linear = chain_.linear(i)) {
      residuals[i] = delta;
      if (wanted(i) && request_.others) {
        LayerDiagonal& sum = sums_[static_cast<std::size_t>(slot_[i])];
        const WeightedRule& rule = *chain_.weighted(i);
        add_to(sum.gradient, rule.gradient(g));
        const auto reader = rule.reader(1);
        reader->add_factors({g.unsqueeze(1), {}});
        add_to(sum.fisher, reader->take());
      }
      if (i == lowest_) break;
      g = linear->pull(g.unsqueeze(1)).squeeze(1);
      delta = at::Tensor();
      continue;
    }
    const GateRule& rule = *chain_.gate(i);
    const at::Tensor slope = rule.slope(), second = rule.second();
    if (delta.defined()) {
      delta = through(rule, delta, slope.defined() ? slope.square() : slope);
      if (second.defined()) delta = delta + second * through(rule, g, {});
    } else if (second.defined()) {
      delta = second * through(rule, g, {});
    }
    g = through(rule, g, slope);
  }
  return residuals;
}

bool SecondOrder::below_pool(std::size_t i) const {
  if (!chain_.linear(i)->takes_pooled()) return false;
  for (++i; i < chain_.size() && chain_.gate(i) != nullptr; ++i) {
    if (chain_.gate(i)->window() > 1) return true;
  }
  return false;
}

std::int64_t SecondOrder::factors_at_once(std::int64_t images, std::size_t below) const {
  std::int64_t largest = classes_;
  const auto take = [&](std::size_t i) {
    if (i < chain_.size()) largest = std::max(largest, element_count(chain_.rule(i).input_shape()));
  };
  for (std::size_t i = lowest_; i <= below; ++i) {
    if (chain_.linear(i) == nullptr) continue;
    if (i > lowest_) take(i);
    if (!below_pool(i)) take(i + 1);
  }
  take(below + 1);
  constexpr std::int64_t kAlive = 3;  // a vector, what it becomes, and a convolution's workspace
  const std::int64_t fit =
      request_.memory / (kAlive * images * largest * static_cast<std::int64_t>(sizeof(float)));
  return fit > kFactorTile ? fit / kFactorTile * kFactorTile : std::max<std::int64_t>(1, fit);
}

void SecondOrder::descend(Factors factors, std::ptrdiff_t from, Readers& readers) {
  const std::int64_t images = factors.vectors.size(0), count = factors.vectors.size(1);
  at::Tensor by_unit;  // [N, places, channels, F] in place of the vectors
  for (std::ptrdiff_t at = from; at >= static_cast<std::ptrdiff_t>(lowest_);) {
    const auto top = static_cast<std::size_t>(at);
    std::size_t i = top;  // the next layer that mixes units; the lowest does
    while (chain_.gate(i) != nullptr) --i;
    const LinearRule& linear = *chain_.linear(i);
    if (count >= kManyFactors && below_pool(i)) {
      if (!winners_[i]) winners_[i] = gates_[top]->winners();
      if (!by_unit.defined()) by_unit = unit_by_unit(factors.vectors, winners_[i]->position);
      const PooledFactors above{by_unit, factors.signs};
      if (readers[i] != nullptr) readers[i]->add_pooled(above, *winners_[i]);
      if (i == lowest_) return;
      by_unit = linear.pull_pooled(above, *winners_[i]).flatten(1, 2);
      factors.vectors = at::Tensor();
    } else {
      if (by_unit.defined()) {
        Shape shape = top + 1 < chain_.size() ? chain_.rule(top + 1).input_shape() : Shape{};
        shape.insert(shape.begin(), {images, count});
        factors.vectors = by_unit.permute({0, 3, 2, 1}).reshape(shape);
        by_unit = at::Tensor();
      }
      if (i != top) factors.vectors = gates_[top]->pull(factors.vectors);
      if (readers[i] != nullptr) readers[i]->add_factors(factors);
      if (i == lowest_) return;
      factors.vectors = linear.pull(factors.vectors);
    }
    at = static_cast<std::ptrdiff_t>(i) - 1;
  }
}

void SecondOrder::take(Readers& readers, const Absorb& absorb) const {
  for (std::size_t i = lowest_; i < chain_.size(); ++i) {
    if (readers[i] != nullptr) absorb(static_cast<std::size_t>(slot_[i]), readers[i]->take());
  }
}

void SecondOrder::count_factors(const std::vector<at::Tensor>& residuals) {
  // One wait for the device in all.
  std::vector<at::Tensor> counts;
  for (const at::Tensor& residual : residuals) {
    if (residual.defined()) counts.push_back((residual.flatten(1) != 0).sum(1).max());
  }
  const at::Tensor all = counts.empty() ? at::Tensor() : at::stack(counts).to(at::kCPU);
  std::int64_t next = 0;
  for (std::size_t i = 0; i < residuals.size(); ++i)
    units_[i] = residuals[i].defined() ? all[next++].item<std::int64_t>() : 0;
  std::int64_t alive = classes_ - 1;
  for (std::size_t i = chain_.size(); i-- > lowest_;) {
    if (wanted(i)) factors_[static_cast<std::size_t>(slot_[i])] = alive;
    alive += units_[i];
  }
}

void SecondOrder::expand_residuals(const std::vector<at::Tensor>& residuals, Readers& readers) {
  for (std::size_t i = chain_.size(); i-- > lowest_ + 1;) {
    const std::int64_t most = units_[i];
    if (most == 0) continue;
    const ResidualUnits units = units_of(residuals[i], most);
    const std::int64_t block = factors_at_once(units.unit.size(0), i - 1);
    for (std::int64_t first = 0; first < most; first += block) {
      const std::int64_t count = std::min(block, most - first);
      descend(chain_.linear(i)->expand({units.unit.narrow(1, first, count).contiguous(),
                                        units.value.narrow(1, first, count).contiguous()}),
              static_cast<std::ptrdiff_t>(i) - 1, readers);
    }
  }
}

void SecondOrder::sample_residuals(const std::vector<at::Tensor>& residuals,
                                   const at::Tensor& example) {
  std::vector<at::Tensor> mean(sums_.size()), square(sums_.size());
  for (std::int64_t sample = 0; sample < request_.samples; ++sample) {
    Readers readers = make_readers();
    for (std::size_t i = chain_.size(); i-- > lowest_ + 1;) {
      if (!residuals[i].defined()) continue;
      const at::Tensor& delta = residuals[i];
      const at::Tensor z = random_signs(delta, example, request_.seed,
                                        static_cast<std::uint16_t>(chain_.first() + i), sample);
      const at::Tensor up = delta.clamp_min(0).sqrt() * z, down = (-delta).clamp_min(0).sqrt() * z;
      at::Tensor signs = at::ones_like(delta.flatten(1).narrow(1, 0, 1));
      descend({chain_.linear(i)->pull(at::stack({up, down}, 1)), at::cat({signs, -signs}, 1)},
              static_cast<std::ptrdiff_t>(i) - 1, readers);
    }
    take(readers, [&](std::size_t layer, const at::Tensor& part) {
      // Deviations from the running mean (Welford), so that the variance keeps its digits.
      const at::Tensor value = part.to(at::kDouble);
      if (sample == 0) {
        mean[layer] = value;
        square[layer] = at::zeros_like(value);
        return;
      }
      const at::Tensor off = value - mean[layer];
      mean[layer] = mean[layer] + off / static_cast<double>(sample + 1);
      square[layer] = square[layer] + off * (value - mean[layer]);
    });
  }
  const auto samples = static_cast<double>(request_.samples);
  for (std::size_t layer = 0; layer < sums_.size(); ++layer) {
    add_to(sums_[layer].hessian, mean[layer]);
    add_to(sums_[layer].error_variance, square[layer] / ((samples - 1) * samples));
  }
}

void SecondOrder::add(const at::Tensor& x, const at::Tensor& labels, const at::Tensor& example) {
  const at::NoGradGuard no_gradients;
  const at::Tensor logits = chain_.forward(x);
  classes_ = logits.size(1);
  const LossCurvature loss = loss_curvature(logits, labels);
  build_gates();
  const std::vector<at::Tensor> residuals = sweep(loss.gradient);
  count_factors(residuals);

  Readers readers = make_readers();
  const std::int64_t squares = loss.factors.size(1),
                     block = factors_at_once(x.size(0), chain_.size() - 1);
  for (std::int64_t first = 0; first < squares; first += block) {
    descend({loss.factors.narrow(1, first, std::min(block, squares - first)), {}},
            static_cast<std::ptrdiff_t>(chain_.size()) - 1, readers);
  }
  if (request_.others || request_.method == CurvatureMethod::gauss_newton) {
    take(readers, [&](std::size_t layer, const at::Tensor& part) {
      if (request_.others) add_to(sums_[layer].gauss_newton, part);
      add_to(sums_[layer].hessian, part);
    });
  }
  if (request_.method != CurvatureMethod::gauss_newton) {
    for (std::size_t i = lowest_; i < chain_.size(); ++i) {
      if (readers[i] != nullptr && residuals[i].defined()) readers[i]->add_residual(residuals[i]);
    }
    if (request_.method == CurvatureMethod::exact) expand_residuals(residuals, readers);
    take(readers,
         [&](std::size_t layer, const at::Tensor& part) { add_to(sums_[layer].hessian, part); });
    if (request_.method == CurvatureMethod::sampled_residual) sample_residuals(residuals, example);
  }
  chain_.clear();
  for (auto& winners : winners_) winners.reset();
}

}  // namespace varphase
