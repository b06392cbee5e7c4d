// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/conv_reader.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/triu_indices.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "src/kernels/curvature/pooled_pairs.hpp"
#include "src/kernels/curvature/pooled_squares.hpp"
#include "src/kernels/products/squared_product.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kOneBlock = 32;  // factors

/// H_ow = sum_n [ sum_f s_f (sum_p A_pw f_op)^2 + sum_p A_pw^2 delta_op ], A the patches. Either as
/// it stands, or, where that takes fewer operations, by sum_pq A_pw A_qw G_opq over pairs of
/// positions, with G_opq = sum_f s_f f_op f_oq kept until all factors have come.
class ConvReader final : public WeightReader {
 public:
  ConvReader(const ConvPatches& patches, const at::Tensor& weight, std::int64_t factors)
      : of_(patches),
        weight_(weight),
        factors_(factors),
        by_pairs_(pairs_are_cheaper(factors)),
        more_(factors > kOneBlock) {}

  void add_factors(const Factors& factors) override {
    if (by_pairs_) {
      add_to_pairs(factors);
    } else {
      add_squares(factors);
    }
  }

  void add_pooled(const PooledFactors& factors, const PoolWinners& winners) override {
    const at::Tensor& v = factors.vectors;
    const bool first = !corners_.defined();
    if (first) {
      corners_ = of_.corners(winners);
      multiplier_ = winners.multiplier;
      input_ = of_.padded_input();
    }
    at::Tensor signs;
    if (factors.signs.defined()) signs = factors.signs.contiguous();
    on_floats(v, [&](auto zero) {
      using T = decltype(zero);
      PooledPatches<T> patches = pooled_patches<T>();
      patches.v = data_of<T>(v);
      patches.sign = data_of<T>(signs);
      patches.factors = v.size(3);
      if (cell_pairs_are_cheaper(v.size(1))) {
        if (!cell_pairs_.defined())
          cell_pairs_ = at::zeros({v.size(0), v.size(2), v.size(1), v.size(1)}, v.options());
        PooledPairs<T> job{patches};
        job.pairs = data_of<T>(cell_pairs_);
        add_pooled_pairs(job, where_of(v));
        return;
      }
      if (first) {
        lists_ = at::empty_like(corners_);
        counts_ = at::empty({v.size(0), v.size(2)}, corners_.options());
      }
      PooledSquares<T> job{patches};
      job.winners = data_of<std::int32_t>(lists_);
      job.counts = data_of<std::int32_t>(counts_);
      const at::Tensor parts = at::empty(
          {pooled_squares_parts(job, where_of(v)), job.outputs, of_.patch_size()}, v.options());
      job.parts = data_of<T>(parts);
      if (first) list_winners(job, where_of(v));
      pooled_squares(job, where_of(v));
      add(parts.sum(0));
    });
  }

  void add_residual(const at::Tensor& delta) override { add(of_.weighted(delta.flatten(2), true)); }

  at::Tensor take() override {
    if (pairs_.defined()) add(read_pairs());
    if (cell_pairs_.defined()) add(read_cell_pairs());
    pairs_ = cell_pairs_ = patches_ = corners_ = multiplier_ = input_ = lists_ = counts_ =
        at::Tensor();
    at::Tensor sum = sum_.defined() ? sum_.view_as(weight_) : at::zeros_like(weight_);
    sum_ = at::Tensor();
    return sum;
  }

 private:
  // Squares without a temporary, where the kernel for them runs.
  bool squares_are_fused() const {
    return weight_.is_cuda() && weight_.scalar_type() == at::kFloat &&
           squared_product_fits(of_.positions());
  }

  // Estimated time of an image on the scale of one multiply-add; an element that travels to memory
  // and back costs about as much as 60 of them, one of the many small products for G as much as 8.
  bool pairs_are_cheaper(std::int64_t factors) const {
    constexpr double kElement = 60, kSmallProduct = 8, kDepth = 32;
    const auto f = static_cast<double>(factors), p = static_cast<double>(of_.positions()),
               o = static_cast<double>(weight_.size(0)), w = static_cast<double>(of_.patch_size());
    const double pairs = p * (p + 1) / 2;
    const double direct =
        f * o * w * (squares_are_fused() ? std::ceil(p / kDepth) * kDepth : p + kElement);
    const double by_pairs = o * p * p * (kSmallProduct * f + kElement) + pairs * w * (o + kElement);
    return by_pairs < direct;
  }

  // Multiply-adds of an image and output: F cells² / 2 for the pairs and w cells² / 2 to read them,
  // or F cells w for the squares.
  bool cell_pairs_are_cheaper(std::int64_t cells) const {
    const std::int64_t w = of_.patch_size();
    return pooled_pairs_fit(cells) && cells * (factors_ + w) < 2 * factors_ * w;
  }

  template <class T>
  PooledPatches<T> pooled_patches() const {
    PooledPatches<T> patches;
    patches.corner = data_of<std::int32_t>(corners_);
    patches.multiplier = data_of<T>(multiplier_);
    patches.input = data_of<T>(input_);
    patches.images = corners_.size(0);
    patches.cells = corners_.size(1);
    patches.outputs = corners_.size(2);
    patches.channels = input_.size(1);
    patches.height = input_.size(2);
    patches.width = input_.size(3);
    patches.kernel = of_.geometry().kernel;
    return patches;
  }

