// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/layer.hpp"

namespace varphase {
namespace {

/// PyTorch's Flatten: [N, C, H, W] to [N, C H W]. Dense layers flatten their input by themselves.
class Flatten final : public Layer {
 public:
  explicit Flatten(const Shape& input) : shape_{element_count(input)} {}
  std::string_view kind() const override { return "flatten"; }
  Shape output_shape() const override { return shape_; }
  LayerTraits traits() const override {
    LayerTraits traits;
    traits.by_channel = true;
    return traits;
  }
  at::Tensor forward(const at::Tensor& x, const Forward&) override { return x.flatten(1); }

 private:
  Shape shape_;
};

}  // namespace

std::unique_ptr<Layer> make_flatten(const Json& options, const Shape& input) {
  VARPHASE_CHECK(options.is_null() || options.empty(), ErrorKind::usage,
                 "flatten: takes no options, got {}", brief(options));
  return std::make_unique<Flatten>(input);
}

}  // namespace varphase
