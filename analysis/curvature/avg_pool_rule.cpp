// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/TensorOperators.h>
#include <ATen/ops/avg_pool2d.h>

#include "analysis/curvature/gate.hpp"
#include "analysis/curvature/rule.hpp"

namespace varphase {
namespace {

class AvgPoolRule final : public LinearRule {
 public:
  explicit AvgPoolRule(const RuleSource& source)
      : LinearRule(source.input),
        size_(source.layer.traits().window),
        output_(source.layer.output_shape()) {}
  at::Tensor forward(const at::Tensor& x) override { return at::avg_pool2d(x, {size_, size_}); }
  void clear() override {}
  at::Tensor pull(const at::Tensor& v) const override {
    return spread_over_windows(v / static_cast<double>(size_ * size_), size_, input_shape());
  }

 protected:
  Shape output_shape() const override { return output_; }

 private:
  std::int64_t size_;
  Shape output_;
};

}  // namespace

std::unique_ptr<CurvatureRule> make_avg_pool_rule(const RuleSource& source) {
  return std::make_unique<AvgPoolRule>(source);
}

}  // namespace varphase
