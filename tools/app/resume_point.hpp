// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "src/base/snapshot.hpp"
#include "src/data/dataset.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

/// Where a run goes on.
struct ResumePoint {
  std::filesystem::path file;  // empty: nothing was saved yet, the run begins anew
  Snapshot snapshot;

  bool begins() const { return file.empty(); }
};

/// interrupted.h5 or the newest checkpoint, whichever is further; what is damaged is passed over
/// and said in the log. What the configuration says otherwise than that file, and may, is remarked.
/// @throws Error io where there are checkpoints and none can be read; usage where that file is of
/// another training than `config`, with the fields.
ResumePoint find_resume_point(const RunFolder& run, const RunConfig& config, TrainJob& job);

/// Refuses images that are not those that were trained on.
/// @param accept goes on with them, and says so in the log
/// @return what the files from here on say of it in their provenance; empty where all is as it was
/// @throws Error usage with both digests and what to do.
std::string check_same_images(const ResumePoint& point, const Dataset& dataset, bool accept);

}  // namespace varphase
