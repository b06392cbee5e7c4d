// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "src/base/json.hpp"
#include "src/noise/noise_key.hpp"
#include "src/noise/normal.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/noise/permutation.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

const Json& golden() {
  static const Json json =
      read_json_file(std::string(VARPHASE_SOURCE_DIR) + "/tests/data/golden.json")["noise"];
  return json;
}

std::vector<std::uint32_t> words(const std::string& text) {
  std::vector<std::uint32_t> list;
  std::istringstream stream(text);
  for (std::string word; stream >> word;)
    list.push_back(static_cast<std::uint32_t>(std::stoul(word, nullptr, 16)));
  return list;
}

std::vector<std::uint32_t> block_words(const std::vector<std::uint32_t>& c,
                                       const std::vector<std::uint32_t>& k) {
  const PhiloxBlock b = philox(c[0], c[1], c[2], c[3], k[0], k[1]);
  return {b.x0, b.x1, b.x2, b.x3};
}

TEST(Philox, MeetsThePublishedKnownAnswers) {
  ASSERT_EQ(golden()["known_answers"].size(), 3U);
  for (const Json& row : golden()["known_answers"]) {
    EXPECT_EQ(block_words(words(row["counter"]), words(row["key"])), words(row["words"]));
  }
}

TEST(Normal, HasTheGoldenBitsAndCounterForEveryKey) {
  ASSERT_EQ(golden()["normals"].size(), 18U);
  for (const Json& row : golden()["normals"]) {
    const NoiseKey key{std::stoull(row["seed"].get<std::string>(), nullptr, 16),
                       static_cast<Stream>(row["stream"].get<int>()),
                       row["layer"].get<std::uint16_t>(), 0};
    const auto unit = row["unit"].get<std::uint64_t>();
    const auto example = row["example"].get<std::uint32_t>();
    const auto member = row["member"].get<std::uint32_t>();
    EXPECT_EQ((std::vector<std::uint32_t>{static_cast<std::uint32_t>(unit >> 2U), example, member,
                                          key.c3()}),
              words(row["counter"]));
    EXPECT_EQ((std::vector<std::uint32_t>{key.k0(), key.k1()}), words(row["key"]));
    const float value = normal_at(key, example, member, unit);
    EXPECT_EQ(ieee::to_bits(value), words(row["float32_bits"])[0]) << row.dump();
    EXPECT_NEAR(value, row["normal"].get<double>(), tolerance::kFloatSteps);
  }
}

TEST(Normal, HasTheGoldenBitsAtTheEdgesOfTheWords) {
  ASSERT_EQ(golden()["pairs"].size(), 12U);
  for (const Json& row : golden()["pairs"]) {
    const NormalPair pair = normal_pair(words(row["x0"])[0], words(row["x1"])[0]);
    EXPECT_EQ(ieee::to_bits(pair.even), words(row["float32_bits"][0])[0]) << row.dump();
    EXPECT_EQ(ieee::to_bits(pair.odd), words(row["float32_bits"][1])[0]) << row.dump();
  }
}

TEST(Normal, MeetsTheFormulaInFloat64) {
  double worst = 0;
  for (std::uint32_t i = 0; i < 200000; ++i) {
    const PhiloxBlock b = philox(i, 1, 2, 3, 4, 5);
    const double u = (static_cast<double>(b.x0) + 0.5) / 4294967296.0;
    const double angle = 2 * M_PI * (static_cast<double>(b.x1) / 4294967296.0);
    const double r = std::sqrt(-2 * std::log(u));
    const NormalPair pair = normal_pair(b.x0, b.x1);
    worst = std::max({worst, std::abs(pair.even - r * std::cos(angle)),
                      std::abs(pair.odd - r * std::sin(angle))});
  }
  EXPECT_LT(worst, tolerance::kFloatNormal);
  EXPECT_GT(worst, 1e-9);  // float32: an exact zero would mean that nothing was compared
}

TEST(Normal, FillEqualsOneByOneForRaggedSizes) {
  const NoiseKey key{0x123456789abcdefULL, Stream::training, 3, 1};
  for (const std::int64_t units : {1, 3, 4, 63, 64, 65, 500, 501}) {
    std::vector<float> filled(static_cast<std::size_t>(units));
    fill_normals(key, 77, 5, units, filled.data());
    for (std::int64_t u = 0; u < units; ++u) {
      ASSERT_EQ(ieee::to_bits(filled[static_cast<std::size_t>(u)]),
                ieee::to_bits(normal_at(key, 77, 5, static_cast<std::uint32_t>(u))))
          << units << " units, unit " << u;
    }
  }
}

TEST(Normal, HasTheMomentsOfTheLaw) {
  constexpr std::int64_t count = 1 << 20;
  std::vector<float> draws(count);
  fill_normals({99, Stream::test, 0, 0}, 0, 0, count, draws.data());
  double m1 = 0, m2 = 0, m4 = 0;
  for (const float x : draws) {
    m1 += x;
    m2 += static_cast<double>(x) * x;
    m4 += std::pow(static_cast<double>(x), 4);
  }
  const double n = count;
  EXPECT_LT(std::abs(m1 / n), tolerance::kStandardErrors * std::sqrt(1 / n));
  EXPECT_LT(std::abs(m2 / n - 1), tolerance::kStandardErrors * std::sqrt(2 / n));
  EXPECT_LT(std::abs(m4 / n - 3), tolerance::kStandardErrors * std::sqrt(96 / n));
}

TEST(NoiseKey, EveryFieldChangesTheNumber) {
  const NoiseKey base{1, Stream::training, 2, 0};
  const float reference = normal_at(base, 10, 20, 30);
  NoiseKey seed = base, high = base, stream = base, layer = base, sub = base;
  seed.seed = 2;
  high.seed = 1 + (1ULL << 32U);
  stream.stream = Stream::evaluation;
  layer.layer = 3;
  sub.sub = 1;
  for (const NoiseKey& other : {seed, high, stream, layer, sub})
    EXPECT_NE(normal_at(other, 10, 20, 30), reference);
  EXPECT_NE(normal_at(base, 11, 20, 30), reference);
  EXPECT_NE(normal_at(base, 10, 21, 30), reference);
  EXPECT_NE(normal_at(base, 10, 20, 31), reference);
}

TEST(OutputUnit, IsTheGoldenNumber) {
  for (const Json& row : golden()["units"]) {
    EXPECT_EQ(output_unit(row["pos"], row["channel"], row["channels"]),
              row["unit"].get<std::uint32_t>());
  }
}

TEST(EpochOrder, IsTheGoldenPermutation) {
  const Json& row = golden()["permutation"];
  EXPECT_EQ(epoch_order(row["seed"], row["epoch"], row["n"]),
            row["order"].get<std::vector<std::int64_t>>());
}

}  // namespace
}  // namespace varphase