  at::Tensor read_cell_pairs() const {
    at::Tensor sum;
    on_floats(cell_pairs_, [&](auto zero) {
      using T = decltype(zero);
      PooledPairs<T> job{pooled_patches<T>()};
      job.pairs = data_of<T>(cell_pairs_);
      const Where where = where_of(cell_pairs_);
      const at::Tensor parts = at::empty(
          {pooled_pairs_parts(job, where), job.outputs, of_.patch_size()}, cell_pairs_.options());
      job.parts = data_of<T>(parts);
      read_pooled_pairs(job, where);
      sum = parts.sum(0);
    });
    return sum;
  }

  void add(const at::Tensor& part) {
    if (sum_.defined()) {
      sum_.add_(part);
    } else {
      sum_ = part.clone();
    }
  }

  void add_fused_squares(const Factors& factors) {
    const std::int64_t images = factors.vectors.size(0), count = factors.vectors.size(1),
                       out = weight_.size(0);
    const at::Tensor f = factors.vectors.contiguous();
    if (!patches_.defined()) patches_ = of_.across();
    at::Tensor signs;
    if (factors.signs.defined()) signs = factors.signs.contiguous();
    if (!sum_.defined()) sum_ = at::zeros({out, of_.patch_size()}, f.options());
    SquaredProduct job;
    job.a = data_of<float>(f);
    job.b = data_of<float>(patches_);
    job.sign = data_of<float>(signs);
    job.items = images * count;
    job.repeat = count;
    job.m = out;
    job.n = of_.patch_size();
    job.k = of_.positions();
    job.sum = data_of<float>(sum_);
    const at::Tensor parts = at::empty({squared_product_parts(job), job.m, job.n}, f.options());
    job.parts = data_of<float>(parts);
    squared_product(job, where_of(f));
    if (!more_) patches_ = at::Tensor();
  }

  void add_squares(const Factors& factors) {
    if (squares_are_fused()) return add_fused_squares(factors);
    const std::int64_t images = factors.vectors.size(0), count = factors.vectors.size(1),
                       out = weight_.size(0), p = of_.positions(), w = of_.patch_size();
    const std::int64_t block = of_.images_at_once(count * out * w);
    const at::Tensor f = factors.vectors.reshape({images, count * out, p});
    for (std::int64_t first = 0; first < images; first += block) {
      const std::int64_t some = std::min(block, images - first);
      at::Tensor met =
          at::bmm(f.narrow(0, first, some), of_.of(first, some)).view({some * count, out * w});
      if (factors.signs.defined()) {
        add(factors.signs.narrow(0, first, some).reshape({1, -1}).mm(met.square_()).view({out, w}));
      } else {
        add(at::linalg_vector_norm(met, 2, at::IntArrayRef{0}).square_().view({out, w}));
      }
    }
  }

  void add_to_pairs(const Factors& factors) {
    const std::int64_t images = factors.vectors.size(0), count = factors.vectors.size(1),
                       out = weight_.size(0), p = of_.positions();
    const at::Tensor f = factors.vectors.reshape({images, count, out, p})
                             .transpose(1, 2)
                             .reshape({images * out, count, p});
    at::Tensor left = f;
    if (factors.signs.defined()) {
      left =
          f *
          factors.signs.unsqueeze(1).expand({images, out, count}).reshape({images * out, count, 1});
    }
    if (pairs_.defined()) {
      pairs_.baddbmm_(left.transpose(1, 2), f);
    } else {
      pairs_ = at::bmm(left.transpose(1, 2), f);
    }
  }

  at::Tensor read_pairs() const {
    const std::int64_t out = weight_.size(0), p = of_.positions(), w = of_.patch_size();
    const std::int64_t images = pairs_.size(0) / out;
    const at::Tensor pair = at::triu_indices(p, p, 0, pairs_.options().dtype(at::kLong));
    const at::Tensor row = pair[0], column = pair[1];
    const at::Tensor twice = at::where(row == column, 1.0, 2.0).to(pairs_.scalar_type());
    const at::Tensor gram = pairs_.view({images, out, p * p});
    at::Tensor sum = at::zeros({out, w}, pairs_.options());
    const std::int64_t block = of_.images_at_once(row.numel() * (3 * w + 2 * out));
    for (std::int64_t first = 0; first < images; first += block) {
      const std::int64_t some = std::min(block, images - first);
      const at::Tensor met = of_.of(first, some);
      const at::Tensor products = met.index_select(1, row).mul_(met.index_select(1, column));
      const at::Tensor of_pairs = gram.narrow(0, first, some)
                                      .index_select(2, row * p + column)
                                      .mul_(twice)
                                      .transpose(0, 1)
                                      .reshape({out, -1});  // [O, n pairs]
      sum.addmm_(of_pairs, products.flatten(0, 1));
    }
    return sum;
  }

  const ConvPatches& of_;
  const at::Tensor& weight_;
  std::int64_t factors_;
  bool by_pairs_;
  bool more_;           // blocks of factors than one will come: patches are kept for them
  at::Tensor patches_;  // [N, C k k, P]
  // Of the winners of a pool, as pooled_squares and pooled_pairs have them.
  at::Tensor corners_, multiplier_, input_, lists_, counts_, cell_pairs_;
  at::Tensor pairs_;  // [N O, P, P]
  at::Tensor sum_;    // [O, C k k]
};

}  // namespace

std::unique_ptr<WeightReader> make_conv_reader(const ConvPatches& patches, const at::Tensor& weight,
                                               std::int64_t factors) {
  return std::make_unique<ConvReader>(patches, weight, factors);
}

}  // namespace varphase
