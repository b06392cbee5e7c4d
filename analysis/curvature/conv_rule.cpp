// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>

#include "analysis/curvature/conv_reader.hpp"
#include "analysis/curvature/rule.hpp"
#include "src/kernels/curvature/fold_columns.hpp"
#include "src/kernels/curvature/pooled_pull.hpp"
#include "src/kernels/curvature/unit_patches.hpp"
#include "src/kernels/products/float32_product.hpp"
#include "src/layers/conv2d.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kFewPositions = 36;

class ConvRule final : public WeightedRule {
 public:
  explicit ConvRule(const RuleSource& source) : ConvRule(source, weight_and_bias(source)) {}
  at::Tensor forward(const at::Tensor& x) override {
    patches_.set_input(x.detach());
    return convolve(x, weight(), bias_, geometry());
  }
  void clear() override {
    patches_.set_input({});
    position_ = sorted_ = starts_ = at::Tensor();
  }

  at::Tensor pull(const at::Tensor& v) const override {
    const at::Tensor rows = v.flatten(0, 1);
    const auto [channels, height, width, kernel, stride, padding, out_height, out_width] =
        geometry();
    if (patches_.positions() <= kFewPositions) return pull_by_product(v);
    if (stride == 1 && padding < kernel) {
      // The same as a convolution with the kernel turned around, for which there are faster
      // kernels.
      return at::conv2d(rows, turned_, {}, 1, kernel - 1 - padding)
          .view({v.size(0), v.size(1), channels, height, width});
    }
    // Where the stride leaves a remainder, the last rows and columns of the input meet no weight.
    const std::int64_t below = height - ((out_height - 1) * stride + kernel - 2 * padding),
                       right = width - ((out_width - 1) * stride + kernel - 2 * padding);
    return at::conv_transpose2d(rows, weight(), {}, stride, padding, {below, right})
        .view({v.size(0), v.size(1), channels, height, width});
  }

  at::Tensor rows(const at::Tensor& unit, const at::Tensor& scale) const override {
    const at::Tensor units = unit.contiguous(), scales = scale.contiguous();
    at::Tensor out = at::empty(
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
      starts_ = at::empty({images, patches_.positions() + 1}, position_.options());
    }
    at::Tensor out = at::empty(
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

  std::unique_ptr<WeightReader> reader(std::int64_t factors) const override {
    return make_conv_reader(patches_, weight(), factors);
  }

  at::Tensor gradient(const at::Tensor& g) const override {
    return patches_.weighted(g.flatten(2), false).view_as(weight());
  }

  /// pull as one matrix product, whose columns are then added where they overlap: faster where an
  /// image has few positions.
  at::Tensor pull_by_product(const at::Tensor& v) const {
    const std::int64_t rows = v.size(0) * v.size(1), out = weight().size(0),
                       p = patches_.positions();
    const at::Tensor columns =
        product(v.reshape({rows, out, p}).transpose(1, 2).reshape({rows * p, out}));
    at::Tensor folded = at::empty(
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
    const std::int64_t rows = x.size(0), out = x.size(1), columns = patches_.patch_size();
    if (!x.is_cuda() || x.scalar_type() != at::kFloat || !float32_product_fits(rows, columns, out))
      return at::mm(x, weight().flatten(1));
    const at::Tensor across = weight().flatten(1).t().contiguous();
    at::Tensor found = at::empty({rows, columns}, x.options());
    const at::Tensor workspace =
        at::empty({product_of_rows_bytes(rows, columns, out)}, x.options().dtype(at::kByte));
    product_of_rows(data_of<float>(x), data_of<float>(across), rows, columns, out,
                    data_of<float>(found), data_of<std::uint8_t>(workspace), where_of(x));
    return found;
  }

 protected:
  Shape output_shape() const override { return output_; }

 private:
  ConvRule(const RuleSource& source, const WeightAndBias& of)
      : WeightedRule(source.input, of.weight),
        bias_(of.bias),
        output_(source.layer.output_shape()),
        patches_(source.layer.traits().geometry) {
    turned_ = of.weight.flip({2, 3}).transpose(0, 1).contiguous();
    weight_by_place_ = of.weight.permute({0, 2, 3, 1}).contiguous();
  }

  const ConvGeometry& geometry() const { return patches_.geometry(); }

  at::Tensor bias_;
  Shape output_;
  ConvPatches patches_;
  at::Tensor turned_;                              // [C, O, k, k], rotated by half a turn
  at::Tensor weight_by_place_;                     // [O, k, k, C]
  mutable at::Tensor position_, sorted_, starts_;  // of the pool's winners, as pooled_pull has them
};

}  // namespace

std::unique_ptr<CurvatureRule> make_conv_rule(const RuleSource& source) {
  return std::make_unique<ConvRule>(source);
}

}  // namespace varphase
