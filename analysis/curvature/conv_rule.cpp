// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/im2col.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/triu_indices.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "analysis/curvature/rule.hpp"
#include "src/layers/conv2d.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kBlockBytes = 256LL << 20;  // of a product's temporaries

std::int64_t bytes(std::int64_t elements, const at::Tensor& like) {
  return elements * static_cast<std::int64_t>(like.element_size());
}

class ConvRule final : public WeightedRule {
 public:
  explicit ConvRule(const RuleSource& source) : ConvRule(source, weight_and_bias(source)) {}
  at::Tensor forward(const at::Tensor& x) override {
    a_ = x.detach();
    return at::conv2d(x, weight(), bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt,
                      stride_, padding_);
  }
  void clear() override { a_ = at::Tensor(); }

  at::Tensor pull(const at::Tensor& v) const override {
    const at::Tensor rows = v.flatten(0, 1);
    const std::int64_t kernel = weight().size(2);
    // Where the stride leaves a remainder, the last rows and columns of the input meet no weight.
    const auto left = [&](std::int64_t in, std::int64_t out) {
      return in - ((out - 1) * stride_ + kernel - 2 * padding_);
    };
    const at::Tensor pulled = at::conv_transpose2d(
        rows, weight(), {}, stride_, padding_,
        {left(input_shape()[1], output_[1]), left(input_shape()[2], output_[2])});
    return pulled.view({v.size(0), v.size(1), input_shape()[0], input_shape()[1], input_shape()[2]});
  }

  Factors expand(const ResidualUnits& residual) const override {
    // A unit touches a patch of the input as large as the kernel: no convolution is needed.
    const std::int64_t images = residual.unit.size(0), count = residual.unit.size(1);
    const std::int64_t in = weight().size(1), kernel = weight().size(2),
                       positions = output_[1] * output_[2],
                       height = input_shape()[1] + 2 * padding_,
                       width = input_shape()[2] + 2 * padding_;
    const at::Tensor unit = residual.unit.flatten();
    at::Tensor patch =
        weight().flatten(1).index_select(0, unit.div(positions, "floor"));  // [N M, C k k]
    patch.mul_(residual.value.abs().sqrt().view({-1, 1}));
    const at::Tensor position = unit.remainder(positions);
    const at::Tensor corner = position.div(output_[2], "floor") * (stride_ * width) +
                              position.remainder(output_[2]) * stride_;  // [N M]
    const at::TensorOptions whole = unit.options();
    const at::Tensor cell =
        ((at::arange(in, whole) * (height * width)).view({-1, 1, 1}) +
         (at::arange(kernel, whole) * width).view({1, -1, 1}) + at::arange(kernel, whole))
            .view({1, -1});  // [1, C k k]
    at::Tensor vectors = at::zeros({images * count, in * height * width}, patch.options());
    vectors.scatter_(1, corner.view({-1, 1}) + cell, patch);
    vectors = vectors.view({images, count, in, height, width});
    if (padding_ > 0) {
      vectors = vectors.narrow(3, padding_, input_shape()[1])
                    .narrow(4, padding_, input_shape()[2])
                    .contiguous();
    }
    return {vectors, residual.value.sign()};
  }

  std::unique_ptr<WeightReader> reader(std::int64_t factors) const override;

  at::Tensor gradient(const at::Tensor& g) const override {
    return weighted_patches(g.flatten(2), false).view_as(weight());
  }

