// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include "src/base/byte_text.hpp"
#include "tools/app/example_predictions.hpp"

namespace varphase {
namespace {

double rounded(double p) { return std::round(p * 1e5) / 1e5; }

}  // namespace

Json to_json(const ExamplePredictions& examples) {
  Json images = Json::array();
  for (const ExamplePrediction& example : examples.images) {
    Json classes = Json::array();
    for (std::size_t c = 0; c < example.classes.size(); ++c) {
      const auto number = static_cast<std::size_t>(example.classes[c]);
      Json one{{"class", number}, {"probability", rounded(example.probability[c])}};
      if (number < examples.class_names.size()) one["name"] = examples.class_names[number];
      one["members"] = Json::array();
      for (const double p : example.members[c]) one["members"].push_back(rounded(p));
      classes.push_back(std::move(one));
    }
    images.push_back({{"image", example.image},
                      {"label", example.label},
                      {"chosen", example.chosen},
                      {"entropy", example.entropy},
                      {"pixels", example.pixels},
                      {"classes", classes}});
  }
  return {{"network", text_of_bytes(examples.network)},
          {"channels", examples.channels},
          {"height", examples.height},
          {"width", examples.width},
          {"images", images}};
}

}  // namespace varphase
