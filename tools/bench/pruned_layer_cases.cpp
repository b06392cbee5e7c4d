// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/bench/pruned_layer_cases.hpp"

#include <algorithm>
#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include "analysis/predict/trunk.hpp"
#include "analysis/sparse/executed_layer.hpp"
#include "src/base/registry.hpp"
#include "src/models/network.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {
namespace {

struct Case {
  std::vector<std::int64_t> shape;  // of the weights
  ConvGeometry geometry;
  std::vector<double> sparsities;
  std::vector<std::int64_t> batches;
};

const Registry<Case>& cases() {
  static const Registry<Case> table{
      "case",
      {{"sparse-moments",
        {{500, 800}, {800}, {0.5, 0.9, 0.95, 0.98, 0.99}, {1, 10, 100, 1000, 10000}}},
       {"sparse-convolution",
        {{512, 512, 3, 3},
         {512, 2, 2, 3, 1, 1, 2, 2},
         {0.5, 0.9, 0.95, 0.98, 0.995},
         {1, 10, 100, 1000}}}}};
  return table;
}

/// Each form and the chosen one in turn.
Json time_forms(const ExecutedLayer& executed, const at::Tensor& x, double sparsity,
                std::int64_t repeats) {
  executed.moments(x, {}, {});  // chooses
  const std::int64_t rows = x.size(0);
  const int calls = static_cast<int>(std::clamp<std::int64_t>(2000 / rows, 1, 200));
  std::map<std::string, std::vector<double>> seconds;
  const auto time = [&](const std::string& name, const std::function<void()>& work) {
    seconds[name].push_back(seconds_of(x.device(),
                                       [&] {
                                         for (int i = 0; i < calls; ++i) work();
                                       }) /
                            calls);
  };
  for (std::int64_t r = 0; r < repeats; ++r) {
    for (const ExecutionForm form : kExecutionForms)
      time(execution_form_name(form), [&] { executed.moments_by(form, x, {}, {}); });
    time("chosen", [&] { executed.moments(x, {}, {}); });
  }
  Json row{{"sparsity", sparsity}, {"images", rows}};
  for (const auto& [name, list] : seconds) row[name] = median(list);
  row["chosen_seconds"] = seconds["chosen"];
  row["dense_over_chosen"] = median(seconds["dense"]) / median(seconds["chosen"]);
  row["form"] = execution_form_name(executed.choices().back().form);  // of the most images
  return row;
}

}  // namespace

std::vector<std::string> pruned_layer_cases() { return cases().names(); }

Measured pruned_layer_case(const std::string& name, at::Device device, std::int64_t repeats) {
  const auto& [shape, geometry, sparsities, batches] = cases().at(name);
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  const bool convolves = shape.size() == 4;
  at::manual_seed(1);
  const at::Tensor mu = at::randn(shape), sigma2 = at::rand(shape), rank = at::rand(shape);
  at::Tensor images =
      convolves ? at::rand({batches.back(), geometry.channels, geometry.height, geometry.width})
                      .contiguous(at::MemoryFormat::ChannelsLast)
                : at::rand({batches.back(), geometry.channels});
  images = images.to(device);
  Measured measured;
  measured.detail["table"] = Json::array();
  for (const double sparsity : sparsities) {
    const at::Tensor keep = rank >= sparsity;
    const std::vector<float> marks = host_floats(keep);
    const PrunedLayer pruned =
        make_pruned_layer("layer", shape, "zero", "layer", host_floats(mu), host_floats(sigma2),
                          std::vector<std::uint8_t>(marks.begin(), marks.end()));
    const auto there = [&](const at::Tensor& weights) {
      return (weights * keep)
          .to(device)
          .contiguous(convolves ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
    };
    const ExecutedLayer executed(pruned, there(mu), there(sigma2), geometry, std::nullopt);
    for (const std::int64_t rows : batches) {
      const Json row = time_forms(executed, images.narrow(0, 0, rows), sparsity, repeats);
      measured.detail["table"].push_back(row);
      if (sparsity != 0.98 || rows != batches.back()) continue;
      measured.seconds = row["chosen_seconds"].get<std::vector<double>>();
      measured.detail["dense_seconds"] = row["dense"];
    }
  }
  measured.images = batches.back();
  measured.epochs_equivalent = static_cast<double>(batches.back()) / 60000.0;
  return measured;
}

}  // namespace varphase
