// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include "src/layers/conv2d.hpp"
#include "src/layers/variance_layer.hpp"

namespace varphase {
namespace {

struct VarianceConv2dOptions {
  Conv2dOptions conv;
  VarianceOptions weights;
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    // A variance layer has a bias by choice alone; the geometry is that of conv2d.
    conv.visit_fields([&](const char* name, auto& field, const FieldInfo& info) {
      if (std::string_view(name) != "bias") visit(name, field, info);
    });
    weights.visit_fields(visit);
  }
};

/// A convolution whose noise is drawn for each image, output channel and position. Paper, eqs. 23
/// and 24.
class VarianceConv2d final : public VarianceLayer {
 public:
  VarianceConv2d(const VarianceConv2dOptions& options, const Shape& input)
      : VarianceLayer("variance_conv2d", options.weights,
                      {options.conv.out, input[0], options.conv.kernel, options.conv.kernel},
                      "out,in,height,width"),
        options_(options),
        input_(input),
        geometry_(conv_geometry(options.conv, input)) {
    initialize({});
  }
  std::string_view kind() const override { return "variance_conv2d"; }
  Json options() const override { return to_json(options_); }
  Shape output_shape() const override { return conv2d_output_shape(options_.conv, input_); }
  LayerTraits traits() const override {
    LayerTraits traits = VarianceLayer::traits();
    traits.weights = LayerTraits::Weights::conv2d;
    traits.geometry = geometry_;
    return traits;
  }

 private:
  at::Tensor linear(const at::Tensor& x, const at::Tensor& weight,
                    const at::Tensor& bias) const override {
    return convolve(x, weight, bias, geometry_);
  }
  double bias_bound() const override {
    return 1 /
           std::sqrt(static_cast<double>(input_[0] * options_.conv.kernel * options_.conv.kernel));
  }

  VarianceConv2dOptions options_;
  Shape input_;
  ConvGeometry geometry_;
};

}  // namespace

std::unique_ptr<Layer> make_variance_conv2d(const Json& json, const Shape& input) {
  VarianceConv2dOptions options;
  assign_fields(options, json, "variance_conv2d");
  check_variance_options(json, "variance_conv2d");
  check_conv2d(options.conv, input, "variance_conv2d");
  return std::make_unique<VarianceConv2d>(options, input);
}

}  // namespace varphase
