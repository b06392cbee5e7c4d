// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varphase {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Request {
  bool wide = false;
  std::int64_t samples = 50;
  double share = 0.5;
  std::string mode = "ensemble";
  TextList layers;
  NumberList sparsities;
  std::optional<double> log_alpha;
  std::optional<std::int64_t> label;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("wide", wide, FieldInfo{});
    visit("samples", samples, FieldInfo{.min = 1});
    visit("share", share, FieldInfo{.min = 0, .max = 1});
    visit("mode", mode, FieldInfo{.choices = {"ensemble", "deterministic"}});
    visit("layers", layers, FieldInfo{});
    visit("sparsities", sparsities, FieldInfo{.min = 0, .max = 1});
    visit("log_alpha", log_alpha, FieldInfo{.min = -20, .max = 20});
    visit("label", label, FieldInfo{.min = 0});
  }
};

std::string refused_for(const std::string& json) {
  Request request;
  try {
    assign_fields(request, parse_json(json, "test"));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(Config, GivesBackWhatItsJsonSays) {
  const std::string json =
      R"({"wide":true,"samples":3,"share":0.25,"mode":"deterministic","layers":["conv1","dense1"],)"
      R"("sparsities":[0.5,1.0],"log_alpha":-2.5,"label":7})";
  Request request;
  assign_fields(request, parse_json(json, "test"));
  EXPECT_TRUE(request.wide);
  EXPECT_EQ(request.samples, 3);
  EXPECT_THAT(request.layers, ElementsAre("conv1", "dense1"));
  EXPECT_THAT(request.sparsities, ElementsAre(0.5, 1.0));
  EXPECT_EQ(request.log_alpha, -2.5);
  EXPECT_EQ(request.label, 7);
  EXPECT_EQ(to_json(request).dump(), json);
}

TEST(Config, AnEmptyOptionalIsNull) {
  Request request;
  request.log_alpha = 1;
  assign_fields(request, parse_json(R"({"log_alpha": null})", "test"));
  EXPECT_FALSE(request.log_alpha.has_value());
  EXPECT_TRUE(to_json(request)["log_alpha"].is_null());
}

TEST(Config, EachItemOfAListIsHeldToTheFieldsBounds) {
  EXPECT_THAT(refused_for(R"({"sparsities": [0.5, 1.5]})"),
              HasSubstr("sparsities: 1.5 is out of range, wants 0 to 1"));
  EXPECT_THAT(refused_for(R"({"sparsities": ["a"]})"), HasSubstr("sparsities: wants a number"));
  EXPECT_THAT(refused_for(R"({"sparsities": 0.5})"), HasSubstr("sparsities: wants a list"));
  EXPECT_THAT(refused_for(R"({"layers": [1]})"), HasSubstr("layers: wants a text"));
}

TEST(Config, SaysBoundsThatAreOpenOnOneSide) {
  EXPECT_THAT(refused_for(R"({"samples": 0})"),
              HasSubstr("samples: 0 is out of range, wants at least 1"));
  EXPECT_THAT(refused_for(R"({"log_alpha": 21})"), HasSubstr("wants -20 to 20"));
}

TEST(Config, UnknownNamesAndValuesComeWithTheNearest) {
  EXPECT_THAT(refused_for(R"({"sample": 1})"), HasSubstr("did you mean 'samples'?"));
  EXPECT_THAT(refused_for(R"({"mode": "ensembel"})"), HasSubstr("did you mean 'ensemble'?"));
}

TEST(Config, NumbersOfTheCommandLineMayLackADigitAroundThePoint) {
  Request request;
  set_field(request, "share=.5");
  EXPECT_EQ(request.share, 0.5);
  set_field(request, "share=1.");
  EXPECT_EQ(request.share, 1.0);
  EXPECT_THROW(set_field(request, "share=0.5x"), Error);
  EXPECT_THROW(set_field(request, "share=nan"), Error);
}

}  // namespace
}  // namespace varphase
