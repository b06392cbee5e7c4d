// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/prediction_figures.hpp"

#include <gtest/gtest.h>

namespace varphase {
namespace {

Json evaluation() {
  return Json::parse(
      R"({"predictions": [{"network": "full", "channels": 1, "height": 1, "width": 2, "images": [
    {"image": 5, "label": 1, "chosen": "wrong", "entropy": 0.5, "pixels": "00ff", "classes": [
      {"class": 0, "name": "bag", "probability": 0.8, "members": [0.9, 0.7]},
      {"class": 1, "name": "coat", "probability": 0.2, "members": [0.1, 0.3]}]}]}]})");
}

TEST(PredictionFigures, HoldWhatTheFileSays) {
  const Json shown = prediction_data("evaluations/a.json", evaluation());
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0]["title"], "full, evaluations/a.json");
  const Json& image = shown[0]["images"][0];
  EXPECT_EQ(image["label"], "coat");
  EXPECT_EQ(image["classes"][0]["is_label"], false);
  EXPECT_EQ(image["classes"][1]["is_label"], true);
  EXPECT_EQ(image["classes"][0]["members"], Json({0.9, 0.7}));
}

TEST(PredictionFigures, TakeFilesOfOtherHands) {
  EXPECT_TRUE(prediction_data("a", {{"predictions", 3}}).empty());
  EXPECT_TRUE(prediction_data("a", {{"predictions", {3, nullptr, Json::object()}}}).empty());
  Json odd = evaluation();
  Json& image = odd["predictions"][0]["images"][0];
  image.erase("chosen");
  image["label"] = "x";
  image["classes"][0].erase("name");
  image["classes"][1]["members"] = {0.5, "<b>", nullptr};
  image["classes"].push_back("nothing");
  const Json shown = prediction_data("a", odd)[0]["images"][0];
  EXPECT_EQ(shown["classes"][0]["name"], "0");
  EXPECT_EQ(shown["classes"][1]["members"], Json({0.5, nullptr, nullptr}));
  EXPECT_EQ(shown["classes"][2]["probability"], nullptr);
  // Pictures that are none are not drawn.
  for (const char* pixels : {"00", "00fg", "<b>x", ""}) {
    image["pixels"] = pixels;
    EXPECT_TRUE(prediction_data("a", odd).empty()) << pixels;
  }
  image["pixels"] = "00ff";
  for (const double width : {1e9, 0.0, -2.0}) {
    odd["predictions"][0]["width"] = width;
    EXPECT_TRUE(prediction_data("a", odd).empty()) << width;
  }
}

}  // namespace
}  // namespace varphase
