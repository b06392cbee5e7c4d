// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/export_job.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/exchange/onnx_mode.hpp"
#include "checkpoints/tensor_file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/small_run.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ExportJob : public testing::Test {
 protected:
  ExportJob() : checkpoint_(make_small_run(folder_ / "run")) {
    request_.source = (folder_ / "run").string();
  }
  std::string refused(ErrorKind kind = ErrorKind::usage) {
    return refusal(kind, [&] { export_network(request_, job_); });
  }

  TemporaryFolder folder_;
  fs::path checkpoint_;
  ExportRequest request_;
  Job job_;
};

TEST_F(ExportJob, SafetensorsHoldTheCheckpointsValues) {
  request_.to = "safetensors";
  const ExportResult result = export_network(request_, job_);
  EXPECT_EQ(result.path, (folder_ / "run" / "exports/epoch_0001.safetensors").string());
  EXPECT_EQ(result.source, checkpoint_.string());
  EXPECT_EQ(result.bytes, static_cast<std::int64_t>(fs::file_size(result.path)));
  EXPECT_TRUE(result.mode.empty() && result.inputs.empty() && result.outputs.empty());
  const TensorFile file = read_tensor_file(result.path, {});
  ASSERT_EQ(file.arrays.size(), result.tensors.size());
  for (const ExportResult::Tensor& tensor : result.tensors) {
    const auto stored = std::find_if(file.arrays.begin(), file.arrays.end(),
                                     [&](const Array& array) { return array.name == tensor.name; });
    ASSERT_NE(stored, file.arrays.end()) << tensor.name;
    EXPECT_EQ(stored->shape, tensor.shape) << tensor.name;
  }
  std::size_t found = 0;
  for (const Array& stored : read_snapshot(checkpoint_).parameters) {
    for (const Array& array : file.arrays) {
      std::string name = stored.name;
      name.replace(name.find('/'), 1, ".");
      if (array.name != name) continue;
      ++found;
      EXPECT_EQ(array.bytes, stored.bytes) << name;
    }
  }
  EXPECT_EQ(found, read_snapshot(checkpoint_).parameters.size());
}

TEST_F(ExportJob, OnnxTellsInputsOutputsAndMode) {
  request_.to = "onnx";
  const ExportResult drawn = export_network(request_, job_);
  EXPECT_EQ(drawn.mode, "ensemble");
  ASSERT_EQ(drawn.inputs.size(), 2U);
  EXPECT_EQ(drawn.inputs[0].name, "images");
  EXPECT_EQ(drawn.inputs[1].name, "dense1.noise");
  EXPECT_EQ(drawn.inputs[1].shape, std::vector<std::int64_t>{12});
  ASSERT_EQ(drawn.outputs.size(), 1U);
  EXPECT_EQ(drawn.outputs[0].name, "logits");
  for (const std::string& mode : onnx_mode_names()) {
    request_.mode = mode;
    const ExportResult result = export_network(request_, job_);
    EXPECT_EQ(result.mode, mode);
    EXPECT_THAT(result.path, HasSubstr("epoch_0001_" + mode + ".onnx"));
    EXPECT_EQ(result.bytes, static_cast<std::int64_t>(fs::file_size(result.path)));
  }
}

TEST_F(ExportJob, WordsOfTheOtherFormatAreRefused) {
  request_.to = "onnx";
  request_.form = "ensemble";
  EXPECT_THAT(refused(), HasSubstr("--mode ensemble"));
  request_.form = "csr";
  EXPECT_THAT(refused(), HasSubstr("--mode"));
  request_.form = "dense";
  request_.mode = "ensembel";
  EXPECT_THAT(refused(), HasSubstr("did you mean 'ensemble'"));
  request_.to = "safetensors";
  request_.mode = "head";
  EXPECT_THAT(refused(), HasSubstr("--to onnx"));
  request_.mode = "auto";
  request_.form = "csr";
  EXPECT_THAT(refused(), HasSubstr("is a checkpoint"));
  request_.source = (folder_ / "nothing").string();
  refused(ErrorKind::io);
  EXPECT_FALSE(fs::exists(folder_ / "run" / "exports"));
}

TEST_F(ExportJob, AFileThatIsThereStays) {
  request_.to = "onnx";
  request_.out = (folder_ / "a.onnx").string();
  const std::int64_t bytes = export_network(request_, job_).bytes;
  EXPECT_THAT(refused(), HasSubstr("--overwrite"));
  EXPECT_EQ(static_cast<std::int64_t>(fs::file_size(request_.out)), bytes);
  request_.overwrite = true;
  EXPECT_EQ(export_network(request_, job_).bytes, bytes);
}

TEST_F(ExportJob, RequestsAreJson) {
  request_.to = "onnx";
  request_.mode = "moments";
  request_.overwrite = true;
  expect_round_trip(request_);
  EXPECT_THROW(assign_fields(request_, Json{{"to", "pickle"}}), Error);
}

}  // namespace
}  // namespace varphase::test
