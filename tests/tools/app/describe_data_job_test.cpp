// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/describe_data_job.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/small_run.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

void write_number(std::ofstream& file, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) file.put(static_cast<char>(number >> shift));
}

/// IDX files of `count` pictures of 2 x 3 pixels, whose labels are 0, 1, 0, 1, ...
void write_idx(const fs::path& folder, const std::string& part, std::uint32_t count) {
  fs::create_directories(folder);
  std::ofstream images(folder / (part + "-images-idx3-ubyte"), std::ios::binary);
  std::ofstream labels(folder / (part + "-labels-idx1-ubyte"), std::ios::binary);
  for (const std::uint32_t number : {0x803U, count, 2U, 3U}) write_number(images, number);
  for (const std::uint32_t number : {0x801U, count}) write_number(labels, number);
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::uint32_t pixel = 0; pixel < 6; ++pixel) images.put(static_cast<char>(6 * i + pixel));
    labels.put(static_cast<char>(i % 2));
  }
}

TEST(DescribeDataJob, ReadsWhatIsThere) {
  const TemporaryFolder folder;
  write_idx(folder / "set", "train", 20);
  write_idx(folder / "set", "t10k", 6);
  DescribeDataRequest request;
  request.config.data = (folder / "set").string();
  request.config.validation = 0.25;
  Job job;
  const Dataset dataset = read_described(request, job);
  EXPECT_EQ(dataset.train.count(), 15);
  EXPECT_EQ(dataset.validation.count(), 5);
  EXPECT_EQ(dataset.test.count(), 6);
  EXPECT_EQ(dataset.test.height, 2);
  EXPECT_EQ(dataset.test.width, 3);
  EXPECT_EQ(dataset.test.pixels[7], 7);
  EXPECT_EQ(dataset.test.labels[3], 1);
}

TEST(DescribeDataJob, RefusesWhatItCannotRead) {
  const TemporaryFolder folder;
  write_idx(folder / "set", "train", 20);
  write_idx(folder / "set", "t10k", 6);
  const fs::path cut = folder / "set" / "train-images-idx3-ubyte";
  fs::resize_file(cut, fs::file_size(cut) - 1);
  DescribeDataRequest request;
  request.config.data = (folder / "set").string();
  Job job;
  EXPECT_THAT(refusal(ErrorKind::format, [&] { read_described(request, job); }),
              HasSubstr("train-images-idx3-ubyte"));
  request.config.data = (folder / "none").string();
  EXPECT_THAT(refusal(ErrorKind::io, [&] { read_described(request, job); }), HasSubstr("none"));
}

TEST(DescribeDataJob, ItsRequestIsJson) {
  DescribeDataRequest request;
  assign_fields(request, Json{{"data", "a"}, {"validation", 0.5}, {"threads", 2}});
  EXPECT_EQ(request.config.validation, 0.5);
  expect_round_trip(request);
  EXPECT_THROW(assign_fields(request, Json{{"threads", -1}}), Error);
}

}  // namespace
}  // namespace varphase::test
