// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <type_traits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/triu_indices.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "analysis/curvature/rule.hpp"
#include "src/kernels/float32_product.hpp"
#include "src/kernels/fold_columns.hpp"
#include "src/kernels/pooled_pairs.hpp"
#include "src/kernels/pooled_pull.hpp"
#include "src/kernels/pooled_squares.hpp"
#include "src/kernels/squared_product.hpp"
#include "src/kernels/unit_patches.hpp"
#include "src/layers/conv2d.hpp"
#include "src/variance/torch_kernels.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kBlockBytes = 256LL << 20;  // of a product's temporaries
constexpr std::int64_t kFewPositions = 36;
constexpr std::int64_t kOneBlock = 32;

std::int64_t bytes(std::int64_t elements, const at::Tensor& like) {
  return elements * static_cast<std::int64_t>(like.element_size());
}

class ConvRule final : public WeightedRule {
 public:
  explicit ConvRule(const RuleSource& source) : ConvRule(source, weight_and_bias(source)) {}
  at::Tensor forward(const at::Tensor& x) override {
    a_ = x.detach();
    return at::conv2d(x, weight(),
                      bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt, stride_,
                      padding_);
  }
  void clear() override { a_ = position_ = sorted_ = starts_ = at::Tensor(); }

  at::Tensor pull(const at::Tensor& v) const override {
    const at::Tensor rows = v.flatten(0, 1);
    const std::int64_t kernel = weight().size(2);
    if (positions() <= kFewPositions) return pull_by_product(v);
    if (stride_ == 1 && padding_ < kernel) {
      // The same as a convolution with the kernel turned around, for which there are faster
      // kernels.
      return at::conv2d(rows, turned_, {}, 1, kernel - 1 - padding_)
          .view({v.size(0), v.size(1), input_shape()[0], input_shape()[1], input_shape()[2]});
    }
    // Where the stride leaves a remainder, the last rows and columns of the input meet no weight.
    const auto left = [&](std::int64_t in, std::int64_t out) {
      return in - ((out - 1) * stride_ + kernel - 2 * padding_);
    };
    const at::Tensor pulled = at::conv_transpose2d(
        rows, weight(), {}, stride_, padding_,
        {left(input_shape()[1], output_[1]), left(input_shape()[2], output_[2])});
    return pulled.view(
        {v.size(0), v.size(1), input_shape()[0], input_shape()[1], input_shape()[2]});
  }

  at::Tensor rows(const at::Tensor& unit, const at::Tensor& scale) const override {
    const at::Tensor units = unit.contiguous(), scales = scale.contiguous();
    const at::Tensor out = at::empty(
        {unit.size(0), unit.size(1), input_shape()[0], input_shape()[1], input_shape()[2]},
        scale.options());
    on_floats(scale, [&](auto zero) {
      using T = decltype(zero);
      UnitPatches<T> job;
      job.weight = data_of<T>(weight());
      job.unit = data_of<std::int64_t>(units);
      job.scale = data_of<T>(scales);
      job.rows = unit.numel();
      job.conv = geometry();
      job.out = data_of<T>(out);
      unit_patches(job, where_of(scale));
    });
    return out;
  }

  bool takes_pooled() const override { return true; }
  at::Tensor pull_pooled(const PooledFactors& factors, const PoolWinners& winners) const override {
    const at::Tensor& v = factors.vectors;
    const std::int64_t images = v.size(0), count = v.size(3);
    const bool sorted = sorted_.defined();
    if (!sorted) {
      position_ =
          at::where(winners.multiplier == 0, -1, winners.position).to(at::kInt).contiguous();
      sorted_ = at::empty({position_.numel(), 2}, position_.options());
      starts_ = at::empty({images, positions() + 1}, position_.options());
    }
    const at::Tensor out = at::empty(
        {images, input_shape()[1], input_shape()[2], input_shape()[0], count}, v.options());
    on_floats(v, [&](auto zero) {
      using T = decltype(zero);
      PooledPull<T> job;
      job.v = data_of<T>(v);
      job.position = data_of<std::int32_t>(position_);
      job.multiplier = data_of<T>(winners.multiplier);
      job.weight = data_of<T>(weight_by_place_);
      job.images = images;
      job.cells = v.size(1);
      job.outputs = v.size(2);
      job.factors = count;
      job.conv = geometry();
      job.winners = data_of<std::int32_t>(sorted_);
      job.starts = data_of<std::int32_t>(starts_);
      job.out = data_of<T>(out);
      if (!sorted) sort_winners(job, where_of(v));
      pooled_pull(job, where_of(v));
    });
    return out;
  }

