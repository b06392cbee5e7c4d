// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "src/data/dataset.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// What is in a data set?
struct DescribeDataRequest {
  DataConfig config;
  std::int64_t threads = 0;

  /// Of the configuration of runs, those fields that say how files are read.
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    config.visit_fields([&](const std::string_view name, auto& field, const FieldInfo& info) {
      if (name == "data" || name == "labels" || name == "skip_damaged" || name == "validation")
        visit(name.data(), field, info);
    });
    config.visit_reading(visit);
    visit("threads", threads, FieldInfo{.help = "that decode images; 0: all cores", .min = 0});
  }
};

/// Reads the images. @throws Error usage, io, format naming the file.
Dataset read_described(const DescribeDataRequest& request, Job& job);

}  // namespace varphase
