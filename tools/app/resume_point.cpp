// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/resume_point.hpp"

#include <optional>

#include "checkpoints/retention.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/log.hpp"
#include "tools/app/config_changes.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;

ResumePoint find_resume_point(const RunFolder& run, const RunConfig& config, TrainJob& job) {
  ResumePoint point;
  const NewestEpoch newest = newest_readable_epoch(run.layout().checkpoints());
  for (const std::string& damaged : newest.skipped) log_warning(damaged);
  if (newest.epoch) {
    point.file = run.checkpoint(*newest.epoch);
    point.snapshot = read_snapshot(point.file);
  }
  const fs::path interrupted = run.layout().interrupted();
  if (fs::exists(interrupted)) {
    try {
      Snapshot snapshot = read_snapshot(interrupted);
      if (point.begins() || snapshot.step > point.snapshot.step)
        point = {interrupted, std::move(snapshot)};
    } catch (const Error& error) {
      log_warning(error.what());
    }
  }
  VARPHASE_CHECK(!point.begins() || newest.skipped.empty(), ErrorKind::io,
                 "{}: none of the checkpoints can be read: {}", run.layout().checkpoints().string(),
                 newest.skipped.empty() ? "" : newest.skipped.front());
  if (point.begins()) return point;
  for (const ConfigChange& change :
       check_same_training(config, point.snapshot.config, point.file.string())) {
    const std::string text = fmt::format("{}: {}, was {}", change.field, change.is, change.was);
    log_info(text);
    job.remark(text);
  }
  return point;
}

std::string check_same_images(const ResumePoint& point, const Dataset& dataset, bool accept) {
  if (point.begins()) return "";
  const auto found = point.snapshot.provenance.find(kDatasetDigest);
  if (found == point.snapshot.provenance.end() || found->second == dataset.digest) return "";
  VARPHASE_CHECK(
      accept, ErrorKind::usage,
      "{}: was trained on other images: digest {:.12}..., and {} holds {:.12}...\n  give "
      "the place of its own images by --data, or go on with these by "
      "--accept-changed-data",
      point.file.string(), found->second, dataset.source, dataset.digest);
  std::string text = fmt::format("from step {} on images of digest {}, before that {}",
                                 point.snapshot.step, dataset.digest, found->second);
  log_warning("the data changed: " + text);
  return text;
}

}  // namespace varphase
