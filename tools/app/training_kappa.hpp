// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tools/app/kappa_map_writer.hpp"
#include "tools/app/train_job.hpp"
#include "tools/app/training_images.hpp"

namespace varphase {

/// Kappa maps made while a network trains (train.kappa_every): those that `varphase kappa RUN` makes of the same
/// checkpoints, by their names, identity and numbers.
class TrainingKappa {
 public:
  /// @param member  of several ("03"), else ""
  /// @param job  asked whether to stop
  /// @param ranks  who train the network together and make each map together; null: this process alone
  TrainingKappa(const RunFolder& run, const RunConfig& config, const TrainingImages& images,
                at::Device device, const std::string& member, TrainJob& job, Communicator* ranks);

  bool is_due(std::int64_t epoch) const;
  /// Where a map is due and all its layers have a closed form, which takes no time to speak of: computes it before the
  /// epoch's checkpoint is written. @return what is to be called, on any thread, when that is on disk, and writes the
  /// map; empty: make() makes it
  std::function<void()> compute_ahead(Network& network, std::int64_t epoch);
  /// Of the checkpoint of an epoch, which is on disk, and whose state the network is in. Where the job is asked to end,
  /// the map is left to a resume.
  void make(Network& network, std::int64_t epoch);
  /// What an interrupted training left: of every due epoch that has a checkpoint and no map.
  /// @param epoch  the last that is trained
  void make_missing(std::int64_t epoch);
  /// Seconds that the last map took; none before the first.
  const std::optional<double>& seconds() const { return seconds_; }

 private:
  /// What the maps need of a job that is not theirs: whether to stop.
  class Asking final : public Job {
   public:
    explicit Asking(const Job& job) : job_(job) {}
    bool stop_requested() const override { return job_.stop_requested(); }

   private:
    const Job& job_;
  };
  void make_by(KappaMapWriter& writer, Network& network, std::int64_t epoch);
  /// Of the network's variance layers.
  KappaMapWriter::Place place_of(const Network& network, std::int64_t epoch) const;
  void tell(const KappaMap& map, const KappaMapWriter::Place& place) const;

  const RunFolder run_;
  const RunConfig& config_;
  const TrainingImages& images_;
  const at::Device device_;
  const std::string member_;
  TrainJob& job_;
  Asking asking_;
  Communicator* ranks_;  // null where this process is alone
  KappaMapWriter writer_;
  KappaRequest request_;
  bool announced_ = false;
  std::optional<bool> repeatable_;
  std::optional<double> seconds_;
};

/// Before anything is written: whether the network has maps to make. @throws Error usage, unsupported.
void check_training_kappa(const TrainConfig& config, const Network& network);

}  // namespace varphase
