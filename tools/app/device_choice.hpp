// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "src/base/config.hpp"

namespace varphase {

/// Where a job computes: part of the request of every job that computes.
struct DeviceChoice {
  std::string device = "auto";
  std::int64_t threads = 0;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("device", device, FieldInfo{.help = "auto, cpu, cuda or cuda:N"});
    visit("threads", threads, FieldInfo{.help = "CPU threads; 0: all cores", .min = 0});
  }
};

}  // namespace varphase
