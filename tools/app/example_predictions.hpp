// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/json.hpp"

namespace varphase {

class Network;
struct DeviceImages;
struct Prediction;

/// What an ensemble says of one image, and each of its members by itself.
struct ExamplePrediction {
  std::int64_t image = 0;  // its number in the data's file
  std::int64_t label = 0;
  std::string chosen;                 // "right": among the surest that are right, "wrong", "unsure"
  double entropy = 0;                 // nats, of the ensemble
  std::vector<std::int64_t> classes;  // the most probable ones, falling, and the label
  std::vector<double> probability;    // of each of them, the ensemble's
  std::vector<std::vector<double>> members;  // likewise, of each member: [classes][members]
  std::string pixels;                        // as picture_pixels gives them
};

/// A few images of those that a network was evaluated with.
struct ExamplePredictions {
  std::string network;
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<std::string> class_names;  // empty: not known
  std::vector<ExamplePrediction> images;
};

/// The three images of least entropy that an ensemble has right, three that it has wrong, and the three of most entropy
/// of the others, with what up to a hundred of its members say: those of that seed, whose mean the ensemble is.
/// @param ensemble  what was predicted of the images by so many members
/// @return no images where they are too large to be shown
ExamplePredictions example_predictions(const std::string& name, Network& network,
                                       const DeviceImages& images, const Prediction& ensemble,
                                       std::int64_t members, std::uint64_t seed);

/// {"network", "channels", "height", "width", "images": [{"image", "label", "chosen", "entropy", "pixels", "classes":
/// [{"class", "name", "probability", "members": [..]}]}]}, probabilities to five digits; names where they are known.
Json to_json(const ExamplePredictions& examples);

}  // namespace varphase
