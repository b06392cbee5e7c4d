// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/npz.hpp"

#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/checkpoints/files.hpp"
#include "tests/checkpoints/python.hpp"

namespace varphase::test {
namespace {

using testing::HasSubstr;

/// Files that NumPy makes, once for all tests.
class Npz : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const Finished python = run_python(script("npz_files.py"), (*folder_ / "").string());
    ASSERT_EQ(python.status, 0) << python.output;
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::filesystem::path path(const std::string& name) { return *folder_ / name; }
  static std::string refusal(const std::string& name) {
    return error_of(ErrorKind::format, [&] { read_tensor_file(path(name)); });
  }

 private:
  inline static TemporaryFolder* folder_ = nullptr;
};

TEST_F(Npz, EveryFormNumPyWritesIsRead) {
  for (const std::string name : {"stored.npz", "deflated.npz"}) {
    std::map<std::string, Array> arrays;
    for (Array& array : read_tensor_file(path(name)).arrays) arrays[array.name] = array;
    ASSERT_EQ(arrays.size(), 12U) << name;
    // rows[i, j, k] = 100 i + 10 j + k in C order, whatever way it lies in the file.
    for (const char* order : {"rows", "columns", "header2"}) {
      const Array& array = arrays.at(order);
      ASSERT_EQ(array.shape, (std::vector<std::int64_t>{2, 3, 4}));
      std::size_t entry = 0;
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 3; ++j) {
          for (int k = 0; k < 4; ++k)
            ASSERT_EQ(array.as<float>()[entry++], static_cast<float>(100 * i + 10 * j + k))
                << name << " " << order;
        }
      }
    }
    EXPECT_THAT(arrays.at("f8").as<double>(), testing::ElementsAre(0.1, -0.0));
    EXPECT_THAT(arrays.at("f2").as<float>(), testing::ElementsAre(0.5F, -65504.0F));
    EXPECT_THAT(arrays.at("i8").as<std::int64_t>(), testing::ElementsAre(-1, 1LL << 60));
    EXPECT_THAT(arrays.at("i4").as<std::int32_t>(), testing::ElementsAre(-5, 7));
    EXPECT_THAT(arrays.at("u1").as<std::uint8_t>(), testing::ElementsAre(0, 255));
    EXPECT_THAT(arrays.at("b1").as<std::uint8_t>(), testing::ElementsAre(1, 0));
    EXPECT_TRUE(arrays.at("scalar").shape.empty());
    EXPECT_EQ(arrays.at("scalar").as<float>()[0], 2.5F);
    EXPECT_EQ(arrays.at("empty").shape, (std::vector<std::int64_t>{0, 3}));
    EXPECT_EQ(arrays.at("conv1.weight").count(), 1);
  }
}

