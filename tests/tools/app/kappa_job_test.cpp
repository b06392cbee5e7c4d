// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/kappa_job.hpp"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/map_files.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "src/torch/numerics.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/two_layers.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/run_images.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Writes down what it is told, and may ask for an end.
class KappaListener final : public KappaJob {
 public:
  /// @param images  so many are done when it asks for an end; 0: it never does
  explicit KappaListener(std::int64_t images = 0) : images_(images) {}

  void begin(const std::string& /*what*/, std::int64_t units, const std::string& called) override {
    total = units;
    unit = called;
  }
  void advance(std::int64_t units) override { done += units; }
  void note(const std::string& text) override { notes += text + "\n"; }
  bool stop_requested() const override { return images_ > 0 && done >= images_; }
  void computing() override { ++began; }
  void computed(const KappaRow& row) override { rows.push_back(row); }

  std::int64_t total = 0, done = 0, began = 0;
  std::string unit, notes;
  std::vector<KappaRow> rows;

 private:
  std::int64_t images_;
};

/// 225 training images: more than one chunk of a pass.
RunConfig run_config() {
  RunConfig config = two_layers();
  config.data.train_limit = 300;
  return config;
}

/// The same network a little further: other means, so that its map is another.
void add_epoch(const RunLayout& run, std::int64_t epoch) {
  Snapshot snapshot = read_snapshot(run.checkpoint(1));
  snapshot.epoch = epoch;
  for (Array& array : snapshot.parameters) {
    std::vector<float> values(array.as<float>().begin(), array.as<float>().end());
    for (float& value : values) value *= 1 + 0.25F * static_cast<float>(epoch);
    array = make_array<float>(array.name, array.shape, values, array.dims, array.unit);
  }
  write_snapshot(run.checkpoint(epoch), std::move(snapshot));
}

KappaMapsRequest kappa_request(const RunLayout& run) {
  KappaMapsRequest request;
  request.run = run.folder.string();
  request.where.device = "cpu";
  return request;
}

KappaMap map_in(const fs::path& path) {
  return kappa_from_document(read_document(path, "kappa"), path.string());
}

/// What compute_kappa says of a checkpoint, with nothing of the job in between.
KappaMap computed_directly(const fs::path& checkpoint, const KappaRequest& request) {
  const RunConfig config = run_config();
  set_numerics(config.train.deterministic, false);
  LoadedNetwork loaded = load_network_file(checkpoint, at::kCPU);
  const Dataset dataset = open_dataset(config.data, "");
  const DeviceImages images = to_device(dataset.train, Split::train, at::kCPU);
  return compute_kappa(loaded.network, images, request, [](std::int64_t) {});
}

void expect_same_bits(const KappaMap& one, const KappaMap& other) {
  ASSERT_EQ(one.layers.size(), other.layers.size());
  for (std::size_t i = 0; i < one.layers.size(); ++i) {
    EXPECT_EQ(one.layers[i].layer, other.layers[i].layer);
    EXPECT_EQ(one.layers[i].hessian_diagonal, other.layers[i].hessian_diagonal);
    EXPECT_EQ(one.layers[i].variance, other.layers[i].variance);
    EXPECT_EQ(one.layers[i].gauss_newton, other.layers[i].gauss_newton);
    EXPECT_EQ(one.layers[i].gradient, other.layers[i].gradient);
    EXPECT_EQ(one.layers[i].fisher, other.layers[i].fisher);
  }
}

TEST(KappaJob, ItsMapsAreThoseOfTheLibrary) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, run_config());
  add_epoch(run, 2);
  KappaListener job;
  const KappaMapsResult result = make_kappa_maps(kappa_request(run), job);
  EXPECT_EQ(result.folder, run.kappa());
  EXPECT_EQ(result.images, 225);
  EXPECT_EQ(result.split, "train");
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(job.began, 1);
  EXPECT_EQ(job.unit, "images");
  EXPECT_GT(job.total, 0);
  EXPECT_EQ(job.done, job.total);

  ASSERT_EQ(result.rows.size(), 4U);
  ASSERT_EQ(job.rows.size(), 4U);
  for (const std::int64_t epoch : {1, 2}) {
    const KappaMap map = map_in(MapFiles(run.folder).map({}, epoch));
    expect_same_bits(map, computed_directly(run.checkpoint(epoch), {}));
    EXPECT_EQ(map.epoch, epoch);
    for (std::size_t i = 0; i < 2; ++i) {
      const LayerKappa& layer = map.layers[i];
      const KappaRow& row = result.rows[2 * static_cast<std::size_t>(epoch - 1) + i];
      std::int64_t over = 0, negative = 0;
      for (std::size_t w = 0; w < layer.hessian_diagonal.size(); ++w) {
        const double kappa = static_cast<double>(layer.hessian_diagonal[w]) * layer.variance[w];
        over += std::abs(kappa) > std::pow(10.0, 1.5) ? 1 : 0;
        negative += kappa < 0 ? 1 : 0;
      }
      EXPECT_EQ(row.epoch, epoch);
      EXPECT_EQ(row.layer, layer.layer);
      EXPECT_EQ(row.over, over);
      EXPECT_EQ(row.negative, negative);
      EXPECT_EQ(row.weights, layer.count());
    }
  }
}

