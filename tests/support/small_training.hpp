// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tests/support/device.hpp"

namespace varphase {

/// A network of every kind of layer that trains, on images of 8 x 8.
inline Json small_network() {
  return Json::parse(R"({"input": [1, 8, 8], "classes": 3, "layers": [
    {"conv2d": {"out": 4, "kernel": 3}}, "batch_norm", "relu", {"max_pool": 2},
    {"variance_dense": {"out": 6}}, "batch_norm", "softplus", {"dense": {"out": 3}}]})");
}

/// Three patterns, so that there is something to learn.
inline ImageSet small_images() {
  ImageSet set{1, 8, 8, {}, {}, {}};
  for (int n = 0; n < 40; ++n) {
    for (int i = 0; i < 64; ++i)
      set.pixels.push_back(static_cast<std::uint8_t>((n * 37 + i * (n % 3 + 1) * 11) % 256));
    set.labels.push_back(n % 3);
    set.index.push_back(n);
  }
  return set;
}

inline TrainConfig small_training() {
  TrainConfig config;
  config.epochs = 4;
  config.batch_size = 8;
  config.seed = 5;
  return config;
}

inline EpochReport run_epochs(Trainer& trainer, std::int64_t epochs) {
  const std::atomic<bool> never{false};
  EpochReport report;
  for (std::int64_t e = 0; e < epochs; ++e) report = trainer.run_epoch([](std::int64_t) {}, never);
  return report;
}

/// The state after `before` epochs, a save, and `after` more by a trainer that read it.
/// @param first  as it begins, on the test's device
inline Snapshot trained_on(Network first, const TrainConfig& config, std::int64_t before,
                           std::int64_t after, const ImageSet& set = small_images()) {
  set_numerics(config.deterministic, config.precision != "float32");
  const DeviceImages images = to_device(set, Split::train, test_device());
  Trainer trainer(first, images, config);
  run_epochs(trainer, before);
  if (after == 0) return trainer.snapshot();
  Network second(first.spec());
  second.to(test_device());
  Trainer resumed(second, images, config);
  resumed.restore(trainer.snapshot());
  run_epochs(resumed, after);
  return resumed.snapshot();
}

/// The same of a network of the spec's own draws.
inline Snapshot trained(const TrainConfig& config, std::int64_t before, std::int64_t after,
                        const Json& spec = small_network(), const ImageSet& set = small_images()) {
  Network first(spec);
  first.initialize(static_cast<std::uint64_t>(config.seed));
  first.to(test_device());
  return trained_on(std::move(first), config, before, after, set);
}

inline bool same_arrays(const Snapshot& a, const Snapshot& b) {
  const auto equal = [](const std::vector<Array>& x, const std::vector<Array>& y) {
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i].name != y[i].name || x[i].bytes != y[i].bytes) return false;
    }
    return true;
  };
  return equal(a.parameters, b.parameters) && equal(a.buffers, b.buffers) &&
         equal(a.optimizer, b.optimizer) && equal(a.masks, b.masks);
}

}  // namespace varphase
