// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/attacked_images.hpp"

#include <algorithm>

#include "analysis/robustness/attack_outcome.hpp"
#include "checkpoints/document.hpp"
#include "checkpoints/sealed_file.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kMostClasses = 1'000'000;

/// Of which part of the data the images were.
Split split_of(const Document& document, const std::string& origin) {
  const Json attack = parse_json(document.text("attack"), origin);
  VARPHASE_CHECK(attack.is_object() && attack.contains("split") && attack["split"].is_string(),
                 ErrorKind::format, "{}: does not say of which images it is", origin);
  return split_from_name(attack["split"].get<std::string>());
}

ImageSet images_of(AttackOutcome outcome, const std::string& origin) {
  ImageSet set;
  set.channels = outcome.shape[0];
  set.height = outcome.shape[1];
  set.width = outcome.shape[2];
  set.reals = std::move(outcome.pixels);
  set.labels = std::move(outcome.label);
  set.index = std::move(outcome.image);
  for (const std::int64_t label : set.labels)
    VARPHASE_CHECK(label >= 0 && label < kMostClasses, ErrorKind::format,
                   "{}: a label is {}, wants 0 to {}", origin, label, kMostClasses - 1);
  scale_pixels(set.reals, PixelRange::bytes, set.image_size(), origin + ": pixels");
  return set;
}

}  // namespace

std::optional<Dataset> attacked_images(const std::filesystem::path& path) {
  const std::string origin = path.string();
  // A broken file of our own has a trailer; what has none is left to the reader of users' files.
  if (!has_trailer(path)) return std::nullopt;
  const Document document = read_document(path, "");
  if (document.kind != kAttackKind) return std::nullopt;
  VARPHASE_CHECK(document.find_attribute("attack") != nullptr, ErrorKind::format,
                 "{}: is a part of an attack that is not done\n  the same `varphase attack` goes "
                 "on with it",
                 origin);
  AttackOutcome outcome = outcome_from_document(document, origin);
  VARPHASE_CHECK(!outcome.pixels.empty(), ErrorKind::format,
                 "{}: kept no images\n  `varphase attack --save` keeps them", origin);
  const Split split = split_of(document, origin);
  Dataset dataset;
  ImageSet set = images_of(std::move(outcome), origin);
  // They need not show every class.
  dataset.classes =
      std::max<std::int64_t>(2, 1 + *std::max_element(set.labels.begin(), set.labels.end()));
  dataset.notes.push_back(
      fmt::format("images of an attack, in float32: they are its {} images, whatever else the "
                  "data had is not there",
                  split_name(split)));
  switch (split) {
    case Split::train:
      dataset.train = std::move(set);
      break;
    case Split::validation:
      dataset.validation = std::move(set);
      break;
    case Split::test:
      dataset.test = std::move(set);
      break;
  }
  return dataset;
}

}  // namespace varphase