TEST(KappaJob, VerifiedByADoubleBackwardPass) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, run_config());
  KappaMapsRequest request = kappa_request(run);
  request.verify = 10;
  KappaListener job;
  for (const KappaRow& row : make_kappa_maps(request, job).rows) {
    ASSERT_TRUE(row.proof.has_value()) << row.layer;
    EXPECT_EQ(row.proof->entries, 10);
    EXPECT_LE(row.proof->worst_relative_error, 1e-5) << row.layer;
  }
}

TEST(KappaJob, StoppedItLosesNothingAndGoesOn) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, run_config());
  add_epoch(run, 2);
  KappaMapsRequest request = kappa_request(run);
  request.all_quantities = true;  // all layers by sums that are saved
  const MapSubject subject{
      .layers = "", .split = "", .method = "", .smooth = "", .quantities = true, .data = ""};
  const fs::path first = MapFiles(run.folder).map(subject, 1);
  const fs::path second = MapFiles(run.folder).map(subject, 2);

  KappaListener whole;
  make_kappa_maps(request, whole);
  const KappaMap expected = map_in(second);
  const std::int64_t epoch = whole.total / 2;
  fs::remove_all(run.kappa());

  KappaListener stopped(epoch + 1);  // within the second epoch
  EXPECT_EQ(make_kappa_maps(request, stopped).interrupted, 2);
  EXPECT_LT(stopped.done, stopped.total);
  ASSERT_TRUE(fs::exists(first));
  EXPECT_FALSE(fs::exists(second));
  EXPECT_FALSE(fs::is_empty(MapFiles(run.folder).partial()));
  const std::string made = read_text_file(first);

  KappaListener resumed;
  const KappaMapsResult result = make_kappa_maps(request, resumed);
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(resumed.done, resumed.total);
  EXPECT_THAT(resumed.notes, HasSubstr("epoch_0001 is there"));
  EXPECT_THAT(resumed.notes, HasSubstr("epoch_0002 goes on after"));
  EXPECT_EQ(read_text_file(first), made);
  expect_same_bits(map_in(second), expected);
  expect_same_bits(map_in(second), computed_directly(run.checkpoint(2), {.others = true}));
  EXPECT_FALSE(fs::exists(MapFiles(run.folder).partial()));
  EXPECT_EQ(result.rows.size(), 4U);
}

TEST(KappaJob, RefusesBeforeAnyWork) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, run_config());
  const auto refuses = [&](ErrorKind kind, const char* what, const auto& change) {
    KappaMapsRequest request = kappa_request(run);
    change(request);
    KappaListener job;
    EXPECT_THAT(refusal(kind, [&] { make_kappa_maps(request, job); }), HasSubstr(what));
    EXPECT_EQ(job.began, 0) << what;
    EXPECT_THAT(MapFiles(run.folder).list(), IsEmpty()) << what;
  };
  using Request = KappaMapsRequest;
  refuses(ErrorKind::io, "no checkpoint of epoch 7", [](Request& r) { r.epoch = "7"; });
  refuses(ErrorKind::usage, "--epoch", [](Request& r) { r.epoch = "first"; });
  refuses(ErrorKind::usage, "dense9", [](Request& r) { r.layer = {"dense9"}; });
  refuses(ErrorKind::usage, "--by image", [](Request& r) {
    r.by = "image";
    r.method = "estimate";
  });
  refuses(ErrorKind::usage, "10^1.5", [](Request& r) { r.kappa0 = "-1"; });
  refuses(ErrorKind::usage, "--max-seconds", [](Request& r) {
    r.all_quantities = true;
    r.max_seconds = 1e-9;
  });
  const fs::path none = folder / "none";
  refuses(ErrorKind::io, "none", [&](Request& r) { r.run = none.string(); });
}

TEST(KappaJob, RefusesACheckpointOfAnotherRun) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"}, other{folder / "other"};
  make_small_run(run.folder, run_config());
  RunConfig config = run_config();
  config.train.seed = 5;
  make_small_run(other.folder, config);
  fs::copy_file(other.checkpoint(1), run.checkpoint(2));
  KappaMapsRequest request = kappa_request(run);
  KappaListener job;
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { make_kappa_maps(request, job); }),
              HasSubstr("epoch_0002.h5"));
  // What was made of the run's own epoch stays, and is right.
  const KappaMap map = map_in(MapFiles(run.folder).map({}, 1));
  expect_same_bits(map, computed_directly(run.checkpoint(1), {}));
  EXPECT_FALSE(fs::exists(MapFiles(run.folder).map({}, 2)));
}

TEST(KappaJob, ItsRequestIsJson) {
  KappaMapsRequest request;
  assign_fields(request, Json{{"run", "a"}, {"layer", {"dense1"}}, {"by", "class"}});
  EXPECT_EQ(request.layer, (TextList{"dense1"}));
  expect_round_trip(request);
  EXPECT_THROW(assign_fields(request, Json{{"method", "exactly"}}), Error);
  EXPECT_THROW(assign_fields(request, Json{{"samples", 1}}), Error);
}

}  // namespace
}  // namespace varphase::test
