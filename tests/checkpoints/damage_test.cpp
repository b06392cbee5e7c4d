// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <random>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/document.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

enum class Outcome : int { equal = 10, refused = 11, silently_wrong = 12, other_exception = 13 };

/// What reading bytes as a file gives, beside what was written.
Outcome read_back(const std::filesystem::path& path, const std::string& bytes,
                  const Document& wanted) {
  write_bytes(path, bytes);
  try {
    return same_document(read_document(path, wanted.kind), wanted) ? Outcome::equal
                                                                   : Outcome::silently_wrong;
  } catch (const Error& error) {
    const bool clear = (error.kind() == ErrorKind::format) &&
                       std::string(error.what()).find(path.string()) != std::string::npos &&
                       std::string(error.what()).find("varphase check") != std::string::npos;
    return clear ? Outcome::refused : Outcome::other_exception;
  } catch (...) {
    return Outcome::other_exception;
  }
}

/// read_back in a process of its own: HDF5 may die or hang.
int outcome_in_child(const std::filesystem::path& path, const std::string& bytes,
                     const Document& wanted) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::_exit(static_cast<int>(read_back(path, bytes, wanted)));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    path = folder / "epoch_0003.h5";
    document = to_document(small_snapshot(3));
    write_document(path, document);
    good = read_bytes(path);
    ASSERT_EQ(read_back(path, good, document), Outcome::equal);
  }

  std::string message(const std::string& bytes) {
    write_bytes(path, bytes);
    return error_of(ErrorKind::format, [&] { read_document(path, "checkpoint"); });
  }

  TemporaryFolder folder;
  std::filesystem::path path;
  Document document;
  std::string good;
};

TEST_F(Damage, EveryTruncationIsRefused) {
  std::mt19937 generator(1);
  std::vector<std::size_t> lengths{0,
                                   1,
                                   7,
                                   8,
                                   27,
                                   28,
                                   47,
                                   48,
                                   49,
                                   kTrailerBytes,
                                   good.size() - 1,
                                   good.size() - kTrailerBytes,
                                   good.size() - kTrailerBytes - 1};
  while (lengths.size() < 200) lengths.push_back(generator() % good.size());
  for (const std::size_t length : lengths) {
    ASSERT_EQ(read_back(path, good.substr(0, length), document), Outcome::refused) << length;
  }
  EXPECT_THAT(message(good.substr(0, good.size() / 2)), HasSubstr("is truncated"));
  EXPECT_THAT(message(good.substr(0, good.size() - 10)), HasSubstr("is truncated"));
  EXPECT_THAT(message(good.substr(0, 20)), HasSubstr("is truncated: 20 bytes"));
}

TEST_F(Damage, ATrailerIsSeenWithoutReadingTheRest) {
  EXPECT_TRUE(has_trailer(path));
  std::string bytes = good;
  bytes[bytes.size() / 2] ^= 1;
  write_bytes(path, bytes);
  EXPECT_TRUE(has_trailer(path));
  for (const std::string& other :
       {good.substr(0, good.size() - 1), std::string("VARPHASE"), std::string()}) {
    write_bytes(path, other);
    EXPECT_FALSE(has_trailer(path));
  }
}

TEST_F(Damage, NoFlippedBitPassesUnseen) {
  std::mt19937 generator(2);
  std::string bytes = good;
  for (int i = 0; i < 2000; ++i) {
    const std::size_t at = generator() % good.size();
    const char flip = static_cast<char>(1 << (generator() % 8));
    bytes[at] = static_cast<char>(bytes[at] ^ flip);
    ASSERT_EQ(read_back(path, bytes, document), Outcome::refused) << "byte " << at;
    bytes[at] = good[at];
  }
}

TEST_F(Damage, NoFlippedBitOfTheTrailerPassesUnseen) {
  std::string bytes = good;
  for (std::size_t at = good.size() - kTrailerBytes; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[at] = static_cast<char>(good[at] ^ (1 << bit));
      ASSERT_EQ(read_back(path, bytes, document), Outcome::refused)
          << "byte " << at << " bit " << bit;
    }
    bytes[at] = good[at];
  }
}

