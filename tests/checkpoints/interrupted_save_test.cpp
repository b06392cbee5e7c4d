// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cerrno>
#include <chrono>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <random>
#include <sched.h>
#include <signal.h>
#include <string_view>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/check.hpp"
#include "checkpoints/retention.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "checkpoints/snapshot_writer.hpp"
#include "src/base/atomic_file.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t kWeights = 100000;  // 1.2 MB a file
constexpr int kCannot = 77;

/// Runs `act` in a child process; its return value, or minus the signal that ended it.
template <class Act>
int in_child(Act&& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    int result = 70;
    try {
      result = act();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(result);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Saves epoch after epoch, and says each through the pipe once it is saved, until it is killed.
[[noreturn]] void save_for_ever(const std::filesystem::path& folder, std::int64_t epoch, int told) {
  for (;; ++epoch) {
    write_snapshot(epoch_path(folder, epoch), small_snapshot(epoch, kWeights));
    if (::write(told, &epoch, sizeof epoch) != sizeof epoch) ::_exit(1);
  }
}

/// Whether a save is under way in `folder`.
bool holds_a_part(const std::filesystem::path& folder) {
  // By the system's own calls: a file may go away between its name and a question about it.
  const std::unique_ptr<DIR, int (*)(DIR*)> names{::opendir(folder.c_str()), ::closedir};
  while (const dirent* entry = ::readdir(names.get())) {
    const std::string_view name{entry->d_name};
    if (!name.starts_with("epoch_") && name != "." && name != "..") return true;
  }
  return false;
}

TEST(InterruptedSave, AKillLeavesTheNewestWholeFileAndNoPartOfAnother) {
  const TemporaryFolder folder;
  std::mt19937 generator(11);
  // The moments are spread over a save as long as it takes here, so that a busy machine is hit as
  // well.
  const auto start = std::chrono::steady_clock::now();
  write_snapshot(epoch_path(folder.path(), 0), small_snapshot(0, kWeights));
  const auto one_save = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  std::int64_t next = 1;
  int left_behind = 0;
  for (int kill = 0; kill < 50; ++kill) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) save_for_ever(folder.path(), next, ends[1]);
    ::close(ends[1]);
    std::int64_t saved = next - 1;  // the last that it said was on disk
    if (kill % 2 == 1) {
      ASSERT_EQ(::read(ends[0], &saved, sizeof saved), ssize_t{sizeof saved});
    }
    std::this_thread::sleep_for(one_save * (generator() % 1000) / 1000);
    // Every fifth waits for a part of a file, for on some disks a save is the smallest part of the
    // child's time, and no moment chosen blindly would fall into one.
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (kill % 5 == 4 && !holds_a_part(folder.path())) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience) << "the child saves nothing";
      std::this_thread::yield();
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (std::int64_t epoch = 0; ::read(ends[0], &epoch, sizeof epoch) == sizeof epoch;) {
      saved = epoch;
    }
    ::close(ends[0]);

    const NewestEpoch newest = newest_readable_epoch(folder.path());
    ASSERT_TRUE(newest.skipped.empty()) << newest.skipped.front();
    ASSERT_GE(newest.epoch.value_or(-1), saved) << "kill " << kill;
    for (const std::int64_t epoch : list_epochs(folder.path())) {
      const Snapshot got = read_snapshot(epoch_path(folder.path(), epoch));
      ASSERT_EQ(got.epoch, epoch);
      ASSERT_TRUE(got.parameters[1].bytes == small_snapshot(epoch, kWeights).parameters[1].bytes);
    }
    for (const CheckedFile& file : check_path(folder.path())) {
      if (file.state == FileState::temporary) {
        ++left_behind;
        EXPECT_THAT(file.why, HasSubstr("can be deleted"));
      } else {
        ASSERT_EQ(file.state, FileState::whole) << file.path << ": " << file.why;
      }
    }
    remove_stale_temporaries(folder.path());
    ASSERT_EQ(folder.names().size(), list_epochs(folder.path()).size());
    for (const std::int64_t epoch : list_epochs(folder.path())) {
      if (epoch < newest.epoch) std::filesystem::remove(epoch_path(folder.path(), epoch));
    }
    next = newest.epoch.value_or(-1) + 1;
  }
  EXPECT_GT(left_behind, 0);  // else no kill hit a save
  EXPECT_GT(next, 25);        // every other process was waited for until it had saved one
}

/// A save that fails for want of room: a clear error, the older file as it was, nothing left
/// behind.
int expect_no_room(const TemporaryFolder& folder, const std::filesystem::path& path,
                   const std::string& before, const std::string& why) {
  const std::string said =
      error_of(ErrorKind::io, [&] { write_snapshot(path, small_snapshot(2, kWeights)); });
  EXPECT_THAT(said, AllOf(HasSubstr(path.string()), HasSubstr(why), HasSubstr("MB free")));
  EXPECT_TRUE(read_bytes(path) == before);
  EXPECT_EQ(read_snapshot(path).epoch, 1);
  // The writer's thread says the same.
  SnapshotWriter writer;
  writer.submit(path, small_snapshot(2, kWeights));
  EXPECT_THAT(error_of(ErrorKind::io, [&] { writer.flush(); }), HasSubstr(why));
  EXPECT_EQ(folder.names().size(), 1U);
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGXFSZ), 0);
  return testing::Test::HasFailure() ? 1 : 0;
}

TEST(InterruptedSave, AFileOverTheSizeLimitIsAClearError) {
  const TemporaryFolder folder;
  const auto path = folder / "epoch_0001.h5";
  write_snapshot(path, small_snapshot(1));
  const std::string before = read_bytes(path);
  const int result = in_child([&] {
    ::signal(SIGXFSZ, SIG_DFL);
    const rlimit limit{200000, 200000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 71;
    return expect_no_room(folder, path, before, "ulimit -f");
  });
  EXPECT_EQ(result, 0);
}

TEST(InterruptedSave, AFullDiskIsAClearError) {
  const TemporaryFolder folder;
  const int result = in_child([&] {
    // A mount of its own, which ends with the child.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=800k") != 0) {
      return kCannot;
    }
    const auto path = folder / "epoch_0001.h5";
    write_snapshot(path, small_snapshot(1));
    return expect_no_room(folder, path, read_bytes(path), "No space left on device");
  });
  if (result == kCannot)
    GTEST_SKIP() << "wants the right to mount a tmpfs: " << std::strerror(errno);
  EXPECT_EQ(result, 0);
}

TEST(InterruptedSave, WhatAKilledProcessOfTheSameNumberLeftIsReplaced) {
  const TemporaryFolder folder;
  const auto path = folder / "epoch_0001.h5";
  write_bytes(folder / fmt::format(".epoch_0001.h5.tmp.{}", ::getpid()), std::string(5000000, 'x'));
  write_snapshot(path, small_snapshot(1));
  EXPECT_EQ(read_snapshot(path).epoch, 1);
  EXPECT_EQ(folder.names().size(), 1U);
}

TEST(InterruptedSave, AFolderThatIsMissingIsAClearError) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of(ErrorKind::io,
                       [&] { write_snapshot(folder / "none/epoch_0001.h5", small_snapshot(1)); }),
              AllOf(HasSubstr("none/epoch_0001.h5"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace varphase::test
