// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/snapshot_file.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Retention, OneEpochHasOneName) {
  EXPECT_EQ(epoch_path("runs/a", 12), "runs/a/epoch_0012.h5");
  EXPECT_EQ(epoch_path("runs/a", 0), "runs/a/epoch_0000.h5");
  EXPECT_EQ(epoch_path("runs/a", 123456), "runs/a/epoch_123456.h5");
}

TEST(Retention, OnlyWholeNamesAreListed) {
  const TemporaryFolder folder;
  EXPECT_TRUE(list_epochs(folder / "none").empty());
  for (const char* name :
       {"epoch_0010.h5", "epoch_0002.h5", "epoch_12345.h5", "epoch_7.h5", "epoch_00011.h5",
        "epoch_.h5", "epoch_-001.h5", ".epoch_0011.h5.tmp.77", "epoch_0003.h5.bak", "epoch_0004",
        "notes.txt", "epoch_99999999999999999999.h5"}) {
    write_bytes(folder / name, "");
  }
  EXPECT_THAT(list_epochs(folder.path()), ElementsAre(2, 10, 12345));
}

TEST(Retention, TheNewestReadableEpochSkipsDamagedOnesAndSaysSo) {
  const TemporaryFolder folder;
  EXPECT_FALSE(newest_readable_epoch(folder.path()).epoch.has_value());
  for (int epoch = 0; epoch < 5; ++epoch)
    write_snapshot(epoch_path(folder.path(), epoch), small_snapshot(epoch));
  EXPECT_EQ(newest_readable_epoch(folder.path()).epoch, 4);
  const std::string newest = read_bytes(epoch_path(folder.path(), 4));
  write_bytes(epoch_path(folder.path(), 4), newest.substr(0, newest.size() / 2));
  std::filesystem::copy_file(epoch_path(folder.path(), 1), epoch_path(folder.path(), 3),
                             std::filesystem::copy_options::overwrite_existing);
  const NewestEpoch found = newest_readable_epoch(folder.path());
  EXPECT_EQ(found.epoch, 2);
  EXPECT_THAT(found.skipped, ElementsAre(HasSubstr("truncated"), HasSubstr("holds epoch 1")));
}

TEST(Retention, DroppingTheOptimizerLeavesAllElseBitForBit) {
  const TemporaryFolder folder;
  const auto path = folder / "epoch_0005.h5";
  Snapshot snapshot = small_snapshot(5, 100000);
  write_snapshot(path, snapshot);
  const auto before = std::filesystem::file_size(path);
  EXPECT_TRUE(drop_optimizer(path));
  EXPECT_LT(std::filesystem::file_size(path), before / 2);
  const std::string once = read_bytes(path);
  EXPECT_FALSE(drop_optimizer(path));
  EXPECT_EQ(read_bytes(path), once);
  snapshot.optimizer.clear();
  write_snapshot(folder / "never_had.h5", snapshot);
  EXPECT_TRUE(read_bytes(folder / "never_had.h5") == once);
}

}  // namespace
}  // namespace varphase::test