TEST_F(Damage, ExtraBytesAreRefused) {
  for (const std::size_t count : {1U, 56U, 4096U}) {
    EXPECT_EQ(read_back(path, good + std::string(count, '\0'), document), Outcome::refused)
        << count;
  }
  EXPECT_EQ(read_back(path, good + good, document), Outcome::refused);
  EXPECT_EQ(read_back(path, "x" + good, document), Outcome::refused);
  // Under a trailer that fits, HDF5 itself would ignore them.
  EXPECT_THAT(message(seal(good)), HasSubstr("its superblock wants"));
}

TEST_F(Damage, ForeignFilesAreSaidToBe) {
  EXPECT_THAT(message(std::string(1000, 'x')),
              AllOf(HasSubstr("is no HDF5 file of Varphase"), HasSubstr(path.string())));
  EXPECT_THAT(message(without_trailer(good)), HasSubstr("HDF5 file of another program"));
  EXPECT_THAT(message(seal(std::string(1000, 'x'))), HasSubstr("superblock of version 3"));
}

TEST_F(Damage, ANewerVersionIsSaidToBe) {
  EXPECT_THAT(message(seal(without_trailer(good), kFormatVersion + 1)),
              AllOf(HasSubstr("format version 2"), HasSubstr("reads version 1")));
}

TEST_F(Damage, AnotherKindIsSaidToBe) {
  EXPECT_THAT(error_of(ErrorKind::format, [&] { read_document(path, "kappa"); }),
              HasSubstr("is a checkpoint, wants a kappa map"));
}

TEST_F(Damage, WhatIsNoFileIsAnIoError) {
  EXPECT_THAT(error_of(ErrorKind::io, [&] { read_document(folder / "none.h5", ""); }),
              HasSubstr("No such file"));
  EXPECT_THAT(error_of(ErrorKind::io, [&] { read_document(folder.path(), ""); }),
              HasSubstr("is a folder"));
  ASSERT_EQ(::mkfifo((folder / "pipe.h5").c_str(), 0600), 0);
  EXPECT_THAT(error_of(ErrorKind::io, [&] { read_document(folder / "pipe.h5", ""); }),
              HasSubstr("no regular file"));
  EXPECT_THAT(error_of(ErrorKind::io, [&] { read_document("/dev/zero", ""); }),
              HasSubstr("no regular file"));
}

// The digest is right in these: only what lies behind it, HDF5's checksums and the reader's own
// checks, is at work.
TEST_F(Damage, EditsUnderARightDigestNeitherCrashNorHangNorPassUnseen) {
  std::mt19937 generator(3);
  const std::string hdf5 = without_trailer(good);
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    std::string bytes = hdf5;
    // Half of them where the first objects' headers lie.
    const std::size_t range = i % 2 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 6000);
    for (int edit = 0; edit < 3; ++edit)
      bytes[generator() % range] = static_cast<char>(generator());
    const int outcome = outcome_in_child(path, seal(bytes), document);
    ASSERT_TRUE(outcome == static_cast<int>(Outcome::refused) ||
                outcome == static_cast<int>(Outcome::equal))
        << "edit " << i << ": outcome " << outcome;
    refused += outcome == static_cast<int>(Outcome::refused) ? 1 : 0;
  }
  EXPECT_GT(refused, 300);  // else the edits miss what is read
}

TEST_F(Damage, TruncationsUnderARightDigestAreRefused) {
  std::mt19937 generator(4);
  const std::string hdf5 = without_trailer(good);
  for (int i = 0; i < 100; ++i) {
    const std::string part = hdf5.substr(0, generator() % hdf5.size());
    ASSERT_EQ(outcome_in_child(path, seal(part), document), static_cast<int>(Outcome::refused))
        << part.size();
  }
}

}  // namespace
}  // namespace varphase::test
