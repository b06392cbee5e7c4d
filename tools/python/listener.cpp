// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/python/listener.hpp"

#include "tools/app/result_json.hpp"

namespace varphase {

void HeardTraining::started(const TrainingStart& start) {
  listener().event("started", to_json(start));
}

void HeardTraining::epoch_ended(const EpochRow& row) { listener().event("epoch", to_json(row)); }

void HeardTraining::diverged(const std::string& member) {
  listener().event("diverged", Json{{"member", member}});
}

void HeardWatch::serving(const std::string& address) {
  listener().event("serving", Json{{"address", address}});
}

void HeardKappa::computed(const KappaRow& row) {
  listener().event("kappa", to_json(row, by_class_));
}

}  // namespace varphase
