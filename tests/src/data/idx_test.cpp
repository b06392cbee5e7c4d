// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/idx.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/data/idx_files.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Form {
  std::string name;
  bool gzip;
};

class EveryForm : public testing::TestWithParam<Form> {
 protected:
  void write(const std::string& name, const Bytes& bytes) const {
    write_bytes(folder_ / name, GetParam().gzip ? gzip_bytes(bytes) : bytes);
  }
  Error error_for(const Bytes& bytes, int smallest_rank = 3, int largest_rank = 4) const {
    write("file", bytes);
    return error_of([&] { read_idx(folder_ / "file", smallest_rank, largest_rank); });
  }
  TemporaryFolder folder_;
};

TEST_P(EveryForm, ValuesComeBackWhateverTheName) {
  const Bytes pixels = some_pixels(5 * 3 * 2);
  for (const char* name : {"images", "images.gz", "images.txt"}) {
    write(name, idx_bytes({5, 3, 2}, pixels));
    const IdxArray array = read_idx(folder_ / name, 3, 4);
    EXPECT_EQ(array.shape, (std::vector<std::int64_t>{5, 3, 2}));
    EXPECT_EQ(array.values, pixels);
  }
}

TEST_P(EveryForm, LargerThanEveryBuffer) {
  const Bytes pixels = some_pixels(700 * 40 * 40);
  write("images", idx_bytes({700, 40, 40}, pixels));
  EXPECT_EQ(read_idx(folder_ / "images", 3, 4).values, pixels);
}

TEST_P(EveryForm, RankFourIsChannels) {
  const Bytes pixels = some_pixels(2 * 3 * 4 * 5);
  write("images", idx_bytes({2, 3, 4, 5}, pixels));
  write("labels", idx_bytes({2}, {1, 0}));
  const ImageSet set = read_idx_images(folder_ / "images", folder_ / "labels");
  EXPECT_EQ(set.channels, 3);
  EXPECT_EQ(set.height, 4);
  EXPECT_EQ(set.width, 5);
  EXPECT_EQ(set.pixels, pixels);
  EXPECT_EQ(set.labels, (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(set.index, (std::vector<std::int64_t>{0, 1}));
}

TEST_P(EveryForm, EveryTruncationIsSeen) {
  const Bytes whole = idx_bytes({4, 3, 3}, some_pixels(36));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Error error = error_for(Bytes(whole.begin(), whole.begin() + static_cast<long>(length)));
    EXPECT_EQ(error.kind(), ErrorKind::format) << "cut to " << length;
    EXPECT_THAT(error.what(), HasSubstr((folder_ / "file").string()));
  }
  EXPECT_THAT(error_for(Bytes(whole.begin(), whole.end() - 1)).what(), HasSubstr("[4, 3, 3]"));
}

TEST_P(EveryForm, TrailingBytesAreSeen) {
  Bytes bytes = idx_bytes({4, 3, 3}, some_pixels(37));
  const Error error = error_for(bytes);
  EXPECT_EQ(error.kind(), ErrorKind::format);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("trailing"), HasSubstr("36 values")));
}

TEST_P(EveryForm, ForeignHeadersAreNamed) {
  EXPECT_THAT(error_for({'P', 'K', 3, 4, 0, 0, 0, 0}).what(),
              AllOf(HasSubstr("not an IDX file"), HasSubstr("50 4b 03 04")));
  EXPECT_THAT(error_for(idx_bytes({1, 1, 1}, {0, 0, 0, 0}, 0x0D)).what(), HasSubstr("float32"));
  EXPECT_THAT(error_for(idx_bytes({1, 1, 1}, {0}, 0x11)).what(), HasSubstr("not an IDX file"));
  EXPECT_THAT(error_for(idx_bytes({1}, {0})).what(),
              AllOf(HasSubstr("rank 1"), HasSubstr("wants 3 or 4 (images)")));
  EXPECT_THAT(error_for(idx_bytes({1, 1, 1}, {0}), 1, 1).what(),
              AllOf(HasSubstr("rank 3"), HasSubstr("wants 1 (labels)")));
}

TEST_P(EveryForm, HugeHeadersAllocateNothing) {
  // 2^96, 2^128 (which is 0 in 64 bits) and 2^40 values.
  EXPECT_THAT(error_for(idx_bytes({~0U, ~0U, ~0U}, some_pixels(9))).what(), HasSubstr("at most"));
  EXPECT_THAT(error_for(idx_bytes({1U << 31, 1U << 31, 1U << 31, 1U << 31}, {})).what(),
              HasSubstr("at most"));
  EXPECT_THAT(error_for(idx_bytes({1U << 20, 1U << 10, 1U << 10}, some_pixels(9))).what(),
              HasSubstr("at most"));
}

