// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/check.hpp"

#include <map>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/retention.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::HasSubstr;

int dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST(Check, SaysOfEveryFileOfARunWhatItIs) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "run/checkpoints");
  std::filesystem::create_directories(folder / "run/kappa");
  const auto checkpoints = folder / "run/checkpoints";
  for (int epoch = 0; epoch < 5; ++epoch)
    write_snapshot(epoch_path(checkpoints, epoch), small_snapshot(epoch));
  const std::string good = read_bytes(epoch_path(checkpoints, 0));
  write_bytes(epoch_path(checkpoints, 1), good.substr(0, 5000));
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 4);
  write_bytes(epoch_path(checkpoints, 2), flipped);
  write_bytes(epoch_path(checkpoints, 3), seal(without_trailer(good), 9));
  // Sealed by us, a checkpoint by name, not by its schema.
  write_document(folder / "run/no_epoch.h5", {"checkpoint", {}, {}});
  write_document(folder / "run/kappa/epoch_0000.h5", {"kappa", {}, {}});
  write_bytes(folder / "run/kappa/other.h5", "something else");
  write_bytes(folder / "run/notes.txt", "not looked at");
  write_bytes(checkpoints / fmt::format(".epoch_0005.h5.tmp.{}", dead_process()), "half");
  write_bytes(checkpoints / fmt::format(".epoch_0006.h5.tmp.{}", ::getpid()), "half");
  std::filesystem::create_symlink(folder / "none", folder / "run/dangling.h5");

  std::map<std::string, CheckedFile> found;
  for (const CheckedFile& file : check_path(folder / "run"))
    found[file.path.filename().string()] = file;
  ASSERT_EQ(check_path(folder / "run").size(), 11U);
  const auto expect = [&](const std::string& name, FileState state, const std::string& why) {
    ASSERT_TRUE(found.contains(name)) << name;
    EXPECT_STREQ(state_name(found[name].state), state_name(state)) << name;
    EXPECT_THAT(found[name].why, HasSubstr(why)) << name;
    EXPECT_EQ(found[name].why.empty(), state == FileState::whole) << name;
  };
  expect("epoch_0004.h5", FileState::whole, "");
  EXPECT_EQ(found["epoch_0004.h5"].kind, "checkpoint");
  EXPECT_EQ(found["epoch_0004.h5"].bytes, good.size());
  expect("epoch_0001.h5", FileState::damaged, "truncated");
  expect("epoch_0002.h5", FileState::damaged, "SHA-256");
  expect("epoch_0003.h5", FileState::newer, "format version 9");
  expect("no_epoch.h5", FileState::damaged, "attribute epoch is missing");
  expect("other.h5", FileState::foreign, "no HDF5 file of Varphase");
  expect("dangling.h5", FileState::damaged, "No such file");
  expect(fmt::format(".epoch_0006.h5.tmp.{}", ::getpid()), FileState::temporary, "may be writing");
  int gone = 0;
  for (const auto& [name, file] : found)
    gone += file.why.find("can be deleted") != std::string::npos ? 1 : 0;
  EXPECT_EQ(gone, 1);
}

TEST(Check, OneFile) {
  const TemporaryFolder folder;
  write_snapshot(folder / "a.h5", small_snapshot(1));
  const std::vector<CheckedFile> checked = check_path(folder / "a.h5");
  ASSERT_EQ(checked.size(), 1U);
  EXPECT_EQ(checked[0].state, FileState::whole);
  EXPECT_TRUE(check_path(folder / "").size() == 1);
  error_of(ErrorKind::io, [&] { check_path(folder / "none.h5"); });
}

TEST(Check, TimeIsBounded) {
  const TemporaryFolder folder;
  write_snapshot(folder / "a.h5", small_snapshot(1));
  CheckOptions options;
  options.seconds_per_file = 0;
  const CheckedFile checked = check_file(folder / "a.h5", options);
  EXPECT_EQ(checked.state, FileState::damaged);
  EXPECT_THAT(checked.why, HasSubstr("after 0 seconds"));
  options = {};
  options.max_files = 0;
  EXPECT_THAT(error_of(ErrorKind::io, [&] { check_path(folder.path(), options); }),
              HasSubstr("more than 0 files"));
}

}  // namespace
}  // namespace varphase::test
