// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/evaluate_job.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/data/dataset.hpp"
#include "src/torch/device_images.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/small_run.hpp"
#include "tools/app/run_images.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TestJob final : public Job {
 public:
  void begin(const std::string& what, std::int64_t total, const std::string& unit) override {
    EXPECT_EQ(unit, "passes");
    begun.push_back(what);
    wanted += total;
  }
  void advance(std::int64_t units) override { done += units; }
  void end() override { ++ended; }

  std::vector<std::string> begun;
  std::int64_t wanted = 0, done = 0, ended = 0;
};

class EvaluateJob : public testing::Test {
 protected:
  EvaluateJob() : checkpoint_(make_small_run(folder_ / "a")) {
    request_.device = "cpu";
    request_.threads = 1;
    request_.samples = 3;
    request_.paths = {(folder_ / "a").string()};
  }
  std::string refused() {
    return refusal(ErrorKind::usage, [&] { evaluate(request_, job_); });
  }

  TemporaryFolder folder_;
  fs::path checkpoint_;
  EvaluateRequest request_;
  TestJob job_;
};

TEST_F(EvaluateJob, TheDeterministicNumbersAreThoseOfAPlainPass) {
  const EvaluateResult result = evaluate(request_, job_);
  ASSERT_EQ(result.entries.size(), 1U);
  const EvaluatedNetwork& entry = result.entries.front();
  EXPECT_EQ(entry.name, "full, epoch 1");
  EXPECT_EQ(entry.path, checkpoint_.string());
  EXPECT_EQ(entry.bytes, static_cast<std::int64_t>(fs::file_size(checkpoint_)));
  EXPECT_EQ(entry.images, 40);
  EXPECT_EQ(entry.nonzero, entry.weights);
  EXPECT_FALSE(entry.execution.has_value());
  ASSERT_EQ(entry.metrics.size(), 4U);

  const RunConfig config = small_config();
  Network network(config.network);
  load_network(network, read_snapshot(checkpoint_));
  const Dataset dataset = open_dataset(config.data, "");
  const ImageSet& set = dataset.part(Split::test);
  const at::Tensor pixels = at::empty({set.count(), 1, 28, 28});
  for (std::size_t i = 0; i < set.pixels.size(); ++i)
    pixels.data_ptr<float>()[i] = static_cast<float>(set.pixels[i]) / 255.0F;
  const at::Tensor log_p = at::log_softmax(network.forward(pixels, Forward{}).to(at::kDouble), 1);
  double nll = 0, right = 0;
  for (std::int64_t n = 0; n < set.count(); ++n) {
    const auto label = set.labels[static_cast<std::size_t>(n)];
    nll -= log_p[n][label].item<double>() / static_cast<double>(set.count());
    right += log_p[n].argmax().item<std::int64_t>() == label ? 1 : 0;
  }
  const Metrics& got = entry.metrics.at("deterministic");
  EXPECT_NEAR(got.nll, nll, 1e-5 * nll);
  EXPECT_EQ(got.accuracy, right / 40);
}

TEST_F(EvaluateJob, TellsItsWork) {
  make_small_run(folder_ / "b");
  request_.paths.push_back((folder_ / "b").string());
  request_.together = true;
  const EvaluateResult result = evaluate(request_, job_);
  EXPECT_THAT(job_.begun, testing::ElementsAre("eval a: full, epoch 1", "eval b: full, epoch 1"));
  EXPECT_EQ(job_.wanted, 2 * 40 * (1 + 1 + 3 + 3));
  EXPECT_EQ(job_.done, job_.wanted);
  EXPECT_EQ(job_.ended, 2);
  ASSERT_TRUE(result.together.has_value());
  EXPECT_EQ(result.together->networks, 2);
  // Twins agree where nothing is drawn.
  EXPECT_NEAR(result.together->mutual_information.at("deterministic"), 0, 1e-9);
  EXPECT_NEAR(result.together->metrics.at("deterministic").nll,
              result.entries[0].metrics.at("deterministic").nll, 1e-9);
}

TEST_F(EvaluateJob, TheFileIsTheResult) {
  request_.out = (folder_ / "result.json").string();
  const EvaluateResult result = evaluate(request_, job_);
  EXPECT_TRUE(result.unwritten.empty());
  const Json file = read_json_file(request_.out);
  EXPECT_EQ(file, to_json(result));
  EXPECT_EQ(file["entries"][0]["nll"]["ensemble"], result.entries[0].metrics.at("ensemble").nll);
  EXPECT_THAT(refused(), HasSubstr("--overwrite"));
}

TEST_F(EvaluateJob, WrongRequestsAreRefused) {
  request_.form = "compakt";
  EXPECT_THAT(refused(), HasSubstr("compact"));
  request_.form = "auto";
  request_.split = "validation";
  EXPECT_THAT(refused(), HasSubstr("no validation images"));
  request_.paths = {};
  refused();
}

TEST_F(EvaluateJob, RequestsAreJson) {
  request_.together = true;
  expect_round_trip(request_);
  EXPECT_THROW(assign_fields(request_, Json{{"samples", 0}}), Error);
  EXPECT_THROW(assign_fields(request_, Json{{"split", "tset"}}), Error);
}

}  // namespace
}  // namespace varphase::test
