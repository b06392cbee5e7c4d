// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/shift_job.hpp"

#include "analysis/predict/predictor.hpp"
#include "analysis/predict/shared_prediction.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/json.hpp"
#include "src/data/split.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/device.hpp"
#include "tools/app/job_estimate.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/network_files.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr Estimator kShiftEstimators[] = {Estimator::deterministic, Estimator::ensemble};

std::vector<Corruption> wanted_corruptions(const TextList& names) {
  std::vector<Corruption> list;
  for (const std::string& name : names.empty() ? corruption_names().names() : names) {
    const Corruption corruption = corruption_names().value(name);
    if (std::find(list.begin(), list.end(), corruption) == list.end()) list.push_back(corruption);
  }
  return list;
}

/// The mean over corruptions of each metric.
ShiftScores mean_of(const std::vector<ShiftScores>& scores, int strength) {
  ShiftScores mean{"mean", strength, {}};
  double count = 0;
  for (const ShiftScores& row : scores) count += row.strength == strength ? 1 : 0;
  for (const ShiftScores& row : scores) {
    if (row.strength != strength) continue;
    for (const auto& [estimator, metrics] : row.metrics) {
      Metrics& into = mean.metrics[estimator];
      into.images = metrics.images;
      for (const MetricField& field : kMetricFields)
        into.*field.value += metrics.*field.value / count;
    }
  }
  return mean;
}

/// One network after the other on every corruption.
class Shifting {
 public:
  Shifting(const ShiftRequest& request, std::size_t networks, ShiftJob& job)
      : request_(request),
        networks_(static_cast<std::int64_t>(networks)),
        corruptions_(wanted_corruptions(request.corruptions)),
        device_(open_device({request.device, request.threads})),
        split_(split_from_name(request.split)),
        job_(job) {}

  ShiftedNetwork run(const NetworkFile& entry) {
    LoadedNetwork loaded = load_network_file(entry.path, device_, request_.form);
    set_numerics(loaded.config.train.deterministic, false);
    const Dataset dataset =
        open_dataset(loaded.config.data, request_.data, request_.data_pixel_range);
    check_fits(loaded.network, dataset, false);
    const ImageSet& all = dataset.part(split_);
    VARPHASE_CHECK(all.count() > 0, ErrorKind::usage, "{}: no {} images", entry.path.string(),
                   split_name(split_));
    VARPHASE_CHECK(request_.images <= all.count(), ErrorKind::usage,
                   "--images {}: {} has {} {} images", request_.images, dataset.name, all.count(),
                   split_name(split_));
    ImageSet clean = all;
    limit_images(clean, request_.images);

    ShiftedNetwork result;
    result.name = entry.name;
    result.path = entry.path.string();
    result.images = clean.count();
    result.data = trained_images(dataset, loaded.dataset_digest, entry.path.string());
    begin(entry, clean.count());
    job_.network(result);
    add(result, loaded.network, clean, {"clean", 0, {}});
    for (const Corruption corruption : corruptions_) {
      for (int strength = 1; strength <= kCorruptionStrengths; ++strength) {
        const ImageSet worse =
            corrupted(clean, corruption, strength, seed(), static_cast<unsigned>(request_.threads));
        add(result, loaded.network, worse, {corruption_names().name(corruption), strength, {}});
      }
    }
    for (int strength = 1; strength <= kCorruptionStrengths; ++strength) {
      result.means.push_back(mean_of(result.scores, strength));
      job_.scored(result.means.back());
    }
    estimate_->end_piece();
    job_.end();
    return result;
  }

 private:
  std::uint64_t seed() const { return static_cast<std::uint64_t>(request_.seed); }

  void begin(const NetworkFile& entry, std::int64_t images) {
    const auto sets = static_cast<std::int64_t>(corruptions_.size()) * kCorruptionStrengths + 1;
    const std::int64_t passes = sets * images * (1 + request_.samples);
    job_.begin("shift " + entry.name, passes, "passes");
    if (estimate_) return;
    estimate_ = job_estimate({networks_ == 1 ? entry.name : fmt::format("{} networks", networks_),
                              "passes", passes * networks_},
                             job_, device_);
  }

  void add(ShiftedNetwork& result, Network& network, const ImageSet& set, ShiftScores scores) {
    const DeviceImages images = to_device(set, split_, device_);
    const SharedImages shared(communicator(), images);
    Predictor predictor(network, shared.own(), seed());
    std::int64_t members = 1;
    predictor.on_advance([&](std::int64_t predicted) {
      job_.advance(predicted * members * shared.ranks());
      estimate_->advance(predicted * members * shared.ranks());
    });
    for (const Estimator estimator : kShiftEstimators) {
      members = estimator == Estimator::ensemble ? request_.samples : 1;
      at::Tensor log_p = predictor.log_probabilities(estimator, request_.samples);
      shared.put_together(log_p);
      scores.metrics[estimator_name(estimator)] = metrics(log_p, images.labels);
    }
    job_.scored(scores);
    result.scores.push_back(std::move(scores));
  }

  const ShiftRequest& request_;
  std::int64_t networks_;
  std::vector<Corruption> corruptions_;
  at::Device device_;
  Split split_;
  ShiftJob& job_;
  std::optional<TimeEstimate> estimate_;
};

}  // namespace

ShiftResult shift(const ShiftRequest& request, ShiftJob& job) {
  VARPHASE_CHECK(!request.paths.empty(), ErrorKind::usage, "shift wants a run or a file at least");
  if (!request.out.empty()) check_output_file(request.out, request.overwrite);
  const std::vector<NetworkFile> files = network_files(request.paths, request.epoch);
  for (const NetworkFile& entry : files) check_network_file(entry.path);
  Shifting shifting(request, files.size(), job);
  const std::map<fs::path, RunLock> locks = begin_analyses(files);
  ShiftResult result{request.samples, request.seed, request.split, {}};
  for (const NetworkFile& entry : files) result.networks.push_back(shifting.run(entry));
  if (!request.out.empty() && communicator().first()) {
    make_output_folder(request.out);
    write_json_file(request.out, to_json(result));
  }
  return result;
}

}  // namespace varphase
