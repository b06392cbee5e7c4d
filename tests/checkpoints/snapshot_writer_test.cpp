// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/snapshot_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/retention.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SnapshotWriterOptions keep(std::int64_t newest, std::vector<std::string>* warnings = nullptr) {
  SnapshotWriterOptions options;
  options.keep_optimizer = newest;
  options.warn = [warnings](const std::string& message) {
    if (warnings != nullptr) warnings->push_back(message);
  };
  return options;
}

std::vector<std::int64_t> epochs_with_optimizer(const std::filesystem::path& folder) {
  std::vector<std::int64_t> epochs;
  for (const std::int64_t epoch : list_epochs(folder)) {
    if (!read_snapshot(epoch_path(folder, epoch)).optimizer.empty()) epochs.push_back(epoch);
  }
  return epochs;
}

TEST(SnapshotWriter, FlushMeansOnDisk) {
  const TemporaryFolder folder;
  SnapshotWriter writer;
  for (int epoch = 0; epoch < 12; ++epoch)
    writer.submit(epoch_path(folder.path(), epoch), small_snapshot(epoch));
  writer.flush();
  ASSERT_EQ(list_epochs(folder.path()).size(), 12U);
  EXPECT_EQ(folder.names().size(), 12U);
  for (int epoch = 0; epoch < 12; ++epoch) {
    const Snapshot got = read_snapshot(epoch_path(folder.path(), epoch));
    EXPECT_EQ(got.epoch, epoch);
    expect_equal(got.parameters, small_snapshot(epoch).parameters);
  }
  writer.flush();  // with nothing to do
}

TEST(SnapshotWriter, WritesInTheOrderOfSubmission) {
  const TemporaryFolder folder;
  const auto path = epoch_path(folder.path(), 1);
  SnapshotWriter writer;
  for (int step = 1; step <= 20; ++step) {
    Snapshot snapshot = small_snapshot(1);
    snapshot.step = step;
    writer.submit(path, std::move(snapshot));
  }
  writer.flush();
  EXPECT_EQ(read_snapshot(path).step, 20);
}

TEST(SnapshotWriter, TheEndWritesWhatWaits) {
  const TemporaryFolder folder;
  {
    SnapshotWriter writer;
    for (int epoch = 0; epoch < 3; ++epoch)
      writer.submit(epoch_path(folder.path(), epoch), small_snapshot(epoch));
  }
  EXPECT_THAT(list_epochs(folder.path()), ElementsAre(0, 1, 2));
  { const SnapshotWriter unused; }
}

TEST(SnapshotWriter, SubmitMovesTheArrays) {
  const TemporaryFolder folder;
  Snapshot snapshot = small_snapshot(1);
  const std::byte* values = snapshot.parameters[1].bytes.data();
  const Document document = to_document(std::move(snapshot));
  EXPECT_EQ(document.array("parameters/dense1/mean").bytes.data(), values);
}

TEST(SnapshotWriter, AnErrorSurfacesOnceAndLaterSnapshotsAreWritten) {
  const TemporaryFolder folder;
  SnapshotWriter writer;
  writer.submit(folder / "missing" / "epoch_0000.h5", small_snapshot(0));
  EXPECT_THAT(error_of(ErrorKind::io, [&] { writer.flush(); }), HasSubstr("missing/epoch_0000.h5"));
  writer.flush();
  Snapshot diverged = small_snapshot(1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(diverged.parameters[0].bytes.data(), &nan, sizeof nan);
  writer.submit(epoch_path(folder.path(), 1), std::move(diverged));
  // Some submit finds it, at the latest the flush.
  const auto go_on = [&] {
    for (int epoch = 2; epoch < 6; ++epoch)
      writer.submit(epoch_path(folder.path(), epoch), small_snapshot(epoch));
    writer.flush();
  };
  EXPECT_THAT(error_of(ErrorKind::numeric, go_on), HasSubstr("conv1/weight is nan"));
  writer.submit(epoch_path(folder.path(), 6), small_snapshot(6));
  writer.flush();
  EXPECT_EQ(newest_readable_epoch(folder.path()).epoch, 6);
}

TEST(SnapshotWriter, TheEndSwallowsAnErrorNobodyAskedFor) {
  const TemporaryFolder folder;
  testing::internal::CaptureStderr();
  {
    SnapshotWriter writer;
    writer.submit(folder / "missing" / "epoch_0000.h5", small_snapshot(0));
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("missing/epoch_0000.h5"));
}

TEST(SnapshotWriter, KeepsTheOptimizerOfTheNewestOnly) {
  const TemporaryFolder folder;
  {
    SnapshotWriter writer(keep(2));
    for (int epoch = 0; epoch < 6; ++epoch)
      writer.submit(epoch_path(folder.path(), epoch), small_snapshot(epoch));
    writer.flush();
    EXPECT_THAT(epochs_with_optimizer(folder.path()), ElementsAre(4, 5));
    for (int epoch = 0; epoch < 6; ++epoch) {
      expect_equal(read_snapshot(epoch_path(folder.path(), epoch)).parameters,
                   small_snapshot(epoch).parameters);
    }
  }
  // A run taken up again at epoch 3 writes 4 anew: 5 lies ahead of it and is not its business, 4
  // and 3 are the newest.
  SnapshotWriter writer(keep(1));
  writer.submit(epoch_path(folder.path(), 4), small_snapshot(4));
  writer.flush();
  EXPECT_THAT(epochs_with_optimizer(folder.path()), ElementsAre(4, 5));
  writer.submit(epoch_path(folder.path(), 5), small_snapshot(5));
  writer.flush();
  EXPECT_THAT(epochs_with_optimizer(folder.path()), ElementsAre(5));
}

TEST(SnapshotWriter, KeepsNoneOrAllOfTheOptimizersWhereAsked) {
  const TemporaryFolder none;
  const TemporaryFolder all;
  {
    SnapshotWriter first(keep(0));
    SnapshotWriter second;
    for (int epoch = 0; epoch < 3; ++epoch) {
      first.submit(epoch_path(none.path(), epoch), small_snapshot(epoch));
      second.submit(epoch_path(all.path(), epoch), small_snapshot(epoch));
    }
  }
  EXPECT_TRUE(epochs_with_optimizer(none.path()).empty());
  EXPECT_THAT(epochs_with_optimizer(all.path()), ElementsAre(0, 1, 2));
}

TEST(SnapshotWriter, ADamagedOlderFileIsLeftAloneWithAWarning) {
  const TemporaryFolder folder;
  write_bytes(epoch_path(folder.path(), 0), "not whole");
  std::vector<std::string> warnings;
  {
    SnapshotWriter writer(keep(1, &warnings));
    for (int epoch = 1; epoch < 4; ++epoch)
      writer.submit(epoch_path(folder.path(), epoch), small_snapshot(epoch));
    writer.flush();
  }
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("epoch_0000.h5")));
  EXPECT_EQ(read_bytes(epoch_path(folder.path(), 0)), "not whole");
}

TEST(SnapshotWriter, RefusesOptionsThatMakeNoSense) {
  SnapshotWriterOptions options;
  options.queue = 0;
  error_of(ErrorKind::usage, [&] { const SnapshotWriter writer(options); });
  error_of(ErrorKind::usage, [&] { const SnapshotWriter writer(keep(-1)); });
}

}  // namespace
}  // namespace varphase::test
