// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/side_by_side.hpp"

#include <functional>

#include "src/base/log.hpp"
#include "tools/app/job_estimate.hpp"
#include "tools/app/ranks.hpp"

namespace varphase {
namespace {

class SideBySide {
 public:
  SideBySide(const std::vector<RunTrainer*>& runs, TimeEstimate& estimate, TrainJob& job)
      : several_(runs.size() > 1),
        active_(runs),
        estimate_(estimate),
        job_(job),
        ranks_(runs.front()->ranks()) {}

  SideBySideResult train() {
    while (true) {
      std::erase_if(active_, [](RunTrainer* run) {
        if (!run->done()) return false;
        run->finish();
        return true;
      });
      if (active_.empty() || stop_requested()) break;
      job_.describe(
          fmt::format("epoch {}/{}", active_.front()->epoch() + 1, active_.front()->epochs()));
      run_epoch();
    }
    job_.end();
    for (RunTrainer* run : active_) result_.stopped.push_back(run->stop());
    return result_;
  }

 private:
  void run_epoch() {
    for (RunTrainer* run : active_) run->begin_epoch();
    std::vector<RunTrainer*> stepping = active_, gone;
    while (!stepping.empty() && !stop_requested()) {
      std::erase_if(stepping, [&](RunTrainer* run) {
        bool more = false;
        if (!keeps_going(*run, [&] { more = run->step(); })) gone.push_back(run);
        job_.advance(run->batch_size());
        estimate_.advance(1);
        return !more;
      });
    }
    drop(gone);
    gone.clear();
    for (RunTrainer* run : active_) {
      if (!keeps_going(*run, [&] { run->end_epoch(); })) gone.push_back(run);
    }
    drop(gone);
    if (!stop_requested() && !active_.empty() && active_.front()->evaluates())
      estimate_.end_piece();
  }

  /// One run's piece of work. @return false where it diverged, which is said
  bool keeps_going(const RunTrainer& run, const std::function<void()>& work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::numeric || !several_) {
        job_.end();
        throw;
      }
      job_.diverged(run.member());
      log_warning(error.what());
      result_.diverged = true;
      return false;
    }
  }

  void drop(const std::vector<RunTrainer*>& gone) {
    for (RunTrainer* run : gone) std::erase(active_, run);
  }

  /// Ranks that train one network end after the same step.
  bool stop_requested() const {
    const bool wish = job_.stop_requested();
    return ranks_ != nullptr ? ranks_->any_wants(wish) : wish;
  }

  bool several_;
  std::vector<RunTrainer*> active_;
  TimeEstimate& estimate_;
  TrainJob& job_;
  Communicator* ranks_;
  SideBySideResult result_;
};

}  // namespace

LongWork work_of(const std::vector<RunTrainer*>& runs, std::int64_t further) {
  const RunTrainer& first = *runs.front();
  const std::int64_t members = std::ssize(runs) + further;
  LongWork work;
  work.unit = "steps";
  work.between = first.evaluation_a_step();
  work.what = fmt::format("{} epochs", first.epochs());
  if (members > 1) {
    work.what = fmt::format("{} members of {}", members, work.what);
  } else if (first.epoch() > 0) {
    work.what = fmt::format("{} of {}", first.epochs() - first.epoch(), work.what);
  }
  for (const RunTrainer* run : runs) work.count += run->steps_left();
  work.count += further * first.epochs() * first.steps_per_epoch();
  return work;
}

SideBySideResult train_side_by_side(const std::vector<RunTrainer*>& runs, TimeEstimate& estimate,
                                    TrainJob& job) {
  std::int64_t left = 0;
  for (const RunTrainer* run : runs) left += run->steps_left() * run->batch_size();
  job.begin("", left, "images");
  job.rows_begin(runs.front()->columns());
  return SideBySide(runs, estimate, job).train();
}

namespace {

/// Where another rank was lost on CPUs, this one is as it was before the step in flight, and keeps that.
void rescue(RunTrainer& run, const Error& error, TrainJob& job) {
  if (error.kind() != ErrorKind::device || run.ranks() == nullptr || run.ranks()->alone() ||
      !run.ranks()->first() || !run.is_between_steps())
    return;
  begin_rescue();
  job.end();
  const StoppedTraining stopped = run.stop();
  job.remark(fmt::format("stopped at step {} and saved", stopped.step));
}

}  // namespace

TrainResult train_alone(RunTrainer& run, at::Device device, TrainJob& job) {
  TimeEstimate estimate = job_estimate(work_of({&run}, 0), job, device);
  TrainResult result;
  result.run = run.folder().string();
  result.epochs = run.epochs();
  try {
    result.stopped = train_side_by_side({&run}, estimate, job).stopped;
  } catch (const Error& error) {
    rescue(run, error, job);
    throw;
  }
  result.last = run.last_evaluated();
  return result;
}

}  // namespace varphase
