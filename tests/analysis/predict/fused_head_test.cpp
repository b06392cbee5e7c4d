// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/fused_head.hpp"

#include "analysis/predict/trunk.hpp"
#include "src/models/head.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tests/analysis/striped_network.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(EnsembleHead, MeetsTheSumOverMembersWrittenOut) {
  at::manual_seed(1);
  use_torch_threads();
  const at::Device device = test_device();
  for (const Activation activation : {Activation::relu, Activation::softplus, Activation::tanh}) {
    for (const auto& [classes, units] :
         {std::pair<std::int64_t, std::int64_t>{3, 37}, {10, 37}, {10, 500}, {13, 37}, {10, 700}}) {
      for (const std::int64_t variants : {1, 4, 1026}) {
        if (variants > 4 && (classes != 3 || activation != Activation::relu)) continue;
        const std::int64_t rows = 5, members = 7, share = variants == 1 ? 1 : 2;
        const at::Tensor base = at::randn({variants, rows, units}),
                         spread = at::rand({variants / share, rows, units});
        const Network network(Json::parse(fmt::format(
            R"({{"input":[1,1,2],"classes":{0},"layers":[{{"variance_dense":{{"out":{1}}}}},{{"dense":{{"out":{0}}}}}]}})",
            classes, units)));
        HeadParts head = require_head(network, 0);
        head.activation = activation;
        head.beta = activation == Activation::softplus && units == 37 ? 2.5 : 1;
        head.weight = at::randn({classes, units}) * 0.3;
        head.bias = at::randn({classes});
        const at::Tensor example = at::arange(rows, at::kLong) * 3;
        const NoiseKey key{77, Stream::evaluation, 0, 2};
        HeadParts there = head;
        there.weight = head.weight.to(device);
        there.bias = head.bias.to(device);
        const at::Tensor got = fused_log_probabilities(there, base.to(device), spread.to(device),
                                                       key, example.to(device), members)
                                   .to(at::kCPU);
        at::Tensor p = at::zeros({variants, rows, classes}, at::kDouble);
        for (std::int64_t k = 0; k < members; ++k) {
          at::Tensor eps = at::empty({rows, units});
          for (std::int64_t n = 0; n < rows; ++n) {
            for (std::int64_t j = 0; j < units; ++j) {
              eps[n][j] = normal_at(key, static_cast<std::uint32_t>(3 * n),
                                    static_cast<std::uint32_t>(k), static_cast<std::uint64_t>(j));
            }
          }
          const at::Tensor b =
              base.to(at::kDouble) +
              spread.repeat_interleave(share, 0).to(at::kDouble) * eps.to(at::kDouble);
          const at::Tensor z = activation == Activation::relu   ? at::relu(b)
                               : activation == Activation::tanh ? at::tanh(b)
                                                                : at::softplus(b, head.beta);
          p += at::softmax(at::linear(z, head.weight.to(at::kDouble), head.bias.to(at::kDouble)),
                           2) /
               static_cast<double>(members);
        }
        EXPECT_TRUE(close(got, p.log(), tolerance::kFloatLayer))
            << classes << ' ' << units << ' ' << variants;
      }
    }
  }
}

TEST(QuietTrunk, RefusesNoiseBeforeItsLayer) {
  Network network = network_of({{{"variance_conv2d", {{"out", 4}}}},
                                "relu",
                                {{"variance_dense", {{"out", 5}}}},
                                "softplus",
                                {{"dense", {{"out", 3}}}}});
  const HeadParts head = require_head(network, network.position("dense1"));
  try {
    require_quiet_trunk(network, head);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("conv1"), std::string::npos) << error.what();
  }
  Network quiet =
      network_of({{{"variance_dense", {{"out", 5}}}}, "softplus", {{"dense", {{"out", 3}}}}});
  require_quiet_trunk(quiet, require_head(quiet, 0));
}

}  // namespace
}  // namespace varphase
