// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document.hpp"

#include <chrono>
#include <limits>
#include <numeric>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::HasSubstr;

template <class T>
Array counted_array(const std::string& name, std::vector<std::int64_t> shape) {
  const std::int64_t count =
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  std::vector<T> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), std::numeric_limits<T>::lowest() / 2);
  return make_array<T>(name, std::move(shape), values, "a,b", "nats");
}

const std::vector<std::vector<std::int64_t>> kShapes{
    {},           {1},         {7},      {0},       {3, 0},          {0, 0, 2},
    {5, 3},       {1000, 601}, {300000}, {2, 3, 4}, {2, 1, 3, 2, 2}, {1, 2, 1, 2, 1, 2, 1, 2},
    {3, 700, 300}};

TEST(Document, EveryTypeAndRankComesBackBitForBit) {
  const TemporaryFolder folder;
  Document document{"checkpoint", {}, {}};
  for (std::size_t i = 0; i < kShapes.size(); ++i) {
    const std::string at = "/shape" + std::to_string(i);
    document.arrays.push_back(counted_array<float>("float32" + at, kShapes[i]));
  }
  for (std::size_t i = 0; i < kShapes.size(); ++i) {
    const std::string at = "deep/er/shape" + std::to_string(i);
    document.arrays.push_back(counted_array<double>(at + "/float64", kShapes[i]));
    document.arrays.push_back(counted_array<std::int64_t>(at + "/int64", kShapes[i]));
    document.arrays.push_back(counted_array<std::int32_t>(at + "/int32", kShapes[i]));
    document.arrays.push_back(counted_array<std::uint8_t>(at + "/uint8", kShapes[i]));
  }
  document.arrays.push_back(counted_array<float>("at_the_root", {2, 2}));
  const std::int64_t bytes = write_document(folder / "a.h5", document);
  EXPECT_EQ(bytes, static_cast<std::int64_t>(std::filesystem::file_size(folder / "a.h5")));
  const Document got = read_document(folder / "a.h5", "checkpoint");
  expect_equal(got.arrays, document.arrays);

  const Document header = read_document_header(folder / "a.h5");
  ASSERT_EQ(header.arrays.size(), document.arrays.size());
  for (std::size_t i = 0; i < header.arrays.size(); ++i) {
    EXPECT_EQ(header.arrays[i].name, document.arrays[i].name);
    EXPECT_EQ(header.arrays[i].shape, document.arrays[i].shape);
    EXPECT_TRUE(header.arrays[i].bytes.empty());
  }
}

TEST(Document, SpecialFloatsKeepTheirBits) {
  const TemporaryFolder folder;
  const std::vector<float> values{0.0F,
                                  -0.0F,
                                  std::numeric_limits<float>::quiet_NaN(),
                                  std::numeric_limits<float>::infinity(),
                                  -std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::denorm_min()};
  const Document document{"kappa", {}, {make_array<float>("x", {6}, values)}};
  write_document(folder / "a.h5", document);
  EXPECT_TRUE(same_document(read_document(folder / "a.h5", "kappa"), document));
}

TEST(Document, AttributesComeBackInTheirOrder) {
  const TemporaryFolder folder;
  Document document{"pruned",
                    {{"zebra", std::int64_t{-1}},
                     {"apple", std::numeric_limits<double>::quiet_NaN()},
                     {"minus", -std::numeric_limits<double>::infinity()},
                     {"empty", std::string()},
                     {"config", std::string(300000, 'x')},
                     {"accents", std::string("\xc3\xa4\xe2\x82\xac")},
                     {"largest", std::numeric_limits<std::int64_t>::max()}},
                    {}};
  for (int i = 0; i < 300; ++i)
    document.attributes.emplace_back(fmt::format("metrics.m{}", 300 - i), 0.5 * i);
  write_document(folder / "a.h5", document);
  EXPECT_TRUE(same_document(read_document(folder / "a.h5", ""), document));
}

TEST(Document, TheFileDependsOnTheContentAlone) {
  const TemporaryFolder folder;
  const Document document{
      "checkpoint", {{"epoch", std::int64_t{3}}}, {normal_array("a/b", {400, 900}, 1)}};
  write_document(folder / "a.h5", document);
  // HDF5's own time stamps, which are off, count seconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  write_document(folder / "b.h5", document);
  EXPECT_TRUE(read_bytes(folder / "a.h5") == read_bytes(folder / "b.h5"));
  EXPECT_EQ(document_digest(folder / "a.h5"), document_digest(folder / "b.h5"));
  EXPECT_EQ(document_digest(folder / "a.h5").size(), 64U);
}