TEST_P(EveryForm, CountsMustAgreeAndNotBeZero) {
  write("images", idx_bytes({3, 2, 2}, some_pixels(12)));
  write("labels", idx_bytes({2}, {0, 1}));
  const Error error = error_of([&] { read_idx_images(folder_ / "images", folder_ / "labels"); });
  EXPECT_EQ(error.kind(), ErrorKind::format);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("2 labels"), HasSubstr("3 images")));

  write("images", idx_bytes({0, 2, 2}, {}));
  write("labels", idx_bytes({0}, {}));
  EXPECT_EQ(error_of([&] { read_idx_images(folder_ / "images", folder_ / "labels"); }).kind(),
            ErrorKind::usage);
  write("images", idx_bytes({2, 0, 2}, {}));
  write("labels", idx_bytes({2}, {0, 1}));
  EXPECT_EQ(error_of([&] { read_idx_images(folder_ / "images", folder_ / "labels"); }).kind(),
            ErrorKind::usage);
}

INSTANTIATE_TEST_SUITE_P(Forms, EveryForm,
                         testing::Values(Form{"Plain", false}, Form{"Gzip", true}),
                         [](const auto& form) { return form.param.name; });

TEST(Idx, EveryBitOfAPlainHeaderMatters) {
  const TemporaryFolder folder;
  const Bytes whole = idx_bytes({4, 3, 3}, some_pixels(36));
  for (std::size_t bit = 0; bit < 16 * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    write_bytes(folder / "file", bytes);
    EXPECT_EQ(error_of([&] { read_idx(folder / "file", 3, 4); }).kind(), ErrorKind::format)
        << "bit " << bit;
  }
}

TEST(Gzip, AFlippedBitIsSeenOrHarmless) {
  const TemporaryFolder folder;
  const Bytes pixels = some_pixels(4 * 3 * 3);
  const Bytes whole = gzip_bytes(idx_bytes({4, 3, 3}, pixels));
  int seen = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    write_bytes(folder / "file", bytes);
    try {
      EXPECT_EQ(read_idx(folder / "file", 3, 4).values, pixels) << "bit " << bit;
      // Only gzip's own header (time, operating system) may change without harm.
      EXPECT_LT(bit / 8, 10U);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::format);
      ++seen;
    }
  }
  EXPECT_GT(seen, static_cast<int>(whole.size() - 10) * 8 - 1);
}

TEST(Gzip, EveryTruncationOfThePackedFileIsSeen) {
  const TemporaryFolder folder;
  const Bytes whole = gzip_bytes(idx_bytes({4, 3, 3}, some_pixels(36)));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_bytes(folder / "file", Bytes(whole.begin(), whole.begin() + static_cast<long>(length)));
    EXPECT_EQ(error_of([&] { read_idx(folder / "file", 3, 4); }).kind(), ErrorKind::format)
        << "cut to " << length;
  }
}

TEST(Gzip, ABombIsNotInflated) {
  const TemporaryFolder folder;
  Bytes bomb = idx_bytes({1, 2, 2}, {1, 2, 3, 4});
  bomb.resize(64U << 20U);
  write_bytes(folder / "file", gzip_bytes(bomb));
  EXPECT_THAT(error_of([&] { read_idx(folder / "file", 3, 4); }).what(),
              AllOf(HasSubstr("trailing"), HasSubstr("4 values")));
}

TEST(Gzip, MembersAreOneFileAndOtherBytesAreNot) {
  const TemporaryFolder folder;
  const Bytes whole = idx_bytes({4, 3, 3}, some_pixels(36));
  Bytes two = gzip_bytes(Bytes(whole.begin(), whole.begin() + 20));
  const Bytes second = gzip_bytes(Bytes(whole.begin() + 20, whole.end()));
  two.insert(two.end(), second.begin(), second.end());
  write_bytes(folder / "file", two);
  EXPECT_EQ(read_idx(folder / "file", 3, 4).values, some_pixels(36));

  Bytes other = gzip_bytes(whole);
  other.insert(other.end(), 12, 0);
  write_bytes(folder / "file", other);
  EXPECT_THAT(error_of([&] { read_idx(folder / "file", 3, 4); }).what(),
              HasSubstr("not gzip follow"));
}

TEST(Idx, WhatIsNoFileIsAnIoError) {
  const TemporaryFolder folder;
  for (const std::string name : {"missing", "."}) {
    const Error error = error_of([&] { read_idx(folder / name, 3, 4); });
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_THAT(error.what(), HasSubstr((folder / name).string()));
  }
}

}  // namespace
}  // namespace varphase::test
