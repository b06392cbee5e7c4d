// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/predict_job.hpp"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/atomic_file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/small_run.hpp"
#include "tools/app/prediction_writer.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TestPredictJob final : public PredictJob {
 public:
  void begin(const std::string& /*what*/, std::int64_t total, const std::string& unit) override {
    EXPECT_EQ(unit, "images");
    wanted += total;
  }
  void advance(std::int64_t units) override { done += units; }
  void predicted(std::string_view bytes) override { printed += bytes; }

  std::int64_t wanted = 0, done = 0;
  std::string printed;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Seven images of one IDX file.
class PredictJobTest : public testing::Test {
 protected:
  PredictJobTest() {
    make_small_run(folder_ / "run");
    std::string idx{0, 0, 8, 3, 0, 0, 0, 7, 0, 0, 0, 28, 0, 0, 0, 28};
    for (int i = 0; i < 7 * 28 * 28; ++i) idx.push_back(static_cast<char>(i * 31 % 251));
    write_text_atomically(folder_ / "images-idx3-ubyte", idx);
    request_.device = "cpu";
    request_.threads = 1;
    request_.samples = 4;
    request_.source = (folder_ / "run").string();
    request_.images = {(folder_ / "images-idx3-ubyte").string()};
    request_.out = (folder_ / "p.csv").string();
  }
  std::string refused() {
    return refusal(ErrorKind::usage, [&] { predict(request_, job_); });
  }

  TemporaryFolder folder_;
  PredictRequest request_;
  TestPredictJob job_;
};

TEST_F(PredictJobTest, TheResultIsTheMeanOfTheFile) {
  const PredictResult result = predict(request_, job_);
  EXPECT_EQ(result.images, 7);
  EXPECT_EQ(result.mode, "ensemble");
  EXPECT_EQ(result.samples, 4);
  EXPECT_TRUE(result.left_out.empty());
  EXPECT_EQ(job_.wanted, 7);
  EXPECT_EQ(job_.done, 7);
  std::istringstream lines(text_of(request_.out));
  std::string line;
  std::getline(lines, line);
  EXPECT_THAT(line, HasSubstr("index,class,entropy,mutual_information,p0,"));
  double entropy = 0, information = 0;
  for (int n = 0; n < 7; ++n) {
    ASSERT_TRUE(std::getline(lines, line));
    std::istringstream cells(line);
    std::vector<double> values;
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(std::stod(cell));
    ASSERT_EQ(values.size(), 14U);
    EXPECT_EQ(values[0], n);
    entropy += values[2] / 7;
    information += values[3] / 7;
    double sum = 0;
    for (std::size_t c = 4; c < 14; ++c) sum += values[c];
    EXPECT_NEAR(sum, 1, 1e-6);
  }
  EXPECT_FALSE(std::getline(lines, line));
  EXPECT_NEAR(result.entropy, entropy, 1e-7);
  EXPECT_NEAR(result.mutual_information, information, 1e-7);
}

TEST_F(PredictJobTest, WhatIsStreamedIsTheFile) {
  predict(request_, job_);
  const std::string whole = text_of(request_.out);
  request_.out = "-";
  predict(request_, job_);
  EXPECT_EQ(job_.printed, whole);
  EXPECT_EQ(folder_.names().size(), 3U);  // nothing is named "-"
}

TEST_F(PredictJobTest, PiecesPredictTheSame) {
  const PredictResult whole = predict(request_, job_);
  request_.batch = 2;
  request_.overwrite = true;
  const PredictResult result = predict(request_, job_);
  EXPECT_EQ(result.images, 7);
  EXPECT_EQ(job_.done, 14);
  EXPECT_NEAR(result.entropy, whole.entropy, 1e-6);  // sums of float32 in another order
}

TEST_F(PredictJobTest, WrongRequestsLeaveNothing) {
  request_.mode = "ensembel";
  EXPECT_THAT(refused(), HasSubstr("ensemble"));
  request_.mode = "ensemble";
  request_.out = (folder_ / "p.txt").string();
  EXPECT_THAT(refused(), HasSubstr("--format"));
  request_.out = "-";
  request_.format = "hdf5";
  EXPECT_THAT(refused(), HasSubstr("stdout"));
  request_.format = "csv";
  request_.set = {"data.convert=greyish"};
  EXPECT_THAT(refused(), HasSubstr("known: none, grey, rgb"));
  EXPECT_EQ(folder_.names().size(), 2U);
  EXPECT_TRUE(job_.printed.empty());
}

TEST_F(PredictJobTest, RequestsAreJsonAndNameEveryFormat) {
  request_.set = {"data.convert=grey"};
  expect_round_trip(request_);
  for (const PredictionFormat& format : prediction_formats())
    EXPECT_NO_THROW(assign_fields(request_, Json{{"format", format.name}})) << format.name;
  EXPECT_THROW(assign_fields(request_, Json{{"batch", -1}}), Error);
}

}  // namespace
}  // namespace varphase::test
