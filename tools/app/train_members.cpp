// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/train_members.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "checkpoints/retention.hpp"
#include "src/base/csv_table.hpp"
#include "src/base/log.hpp"
#include "src/distributed/communicator.hpp"
#include "src/torch/numerics.hpp"
#include "tools/app/device.hpp"
#include "tools/app/job_estimate.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/new_run_folder.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_trainer.hpp"
#include "tools/app/side_by_side.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// The last evaluated row of each member's metrics.csv.
std::vector<MemberScores> scores_of(const MembersFile& file) {
  std::vector<MemberScores> list;
  for (std::int64_t i = 0; i < file.members; ++i) {
    const CsvTable table = read_csv(RunLayout{file.path(i)}.metrics());
    const std::vector<double> ensemble = table.values("test_accuracy_ensemble");
    std::size_t row = ensemble.size() - 1;
    while (row > 0 && std::isnan(ensemble[row])) --row;
    const auto value = [&](const char* column) { return table.values(column)[row]; };
    MemberScores scores;
    scores.member = file.path(i).filename().string();
    scores.seed = file.member_config(i).train.seed;
    scores.epoch = static_cast<std::int64_t>(value("epoch"));
    scores.scores = {value("test_accuracy_deterministic"), value("test_accuracy_stochastic"),
                     value("test_accuracy_ensemble"), value("test_accuracy_zero_mean"),
                     value("test_nll_ensemble")};
    list.push_back(std::move(scores));
  }
  return list;
}

/// A member in training, its folder locked.
struct Member {
  std::unique_ptr<NewRunFolder> made;  // of one that begins
  std::optional<RunLock> lock;         // of one that goes on
  std::unique_ptr<RunTrainer> trainer;
};

/// Trains what is not finished of several members, so many at once.
class MembersTraining {
 public:
  MembersTraining(const MembersFile& file, std::vector<MembersFile::State> states,
                  const TrainingImages& images, const std::optional<InitialWeights>& init,
                  at::Device device, TrainJob& job)
      : file_(file),
        states_(std::move(states)),
        images_(images),
        init_(init),
        device_(device),
        job_(job) {}

  /// @param begun  called where the first of them have a checkpoint
  TrainResult train(std::int64_t side_by_side, bool accept_changed_data,
                    const std::function<void()>& begun) {
    Communicator& ranks = communicator();
    leave_to_others(ranks);
    TrainResult result = train_own(side_by_side, accept_changed_data, begun);
    if (!ranks.alone()) put_together(ranks, result);
    if (ranks.first() && result.stopped.empty()) result.members = scores_of(file_);
    return result;
  }

 private:
  /// Member k is rank k mod their number's.
  void leave_to_others(const Communicator& ranks) {
    for (std::int64_t i = 0; i < file_.members; ++i) {
      if (i % ranks.size() != ranks.rank())
        states_[static_cast<std::size_t>(i)] = MembersFile::State::finished;
    }
  }

  /// What became of all ranks' members, to every rank.
  static void put_together(Communicator& ranks, TrainResult& result) {
    Json stopped = Json::array();
    for (const StoppedTraining& one : result.stopped) stopped.push_back({one.member, one.step});
    const Json own{{"diverged", result.diverged}, {"stopped", stopped}};
    result.stopped.clear();
    for (const std::string& text : ranks.gather_bytes(own.dump())) {
      const Json all = Json::parse(text);
      result.diverged = result.diverged || all.at("diverged").get<bool>();
      for (const Json& one : all.at("stopped"))
        result.stopped.push_back({one[0].get<std::string>(), one[1].get<std::int64_t>()});
    }
  }

  TrainResult train_own(std::int64_t side_by_side, bool accept_changed_data,
                        const std::function<void()>& begun) {
    TrainResult result;
    result.run = file_.folder.string();
    result.epochs = file_.config.train.epochs;
    std::optional<TimeEstimate> estimate;
    for (std::int64_t next = 0; next < file_.members;) {
      std::vector<Member> together;
      std::vector<RunTrainer*> list;
      for (; next < file_.members && std::ssize(together) < side_by_side; ++next) {
        if (states_[static_cast<std::size_t>(next)] == MembersFile::State::finished) continue;
        together.push_back(begin(next, side_by_side > 1, accept_changed_data));
        list.push_back(together.back().trainer.get());
        begun();
      }
      if (list.empty()) break;
      if (!estimate) {
        const auto finished =
            std::count(states_.begin() + next, states_.end(), MembersFile::State::finished);
        estimate = job_estimate(work_of(list, file_.members - next - finished), job_, device_);
      }
      SideBySideResult ended = train_side_by_side(list, *estimate, job_);
      result.diverged = result.diverged || ended.diverged;
      if (!ended.stopped.empty()) {
        result.stopped = std::move(ended.stopped);
        return result;
      }
    }
    return result;
  }

