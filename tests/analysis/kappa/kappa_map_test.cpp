// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/kappa_map.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/kappa/kappa_csv.hpp"
#include "src/base/csv_table.hpp"
#include "src/base/json.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

using testing::HasSubstr;

const Json& golden() {
  static const Json json =
      read_json_file(std::string(VARPHASE_SOURCE_DIR) + "/tests/data/golden.json");
  return json;
}

std::vector<double> flat(const Json& rows) {
  std::vector<double> list;
  for (const Json& row : rows) {
    for (const Json& value : row) list.push_back(value.get<double>());
  }
  return list;
}

/// The golden layer, in the float32 that a map holds.
LayerKappa golden_layer() {
  const std::vector<double> hessian = flat(golden()["diagh_dense"]["softplus"]["hessian_diagonal"]);
  const std::vector<double> variance = flat(golden()["kappa"]["sigma2"]);
  return {"dense1", {4, 3}, {hessian.begin(), hessian.end()}, {variance.begin(), variance.end()}};
}

KappaMap golden_map() {
  KappaMap map;
  map.epoch = 12;
  map.images = 5;
  map.smooth = "softplus:1";
  map.layers = {golden_layer(), {"a \"dense\", <2>", {1, 2}, {0.0F, -3.0F}, {1.0F, 2.0F}}};
  map.proofs = {{64, 1.5e-12, {8, 1e-16, 2e-9, 0.7, 0.25}}, {2, 0.0, {}}};
  map.provenance = {{"device", "cpu"}, {"version", "0.1.0"}};
  return map;
}