  std::unique_ptr<WeightReader> reader(std::int64_t factors) const override;

  at::Tensor gradient(const at::Tensor& g) const override {
    return weighted_patches(g.flatten(2), false).view_as(weight());
  }

  /// pull as one matrix product, whose columns are then added where they overlap: faster where an
  /// image has few positions.
  at::Tensor pull_by_product(const at::Tensor& v) const {
    const std::int64_t rows = v.size(0) * v.size(1), out = weight().size(0), p = positions();
    const at::Tensor columns =
        product(v.reshape({rows, out, p}).transpose(1, 2).reshape({rows * p, out}));
    const at::Tensor folded = at::empty(
        {v.size(0), v.size(1), input_shape()[0], input_shape()[1], input_shape()[2]}, v.options());
    on_floats(v, [&](auto zero) {
      using T = decltype(zero);
      FoldColumns<T> job;
      job.columns = data_of<T>(columns);
      job.rows = rows;
      job.conv = geometry();
      job.out = data_of<T>(folded);
      fold_columns(job, where_of(v));
    });
    return folded;
  }

  /// x times the flat weight. @param x [rows, O] @return [rows, C k k]
  at::Tensor product(const at::Tensor& x) const {
    const std::int64_t rows = x.size(0), out = x.size(1), columns = patch_size();
    if (!x.is_cuda() || x.scalar_type() != at::kFloat || !float32_product_fits(rows, columns, out))
      return at::mm(x, weight().flatten(1));
    const at::Tensor across = weight().flatten(1).t().contiguous();
    const at::Tensor found = at::empty({rows, columns}, x.options());
    const at::Tensor workspace =
        at::empty({product_of_rows_bytes(rows, columns, out)}, x.options().dtype(at::kByte));
    product_of_rows(data_of<float>(x), data_of<float>(across), rows, columns, out,
                    data_of<float>(found), data_of<std::uint8_t>(workspace), where_of(x));
    return found;
  }

  /// The patches of images first .. first + count - 1 that a weight meets, [count, P, C k k].
  at::Tensor patches(std::int64_t first, std::int64_t count) const {
    return windows(a_.narrow(0, first, count))
        .permute({0, 2, 3, 1, 4, 5})
        .reshape({count, positions(), patch_size()});
  }
  /// The same of all images as [N, C k k, P].
  at::Tensor patch_rows() const {
    return windows(a_).permute({0, 1, 4, 5, 2, 3}).reshape({a_.size(0), patch_size(), positions()});
  }
  /// sum_n,p v[n,o,p] patch[n,p,w], or with the patches squared. @param v [N, O, P] @return [O, w]
  at::Tensor weighted_patches(const at::Tensor& v, bool squared) const {
    at::Tensor sum = at::zeros({weight().size(0), patch_size()}, v.options());
    const std::int64_t block = images_at_once(positions() * patch_size());
    for (std::int64_t first = 0; first < v.size(0); first += block) {
      const std::int64_t count = std::min(block, v.size(0) - first);
      at::Tensor met = patches(first, count);
      // Not in place: of a patch that is the whole input they are a view of it.
      if (squared) met = met.square();
      sum.addmm_(v.narrow(0, first, count).transpose(0, 1).flatten(1), met.flatten(0, 1));
    }
    return sum;
  }
  /// Where the patches of winners begin, int32 as pooled_squares takes them: flat in a plane of
  /// padded_input, -1 where nothing passes.
  at::Tensor corners(const PoolWinners& winners) const {
    const std::int64_t width = input_shape()[2] + 2 * padding_;
    const at::Tensor row = winners.position.div(output_[2], "floor") * stride_,
                     column = winners.position.remainder(output_[2]) * stride_;
    return at::where(winners.multiplier == 0, -1, row * width + column).to(at::kInt).contiguous();
  }
  at::Tensor padded_input() const { return padded(a_).contiguous(); }
  std::int64_t images_at_once(std::int64_t elements_an_image) const {
    return std::clamp<std::int64_t>(kBlockBytes / bytes(elements_an_image, weight()), 1,
                                    a_.size(0));
  }
  std::int64_t positions() const { return output_[1] * output_[2]; }
  std::int64_t patch_size() const { return weight()[0].numel(); }