TEST(Document, SizeIsThatOfTheValuesAndALittle) {
  const TemporaryFolder folder;
  // 500 x 801 float32 take two chunks: equal ones, not a full and a nearly empty one.
  const Document document{"checkpoint", {}, {normal_array("dense1/mean", {500, 801}, 1)}};
  EXPECT_LT(write_document(folder / "a.h5", document), 500 * 801 * 4 + 4096);
}

TEST(Document, NamesThatCannotBeStoredAreRefused) {
  const TemporaryFolder folder;
  for (const std::string& name :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("../a"), std::string("a/./b"), std::string("a\nb"), std::string("a\0b", 3),
        std::string(256, 'x')}) {
    const Document document{"checkpoint", {}, {normal_array(name, {2}, 1)}};
    EXPECT_THAT(error_of(ErrorKind::format, [&] { write_document(folder / "a.h5", document); }),
                HasSubstr("is no name"))
        << name;
  }
  const auto refused = [&](const Document& document, const char* why) {
    EXPECT_THAT(error_of(ErrorKind::format, [&] { write_document(folder / "a.h5", document); }),
                HasSubstr(why));
  };
  refused({"c", {}, {normal_array("a", {2}, 1), normal_array("a", {2}, 1)}}, "twice");
  refused({"c", {}, {normal_array("a", {2}, 1), normal_array("a/b", {2}, 1)}}, "lies below a");
  refused({"c", {}, {normal_array("a/b", {2}, 1), normal_array("a", {2}, 1)}}, "twice");
  refused({"c", {{"x", 1.0}, {"x", 2.0}}, {}}, "twice");
  refused({"c", {{"complete", std::int64_t{1}}}, {}}, "reserved");
  refused({"c", {{"x", std::string("a\0b", 3)}}, {}}, "zero byte");
  refused({"c", {}, {normal_array("a", std::vector<std::int64_t>(9, 1), 1)}}, "rank 9");
  Array wrong = normal_array("a", {4}, 1);
  wrong.shape = {5};
  refused({"c", {}, {wrong}}, "16 bytes for shape [5]");
  wrong.shape = {-4};
  refused({"c", {}, {wrong}}, "extent -4");
  EXPECT_TRUE(folder.names().empty());
}

TEST(Document, AccessorsNameWhatIsMissing) {
  const Document document{
      "kappa", {{"epoch", std::int64_t{3}}, {"beta", 0.5}, {"split", "train"}}, {}};
  EXPECT_EQ(document.integer("epoch"), 3);
  EXPECT_EQ(document.real("beta"), 0.5);
  EXPECT_EQ(document.text("split"), "train");
  EXPECT_EQ(document.find_array("x"), nullptr);
  EXPECT_THAT(error_of(ErrorKind::format, [&] { document.integer("step"); }),
              HasSubstr("step is missing in this kappa"));
  EXPECT_THAT(error_of(ErrorKind::format, [&] { document.real("epoch"); }),
              HasSubstr("wants a number"));
  EXPECT_THAT(error_of(ErrorKind::format, [&] { document.array("layers/x"); }),
              HasSubstr("layers/x is missing"));
}

TEST(Document, ValuesThatWereNotReadAreNotHandedOut) {
  const TemporaryFolder folder;
  write_document(folder / "a.h5", {"kappa", {}, {normal_array("a", {4}, 1)}});
  const Document header = read_document_header(folder / "a.h5");
  EXPECT_THAT(error_of(ErrorKind::shape, [&] { header.array("a").as<float>(); }),
              HasSubstr("not read"));
}

TEST(Document, ManyArraysInOneGroup) {
  const TemporaryFolder folder;
  Document document{"checkpoint", {}, {}};
  for (int i = 0; i < 500; ++i)
    document.arrays.push_back(normal_array(fmt::format("g/{}", 1000 - i), {3}, 1));
  write_document(folder / "a.h5", document);
  EXPECT_TRUE(same_document(read_document(folder / "a.h5", ""), document));
}

}  // namespace
}  // namespace varphase::test