  /// The patches of images first .. first + count - 1 that a weight meets, [count, P, C k k].
  at::Tensor patches(std::int64_t first, std::int64_t count) const {
    const std::int64_t kernel = weight().size(2);
    return at::im2col(a_.narrow(0, first, count), {kernel, kernel}, {1, 1}, {padding_, padding_},
                      {stride_, stride_})
        .transpose(1, 2)
        .contiguous();
  }
  /// sum_n,p v[n,o,p] patch[n,p,w], or with the patches squared. @param v [N, O, P] @return [O, w]
  at::Tensor weighted_patches(const at::Tensor& v, bool squared) const {
    at::Tensor sum = at::zeros({weight().size(0), patch_size()}, v.options());
    const std::int64_t block = images_at_once(positions() * patch_size());
    for (std::int64_t first = 0; first < v.size(0); first += block) {
      const std::int64_t count = std::min(block, v.size(0) - first);
      at::Tensor met = patches(first, count);
      if (squared) met.square_();
      sum.addmm_(v.narrow(0, first, count).transpose(0, 1).flatten(1), met.flatten(0, 1));
    }
    return sum;
  }
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
      : WeightedRule(source.input, of.weight), bias_(of.bias), output_(source.layer.output_shape()) {
    Conv2dOptions geometry;
    const Json options = source.layer.options();
    stride_ = options.value("stride", geometry.stride);
    padding_ = options.value("padding", geometry.padding);
  }

  at::Tensor bias_;
  Shape output_;
  std::int64_t stride_ = 1, padding_ = 0;
  at::Tensor a_;  // [N, C, H, W]
};

/// H_ow = sum_n [ sum_f s_f (sum_p A_pw f_op)^2 + sum_p A_pw^2 delta_op ], A the patches. Either as
/// it stands, or, where that takes fewer operations, by sum_pq A_pw A_qw G_opq over pairs of
/// positions, with G_opq = sum_f s_f f_op f_oq kept until all factors have come.
class ConvReader final : public WeightReader {
 public:
  ConvReader(const ConvRule& rule, std::int64_t factors)
      : rule_(rule), by_pairs_(pairs_are_cheaper(factors)) {}

  void add_factors(const Factors& factors) override {
    if (by_pairs_) {
      add_to_pairs(factors);
    } else {
      add_squares(factors);
    }
  }

  void add_residual(const at::Tensor& delta) override {
    add(rule_.weighted_patches(delta.flatten(2), true));
  }

  at::Tensor take() override {
    if (pairs_.defined()) add(read_pairs());
    pairs_ = at::Tensor();
    at::Tensor sum = sum_.defined() ? sum_.view_as(rule_.weight()) : at::zeros_like(rule_.weight());
    sum_ = at::Tensor();
    return sum;
  }

 private:
  // Estimated seconds an image on the scale of one multiply-add; an element that travels to memory
  // and back costs about as much as 60 of them.
  bool pairs_are_cheaper(std::int64_t factors) const {
    constexpr double kElement = 60;
    const auto f = static_cast<double>(factors), p = static_cast<double>(rule_.positions()),
               o = static_cast<double>(rule_.weight().size(0)),
               w = static_cast<double>(rule_.patch_size());
    const double pairs = p * (p + 1) / 2;
    const double direct = f * o * w * (p + kElement);
    const double by_pairs = o * p * p * (f + kElement) + pairs * w * (o + kElement);
    return by_pairs < direct;
  }

  void add(const at::Tensor& part) { sum_ = sum_.defined() ? sum_ + part : part; }

  void add_squares(const Factors& factors) {
    const std::int64_t images = factors.vectors.size(0), count = factors.vectors.size(1),
                       out = rule_.weight().size(0), p = rule_.positions(),
                       w = rule_.patch_size();
    const std::int64_t block = rule_.images_at_once(count * out * w);
    const at::Tensor f = factors.vectors.reshape({images, count * out, p});
    for (std::int64_t first = 0; first < images; first += block) {
      const std::int64_t some = std::min(block, images - first);
      at::Tensor met =
          at::bmm(f.narrow(0, first, some), rule_.patches(first, some)).view({some * count, out * w});
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
      left = f * factors.signs.unsqueeze(1)
                     .expand({images, out, count})
                     .reshape({images * out, count, 1});
    }
    pairs_ = pairs_.defined() ? at::baddbmm(pairs_, left.transpose(1, 2), f)
                              : at::bmm(left.transpose(1, 2), f);
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
  bool by_pairs_;
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
