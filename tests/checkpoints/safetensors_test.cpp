// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// Beside the reference library, in a process of its own; and as files that nobody vouches for.
#include "checkpoints/safetensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/checkpoints/files.hpp"
#include "tests/checkpoints/python.hpp"

namespace varphase::test {
namespace {

using testing::HasSubstr;

std::string file_of(const std::string& header, const std::string& data = "") {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + data;
}

TensorFile parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "a.safetensors");
}

std::string refusal(const std::string& bytes) {
  return error_of(ErrorKind::format, [&] { parse(bytes); });
}

std::vector<Array> some_arrays() {
  return {normal_array("conv1.weight", {4, 1, 3, 3}, 1),
          make_array<double>("b", {2, 1}, std::vector<double>{1.5, -0.0}),
          make_array<std::int64_t>("batch_norm1.num_batches_tracked", {},
                                   std::vector<std::int64_t>{1LL << 60}),
          make_array<std::int32_t>("a", {3}, std::vector<std::int32_t>{-1, 0, 7}),
          make_array<std::uint8_t>("mask", {5}, std::vector<std::uint8_t>{0, 1, 254, 255, 3}),
          normal_array("conv1.bias", {4}, 2),
          make_array<float>("z.empty", {0, 3}, std::vector<float>{})};
}

TEST(Safetensors, WritesTheReferenceLibrarysBytes) {
  const TemporaryFolder folder;
  // One text of metadata a file: the library's own order of several is by chance.
  const std::vector<std::map<std::string, std::string>> metadata{
      {}, {{"format", "pt"}}, {{"text", "\"quoted\" \\ \n\t\x01 \xc3\xa4"}}};
  for (std::size_t i = 0; i < metadata.size(); ++i)
    write_safetensors(folder / fmt::format("{}.ours", i), some_arrays(), metadata[i]);
  const Finished python =
      run_python(script("safetensors_reference.py") + " rewrite", (folder / "").string());
  ASSERT_EQ(python.status, 0) << python.output
                              << "\nsafetensors is missing? tools/setup installs it";
  for (std::size_t i = 0; i < metadata.size(); ++i)
    EXPECT_EQ(read_bytes(folder / fmt::format("{}.ours", i)),
              read_bytes(folder / fmt::format("{}.theirs", i)));
}

TEST(Safetensors, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  const std::map<std::string, std::string> metadata{{"format", "pt"}, {"b", "\"\n"}};
  const std::int64_t bytes = write_safetensors(folder / "a", some_arrays(), metadata);
  EXPECT_EQ(bytes, static_cast<std::int64_t>(read_bytes(folder / "a").size()));
  const TensorFile read = read_tensor_file(folder / "a");
  EXPECT_EQ(read.metadata, metadata);
  ASSERT_EQ(read.arrays.size(), some_arrays().size());
  for (Array wanted : some_arrays()) {
    wanted.dims = wanted.unit = "";
    const auto found = std::find_if(read.arrays.begin(), read.arrays.end(),
                                    [&](const Array& array) { return array.name == wanted.name; });
    ASSERT_NE(found, read.arrays.end()) << wanted.name;
    expect_equal(*found, wanted);
  }
}

TEST(Safetensors, EveryHalfFloatIsTorchsFloat) {
  const TemporaryFolder folder;
  const Finished python =
      run_python(script("safetensors_reference.py") + " halves", (folder / "").string());
  ASSERT_EQ(python.status, 0) << python.output;
  const TensorFile read = read_safetensors(folder / "halves.safetensors");
  std::map<std::string, const Array*> arrays;
  for (const Array& array : read.arrays) arrays[array.name] = &array;
  for (const std::string type : {"float16", "bfloat16"}) {
    const auto got = arrays.at(type)->as<float>();
    const auto wanted = arrays.at(type + "_as_float32")->as<float>();
    ASSERT_EQ(got.size(), 65536U);
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(std::isnan(got[i]), std::isnan(wanted[i])) << type << " " << i;
      if (!std::isnan(got[i])) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(wanted[i]))
            << type << " " << i;
      }
    }
  }
  const auto truth = arrays.at("truth")->as<std::uint8_t>();
  EXPECT_THAT(std::vector<int>(truth.begin(), truth.end()), testing::ElementsAre(1, 0, 1));
}

