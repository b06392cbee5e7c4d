// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/trained_images.hpp"

#include <fmt/format.h>

#include "src/base/byte_text.hpp"
#include "src/base/log.hpp"

namespace varphase {

Json trained_images(const Dataset& dataset, const std::string& trained, const std::string& file) {
  const bool same = trained == dataset.digest;
  if (!trained.empty() && !same)
    log_warning(
        fmt::format("{}: was trained on other images: digest {:.12}..., and {} holds {:.12}...",
                    file, trained, dataset.source, dataset.digest));
  return {{"source", text_of_bytes(dataset.source)},
          {"digest", dataset.digest},
          {"as_trained", trained.empty() ? Json() : Json(same)}};
}

}  // namespace varphase
