// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/inspect.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/snapshot_file.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(Inspect, SummarizesValues) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const ValueSummary mixed =
      summarize(make_array<float>("x", {7}, std::vector<float>{1, -3, 0, inf, nan, -inf, 8}));
  EXPECT_EQ(mixed.min, -3);
  EXPECT_EQ(mixed.max, 8);
  EXPECT_EQ(mixed.mean, 1.5);
  EXPECT_EQ(mixed.zeros, 1);
  EXPECT_EQ(mixed.non_finite, 3);
  const ValueSummary none = summarize(make_array<double>("x", {1}, std::vector<double>{nan}));
  EXPECT_EQ(none.min, 0);
  EXPECT_EQ(none.non_finite, 1);
  EXPECT_EQ(summarize(make_array<std::int64_t>("x", {2}, std::vector<std::int64_t>{-4, 0})).min,
            -4);
  EXPECT_EQ(summarize(make_array<std::int32_t>("x", {2}, std::vector<std::int32_t>{-4, 0})).zeros,
            1);
  EXPECT_EQ(summarize(make_array<std::uint8_t>("x", {2}, std::vector<std::uint8_t>{255, 1})).mean,
            128);
  EXPECT_EQ(summarize(make_array<float>("x", {0}, std::vector<float>{})).mean, 0);
}

TEST(Inspect, DescribesACheckpoint) {
  const TemporaryFolder folder;
  const auto path = folder / "epoch_0003.h5";
  Snapshot snapshot = small_snapshot(3);
  snapshot.metrics["undefined"] = std::numeric_limits<double>::quiet_NaN();
  snapshot.parameters[1] = make_array<float>("dense1/mean", {2, 3},
                                             std::vector<float>{1, 2, 3, 0, 0, -6}, "out,in", "1");
  snapshot.optimizer.clear();
  const std::int64_t bytes = write_snapshot(path, snapshot);

  const FileDescription without = describe_file(path, false);
  EXPECT_TRUE(without.values.empty());
  const Json shapes = description_json(without);
  EXPECT_FALSE(shapes["arrays"][0].contains("min"));

  const FileDescription description = describe_file(path, true);
  const Json json = Json::parse(description_json(description).dump());
  EXPECT_EQ(json["bytes"], bytes);
  EXPECT_EQ(json["kind"], "checkpoint");
  EXPECT_EQ(json["format_version"], 1);
  EXPECT_EQ(json["sha256"], document_digest(path));
  EXPECT_EQ(json["attributes"]["epoch"], 3);
  EXPECT_EQ(json["attributes"]["config"]["network"]["classes"], 10);
  EXPECT_EQ(json["metrics"]["nll"], 0.75);
  EXPECT_EQ(json["metrics"]["undefined"], "nan");
  EXPECT_EQ(json["provenance"]["version"], "0.1.0");
  ASSERT_EQ(json["arrays"].size(), 4U);
  const Json mean = json["arrays"][1];
  EXPECT_EQ(mean["name"], "parameters/dense1/mean");
  EXPECT_EQ(mean["type"], "float32");
  EXPECT_EQ(mean["shape"], Json::array({2, 3}));
  EXPECT_EQ(mean["dims"], "out,in");
  EXPECT_EQ(mean["bytes"], 24);
  EXPECT_EQ(mean["min"], -6);
  EXPECT_EQ(mean["max"], 3);
  EXPECT_EQ(mean["mean"], 0);
  EXPECT_EQ(mean["zeros"], 2);

  const std::string text = description_text(description);
  EXPECT_THAT(text, HasSubstr("kind checkpoint, format 1"));
  EXPECT_THAT(text, HasSubstr(document_digest(path)));
  EXPECT_THAT(text, ContainsRegex("epoch +3\n"));
  EXPECT_THAT(text, ContainsRegex("nll +0.75\n"));
  EXPECT_THAT(
      text, ContainsRegex(
                "parameters/dense1/mean +float32 +\\[2, 3\\] +out,in +1 +24 B +-6 +3 +0 +2 +0\n"));
}

TEST(Inspect, TextOfAStrangerCannotSteerTheTerminalNorBreakTheJson) {
  const TemporaryFolder folder;
  Document document{"checkpoint", {{"title", std::string("\x1b[2J\xff end")}}, {}};
  document.attributes.emplace_back("nested", std::string(200000, '['));
  document.arrays.push_back(make_array<float>("a", {1}, std::vector<float>{1}, "\x1b]0;x\x07"));
  write_document(folder / "a.h5", document);
  const FileDescription description = describe_file(folder / "a.h5", true);
  EXPECT_THAT(description_text(description), Not(HasSubstr("\x1b")));
  const Json json = Json::parse(description_json(description).dump());
  EXPECT_EQ(json["attributes"]["title"], "\\x1B[2J\\xFF end");
  EXPECT_TRUE(json["attributes"]["nested"].is_string());
}

TEST(Inspect, ADamagedFileIsAnError) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.h5", "short");
  error_of(ErrorKind::format, [&] { describe_file(folder / "a.h5", false); });
}

}  // namespace
}  // namespace varphase::test
