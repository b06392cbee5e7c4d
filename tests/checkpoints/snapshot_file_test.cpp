// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/snapshot_file.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/retention.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(SnapshotFile, ComesBackWhole) {
  const TemporaryFolder folder;
  Snapshot wanted = small_snapshot(7);
  wanted.metrics["nan"] = std::numeric_limits<double>::quiet_NaN();
  wanted.metrics["inf"] = -std::numeric_limits<double>::infinity();
  wanted.metrics["tiny"] = 5e-324;
  wanted.provenance["device"] = "";
  write_snapshot(folder / "epoch_0007.h5", wanted);
  const Snapshot got = read_snapshot(folder / "epoch_0007.h5");
  EXPECT_EQ(got.epoch, 7);
  EXPECT_EQ(got.step, 840);
  EXPECT_EQ(got.config, wanted.config);
  EXPECT_EQ(got.provenance, wanted.provenance);
  ASSERT_EQ(got.metrics.size(), wanted.metrics.size());
  EXPECT_TRUE(std::isnan(got.metrics.at("nan")));
  EXPECT_EQ(got.metrics.at("inf"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(got.metrics.at("tiny"), 5e-324);
  EXPECT_EQ(got.metrics.at("nll"), 1.75);
  expect_equal(got.parameters, wanted.parameters);
  expect_equal(got.buffers, wanted.buffers);
  expect_equal(got.optimizer, wanted.optimizer);
}

/// A mask of dense1, every third weight dropped.
Array small_mask(const Snapshot& snapshot) {
  const Array& weight = snapshot.parameters[1];
  std::vector<std::uint8_t> keep(static_cast<std::size_t>(weight.count()));
  for (std::size_t i = 0; i < keep.size(); ++i) keep[i] = i % 3 == 0 ? 0 : 1;
  return make_array<std::uint8_t>("dense1/kept", weight.shape, keep, "out,in");
}

TEST(SnapshotFile, MasksTakeABitAWeightAndComeBack) {
  const TemporaryFolder folder;
  Snapshot wanted = small_snapshot(7, 610);  // not a multiple of 8
  wanted.masks = {small_mask(wanted)};
  write_snapshot(folder / "epoch_0007.h5", wanted);
  expect_equal(read_snapshot(folder / "epoch_0007.h5").masks, wanted.masks);
  const Document file = read_document(folder / "epoch_0007.h5", kCheckpointKind);
  const Array& bits = file.array("masks/dense1/kept");
  ASSERT_EQ(bits.shape, (std::vector<std::int64_t>{77}));
  for (std::size_t i = 0; i < 616; ++i) {
    const int bit = bits.as<std::uint8_t>()[i / 8] >> (i % 8) & 1;
    EXPECT_EQ(bit, i < 610 && i % 3 != 0 ? 1 : 0) << i;
  }
  // Dropping the optimizer's state leaves them.
  EXPECT_TRUE(drop_optimizer(folder / "epoch_0007.h5"));
  expect_equal(read_snapshot(folder / "epoch_0007.h5").masks, wanted.masks);
}

TEST(SnapshotFile, AMaskThatFitsNoWeightIsRefused) {
  const auto refused = [](const Document& document, const std::string& why) {
    EXPECT_THAT(
        error_of(ErrorKind::format, [&] { snapshot_from_document(document, "runs/a/x.h5"); }),
        AllOf(HasSubstr("runs/a/x.h5"), HasSubstr(why)));
  };
  Snapshot snapshot = small_snapshot(2, 610);
  snapshot.masks = {small_mask(snapshot)};
  const Document good = to_document(snapshot);
  ASSERT_EQ(good.arrays.back().name, "masks/dense1/kept");
  Document document = good;
  document.arrays.back().bytes.back() |= std::byte{0x80};
  refused(document, "mask dense1/kept has bits set beyond the last of 610 weights");
  document = good;
  document.arrays.back() =
      make_array<std::uint8_t>("masks/dense1/kept", {76}, std::vector<std::uint8_t>(76));
  refused(document, "mask dense1/kept has shape [76], wants 77 bytes for 610 weights");
  document = good;
  document.arrays.back().name = "masks/conv1/kept";
  refused(document, "mask conv1/kept belongs to no variance layer");
  document = good;
  document.arrays.back().name = "masks/dense1/mean";
  refused(document, "mask dense1/mean wants a name of the form layer/kept");
  snapshot.masks[0].shape = {61, 10};
  EXPECT_THAT(error_of(ErrorKind::format, [&] { check_snapshot(snapshot, "x"); }),
              HasSubstr("mask dense1/kept has shape [61, 10], wants a uint8 for each weight of "
                        "dense1/mean, [10, 61]"));
}

TEST(SnapshotFile, NothingIsWrittenThatCouldNotBeRead) {
  const TemporaryFolder folder;
  const auto refused = [&](Snapshot snapshot, const std::string& why,
                           ErrorKind kind = ErrorKind::format) {
    const std::string path = (folder / "epoch_0001.h5").string();
    EXPECT_THAT(error_of(kind, [&] { write_snapshot(path, std::move(snapshot)); }),
                AllOf(HasSubstr(path), HasSubstr(why)));
  };
  const auto poison = [](Array& array, float value) {
    std::memcpy(array.bytes.data() + 4 * sizeof value, &value, sizeof value);
  };
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Snapshot snapshot = small_snapshot(1);
    poison(snapshot.parameters[1], value);
    refused(snapshot, fmt::format("parameter dense1/mean is {} at entry 4", value),
            ErrorKind::numeric);
    snapshot = small_snapshot(1);
    poison(snapshot.buffers[0], value);
    refused(snapshot, fmt::format("buffer batch_norm1/running_mean is {} at entry 4", value),
            ErrorKind::numeric);
  }
  Snapshot snapshot = small_snapshot(1);
  snapshot.buffers[0].name = "batch_norm1/running_var";
  std::ranges::fill(snapshot.buffers[0].bytes, std::byte{0});
  poison(snapshot.buffers[0], -0.25F);
  refused(snapshot, "buffer batch_norm1/running_var is -0.25 at entry 4", ErrorKind::numeric);
  snapshot = small_snapshot(1);
  snapshot.config = "[]";
  refused(snapshot, "config is no JSON object");
  snapshot = small_snapshot(1);
  snapshot.config = "{\"a\": " + std::string(100000, '[') + std::string(100000, ']') + "}";
  refused(snapshot, "nested deeper");
  snapshot = small_snapshot(1);
  snapshot.parameters.push_back(snapshot.parameters[0]);
  refused(snapshot, "parameters/conv1/weight is there twice");
  snapshot = small_snapshot(1);
  snapshot.parameters[0].name = "weight";
  refused(snapshot, "layer/name");
  snapshot = small_snapshot(1);
  snapshot.parameters.push_back(make_array<std::int64_t>("a/b", {1}, std::vector<std::int64_t>{1}));
  refused(snapshot, "whole numbers");
  snapshot = small_snapshot(1);
  snapshot.optimizer[0] = normal_array("conv1/weight/exp_avg", {5, 9}, 1);
  refused(snapshot, "has shape [5, 9], its parameter has [5, 1, 3, 3]");
  snapshot = small_snapshot(1);
  snapshot.optimizer.push_back(normal_array("conv9/weight/exp_avg", {5}, 1));
  refused(snapshot, "belongs to no parameter");
  snapshot = small_snapshot(1);
  snapshot.optimizer.push_back(normal_array("conv1/weight/momentum", {5}, 1));
  refused(snapshot, "none of exp_avg, exp_avg_sq, momentum_buffer");
  snapshot = small_snapshot(1);
  snapshot.step = -1;
  refused(snapshot, "step -1");
  EXPECT_TRUE(folder.names().empty());
}

TEST(SnapshotFile, ADocumentOfAnotherSchemaIsRefused) {
  const auto refused = [](const Document& document, const std::string& why) {
    EXPECT_THAT(
        error_of(ErrorKind::format, [&] { snapshot_from_document(document, "runs/a/x.h5"); }),
        AllOf(HasSubstr("runs/a/x.h5"), HasSubstr(why)));
  };
  const Document good = to_document(small_snapshot(2));
  Document document = good;
  document.kind = "kappa";
  refused(document, "is a kappa map, wants a checkpoint");
  document = good;
  document.attributes.erase(document.attributes.begin());
  refused(document, "attribute epoch is missing");
  document = good;
  document.attributes[1].second = 2.5;
  refused(document, "attribute step of this checkpoint file wants a whole number");
  document = good;
  document.attributes.emplace_back("colour", std::string("red"));
  refused(document, "attribute colour is not known");
  document = good;
  document.attributes.emplace_back("metrics.text", std::string("red"));
  refused(document, "metrics.text wants a float64");
  document = good;
  document.arrays.push_back(normal_array("layers/a/b", {1}, 1));
  refused(document, "dataset /layers/a/b is not known");
}

}  // namespace
}  // namespace varphase::test