 protected:
  Shape output_shape() const override { return output_; }

 private:
  ConvRule(const RuleSource& source, const WeightAndBias& of)
      : WeightedRule(source.input, of.weight),
        bias_(of.bias),
        output_(source.layer.output_shape()) {
    Conv2dOptions geometry;
    const Json options = source.layer.options();
    stride_ = options.value("stride", geometry.stride);
    padding_ = options.value("padding", geometry.padding);
    turned_ = of.weight.flip({2, 3}).transpose(0, 1).contiguous();
    weight_by_place_ = of.weight.permute({0, 2, 3, 1}).contiguous();
  }

  /// A view [N, C, out height, out width, k, k], so that patches take one copy; at::im2col takes
  /// the images one by one.
  at::Tensor windows(const at::Tensor& a) const {
    return padded(a).unfold(2, weight().size(2), stride_).unfold(3, weight().size(2), stride_);
  }
  at::Tensor padded(const at::Tensor& a) const {
    return padding_ > 0 ? at::constant_pad_nd(a, {padding_, padding_, padding_, padding_}) : a;
  }

  ConvGeometry geometry() const {
    return {input_shape()[0], input_shape()[1], input_shape()[2], weight().size(2),
            stride_,          padding_,         output_[1],       output_[2]};
  }

  at::Tensor bias_;
  Shape output_;
  std::int64_t stride_ = 1, padding_ = 0;
  at::Tensor turned_;                              // [C, O, k, k], rotated by half a turn
  at::Tensor weight_by_place_;                     // [O, k, k, C]
  mutable at::Tensor position_, sorted_, starts_;  // of the pool's winners, as pooled_pull has them
  at::Tensor a_;                                   // [N, C, H, W]
};