  Member begin(std::int64_t number, bool own_stream, bool accept_changed_data) {
    Member member;
    const fs::path path = file_.path(number);
    const RunConfig config = file_.member_config(number);
    const bool fresh = states_[static_cast<std::size_t>(number)] == MembersFile::State::absent;
    ResumePoint point;
    std::string changed_data;
    if (fresh) {
      member.made = std::make_unique<NewRunFolder>(path, OldRun::member);
      member.made->begin(config, marker_of(init_));
    } else {
      member.lock = RunLock::training(path);
      remove_stale_temporaries_of_run(path, true);
      point = find_resume_point(RunFolder(path), config, job_);
      changed_data = check_same_images(point, images_.dataset, accept_changed_data);
    }
    member.trainer = std::make_unique<RunTrainer>(RunFolder(path), config, images_, device_,
                                                  path.filename().string(), own_stream, job_);
    if (!fresh) {
      member.trainer->resume(point, changed_data);
      write_json_file(RunLayout{path}.config(), to_json(config));
    }
    if (fresh && init_) member.trainer->begin_with(*init_);
    member.trainer->start();
    if (member.made) member.made->keep();
    return member;
  }

  const MembersFile& file_;
  std::vector<MembersFile::State> states_;
  const TrainingImages& images_;
  const std::optional<InitialWeights>& init_;
  at::Device device_;
  TrainJob& job_;
};

/// What the members of a run that is resumed begin with, where one of them has yet to begin.
std::optional<InitialWeights> resumed_weights(const MembersFile& file,
                                              const std::vector<MembersFile::State>& states) {
  const auto absent = std::find(states.begin(), states.end(), MembersFile::State::absent);
  if (file.init.empty() || absent == states.end()) return std::nullopt;
  VARPHASE_CHECK(fs::exists(file.init), ErrorKind::io,
                 "{}: no such file, and {} has yet to begin with it\n  put it back, or write its "
                 "new place as \"init\" into {}",
                 file.init, file.path(absent - states.begin()).string(),
                 RunLayout{file.folder}.members_file().string());
  return InitialWeights{file.init, file.init_variances};
}

/// How far each member is; of the finished ones, what a killed training left to be dropped goes.
std::vector<MembersFile::State> states_of(const MembersFile& file) {
  std::vector<MembersFile::State> states;
  for (std::int64_t i = 0; i < file.members; ++i) {
    states.push_back(file.state(i));
    if (states.back() != MembersFile::State::finished) continue;
    const RunLock held = RunLock::training(file.path(i));
    finish_dropping(RunLayout{file.path(i)}.checkpoints(), file.config.train.keep_optimizer);
  }
  return states;
}

/// Rank 0 tells the others where the members are. @param folder  of rank 0; "": there is nothing to train
std::string told_by_first(const fs::path& folder, Communicator& ranks) {
  return ranks.broadcast_bytes(folder.empty() ? "" : fs::absolute(folder).string());
}

/// By the other ranks: those of the members that are theirs. All ranks see the run's folder.
TrainResult follow_members(const DeviceChoice& choice, std::int64_t side_by_side,
                           bool accept_changed_data, TrainJob& job) {
  Communicator& ranks = communicator();
  const at::Device device = open_device(choice);
  const fs::path folder = told_by_first({}, ranks);
  if (folder.empty()) {
    TrainResult result;
    result.finished_before = true;
    return result;
  }
  VARPHASE_CHECK(MembersFile::is_in(folder), ErrorKind::io,
                 "{}: rank {} does not see what rank 0 made there\n  members over several machines "
                 "want a folder that all of them see",
                 folder.string(), ranks.rank());
  MembersFile file = MembersFile::read(folder);
  std::vector<MembersFile::State> states;
  for (std::int64_t i = 0; i < file.members; ++i)
    states.push_back(i % ranks.size() == ranks.rank() ? file.state(i)
                                                      : MembersFile::State::finished);
  const std::optional<InitialWeights> init = resumed_weights(file, states);
  set_numerics(file.config.train.deterministic, file.config.train.precision != "float32");
  const TrainingImages images(
      checked_dataset(file.config, {.made_now = false, .fresh = false}, {}, init, job), device);
  job.begin_stoppable();
  return MembersTraining(file, std::move(states), images, init, device, job)
      .train(side_by_side, accept_changed_data, [] {});
}

}  // namespace

