// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/inspect_job.hpp"

#include <gmock/gmock.h>

#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/measured_run.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;

class InspectListener final : public InspectJob {
 public:
  void described(const FileDescription& file) override { kinds.push_back(file.document.kind); }
  std::vector<std::string> kinds;
};

TEST(InspectJob, SaysWhatEachFileHolds) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  const fs::path checkpoint = run.checkpoint(1), map = MapFiles(run.folder).map({}, 3);
  InspectRequest request;
  request.paths = {checkpoint.string(), map.string()};
  request.statistics = true;
  InspectListener job;
  const std::vector<FileDescription> files = inspect(request, job);
  EXPECT_THAT(job.kinds, testing::ElementsAre("checkpoint", "kappa"));
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].bytes, fs::file_size(checkpoint));
  EXPECT_EQ(files[0].digest, document_digest(checkpoint));
  EXPECT_EQ(files[1].document.integer("epoch"), 3);
  // Three entries of 200 and seven of 2 among ten.
  bool found = false;
  for (std::size_t i = 0; i < files[1].values.size(); ++i) {
    if (files[1].document.arrays[i].name.find("hessian_diagonal") == std::string::npos) continue;
    found = true;
    EXPECT_EQ(files[1].values[i].max, 200);
    EXPECT_EQ(files[1].values[i].min, 2);
    EXPECT_DOUBLE_EQ(files[1].values[i].mean, 61.4);
  }
  EXPECT_TRUE(found);
  expect_round_trip(request);
}

TEST(InspectJob, TellsOfTheFilesBeforeADamagedOne) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  const fs::path map = MapFiles(run.folder).map({}, 3);
  fs::resize_file(map, fs::file_size(map) - 1);
  InspectRequest request;
  request.paths = {run.checkpoint(1).string(), map.string(), (folder / "none.h5").string()};
  InspectListener job;
  EXPECT_THAT(refusal(ErrorKind::format, [&] { inspect(request, job); }),
              testing::HasSubstr("epoch_0003.h5"));
  EXPECT_THAT(job.kinds, testing::ElementsAre("checkpoint"));
  request.paths = {(folder / "none.h5").string()};
  EXPECT_THAT(refusal(ErrorKind::io, [&] { inspect(request, job); }),
              testing::HasSubstr("none.h5"));
}

}  // namespace
}  // namespace varphase::test