TEST_F(Npz, WholeNumbersOfFewBitsBecomeInt64) {
  std::map<std::string, Array> arrays;
  for (Array& array : read_tensor_file(path("whole.npz")).arrays) arrays[array.name] = array;
  EXPECT_THAT(arrays.at("i1").as<std::int64_t>(), testing::ElementsAre(-128, 127));
  EXPECT_THAT(arrays.at("i2").as<std::int64_t>(), testing::ElementsAre(-2, 3));
  EXPECT_THAT(arrays.at("u2").as<std::int64_t>(), testing::ElementsAre(0, 65535));
  EXPECT_THAT(arrays.at("u4").as<std::int64_t>(), testing::ElementsAre(0, 4294967295));
  EXPECT_THAT(arrays.at("u8").as<std::int64_t>(),
              testing::ElementsAre(0, std::numeric_limits<std::int64_t>::max()));
  EXPECT_THAT(arrays.at("turned").as<std::int64_t>(), testing::ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(refusal("over.npz"), HasSubstr("over 2^63"));
}

TEST_F(Npz, WhatWouldUnpackToTooMuchIsRefusedBeforeItIs) {
  ReadLimits limits;
  limits.unpacked_bytes = 1 << 20U;
  const std::string all = error_of(ErrorKind::format, [&] { read_npz(path("zeros.npz"), limits); });
  EXPECT_THAT(all, HasSubstr("at most 1048576"));
  EXPECT_THAT(all, HasSubstr("--max-unpacked-bytes 1048835"));
  // What is not asked for is not unpacked, and counts for nothing.
  const std::vector<std::vector<std::string>> wanted{{"none", "small"}, {"other"}};
  const auto arrays = read_npz_arrays(path("zeros.npz"), wanted, limits);
  EXPECT_EQ(arrays.at(0)->bytes.size(), 3U);
  EXPECT_FALSE(arrays.at(1).has_value());
  EXPECT_EQ(read_npz(path("zeros.npz")).arrays.size(), 2U);
}

TEST_F(Npz, ANpyFileIsReadAlone) {
  const NpyFile alone = open_npy(path("alone.npy"), "x");
  EXPECT_EQ(alone.array.shape, (std::vector<std::int64_t>{2, 3, 4}));
  EXPECT_FALSE(alone.columns_first);
  EXPECT_EQ(alone.data % 64, 0U);
  EXPECT_EQ(read_npy(path("alone.npy"), "x").as<float>()[23], 123.0F);
}

TEST_F(Npz, WhatIsNotReadIsNamed) {
  EXPECT_THAT(refusal("objects.npz"), HasSubstr("pickled Python objects"));
  EXPECT_THAT(refusal("big.npz"), HasSubstr("big-endian"));
  EXPECT_THAT(refusal("structured.npz"), HasSubstr("structured"));
  EXPECT_THAT(refusal("complex.npz"), HasSubstr("element type <c8"));
  EXPECT_THAT(refusal("twice.npz"), HasSubstr("is there twice"));
  EXPECT_THAT(refusal("torch.pt"), HasSubstr("save_file(model.state_dict()"));
  EXPECT_THAT(refusal("bzip2.npz"), HasSubstr("packed by method 12"));
  EXPECT_THAT(refusal("short.npz"), HasSubstr("wants 24"));
  EXPECT_THAT(refusal("long.npz"), HasSubstr("wants 24"));
}

TEST_F(Npz, MembersThatShareBytesAreRefused) {
  EXPECT_EQ(read_tensor_file(path("apart.npz")).arrays.size(), 2U);
  EXPECT_THAT(refusal("overlap.npz"), HasSubstr("its members overlap"));
}

TEST_F(Npz, SizesThatDeflateCannotGiveAreRefused) {
  EXPECT_THAT(refusal("claims.npz"), HasSubstr("4000000000 bytes cannot come of"));
}

TEST_F(Npz, AnArchiveOfNothingIsNoArrays) {
  EXPECT_TRUE(read_tensor_file(path("nothing.npz")).arrays.empty());
  EXPECT_THAT(error_of(ErrorKind::format, [] { parse_npz({}, "a.npz"); }), HasSubstr("too few"));
}

TEST_F(Npz, EveryTruncationIsRefused) {
  const std::string good = read_bytes(path("deflated.npz"));
  for (std::size_t length = 0; length < good.size(); length += 7) {
    const std::string bytes = good.substr(0, length);
    error_of(ErrorKind::format, [&] { parse_npz(std::as_bytes(std::span(bytes)), "a.npz"); });
  }
}

TEST_F(Npz, NoMutationPassesWithOtherNumbers) {
  const std::string good = read_bytes(path("deflated.npz"));
  const auto parse = [](const std::string& bytes) {
    return parse_npz(std::as_bytes(std::span(bytes)), "a.npz");
  };
  std::map<std::string, Array> wanted;
  for (Array& array : parse(good).arrays) wanted[array.name] = array;
  std::mt19937 generator(3);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    for (std::size_t edit = 0; edit < 1 + generator() % 2; ++edit) {
      const std::size_t at = generator() % bytes.size();
      if (generator() % 8 == 0) {
        bytes.erase(at, 1 + generator() % 4);
      } else {
        bytes[at] ^= static_cast<char>(1U << (generator() % 8));
      }
    }
    try {
      // What the checksums do not cover (times, versions) may change; values and shapes may not.
      for (const Array& array : parse(bytes).arrays) {
        const auto same = wanted.find(array.name);
        ASSERT_NE(same, wanted.end()) << "mutation " << i << ": " << array.name;
        ASSERT_EQ(same->second.shape, array.shape);
        ASSERT_EQ(same->second.type, array.type);
        ASSERT_TRUE(same->second.bytes == array.bytes);
      }
    } catch (const Error& error) {
      ASSERT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::format))
          << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace varphase::test
