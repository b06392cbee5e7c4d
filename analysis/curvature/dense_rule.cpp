// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros_like.h>

#include "analysis/curvature/rule.hpp"

namespace varphase {
namespace {

class DenseRule final : public WeightedRule {
 public:
  explicit DenseRule(const RuleSource& source) : DenseRule(source, weight_and_bias(source)) {}
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor flat = x.flatten(1);
    a_ = flat.detach();
    return at::linear(flat, weight(),
                      bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt);
  }
  void clear() override { a_ = at::Tensor(); }
  at::Tensor pull(const at::Tensor& v) const override {
    return shaped(at::matmul(v, weight()), v.size(0), v.size(1));
  }
  at::Tensor rows(const at::Tensor& unit, const at::Tensor& scale) const override {
    at::Tensor found = weight().index_select(0, unit.flatten());
    found.mul_(scale.reshape({-1, 1}));
    return shaped(found, unit.size(0), unit.size(1));
  }
  std::unique_ptr<WeightReader> reader(std::int64_t factors) const override;
  at::Tensor gradient(const at::Tensor& g) const override { return g.t().mm(a_); }

  const at::Tensor& input() const { return a_; }

 protected:
  Shape output_shape() const override { return {weight().size(0)}; }

 private:
  DenseRule(const RuleSource& source, const WeightAndBias& of)
      : WeightedRule(source.input, of.weight), bias_(of.bias) {}
  at::Tensor shaped(const at::Tensor& v, std::int64_t images, std::int64_t factors) const {
    Shape shape{images, factors};
    shape.insert(shape.end(), input_shape().begin(), input_shape().end());
    return v.view(shape);
  }

  at::Tensor bias_;
  at::Tensor a_;  // [N, I]
};

/// H_ji = sum_n a_ni^2 R_nj, R the diagonal of the output's Hessian.
class DenseReader final : public WeightReader {
 public:
  explicit DenseReader(const DenseRule& rule) : rule_(rule) {}
  void add_factors(const Factors& factors) override {
    const at::Tensor squares = factors.vectors.square();
    add(factors.signs.defined() ? at::matmul(factors.signs.unsqueeze(1), squares).squeeze(1)
                                : squares.sum(1));
  }
  void add_residual(const at::Tensor& delta) override { add(delta); }
  at::Tensor take() override {
    if (!diagonal_.defined()) return at::zeros_like(rule_.weight());
    at::Tensor sum = diagonal_.t().mm(rule_.input().square());
    diagonal_ = at::Tensor();
    return sum;
  }

 private:
  void add(const at::Tensor& part) { diagonal_ = diagonal_.defined() ? diagonal_ + part : part; }

  const DenseRule& rule_;
  at::Tensor diagonal_;  // R [N, J]
};

std::unique_ptr<WeightReader> DenseRule::reader(std::int64_t) const {
  return std::make_unique<DenseReader>(*this);
}

}  // namespace

std::unique_ptr<CurvatureRule> make_dense_rule(const RuleSource& source) {
  return std::make_unique<DenseRule>(source);
}

}  // namespace varphase
