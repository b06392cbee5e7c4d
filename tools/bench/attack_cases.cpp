// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/bench/attack_cases.hpp"

#include <ATen/TensorOperators.h>

#include "analysis/robustness/attack.hpp"
#include "analysis/robustness/attack_batch.hpp"

namespace varphase {

Measured attack_case(Network& network, const ImageSet& set, at::Device device, std::int64_t repeats,
                     GradientPrecision precision) {
  const DeviceImages images = to_device(set, Split::test, device);
  const ImageModels models{{&network, images.mean, images.inverse_std}};
  AttackRequest request;
  request.method = AttackMethod::ifgsm;
  request.step = 0.5;
  request.target.rule = TargetRule::next;
  request.samples = 10;
  request.precision = precision;
  const std::int64_t batch = images_of_batch(models, request, device);
  const at::Tensor aim = (images.labels + 1).remainder(network.classes());
  at::Tensor pixels;
  Measured measured;
  const auto all = [&] {
    std::vector<at::Tensor> parts;
    for (std::int64_t first = 0; first < images.count(); first += batch) {
      const std::int64_t count = std::min(batch, images.count() - first);
      parts.push_back(attack(models, slice_images(images, first, count),
                             aim.narrow(0, first, count), request, 0,
                             [](std::int64_t, const DeviceImages&) {})
                          .pixels);
    }
    pixels = at::cat(parts);
  };
  all();  // memory is taken and kernels are chosen
  for (std::int64_t r = 0; r < repeats; ++r) measured.seconds.push_back(seconds_of(device, all));
  measured.images = images.count();
  measured.epochs_equivalent =
      static_cast<double>(images.count() * request.samples * request.steps) / 60000.0;
  measured.detail = {{"samples", request.samples},
                     {"steps", request.steps},
                     {"batch", batch},
                     {"moved", (pixels - images.pixels).abs().mean().item<double>()}};
  return measured;
}

}  // namespace varphase
