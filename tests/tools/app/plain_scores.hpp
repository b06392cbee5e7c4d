// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>

#include <ATen/TensorOperators.h>

#include "src/data/dataset.hpp"
#include "tests/tools/app/small_run.hpp"

namespace varphase::test {

struct PlainScores {
  double accuracy = 0, nll = 0;
};

/// What small_config's network of a checkpoint makes of images at its means: by PyTorch's operations alone, float64 from
/// the logits on.
inline PlainScores plain_scores(const std::filesystem::path& checkpoint, const ImageSet& set) {
  Network network(small_config().network);
  load_network(network, read_snapshot(checkpoint));
  const at::Tensor pixels = at::empty({set.count(), 1, 28, 28});
  for (std::size_t i = 0; i < set.pixels.size(); ++i)
    pixels.data_ptr<float>()[i] = static_cast<float>(set.pixels[i]) / 255.0F;
  const at::Tensor log_p = at::log_softmax(network.forward(pixels, Forward{}).to(at::kDouble), 1);
  const auto count = static_cast<double>(set.count());
  double right = 0, nll = 0;
  for (std::int64_t n = 0; n < set.count(); ++n) {
    const auto label = set.labels[static_cast<std::size_t>(n)];
    nll -= log_p[n][label].item<double>() / count;
    right += log_p[n].argmax().item<std::int64_t>() == label ? 1 : 0;
  }
  return {right / count, nll};
}

}  // namespace varphase::test
