// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// What HDF5 writes for us, read without HDF5: the ways in which it keeps few, many and large
// things.
#include "checkpoints/document_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/document_bytes.hpp"
#include "checkpoints/hdf5_writer.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::HasSubstr;

Document read_back(const Document& document) {
  const FileBytes file = hdf5_bytes(document);
  return document_from_hdf5(file.span(), "a.h5", true);
}

Array small_array(const std::string& name) {
  return make_array<std::uint8_t>(name, {1}, std::vector<std::uint8_t>{7}, "a", "");
}

TEST(ImageReader, LinksLieInTheHeaderInATreeOrInATreeOfTrees) {
  for (const int count : {1, 8, 9, 45, 46, 400, 9000}) {
    Document document{"checkpoint", {}, {}};
    // Not in the order of names.
    for (int i = 0; i < count; ++i)
      document.arrays.push_back(small_array(fmt::format("layer{}/array", i * 7919 % count)));
    for (int i = 0; i < count; ++i)
      document.arrays.push_back(small_array(fmt::format("of_one_group/{}", count - i)));
    EXPECT_TRUE(same_document(read_back(document), document)) << count;
  }
}

TEST(ImageReader, LongNamesFillBlocksOfTheHeap) {
  Document document{"checkpoint", {}, {}};
  for (int i = 0; i < 3000; ++i)
    document.arrays.push_back(
        small_array(fmt::format("{}{}", std::string(240, static_cast<char>('a' + i % 26)), i)));
  EXPECT_TRUE(same_document(read_back(document), document));
}

TEST(ImageReader, AttributesOfEveryLengthComeBack) {
  for (const int count : {1, 5, 9, 60, 4090}) {
    Document document{"checkpoint", {}, {}};
    for (int i = 0; i < count; ++i) {
      const std::string name = fmt::format("attribute{}", i * 31 % count);
      if (i % 5 == 0) {
        document.attributes.emplace_back(name, std::int64_t{i});
      } else if (i % 5 == 1) {
        document.attributes.emplace_back(name, 0.5 * i);
      } else {
        // Into the header, a block of the heap, or a place of their own.
        const std::size_t length = i % 5 == 2 ? 10 : i % 5 == 3 ? 3000 : 4000 + 37 * i % 70000;
        document.attributes.emplace_back(name,
                                         std::string(length, static_cast<char>('a' + i % 26)));
      }
    }
    EXPECT_TRUE(same_document(read_back(document), document)) << count;
  }
}

TEST(ImageReader, ChunksAreOneOrATable) {
  Document document{"checkpoint", {}, {}};
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{262144},
                                              {262145},
                                              {3, 262144},
                                              {2, 3, 200000},
                                              {1, 1, 700000},
                                              {5, 1, 262143},
                                              {3, 2, 1, 262145}}) {
    document.arrays.push_back(normal_array(fmt::format("a{}", document.arrays.size()), shape, 3));
  }
  EXPECT_TRUE(same_document(read_back(document), document));
}

TEST(ImageReader, ReadsHeadersAloneWhereValuesAreNotWanted) {
  const Document document = to_document(small_snapshot(2));
  const FileBytes file = hdf5_bytes(document);
  const Document header = document_from_hdf5(file.span(), "a.h5", false);
  ASSERT_EQ(header.arrays.size(), document.arrays.size());
  EXPECT_EQ(header.arrays[1].shape, document.arrays[1].shape);
  EXPECT_TRUE(header.arrays[1].bytes.empty());
}

TEST(ImageReader, EveryByteOfAStructureCounts) {
  Document document{"checkpoint", {{"epoch", std::int64_t{1}}}, {small_array("a/b")}};
  for (int i = 0; i < 12; ++i) document.attributes.emplace_back(fmt::format("x{}", i), 0.5);
  const FileBytes file = hdf5_bytes(document);
  std::string bytes(reinterpret_cast<const char*>(file.data.get()), file.size);
  int refused = 0;
  for (char& byte : bytes) {
    const char before = byte;
    byte = static_cast<char>(byte ^ 0x11);
    try {
      const Document got = document_from_hdf5(std::as_bytes(std::span(bytes)), "a.h5", true);
      EXPECT_TRUE(same_document(got, document));  // a byte that no structure of ours has
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::format);
      EXPECT_THAT(error.what(), HasSubstr("a.h5: "));
      ++refused;
    }
    byte = before;
  }
  EXPECT_GT(refused, 1500);
}

TEST(ImageReader, ChecksumsAreHdf5s) {
  const std::string text = "Four score and seven years ago";  // the values of lookup3's author
  EXPECT_EQ(lookup3(std::as_bytes(std::span(text))), 0x17770551U);
  EXPECT_EQ(lookup3({}), 0xdeadbeefU);
}

}  // namespace
}  // namespace varphase::test
