// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/atomic_file.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace varphase {
namespace {

using testing::ElementsAre;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(WriteAtomically, ReplacesTheWholeFile) {
  const test::TemporaryFolder folder;
  write_text_atomically(folder / "a.txt", "one, a longer text");
  write_text_atomically(folder / "a.txt", "two");
  EXPECT_EQ(text_of(folder / "a.txt"), "two");
  EXPECT_THAT(folder.names(), ElementsAre("a.txt"));
}

TEST(WriteAtomically, LeavesTheOldFileWhereItFails) {
  const test::TemporaryFolder folder;
  write_text_atomically(folder / "a.txt", "one");
  std::optional<int> writer;
  const auto failing = [&](const std::filesystem::path& temporary) {
    writer = writer_of_temporary(temporary.filename().string());
    EXPECT_EQ(temporary.parent_path(), folder.path());
    std::ofstream(temporary) << "half";
    EXPECT_EQ(text_of(folder / "a.txt"), "one");  // as a reader sees it meanwhile
    throw std::runtime_error("no more");
  };
  EXPECT_THROW(write_atomically(folder / "a.txt", failing), std::runtime_error);
  EXPECT_EQ(writer, static_cast<int>(::getpid()));
  EXPECT_EQ(text_of(folder / "a.txt"), "one");
  EXPECT_THAT(folder.names(), ElementsAre("a.txt"));
}

TEST(WriteAtomically, NamesTheFileWhereThereIsNoFolder) {
  const test::TemporaryFolder folder;
  try {
    write_text_atomically(folder / "none/a.txt", "x");
    FAIL() << "written";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_THAT(error.what(), testing::HasSubstr("none/a.txt"));
  }
}

TEST(WriteAtomically, LeavesNothingWhereASignalEndsTheProcess) {
  const test::TemporaryFolder folder;
  write_text_atomically(folder / "a.txt", "one");
  const ::pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // As the handler of the program does: a nested write is unfinished too.
    std::signal(SIGTERM, [](int) {
      remove_unfinished_temporaries();
      ::_exit(7);
    });
    write_atomically(folder / "a.txt", [&](const std::filesystem::path& outer) {
      std::ofstream(outer) << "half";
      write_atomically(folder / "b.txt", [&](const std::filesystem::path& inner) {
        std::ofstream(inner) << "half";
        std::raise(SIGTERM);
      });
    });
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(text_of(folder / "a.txt"), "one");
  EXPECT_THAT(folder.names(), ElementsAre("a.txt"));
}

TEST(WriteAtomically, FinishedFilesAreNotTakenAway) {
  const test::TemporaryFolder folder;
  std::filesystem::path temporary;
  write_atomically(folder / "a.txt", [&](const std::filesystem::path& path) {
    temporary = path;
    std::ofstream(path) << "one";
  });
  std::ofstream(temporary) << "somebody else's";
  remove_unfinished_temporaries();
  EXPECT_EQ(folder.names().size(), 2U);
}

TEST(Temporaries, OfOthersAreNoneOfOurs) {
  EXPECT_EQ(writer_of_temporary("a.txt"), std::nullopt);
  EXPECT_EQ(writer_of_temporary(""), std::nullopt);
}

TEST(Temporaries, OfThisProcessesNumberAreRemovedWhenItStarts) {
  const test::TemporaryFolder folder;
  std::string name;
  write_atomically(folder / "a.txt", [&](const std::filesystem::path& temporary) {
    name = temporary.filename().string();
    std::ofstream(temporary) << "x";
  });
  std::ofstream(folder / name) << "left by a process that was killed";
  std::ofstream(folder / "a.txt.tmp") << "somebody else's";
  remove_stale_temporaries(folder.path(), 3600);
  EXPECT_EQ(folder.names().size(), 3U);  // just written, perhaps by another machine
  remove_stale_temporaries(folder.path());
  EXPECT_THAT(folder.names(), testing::UnorderedElementsAre("a.txt", "a.txt.tmp"));
}

}  // namespace
}  // namespace varphase