TEST(LayerKappa, IsTheGoldenProductOfVarianceAndHessian) {
  const LayerKappa layer = golden_layer();
  const std::vector<double> kappa = flat(golden()["kappa"]["kappa"]);
  const std::vector<double> log10_abs = flat(golden()["kappa"]["log10_abs_kappa"]);
  LogHistogram expected;
  for (std::int64_t i = 0; i < layer.count(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_NEAR(layer.kappa(i) / kappa[at], 1.0, tolerance::kFloatRoundings)
        << i;  // two roundings to float32
    const double log10_edge = std::floor(log10_abs[at] * 4) / 4;
    ++expected.bins[static_cast<std::size_t>((log10_edge + 25) * 4)];
    expected.negative += kappa[at] < 0 ? 1 : 0;
  }
  EXPECT_EQ(layer.histogram(), expected);
  EXPECT_EQ(expected.negative, 1);
  EXPECT_EQ(golden()["kappa"]["kappa0"], "10^-0.5");
  EXPECT_EQ(layer.over(std::pow(10.0, -0.5)), golden()["kappa"]["exceed"].get<std::int64_t>());
}

TEST(LayerKappa, ExceedsOnlyAboveTheThresholdAndByMagnitude) {
  const LayerKappa layer{
      "l", {5}, {2.0F, -2.0F, 2.5F, -2.5F, 0.0F}, {1.0F, 1.0F, 1.0F, 1.0F, 1.0F}};
  EXPECT_EQ(layer.over(2.0), 2);
  EXPECT_EQ(layer.over(1.9), 4);
}

TEST(LayerKappa, KeepsProductsThatFloat32WouldLose) {
  const LayerKappa layer{"l", {2}, {1e-30F, 1e-45F}, {1e-15F, 1e-45F}};
  EXPECT_NEAR(layer.kappa(0), 1e-45, tolerance::kFloatSteps * 1e-45);
  EXPECT_GT(layer.kappa(1), 0.0);
  EXPECT_EQ(layer.histogram().underflow, 2);
  EXPECT_EQ(layer.histogram().zeros, 0);
}

TEST(KappaMap, ComesBackFromItsDocument) {
  const KappaMap map = golden_map();
  const KappaMap back = kappa_from_document(to_document(map), "k.h5");
  EXPECT_EQ(back.epoch, 12);
  EXPECT_EQ(back.images, 5);
  EXPECT_EQ(back.split, "train");
  EXPECT_EQ(back.method, "exact");
  EXPECT_EQ(back.smooth, "softplus:1");
  EXPECT_EQ(back.provenance, map.provenance);
  ASSERT_EQ(back.layers.size(), 2U);
  for (std::size_t l = 0; l < 2; ++l) {
    EXPECT_EQ(back.layers[l].layer, map.layers[l].layer);
    EXPECT_EQ(back.layers[l].shape, map.layers[l].shape);
    EXPECT_EQ(back.layers[l].hessian_diagonal, map.layers[l].hessian_diagonal);
    EXPECT_EQ(back.layers[l].variance, map.layers[l].variance);
    EXPECT_EQ(back.proofs[l].entries, map.proofs[l].entries);
    EXPECT_EQ(back.proofs[l].worst_relative_error, map.proofs[l].worst_relative_error);
    EXPECT_EQ(back.proofs[l].rows.rows, map.proofs[l].rows.rows);
    EXPECT_EQ(back.proofs[l].rows.asymmetry, map.proofs[l].rows.asymmetry);
    EXPECT_EQ(back.proofs[l].rows.direction_error, map.proofs[l].rows.direction_error);
    EXPECT_EQ(back.proofs[l].rows.largest_off_diagonal, map.proofs[l].rows.largest_off_diagonal);
    EXPECT_EQ(back.proofs[l].rows.diagonal_share, map.proofs[l].rows.diagonal_share);
  }
  EXPECT_EQ(back.label, std::nullopt);
  EXPECT_EQ(back.repeatable, std::nullopt);
  EXPECT_EQ(&back.layer(""), &back.layers[0]);
  EXPECT_EQ(&back.layer("dense1"), &back.layers[0]);
  EXPECT_THROW(back.layer("dense9"), Error);
}

TEST(KappaMap, KeepsItsClassAndWhetherItIsRepeatable) {
  KappaMap map = golden_map();
  map.label = 0;
  for (const bool repeatable : {false, true}) {
    map.repeatable = repeatable;
    const KappaMap back = kappa_from_document(to_document(map), "k.h5");
    EXPECT_EQ(back.label, 0);
    EXPECT_EQ(back.repeatable, repeatable);
  }
  map.label = -1;
  EXPECT_THROW(kappa_from_document(to_document(map), "k.h5"), Error);
}

TEST(KappaMap, RefusesToWriteWhatIsNotFinite) {
  KappaMap map = golden_map();
  map.layers[0].hessian_diagonal[3] = std::numeric_limits<float>::quiet_NaN();
  try {
    to_document(map);
    FAIL() << "a NaN was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::numeric);
    EXPECT_THAT(error.what(), HasSubstr("layer dense1 at epoch 12: 1 of 12"));
  }
}

TEST(KappaMap, RefusesDocumentsThatDoNotFollowTheSchema) {
  const auto change = [](const char* name, auto edit) {
    Document document = to_document(golden_map());
    for (Array& array : document.arrays) {
      if (array.name == name) edit(array);
    }
    try {
      kappa_from_document(document, "k.h5");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::format) << error.what();
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto put = [](Array& array, std::size_t at, float value) {
    std::memcpy(array.bytes.data() + at * sizeof(value), &value, sizeof(value));
  };
  EXPECT_THAT(change("layers/dense1/variance", [&](Array& array) { put(array, 2, -1.0F); }),
              HasSubstr("layers/dense1/variance holds -1 at entry 2"));
  EXPECT_THAT(
      change("layers/dense1/hessian_diagonal", [&](Array& array) { put(array, 5, INFINITY); }),
      HasSubstr("holds inf at entry 5"));
  EXPECT_THAT(change("layers/dense1/variance",
                     [](Array& array) {
                       array.shape = {3, 4};
                     }),
              HasSubstr("hessian_diagonal has shape [4, 3], variance [3, 4]"));
  EXPECT_THAT(
      change("layers/dense1/histogram", [](Array& array) { array.bytes[8 * 100] = std::byte{9}; }),
      HasSubstr("the histogram of layer dense1 counts"));
  EXPECT_THAT(change("layers/dense1/counts",
                     [](Array& array) {
                       array.shape = {1, 5};
                     }),
              HasSubstr("is not a list of 5 int64"));
  EXPECT_THAT(change("layers/dense1/rows",
                     [](Array& array) {
                       array.shape = {1, 5};
                     }),
              HasSubstr("is not a list of 5 float64"));
  EXPECT_THAT(
      change("layers/dense1/variance", [](Array& array) { array.name = "layers/dense1/other"; }),
      HasSubstr("variance"));
}

TEST(KappaCsv, HasABinALine) {
  const std::vector<KappaMap> maps{golden_map()};
  const std::string bins = histogram_csv(maps);
  EXPECT_EQ(std::count(bins.begin(), bins.end(), '\n'), 1 + 2 * LogHistogram::kBins);
  EXPECT_THAT(bins, HasSubstr("\n12,dense1,-2.5,-2.25,1\n"));
  EXPECT_THAT(bins, HasSubstr("\n12,\"a \"\"dense\"\", <2>\",-25,-24.75,1\n"));
}

TEST(KappaCsv, NamesTheClass) {
  std::vector<KappaMap> maps{golden_map(), golden_map()};
  maps[0].label = 0;
  maps[1].label = 7;
  const std::string bins = class_histogram_csv(maps);
  EXPECT_THAT(bins, testing::StartsWith("epoch,class,layer,log10_from,log10_to,count\n12,0,"));
  EXPECT_EQ(std::count(bins.begin(), bins.end(), '\n'), 1 + 4 * LogHistogram::kBins);
  EXPECT_THAT(bins, HasSubstr("\n12,7,dense1,-2.5,-2.25,1\n"));
}

}  // namespace
}  // namespace varphase