TEST(Safetensors, WhatTheFormatForbidsIsNamed) {
  const std::string eight(8, '\1');
  const auto one = [](const std::string& row) { return "{\"a\":" + row + "}"; };
  const std::string good = one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})");
  EXPECT_EQ(parse(file_of(good, eight)).arrays.size(), 1U);
  EXPECT_EQ(parse(file_of(good + "   ", eight)).arrays.size(), 1U);
  EXPECT_EQ(parse(file_of("{}")).arrays.size(), 0U);

  const struct {
    std::string header, data, says;
  } cases[] = {
      {good, eight + "x", "left over"},
      {good, std::string(7, 'x'), "truncated"},
      {good + "x", eight, "JSON"},
      {" " + good, eight, "does not begin"},
      {"", "", "does not begin"},
      {"[]", "", "does not begin"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"), "abcd", "for 8 bytes"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), eight, "data_offsets [8, 0]"},
      {one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), eight, "a hole"},
      {one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), eight, "whole number"},
      {one(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"), eight, "whole number"},
      {one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})"), eight,
       "is more than"},
      {one(R"({"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]})"), eight,
       "is more than"},
      {one(R"({"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]})"), eight,
       "whole number"},
      {one(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]})"), eight,
       "9 extents"},
      {one(R"({"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]})"), eight,
       "element type F8_E4M3 is not read"},
      {one(R"({"dtype":7,"shape":[2],"data_offsets":[0,8]})"), eight, "a text dtype"},
      {one(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})"), eight, "a list shape"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,9]})"), eight, "two numbers"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1})"), eight, "alone"},
      {one(R"({"dtype":"F32","shape":[2]})"), eight, "alone"},
      {one("3"), eight, "alone"},
      {one(R"({"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]})"), eight,
       "key 'dtype' twice"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
       R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       eight, "key 'a' twice"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
       R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
       eight, "overlap"},
      {R"({"__metadata__":{"a":1}})", "", "is no text"},
      {R"({"__metadata__":["a"]})", "", "is no object"},
      {one(R"({"dtype":"BOOL","shape":[8],"data_offsets":[0,8]})"), std::string(8, '\2'),
       "neither 0 nor 1"},
      {std::string(5000, '[') + std::string(5000, ']'), "", "does not begin"},
      {R"({"a":)" + std::string(5000, '['), "", "inside each other"},
      {"{\"a\":\"\xff\"}", "", "JSON"},
  };
  for (const auto& c : cases) {
    const std::string said = refusal(file_of(c.header, c.data));
    EXPECT_THAT(said, HasSubstr(c.says)) << c.header.substr(0, 120);
    EXPECT_THAT(said, HasSubstr("a.safetensors"));
  }
  EXPECT_THAT(refusal("1234567"), HasSubstr("too few"));
  std::string huge = file_of(good, eight);
  const std::uint64_t lengths[] = {100'000'001, ~0ULL, 1ULL << 63U};
  for (const std::uint64_t length : lengths) {
    std::memcpy(huge.data(), &length, sizeof length);
    EXPECT_THAT(refusal(huge), HasSubstr("at most 100000000 are allowed"));
  }
  const std::uint64_t beyond = 1000;
  std::memcpy(huge.data(), &beyond, sizeof beyond);
  EXPECT_THAT(refusal(huge), HasSubstr("truncated"));
}

TEST(Safetensors, TooManyTensorsEndBeforeTheyTakeMemory) {
  std::string header = "{";
  for (int i = 0; i < 200'000; ++i)
    header += fmt::format(R"("{}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}},)", i);
  header.back() = '}';
  EXPECT_THAT(refusal(file_of(header)), HasSubstr("more than the 100000 tensors"));
}

TEST(Safetensors, NamesAreNotWrittenTwice) {
  EXPECT_THAT(
      error_of(ErrorKind::format,
               [] {
                 safetensors_header({normal_array("a", {1}, 1), normal_array("a", {1}, 2)}, {});
               }),
      HasSubstr("two of that name"));
}

