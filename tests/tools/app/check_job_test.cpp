// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/check_job.hpp"

#include <gmock/gmock.h>

#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/measured_run.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CheckListener final : public CheckJob {
 public:
  void checked(const CheckedFile& /*file*/) override { ++told; }
  std::size_t told = 0;
};

const CheckedFile& file_named(const CheckResult& result, const std::string& end) {
  for (const CheckedFile& file : result.files)
    if (file.path.string().ends_with(end)) return file;
  throw std::runtime_error(end + " was not checked");
}

TEST(CheckJob, TellsDamagedFilesFromWholeOnes) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  CheckRequest request;
  request.paths = {run.folder.string()};
  {
    CheckListener job;
    const CheckResult result = check_files(request, job);
    EXPECT_EQ(result.whole, 5);  // a checkpoint, four maps
    EXPECT_EQ(result.damaged, 0);
    EXPECT_EQ(job.told, 5U);
    EXPECT_EQ(file_named(result, "kappa/epoch_0002.h5").kind, "kappa");
  }

  // Sealed, but no map that anybody can use: its own words say it, and only its reader sees it.
  Document bent = read_document(MapFiles(run.folder).map({}, 2), "kappa");
  for (auto& [name, value] : bent.attributes)
    if (name == "epoch") value = std::string("two");
  write_document(MapFiles(run.folder).map({}, 2), bent);
  fs::resize_file(MapFiles(run.folder).map({}, 3), 100);
  // A checkpoint of another training.
  RunConfig config = small_config();
  config.train.seed = 9;
  make_small_run(folder / "other", config);
  fs::copy_file(RunLayout{folder / "other"}.checkpoint(1), run.checkpoint(2));

  CheckListener job;
  const CheckResult result = check_files(request, job);
  EXPECT_EQ(result.whole, 3);
  EXPECT_EQ(result.damaged, 3);
  EXPECT_EQ(job.told, 6U);
  EXPECT_EQ(file_named(result, "kappa/epoch_0001.h5").state, FileState::whole);
  for (const char* name :
       {"kappa/epoch_0002.h5", "kappa/epoch_0003.h5", "checkpoints/epoch_0002.h5"}) {
    EXPECT_EQ(file_named(result, name).state, FileState::damaged) << name;
    EXPECT_NE(file_named(result, name).why, "") << name;
  }
  expect_round_trip(request);
}

TEST(CheckJob, RefusesAPathThatIsNotThere) {
  const TemporaryFolder folder;
  CheckRequest request;
  request.paths = {(folder / "none").string()};
  CheckListener job;
  EXPECT_THAT(refusal(ErrorKind::io, [&] { check_files(request, job); }), HasSubstr("none"));
  EXPECT_EQ(job.told, 0U);
}

}  // namespace
}  // namespace varphase::test