TrainResult train_new_members(NewTraining training, std::int64_t members, std::int64_t side_by_side,
                              TrainJob& job) {
  Communicator& ranks = communicator();
  if (!ranks.first()) return follow_members(training.device, side_by_side, false, job);
  const std::optional<InitialWeights>& init = training.init;
  MembersFile file{training.run, members, std::move(training.config), "", !init || init->variances};
  VARPHASE_CHECK(file.config.train.seed <= kLargestSeed - (members - 1), ErrorKind::usage,
                 "--members {}: the last one's seed would be {}, at most {}\n  give a smaller "
                 "--seed",
                 members, file.config.train.seed + members - 1, kLargestSeed);
  if (init) file.init = fs::absolute(init->file).string();
  NewRunFolder made(file.folder, training.overwrite ? OldRun::replace : OldRun::refuse);
  const at::Device device = open_device(training.device);
  set_numerics(file.config.train.deterministic, file.config.train.precision != "float32");
  const TrainingImages images(
      checked_dataset(file.config, TrainingStage{}, training.set, init, job), device);
  made.begin(marker_of(init));
  file.write();
  open_log_file(RunLayout{file.folder}.log());
  // What other ranks make there is not taken away where one fails.
  if (!ranks.alone()) {
    made.keep();
    told_by_first(file.folder, ranks);
  }
  job.begin_stoppable();
  std::vector<MembersFile::State> states(static_cast<std::size_t>(members),
                                         MembersFile::State::absent);
  return MembersTraining(file, std::move(states), images, init, device, job)
      .train(side_by_side, false, [&] { made.keep(); });
}

TrainResult resume_members(const Resumption& resumption, std::int64_t side_by_side, TrainJob& job) {
  Communicator& ranks = communicator();
  if (!ranks.first())
    return follow_members(resumption.device, side_by_side, resumption.accept_changed_data, job);
  const RunLock lock = RunLock::training(resumption.run);
  remove_stale_temporaries_of_run(resumption.run, true);
  MembersFile file = MembersFile::read(resumption.run);
  const bool changed = apply_resume_overrides(file.config, resumption.set);
  const std::vector<MembersFile::State> states = states_of(file);
  if (std::all_of(states.begin(), states.end(),
                  [](MembersFile::State state) { return state == MembersFile::State::finished; })) {
    TrainResult result;
    result.run = file.folder.string();
    result.epochs = file.config.train.epochs;
    result.finished_before = true;
    result.members = scores_of(file);
    if (!ranks.alone()) {
      open_device(resumption.device);
      told_by_first({}, ranks);
    }
    return result;
  }
  const std::optional<InitialWeights> init = resumed_weights(file, states);
  const at::Device device = open_device(resumption.device);
  set_numerics(file.config.train.deterministic, file.config.train.precision != "float32");
  const TrainingImages images(
      checked_dataset(file.config, {.made_now = false, .fresh = false}, {}, init, job), device);
  open_log_file(RunLayout{file.folder}.log());
  // Of those that are finished too: all members are of the same images.
  for (std::int64_t i = 0; i < file.members && !resumption.accept_changed_data; ++i) {
    if (states[static_cast<std::size_t>(i)] != MembersFile::State::finished) continue;
    check_same_images(find_resume_point(RunFolder(file.path(i)), file.member_config(i), job),
                      images.dataset, false);
  }
  if (changed) file.write();
  if (!ranks.alone()) told_by_first(file.folder, ranks);
  job.begin_stoppable();
  return MembersTraining(file, states, images, init, device, job)
      .train(side_by_side, resumption.accept_changed_data, [] {});
}

}  // namespace varphase
