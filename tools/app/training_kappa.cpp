// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/training_kappa.hpp"

#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "analysis/kappa/kappa_csv.hpp"
#include "analysis/kappa/threshold.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/log.hpp"
#include "src/base/stopwatch.hpp"
#include "tools/app/kappa_identity.hpp"
#include "tools/app/kappa_job.hpp"
#include "tools/app/kappa_passes.hpp"
#include "tools/app/loaded_network.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

Communicator* if_several(Communicator* ranks) {
  return ranks != nullptr && !ranks->alone() ? ranks : nullptr;
}

/// As `varphase kappa RUN` asks where it is given nothing else.
KappaRequest usual_request() {
  KappaRequest request;
  request.samples = KappaMapsRequest{}.samples;
  return request;
}

}  // namespace

TrainingKappa::TrainingKappa(const RunFolder& run, const RunConfig& config,
                             const TrainingImages& images, at::Device device,
                             const std::string& member, TrainJob& job, Communicator* ranks)
    : run_(run),
      config_(config),
      images_(images),
      device_(device),
      member_(member),
      job_(job),
      asking_(job),
      ranks_(if_several(ranks)),
      writer_(run, config, images.dataset, device, asking_, ranks_),
      request_(usual_request()) {}

bool TrainingKappa::is_due(std::int64_t epoch) const {
  const std::int64_t every = config_.train.kappa_every;
  return every > 0 && (epoch % every == 0 || epoch == config_.train.epochs);
}

std::function<void()> TrainingKappa::compute_ahead(Network& network, std::int64_t epoch) {
  if (!is_due(epoch) || !KappaPlan(network, request_).general().empty()) return {};
  const Stopwatch clock;
  const auto map = std::make_shared<KappaMap>(compute_kappa(
      network, images_.train, request_, [](std::int64_t) {}, nullptr, ranks_));
  const KappaMapWriter::Place place = place_of(network, epoch);
  seconds_ = clock.seconds();
  return [this, map, place] {
    writer_.keep(*map, images_.train, request_, place);
    tell(*map, place);
  };
}

void TrainingKappa::make(Network& network, std::int64_t epoch) {
  const Stopwatch clock;
  make_by(writer_, network, epoch);
  seconds_ = clock.seconds();
}

void TrainingKappa::make_by(KappaMapWriter& writer, Network& network, std::int64_t epoch) {
  if (!announced_) repeatable_ = announce_passes(network, images_.train, {}, request_, job_);
  announced_ = true;
  const KappaMapWriter::Place place = place_of(network, epoch);
  try {
    const KappaMap map = writer.make(network, images_.train, request_, place);
    if (writer.keeps()) tell(map, place);
  } catch (const Interrupted&) {  // a resume makes it
  }
}

KappaMapWriter::Place TrainingKappa::place_of(const Network& network, std::int64_t epoch) const {
  const MapSubject subject =
      subject_of(request_, KappaPlan(network, request_), network, images_.train,
                 images_.dataset.digest, images_.dataset.digest);
  return {epoch, std::nullopt, writer_.files().map(subject, epoch), repeatable_};
}

void TrainingKappa::tell(const KappaMap& map, const KappaMapWriter::Place& place) const {
  KappaMapWriter::write_histograms(place.file.parent_path(), histogram_csv({&map, 1}));
  std::int64_t over = 0, weights = 0;
  for (const LayerKappa& layer : map.layers) {
    over += layer.over(kDefaultKappa0);
    weights += layer.count();
  }
  log_info(fmt::format("{}epoch {}: {} of {} weights over kappa_0 = 10^1.5",
                       member_.empty() ? "" : fmt::format("member {}: ", member_), map.epoch, over,
                       weights));
}

void TrainingKappa::make_missing(std::int64_t epoch) {
  // One process alone has the checkpoints' files.
  KappaMapWriter writer(run_, config_, images_.dataset, device_, asking_, nullptr);
  for (const std::int64_t older : run_.epochs()) {
    if (older > epoch || !is_due(older) || job_.stop_requested()) continue;
    if (fs::exists(writer.files().map({}, older))) continue;
    const fs::path checkpoint = run_.checkpoint(older);
    LoadedNetwork loaded =
        network_of_snapshot(read_snapshot(checkpoint), device_, checkpoint.string());
    make_by(writer, loaded.network, older);
  }
}

void check_training_kappa(const TrainConfig& config, const Network& network) {
  if (config.kappa_every == 0) return;
  VARPHASE_CHECK(config.kappa_every % config.every == 0, ErrorKind::usage,
                 "train.kappa_every {}: kappa is of checkpoints, and train.every {} writes none "
                 "after epoch {}\n  take a multiple of it",
                 config.kappa_every, config.every, config.kappa_every);
  try {
    KappaPlan(network, usual_request());
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("train.kappa_every {}: {}\n  train without it",
                                          config.kappa_every, error.what()));
  }
}

}  // namespace varphase