/// H_ow = sum_n [ sum_f s_f (sum_p A_pw f_op)^2 + sum_p A_pw^2 delta_op ], A the patches. Either as
/// it stands, or, where that takes fewer operations, by sum_pq A_pw A_qw G_opq over pairs of
/// positions, with G_opq = sum_f s_f f_op f_oq kept until all factors have come.
class ConvReader final : public WeightReader {
 public:
  ConvReader(const ConvRule& rule, std::int64_t factors)
      : rule_(rule),
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
      corners_ = rule_.corners(winners);
      multiplier_ = winners.multiplier;
      input_ = rule_.padded_input();
    }
    at::Tensor signs;
    if (factors.signs.defined()) signs = factors.signs.contiguous();
    on_floats(v, [&](auto zero) {
      using T = decltype(zero);
      if (cell_pairs_are_cheaper(v.size(1))) {
        if (!cell_pairs_.defined())
          cell_pairs_ = at::zeros({v.size(0), v.size(2), v.size(1), v.size(1)}, v.options());
        auto job = pooled_job<PooledPairs<T>>();
        job.v = data_of<T>(v);
        job.sign = data_of<T>(signs);
        job.factors = v.size(3);
        job.pairs = data_of<T>(cell_pairs_);
        add_pooled_pairs(job, where_of(v));
        return;
      }
      if (first) {
        lists_ = at::empty_like(corners_);
        counts_ = at::empty({v.size(0), v.size(2)}, corners_.options());
      }
      auto job = pooled_job<PooledSquares<T>>();
      job.v = data_of<T>(v);
      job.sign = data_of<T>(signs);
      job.factors = v.size(3);
      job.winners = data_of<std::int32_t>(lists_);
      job.counts = data_of<std::int32_t>(counts_);
      const at::Tensor parts = at::empty(
          {pooled_squares_parts(job, where_of(v)), job.outputs, rule_.patch_size()}, v.options());
      job.parts = data_of<T>(parts);
      if (first) list_winners(job, where_of(v));
      pooled_squares(job, where_of(v));
      add(parts.sum(0));
    });
  }

  void add_residual(const at::Tensor& delta) override {
    add(rule_.weighted_patches(delta.flatten(2), true));
  }

  at::Tensor take() override {
    if (pairs_.defined()) add(read_pairs());
    if (cell_pairs_.defined()) add(read_cell_pairs());
    pairs_ = cell_pairs_ = patches_ = corners_ = multiplier_ = input_ = lists_ = counts_ =
        at::Tensor();
    at::Tensor sum = sum_.defined() ? sum_.view_as(rule_.weight()) : at::zeros_like(rule_.weight());
    sum_ = at::Tensor();
    return sum;
  }

 private:
  // Squares without a temporary, where the kernel for them runs.
  bool squares_are_fused() const {
    return rule_.weight().is_cuda() && rule_.weight().scalar_type() == at::kFloat &&
           squared_product_fits(rule_.positions());
  }

  // Estimated time of an image on the scale of one multiply-add; an element that travels to memory
  // and back costs about as much as 60 of them, one of the many small products for G as much as 8.
  bool pairs_are_cheaper(std::int64_t factors) const {
    constexpr double kElement = 60, kSmallProduct = 8, kDepth = 32;
    const auto f = static_cast<double>(factors), p = static_cast<double>(rule_.positions()),
               o = static_cast<double>(rule_.weight().size(0)),
               w = static_cast<double>(rule_.patch_size());
    const double pairs = p * (p + 1) / 2;
    const double direct =
        f * o * w * (squares_are_fused() ? std::ceil(p / kDepth) * kDepth : p + kElement);
    const double by_pairs = o * p * p * (kSmallProduct * f + kElement) + pairs * w * (o + kElement);
    return by_pairs < direct;
  }

  // Multiply-adds of an image and output: F cells² / 2 for the pairs and w cells² / 2 to read them,
  // or F cells w for the squares.
  bool cell_pairs_are_cheaper(std::int64_t cells) const {
    const std::int64_t w = rule_.patch_size();
    return pooled_pairs_fit(cells) && cells * (factors_ + w) < 2 * factors_ * w;
  }

  template <class Job>
  Job pooled_job() const {
    Job job;
    using T = std::remove_const_t<std::remove_pointer_t<decltype(job.input)>>;
    job.corner = data_of<std::int32_t>(corners_);
    job.multiplier = data_of<T>(multiplier_);
    job.input = data_of<T>(input_);
    job.images = corners_.size(0);
    job.cells = corners_.size(1);
    job.outputs = corners_.size(2);
    job.channels = input_.size(1);
    job.height = input_.size(2);
    job.width = input_.size(3);
    job.kernel = rule_.weight().size(2);
    return job;
  }

  at::Tensor read_cell_pairs() const {
    at::Tensor sum;
    on_floats(cell_pairs_, [&](auto zero) {
      using T = decltype(zero);
      auto job = pooled_job<PooledPairs<T>>();
      job.pairs = data_of<T>(cell_pairs_);
      const Where where = where_of(cell_pairs_);
      const at::Tensor parts = at::empty(
          {pooled_pairs_parts(job, where), job.outputs, rule_.patch_size()}, cell_pairs_.options());
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
                       out = rule_.weight().size(0);
    const at::Tensor f = factors.vectors.contiguous();
    if (!patches_.defined()) patches_ = rule_.patch_rows();
    at::Tensor signs;
    if (factors.signs.defined()) signs = factors.signs.contiguous();
    if (!sum_.defined()) sum_ = at::zeros({out, rule_.patch_size()}, f.options());
    SquaredProduct job;
    job.a = data_of<float>(f);
    job.b = data_of<float>(patches_);
    job.sign = data_of<float>(signs);
    job.items = images * count;
    job.repeat = count;
    job.m = out;
    job.n = rule_.patch_size();
    job.k = rule_.positions();
    job.sum = data_of<float>(sum_);
    const at::Tensor parts = at::empty({squared_product_parts(job), job.m, job.n}, f.options());
    job.parts = data_of<float>(parts);
    squared_product(job, where_of(f));
    if (!more_) patches_ = at::Tensor();
  }

  void add_squares(const Factors& factors) {
    if (squares_are_fused()) return add_fused_squares(factors);
    const std::int64_t images = factors.vectors.size(0), count = factors.vectors.size(1),
                       out = rule_.weight().size(0), p = rule_.positions(), w = rule_.patch_size();
    const std::int64_t block = rule_.images_at_once(count * out * w);
    const at::Tensor f = factors.vectors.reshape({images, count * out, p});
    for (std::int64_t first = 0; first < images; first += block) {
      const std::int64_t some = std::min(block, images - first);
      at::Tensor met = at::bmm(f.narrow(0, first, some), rule_.patches(first, some))
                           .view({some * count, out * w});
      if (factors.signs.defined()) {
        add(factors.signs.narrow(0, first, some).reshape({1, -1}).mm(met.square_()).view({out, w}));
      } else {
        add(at::linalg_vector_norm(met, 2, at::IntArrayRef{0}).square_().view({out, w}));
      }
    }
  }

  void add_to_pairs(const Factors& factors) {
    const std::int64_t images = factors.vectors.size(0), count = factors.vectors.size(1),
                       out = rule_.weight().size(0), p = rule_.positions();
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
    const std::int64_t out = rule_.weight().size(0), p = rule_.positions(), w = rule_.patch_size();
    const std::int64_t images = pairs_.size(0) / out;
    const at::Tensor pair = at::triu_indices(p, p, 0, pairs_.options().dtype(at::kLong));
    const at::Tensor row = pair[0], column = pair[1];
    const at::Tensor twice = at::where(row == column, 1.0, 2.0).to(pairs_.scalar_type());
    const at::Tensor gram = pairs_.view({images, out, p * p});
    at::Tensor sum = at::zeros({out, w}, pairs_.options());
    const std::int64_t block = rule_.images_at_once(row.numel() * (3 * w + 2 * out));
    for (std::int64_t first = 0; first < images; first += block) {
      const std::int64_t some = std::min(block, images - first);
      const at::Tensor met = rule_.patches(first, some);
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

  const ConvRule& rule_;
  std::int64_t factors_;
  bool by_pairs_;
  bool more_;           // blocks of factors than one will come: patches are kept for them
  at::Tensor patches_;  // [N, C k k, P]
  // Of the winners of a pool, as pooled_squares and pooled_pairs have them.
  at::Tensor corners_, multiplier_, input_, lists_, counts_, cell_pairs_;
  at::Tensor pairs_;  // [N O, P, P]
  at::Tensor sum_;    // [O, C k k]
};

std::unique_ptr<WeightReader> ConvRule::reader(std::int64_t factors) const {
  return std::make_unique<ConvReader>(*this, factors);
}

}  // namespace

std::unique_ptr<CurvatureRule> make_conv_rule(const RuleSource& source) {
  return std::make_unique<ConvRule>(source);
}

}  // namespace varphase
