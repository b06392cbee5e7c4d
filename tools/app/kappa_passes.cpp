// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/kappa_passes.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/kappa/image_shares.hpp"
#include "src/base/log.hpp"
#include "src/base/text_table.hpp"

namespace varphase {
namespace {

DiagonalPlan planned(Network& network, const DeviceImages& images, const KappaPlan& plan,
                     std::int64_t samples) {
  DiagonalPlan all;
  for (NetworkDiagonalRequest general : plan.general()) {
    general.samples = samples;
    const DiagonalPlan one = plan_network_diagonal(network, images, general);
    all.factors.insert(all.factors.end(), one.factors.begin(), one.factors.end());
    all.seconds += one.seconds;
    all.bytes = std::max(all.bytes, one.bytes + one.map_bytes);
    all.repeatable = all.repeatable && one.repeatable;
  }
  return all;
}

}  // namespace

std::optional<bool> announce_passes(Network& network, const DeviceImages& images,
                                    const PassBudget& budget, KappaRequest& request, Job& job) {
  const KappaPlan kappa_plan(network, request);
  if (kappa_plan.general().empty()) return std::nullopt;
  DiagonalPlan plan = planned(network, images, kappa_plan, request.samples);
  if (budget.max_seconds > 0 && request.method == CurvatureMethod::sampled_residual) {
    const double two = planned(network, images, kappa_plan, 2).seconds;
    plan = planned(network, images, kappa_plan, 6);
    const double one = std::max((plan.seconds - two) / 4, 1e-9);
    request.samples = static_cast<std::int64_t>(
        std::clamp(2 + std::floor((budget.max_seconds - two) / one), 2.0, 1e6));
    plan.seconds = two + one * static_cast<double>(request.samples - 2);
  }
  double image_seconds = 0;
  if (budget.by_image) {
    for (const NetworkDiagonalRequest& general : kappa_plan.general())
      image_seconds += plan_image_diagonals(network, images, general);
    plan.seconds += image_seconds;
  }
  VARPHASE_CHECK(
      budget.max_seconds == 0 || plan.seconds <= 1.2 * budget.max_seconds, ErrorKind::usage,
      "kappa of an epoch is expected to take {:.0f} s, --max-seconds allows {:g}\n  take "
      "fewer layers by --layer, --method ggn, or --method estimate --samples 2",
      plan.seconds, budget.max_seconds);
  if (!plan.repeatable)
    log_warning("two passes over the same images gave different bits on this device");
  std::string text;
  std::size_t next = 0;
  for (const NetworkDiagonalRequest& general : kappa_plan.general()) {
    for (const std::size_t layer : general.layers) {
      text += fmt::format("{}{} {}", next == 0 ? "" : ", ", network.layers()[layer]->name(),
                          count_text(plan.factors[next]));
      ++next;
    }
  }
  job.note(
      fmt::format("factors an image: {}\nabout {:.3g} s an epoch; {} at most beside the images",
                  text, plan.seconds, bytes_text(static_cast<double>(plan.bytes))));
  if (image_seconds > 0) job.note(fmt::format("of these {:.3g} s image by image", image_seconds));
  return plan.repeatable;
}

std::int64_t map_bytes(const KappaPlan& plan, const Network& network, const KappaRequest& request) {
  std::int64_t bytes = 0;
  for (const KappaPlan::Part& part : plan.parts()) {
    Layer& layer = *network.layers()[part.position];
    const bool variance = layer.as_variance() != nullptr;
    const bool estimate = request.method == CurvatureMethod::sampled_residual;
    const int arrays = 1 + (variance ? 1 : 0) + (estimate ? 1 : 0) + (request.others ? 3 : 0);
    for (const Parameter& parameter : layer.parameters()) {
      if (parameter.tensor->dim() > 1 && parameter.role == Role::weight)
        bytes += arrays * parameter.tensor->numel() * static_cast<std::int64_t>(sizeof(float));
    }
  }
  return bytes;
}

}  // namespace varphase