/// Whether what was read is what the header says of the bytes, by another parser's eyes.
bool agrees(const std::string& bytes, const TensorFile& read) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  const auto header = nlohmann::ordered_json::parse(bytes.substr(8, length));
  std::size_t tensors = 0, covered = 0;
  for (const auto& item : header.items()) {
    if (item.key() == "__metadata__") continue;
    ++tensors;
    const auto found = std::find_if(read.arrays.begin(), read.arrays.end(),
                                    [&](const Array& array) { return array.name == item.key(); });
    const auto begin = item.value()["data_offsets"][0].get<std::uint64_t>();
    const auto end = item.value()["data_offsets"][1].get<std::uint64_t>();
    covered += end - begin;
    const std::string dtype = item.value()["dtype"];
    const bool half = dtype == "F16" || dtype == "BF16";
    if (found == read.arrays.end() ||
        found->shape != item.value()["shape"].get<std::vector<std::int64_t>>())
      return false;
    const std::string slice = bytes.substr(8 + length + begin, end - begin);
    const auto same = [](char a, std::byte b) { return static_cast<std::byte>(a) == b; };
    if (!half &&
        !std::equal(slice.begin(), slice.end(), found->bytes.begin(), found->bytes.end(), same))
      return false;
  }
  return tensors == read.arrays.size() && 8 + length + covered == bytes.size();
}

TEST(Safetensors, TwentyThousandMutationsAreReadRightOrRefused) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", some_arrays(), {{"format", "pt"}});
  const std::string good = read_bytes(folder / "a");
  ASSERT_TRUE(agrees(good, parse(good)));
  std::uint64_t length = 0;
  std::memcpy(&length, good.data(), sizeof length);
  std::mt19937 generator(7);
  const std::string digits = "0123456789[]{}\",:-.eUFIB";
  int read_right = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    const std::size_t edits = 1 + generator() % 3;
    for (std::size_t edit = 0; edit < edits; ++edit) {
      const std::size_t header_at = 8 + generator() % length;
      switch (generator() % 6) {
        case 0:
          bytes[header_at] = digits[generator() % digits.size()];
          break;
        case 1:
          bytes[generator() % 8] = static_cast<char>(generator());
          break;
        case 2:
          bytes.resize(generator() % (bytes.size() + 1));
          bytes.resize(std::max<std::size_t>(bytes.size(), 8 + length));
          break;
        case 3:
          bytes += std::string(generator() % 9, 'x');
          break;
        case 4:
          bytes.insert(header_at, 1, digits[generator() % digits.size()]);
          break;
        default:
          bytes[generator() % bytes.size()] ^= static_cast<char>(1U << (generator() % 8));
      }
    }
    try {
      ASSERT_TRUE(agrees(bytes, parse(bytes))) << "mutation " << i;
      ++read_right;
    } catch (const Error& error) {
      ASSERT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::format))
          << error.what();
      ++refused;
    }
  }
  // Both ends are met: flipped bits of weights are other weights, flipped brackets are nothing.
  EXPECT_GT(read_right, 500);
  EXPECT_GT(refused, 10'000);
}

TEST(TensorFiles, OtherKindsAreToldByName) {
  const TemporaryFolder folder;
  const auto said = [&](const std::string& bytes) {
    write_bytes(folder / "x", bytes);
    return error_of(ErrorKind::format, [&] { read_tensor_file(folder / "x"); });
  };
  EXPECT_THAT(said("\x89HDF\r\n\x1a\n and more"), HasSubstr("HDF5"));
  EXPECT_THAT(said(std::string("\x80\x02}q\x00X\x06\x00\x00\x00weight", 15)),
              HasSubstr("save_file(model.state_dict()"));
  EXPECT_THAT(said(""), HasSubstr("too few"));
  EXPECT_THAT(error_of(ErrorKind::io, [&] { read_tensor_file(folder / "missing"); }),
              HasSubstr("cannot be opened"));
}

}  // namespace
}  // namespace varphase::test
