// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "src/base/json.hpp"
#include "tools/app/job.hpp"
#include "tools/app/kappa_job.hpp"
#include "tools/app/live_report.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

/// What Python hears of any job: the calls of Job, and what single jobs tell beside them as events.
class Listener : public Job {
 public:
  /// @param kind  "started", "epoch", "diverged", "kappa", "serving" @param what  as result_json has it
  virtual void event(const std::string& /*kind*/, const Json& /*what*/) {}
};

/// A job's own class, all of whose calls go to one listener.
template <class Base>
class Heard : public Base {
 public:
  explicit Heard(Listener& listener) : listener_(listener) {}
  void begin(const std::string& what, std::int64_t total, const std::string& unit) override {
    listener_.begin(what, total, unit);
  }
  void advance(std::int64_t units) override { listener_.advance(units); }
  void describe(const std::string& what) override { listener_.describe(what); }
  void end() override { listener_.end(); }
  void note(const std::string& text) override { listener_.note(text); }
  void begin_stoppable() override { listener_.begin_stoppable(); }
  bool stop_requested() const override { return listener_.stop_requested(); }

 protected:
  Listener& listener() { return listener_; }

 private:
  Listener& listener_;
};

class HeardTraining final : public Heard<TrainJob> {
 public:
  using Heard::Heard;
  void remark(const std::string& text) override { listener().note(text); }
  void begins_with(const std::string& text) override { listener().note(text); }
  void started(const TrainingStart& start) override;
  void epoch_ended(const EpochRow& row) override;
  void diverged(const std::string& member) override;
};

class HeardWatch final : public Heard<WatchJob> {
 public:
  using Heard::Heard;
  void serving(const std::string& address) override;
};

class HeardKappa final : public Heard<KappaJob> {
 public:
  explicit HeardKappa(Listener& listener, bool by_class) : Heard(listener), by_class_(by_class) {}
  void computed(const KappaRow& row) override;

 private:
  bool by_class_;
};

}  // namespace varphase
