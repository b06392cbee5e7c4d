// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/ops/linear.h>

#include "src/layers/variance_layer.hpp"

namespace varphase {
namespace {

struct VarianceDenseOptions {
  std::int64_t out = 0;
  VarianceOptions weights;
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("out", out, FieldInfo{.help = "output units", .min = 1, .max = 1e7});
    weights.visit_fields(visit);
  }
};

/// A dense layer on the flattened input. Paper, eqs. 8, 21, 22.
class VarianceDense final : public VarianceLayer {
 public:
  VarianceDense(const VarianceDenseOptions& options, std::int64_t in)
      : VarianceLayer("variance_dense", options.weights, {options.out, in}, "out,in"),
        options_(options),
        in_(in) {
    initialize({});
  }
  std::string_view kind() const override { return "variance_dense"; }
  Json options() const override { return to_json(options_); }
  Shape output_shape() const override { return {options_.out}; }
  LayerTraits traits() const override {
    LayerTraits traits = VarianceLayer::traits();
    traits.weights = LayerTraits::Weights::dense;
    traits.geometry = {in_};
    return traits;
  }

 private:
  at::Tensor linear(const at::Tensor& x, const at::Tensor& weight,
                    const at::Tensor& bias) const override {
    return at::linear(x.flatten(1), weight, bias);
  }
  double bias_bound() const override { return 0; }

  VarianceDenseOptions options_;
  std::int64_t in_;
};

}  // namespace

std::unique_ptr<Layer> make_variance_dense(const Json& json, const Shape& input) {
  VarianceDenseOptions options;
  assign_fields(options, json, "variance_dense");
  check_variance_options(json, "variance_dense");
  VARPHASE_CHECK(options.out > 0, ErrorKind::usage,
                 "variance_dense: wants \"out\", the number of output units");
  return std::make_unique<VarianceDense>(options, element_count(input));
}

}  // namespace varphase
