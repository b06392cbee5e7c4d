// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/import_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/snapshot_file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/small_run.hpp"
#include "tools/app/export_job.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A run's own export, to be brought back.
class ImportJob : public testing::Test {
 protected:
  ImportJob() : checkpoint_(make_small_run(folder_ / "run")) {
    ExportRequest request;
    request.source = (folder_ / "run").string();
    request.to = "safetensors";
    request_.file = export_network(request, job_).path;
    request_.run = (folder_ / "back").string();
  }
  std::string refused() {
    return refusal(ErrorKind::usage, [&] { import_network(request_, job_); });
  }

  TemporaryFolder folder_;
  fs::path checkpoint_;
  ImportRequest request_;
  Job job_;
};

TEST_F(ImportJob, ARunComesBackBitForBit) {
  const ImportResult result = import_network(request_, job_);
  EXPECT_EQ(result.path, request_.run);
  EXPECT_EQ(result.kind, "checkpoint");
  EXPECT_TRUE(result.report.variances.empty() && result.report.masks.empty());
  const Snapshot was = read_snapshot(checkpoint_);
  const Snapshot is = read_snapshot(RunFolder(request_.run).checkpoint(1));
  ASSERT_EQ(is.parameters.size(), was.parameters.size());
  for (std::size_t i = 0; i < was.parameters.size(); ++i) {
    EXPECT_EQ(is.parameters[i].name, was.parameters[i].name);
    EXPECT_EQ(is.parameters[i].bytes, was.parameters[i].bytes) << was.parameters[i].name;
  }
  EXPECT_EQ(is.provenance.at("imported"), request_.file);
  for (const auto& [theirs, ours] : result.report.modules) EXPECT_EQ(theirs, ours);
  EXPECT_EQ(result.report.modules.size(), 5U);  // layers with parameters
}

TEST_F(ImportJob, WhatIsSetLiesOverTheFilesConfiguration) {
  request_.set = {"data.test_limit=7", "data.convert=grey"};
  import_network(request_, job_);
  RunConfig config;
  assign_fields_of_file(config, fs::path(request_.run) / "config.json");
  EXPECT_EQ(config.data.test_limit, 7);
  EXPECT_EQ(config.data.train_limit, small_config().data.train_limit);
  EXPECT_EQ(config.data.convert, "grey");
}

TEST_F(ImportJob, WrongRequestsLeaveNothing) {
  request_.set = {"data.convert=greyish"};
  EXPECT_THAT(refused(), HasSubstr("known: none, grey, rgb"));
  request_.set = {};
  request_.out = (folder_ / "a.h5").string();
  EXPECT_THAT(refused(), HasSubstr("--run"));
  request_.out = "";
  request_.preset = "quickstart";
  request_.network = "net.json";
  EXPECT_THAT(refused(), HasSubstr("not both"));
  request_.network = "";  // a preset of other layers
  refusal(ErrorKind::shape, [&] { import_network(request_, job_); });
  EXPECT_FALSE(fs::exists(request_.run));
  request_.preset = "";
  request_.run = (folder_ / "run").string();
  EXPECT_THAT(refused(), HasSubstr("--overwrite"));
}

TEST_F(ImportJob, RequestsAreJson) {
  request_.log_alpha = -3;
  request_.set = {"data.convert=grey"};
  expect_round_trip(request_);
  EXPECT_THROW(assign_fields(request_, Json{{"log_alpha", 21}}), Error);
}

}  // namespace
}  // namespace varphase::test
