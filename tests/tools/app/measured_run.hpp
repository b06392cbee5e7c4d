// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>

#include "analysis/kappa/map_files.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "tests/tools/app/small_run.hpp"

namespace varphase::test {

/// A map whose first `over` weights have a kappa of 100, and all others one of 1.
inline void write_map(const RunLayout& run, std::int64_t epoch, std::int64_t over) {
  LayerKappa layer;
  layer.layer = "dense1";
  layer.shape = {2, 5};
  layer.variance.assign(10, 0.5F);
  for (std::int64_t i = 0; i < 10; ++i) layer.hessian_diagonal.push_back(i < over ? 200 : 2);
  KappaMap map;
  map.epoch = epoch;
  map.images = 60;
  map.layers.push_back(layer);
  std::filesystem::create_directories(run.kappa());
  write_document(MapFiles(run.folder).map({}, epoch), to_document(map));
}

/// Epochs 1 to 4: the onset in epoch 3, the drop and the gap in epoch 4.
inline RunLayout run_with_transition(const std::filesystem::path& folder) {
  const RunLayout run{folder};
  make_small_run(folder);
  write_map(run, 1, 0);
  write_map(run, 2, 1);
  write_map(run, 3, 3);
  write_map(run, 4, 8);
  write_text_atomically(run.metrics(),
                        "epoch,test_accuracy_deterministic,test_accuracy_ensemble\n"
                        "1,0.80,0.80\n2,0.90,0.902\n3,0.90,0.903\n4,0.50,0.93\n");
  return run;
}

}  // namespace varphase::test
