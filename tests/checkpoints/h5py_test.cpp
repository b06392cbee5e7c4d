// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// The files as another program reads them: h5py with an HDF5 of its own. Without h5py these fail,
// they do not skip.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "checkpoints/document.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "tests/checkpoints/files.hpp"
#include "tests/checkpoints/python.hpp"

namespace varphase::test {
namespace {

using AnyOrder = nlohmann::json;  // h5py lists attributes by name
using testing::HasSubstr;

std::string hexadecimal(const std::vector<std::byte>& bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

TEST(H5py, ReadsWhatWeWrite) {
  const TemporaryFolder folder;
  Document document = to_document(small_snapshot(4));
  document.arrays.push_back(make_array<double>("buffers/a/float64", {2, 1},
                                               std::vector<double>{1.5, -0.0}, "x,y", "nats"));
  document.arrays.push_back(make_array<std::int64_t>("buffers/a/int64", {3},
                                                     std::vector<std::int64_t>{-1, 0, 1LL << 60}));
  document.arrays.push_back(
      make_array<std::int32_t>("buffers/a/int32", {2}, std::vector<std::int32_t>{-5, 7}));
  document.arrays.push_back(
      make_array<std::uint8_t>("buffers/a/uint8", {4}, std::vector<std::uint8_t>{0, 1, 254, 255}));
  document.arrays.push_back(make_array<float>("buffers/a/empty", {0, 3}, std::vector<float>{}));
  document.arrays.push_back(normal_array("buffers/a/two_chunks", {500, 801}, 9));
  document.attributes.emplace_back("accents", std::string("\xc3\xa4"));
  write_document(folder / "a.h5", document);

  const Finished python =
      run_python(script("read_by_h5py.py") + " '" + (folder / "a.h5").string() + "'");
  ASSERT_EQ(python.status, 0) << python.output << "\nh5py is missing? tools/setup installs it";
  const AnyOrder found = AnyOrder::parse(python.output);
  const std::map<ElementType, std::string> names{{ElementType::float32, "<f4"},
                                                 {ElementType::float64, "<f8"},
                                                 {ElementType::int64, "<i8"},
                                                 {ElementType::int32, "<i4"},
                                                 {ElementType::uint8, "|u1"}};
  EXPECT_EQ(found["arrays"].size(), document.arrays.size());
  for (const Array& array : document.arrays) {
    ASSERT_TRUE(found["arrays"].contains(array.name)) << array.name;
    const AnyOrder& got = found["arrays"][array.name];
    const bool scalar = array.shape.empty();
    EXPECT_EQ(got["type"], names.at(array.type)) << array.name;
    EXPECT_EQ(got["shape"], AnyOrder(scalar ? std::vector<std::int64_t>{1} : array.shape))
        << array.name;
    EXPECT_EQ(got["bytes"], hexadecimal(array.bytes)) << array.name;
    EXPECT_EQ(got["fletcher32"], true) << array.name;
    AnyOrder attributes{{"dims", array.dims}, {"unit", array.unit}};
    if (scalar) attributes["scalar"] = 1;
    EXPECT_EQ(got["attributes"], attributes) << array.name;
  }
  const AnyOrder& attributes = found["attributes"];
  EXPECT_EQ(attributes.size(), document.attributes.size() + 3);
  EXPECT_EQ(attributes["kind"], "'checkpoint'");
  EXPECT_EQ(attributes["format_version"], "1");
  EXPECT_EQ(attributes["complete"], "1");
  EXPECT_EQ(attributes["epoch"], "4");
  EXPECT_EQ(attributes["metrics.nll"], "1.0");
  EXPECT_EQ(attributes["accents"], "'\xc3\xa4'");
  EXPECT_EQ(attributes["config"], "'" + small_snapshot(4).config + "'");
}

TEST(H5py, TheLinesOfTheFormatPageRun) {
  const std::string page =
      read_bytes(std::filesystem::path(VARPHASE_SOURCE_DIR) / "checkpoints/FORMAT.md");
  const std::string fence = "```python\n";
  const std::size_t start = page.find(fence);
  ASSERT_NE(start, std::string::npos);
  const std::string lines = page.substr(
      start + fence.size(), page.find("```", start + fence.size()) - start - fence.size());

  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "runs/first/checkpoints");
  write_snapshot(folder / "runs/first/checkpoints/epoch_0012.h5", small_snapshot(12));
  write_bytes(folder / "lines.py", lines);
  const Finished python = run_python("lines.py", folder.path().string());
  EXPECT_EQ(python.status, 0) << python.output;
  EXPECT_EQ(python.output, "12 (10, 60) out,in\n");
}

/// What each file of hostile_files.py must be refused for.
const std::map<std::string, std::string> kReasons{
    {"external_link", "/parameters/x: is an external link"},
    {"soft_link", "/parameters/x: is a soft link"},
    {"dangling_soft_link", "/parameters/x: is a soft link"},
    {"external_storage", "/parameters/x: has external storage"},
    {"virtual_dataset", "/parameters/x: is a virtual dataset"},
    {"deflate", "has 2 filters"},
    {"deflate_bomb", "has filter 1, wants fletcher32"},
    {"shuffle", "has filter 2, wants fletcher32"},
    {"no_filter", "has 0 filters"},
    {"contiguous", "is not chunked"},
    {"true_scalar", "is not chunked"},
    {"huge_shape", "declares shape [1099511627776, 1024]"},
    {"huge_product", "declares shape [4294967296, 4294967296]"},
    {"huge_chunk", "in chunks [536870912]"},
    {"missing_chunks", "holds 44 bytes, its shape [1000] wants 4400"},
    {"rank_9", "has rank 9"},
    {"big_endian", "another element type"},
    {"float16", "another element type"},
    {"unsigned64", "another element type"},
    {"compound", "another element type"},
    {"boolean", "another element type"},
    {"fixed_text", "another element type"},
    {"variable_text", "has 0 filters"},
    {"reference", "has 0 filters"},
    {"named_type", "neither a group nor a dataset"},
    {"loop", "has another name too"},
    {"loop_to_root", "has another name too"},
    {"second_name", "has another name too"},
    {"deep", "more than 16 groups"},
    {"name_with_escape", "parameters/\\x1B[2Jx: is no name"},
    {"variable_text_attribute", "attribute x is neither"},
    {"list_attribute", "attribute x is no single value"},
    {"int32_attribute", "attribute x is neither"},
    {"reference_attribute", "attribute x is neither"},
    {"group_attribute", "group /parameters: has attributes"},
    {"dataset_attribute", "dataset /parameters/conv1/weight: attribute x is not known"},
    {"newer_inside", "attribute format_version is 2, wants 1"},
    {"version_of_wrong_type", "attribute format_version is no whole number"},
    {"incomplete", "attribute complete is missing"},
    {"without_kind", "attribute kind is missing"},
    {"old_superblock", "superblock of version 3"},
    {"user_block", "superblock of version 3"},
    {"foreign", "HDF5 file of another program"},
    {"foreign_v110", "HDF5 file of another program"},
};

TEST(H5py, HostileFilesAreRefusedForWhatTheyAre) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "hostile");
  write_snapshot(folder / "good.h5", small_snapshot(1));
  const Finished python =
      run_python(script("hostile_files.py") + " good.h5 hostile", folder.path().string());
  ASSERT_EQ(python.status, 0) << python.output;

  testing::internal::CaptureStderr();
  // The way of making them is sound: with nothing changed the file is read.
  EXPECT_EQ(read_snapshot(folder / "hostile/unchanged.h5").epoch, 1);
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "hostile")) {
    const std::string name = entry.path().stem().string();
    if (name == "unchanged") continue;
    const auto reason = kReasons.find(name);
    ASSERT_NE(reason, kReasons.end()) << name;
    const std::string said = error_of(ErrorKind::format, [&] { read_document(entry.path(), ""); });
    EXPECT_THAT(said, HasSubstr(reason->second)) << name;
    EXPECT_THAT(said, HasSubstr(entry.path().string() + ": ")) << name;
    EXPECT_THAT(said, HasSubstr("varphase check")) << name;
    EXPECT_THAT(error_of(ErrorKind::format, [&] { read_document_header(entry.path()); }),
                HasSubstr(reason->second));
    ++seen;
  }
  EXPECT_EQ(seen, kReasons.size());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");  // HDF5 prints nothing by itself
}

}  // namespace
}  // namespace varphase::test
