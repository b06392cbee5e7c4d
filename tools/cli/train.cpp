// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include <fmt/ranges.h>

#include "checkpoints/retention.hpp"
#include "src/base/console.hpp"
#include "src/base/csv_table.hpp"
#include "src/base/log.hpp"
#include "src/base/text_table.hpp"
#include "src/models/presets.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"
#include "tools/app/device.hpp"
#include "tools/app/member_runs.hpp"
#include "tools/app/new_run.hpp"
#include "tools/app/resume_point.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/run_lock.hpp"
#include "tools/app/run_marker.hpp"
#include "tools/app/training_run.hpp"
#include "tools/app/training_session.hpp"
#include "tools/cli/old_verbs.hpp"
#include "tools/cli/stop_signal.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Writes the first log alpha into the spec, which is what says it everywhere.
void set_initial_log_alpha(Json& spec, double value) {
  const Network network(spec);
  bool any = false;
  for (const VarianceLayer* layer : network.variance_layers()) {
    if (layer->parameterization().name() == "zero_centred") continue;
    spec["layers"][network.position(layer->name())][std::string(layer->kind())]["log_alpha"] =
        value;
    any = true;
  }
  VARPHASE_CHECK(any, ErrorKind::usage,
                 "--initial-log-alpha {}: this network has no layer that begins with a log alpha",
                 value);
}

fs::path initial_file(const std::string& text) {
  if (fs::is_regular_file(text)) return text;
  const Target target = resolve_target(text, "last");
  VARPHASE_CHECK(target.epochs.size() == 1, ErrorKind::usage, "--init {}: wants one epoch, got {}",
                 text, target.epochs.size());
  return target.run.checkpoint(target.epochs.front());
}

std::optional<InitialWeights> initial_weights(const Options& options, bool variances) {
  if (options.init.empty()) return std::nullopt;
  const fs::path file = initial_file(options.init);
  refuse_inside(options.run, file, "--init " + options.init);
  return InitialWeights{file, variances};
}

RunConfig resolve_config(const Options& options) {
  VARPHASE_CHECK(options.preset.empty() || options.config.empty(), ErrorKind::usage,
                 "give --preset or --config, not both");
  VARPHASE_CHECK(!options.preset.empty() || !options.config.empty() || !options.network.empty(),
                 ErrorKind::usage,
                 "what shall be trained? give --preset ({}), --config FILE or --network FILE{}",
                 fmt::join(preset_names(), ", "),
                 is_run(options.run) ? "; --resume goes on with the run that is there" : "");
  RunConfig config;
  Json json = Json::object();
  if (!options.preset.empty()) json = preset(options.preset);
  if (!options.config.empty()) json = read_json_file(options.config);
  VARPHASE_CHECK(json.is_object(), ErrorKind::usage,
                 "{}: wants an object {{...}} such as a run's config.json, got {}", options.config,
                 json.is_array() ? "a list" : "a single value");
  json.erase("about");
  assign_fields(config, json);
  if (!options.network.empty()) config.network = read_json_file(options.network);
  for (const auto& [key, value] : options.fields) set_field(config, key + "=" + value);
  bool other_images = options.fields.count("data.data") > 0;
  for (const std::string& assignment : options.set) {
    set_field(config, assignment);
    other_images = other_images || assignment.rfind("data.data=", 0) == 0;
  }
  if (other_images) config.data.source.clear();
  if (options.initial_log_alpha) set_initial_log_alpha(config.network, *options.initial_log_alpha);
  return config;
}

/// The last evaluated row of each member's metrics.csv, their mean and standard deviation.
void print_members(const MemberRuns& runs) {
  const std::pair<const char*, const char*> columns[] = {{"det. %", "test_accuracy_deterministic"},
                                                         {"stoch. %", "test_accuracy_stochastic"},
                                                         {"ens. %", "test_accuracy_ensemble"},
                                                         {"ens. NLL", "test_nll_ensemble"}};
  std::vector<TextTable::Column> titles{{"member", 9}, {"seed", 8}, {"epoch", 5}};
  for (const auto& column : columns) titles.push_back({column.first, 8});
  const TextTable table(titles);
  const auto text = [](const char* title, double value) {
    return std::string(title).find('%') != std::string::npos ? fmt::format("{:.2f}", 100 * value)
                                                             : fmt::format("{:.4f}", value);
  };
  std::vector<std::vector<double>> values(std::size(columns));
  print_out("\n{}\n", table.header());
  for (std::int64_t i = 0; i < runs.members; ++i) {
    const CsvTable rows = read_csv(RunLayout{runs.path(i)}.metrics());
    const std::vector<double> ensemble = rows.values("test_accuracy_ensemble");
    std::size_t row = ensemble.size() - 1;
    while (row > 0 && std::isnan(ensemble[row])) --row;
    std::vector<std::string> cells{runs.path(i).filename().string(),
                                   std::to_string(runs.member_config(i).train.seed),
                                   fmt::format("{}", rows.values("epoch")[row])};
    for (std::size_t c = 0; c < std::size(columns); ++c) {
      values[c].push_back(rows.values(columns[c].second)[row]);
      cells.push_back(text(columns[c].first, values[c].back()));
    }
    print_out("{}\n", table.row(cells));
  }
  std::vector<std::string> mean{"mean", "", ""}, deviation{"std. dev.", "", ""};
  for (std::size_t c = 0; c < std::size(columns); ++c) {
    const auto n = static_cast<double>(values[c].size());
    double sum = 0, squares = 0;
    for (const double value : values[c]) sum += value;
    for (const double value : values[c]) squares += (value - sum / n) * (value - sum / n);
    mean.push_back(text(columns[c].first, sum / n));
    deviation.push_back(n > 1 ? text(columns[c].first, std::sqrt(squares / (n - 1))) : "");
  }
  print_out("{}\n{}\n\nthe networks together: varphase eval --together {}\n", table.row(mean),
            table.row(deviation), runs.folder.string());
}

/// What a member needs beside its session: its folder, whose lock this holds.
struct Member {
  std::unique_ptr<NewRun> made;  // of one that begins
  std::optional<RunLock> lock;   // of one that goes on
  std::unique_ptr<TrainingSession> session;
};

Member begin_member(const MemberRuns& runs, std::int64_t number, bool fresh,
                    const SessionImages& images, const std::optional<InitialWeights>& init,
                    const Options& options, at::Device device) {
  Member member;
  const fs::path path = runs.path(number);
  const RunConfig config = runs.member_config(number);
  ResumePoint point;
  std::string changed_data;
  if (fresh) {
    member.made = std::make_unique<NewRun>(path, OldRun::member);
    member.made->begin(config, marker_of(init));
  } else {
    member.lock = RunLock::training(path);
    remove_stale_temporaries_of_run(path, true);
    point = find_resume_point(RunFolder(path), config);
    changed_data = check_same_images(point, images.dataset, options.accept_changed_data);
  }
  member.session =
      std::make_unique<TrainingSession>(RunFolder(path), config, images, options, device,
                                        path.filename().string(), options.side_by_side > 1);
  if (!fresh) {
    member.session->resume(point, changed_data);
    write_json_file(RunLayout{path}.config(), to_json(config));
  }
  if (fresh && init) member.session->begin_with(*init);
  member.session->start();
  if (member.made) member.made->keep();
  return member;
}

/// Trains what is not finished of an ensemble, so many members at once.
/// @param begun  called where the first of them have a checkpoint
int train_members(const MemberRuns& runs, const std::vector<MemberRuns::State>& states,
                  const SessionImages& images, const std::optional<InitialWeights>& init,
                  const Options& options, at::Device device, const std::function<void()>& begun) {
  int code = kSuccess;
  std::optional<TimeEstimate> estimate;
  for (std::int64_t next = 0; next < runs.members;) {
    std::vector<Member> together;
    std::vector<TrainingSession*> list;
    for (; next < runs.members && std::ssize(together) < options.side_by_side; ++next) {
      const MemberRuns::State state = states[static_cast<std::size_t>(next)];
      if (state == MemberRuns::State::finished) continue;
      together.push_back(begin_member(runs, next, state == MemberRuns::State::absent, images, init,
                                      options, device));
      list.push_back(together.back().session.get());
      begun();
    }
    if (list.empty()) break;
    if (!estimate) {
      const auto finished =
          std::count(states.begin() + next, states.end(), MemberRuns::State::finished);
      estimate.emplace(work_of(list, runs.members - next - finished), options.quiet,
                       [device] { synchronize(device); });
    }
    const int ended = run_sessions(list, options.quiet, *estimate, stop_requested());
    if (ended == kInterrupted) {
      say_resume(runs.folder);
      return ended;
    }
    code = std::max(code, ended);
  }
  print_members(runs);
  return code;
}

/// What the members of an ensemble that is resumed begin with, where one of them has yet to begin.
std::optional<InitialWeights> resumed_weights(const MemberRuns& runs,
                                              const std::vector<MemberRuns::State>& states) {
  const auto absent = std::find(states.begin(), states.end(), MemberRuns::State::absent);
  if (runs.init.empty() || absent == states.end()) return std::nullopt;
  VARPHASE_CHECK(fs::exists(runs.init), ErrorKind::io,
                 "{}: no such file, and {} has yet to begin with it\n  put it back, or write its "
                 "new place as \"init\" into {}",
                 runs.init, runs.path(absent - states.begin()).string(),
                 (RunLayout{runs.folder}.members_file()).string());
  return InitialWeights{runs.init, runs.init_variances};
}

int train_new_members(const Options& options) {
  MemberRuns runs{options.run, options.members, resolve_config(options), "",
                  !options.initial_log_alpha};
  VARPHASE_CHECK(runs.config.train.seed <= kLargestSeed - (runs.members - 1), ErrorKind::usage,
                 "--members {}: the last one's seed would be {}, at most {}\n  give a smaller "
                 "--seed",
                 runs.members, runs.config.train.seed + runs.members - 1, kLargestSeed);
  const std::optional<InitialWeights> init = initial_weights(options, runs.init_variances);
  if (init) runs.init = fs::absolute(init->file).string();
  NewRun made(runs.folder, options.overwrite ? OldRun::replace : OldRun::refuse);
  const at::Device device = open_device({options.device, options.threads});
  set_numerics(runs.config.train.deterministic, runs.config.train.precision != "float32");
  const SessionImages images(checked_dataset(runs.config, options, true, init), device);
  made.begin(marker_of(init));
  runs.write();
  open_log_file(RunLayout{runs.folder}.log());
  take_signals();
  const std::vector<MemberRuns::State> states(static_cast<std::size_t>(runs.members),
                                              MemberRuns::State::absent);
  return train_members(runs, states, images, init, options, device, [&] { made.keep(); });
}

int resume_members(const Options& options) {
  const RunLock lock = RunLock::training(options.run);
  remove_stale_temporaries_of_run(options.run, true);
  MemberRuns runs = MemberRuns::read(options.run);
  const bool changed = apply_resume_flags(runs.config, options);
  std::vector<MemberRuns::State> states;
  for (std::int64_t i = 0; i < runs.members; ++i) {
    states.push_back(runs.state(i));
    if (states.back() != MemberRuns::State::finished) continue;
    const RunLock held = RunLock::training(runs.path(i));
    finish_dropping(RunLayout{runs.path(i)}.checkpoints(), runs.config.train.keep_optimizer);
  }
  if (std::all_of(states.begin(), states.end(),
                  [](MemberRuns::State state) { return state == MemberRuns::State::finished; })) {
    say_finished(runs.folder, runs.config.train.epochs);
    print_members(runs);
    return kSuccess;
  }
  const std::optional<InitialWeights> init = resumed_weights(runs, states);
  const at::Device device = open_device({options.device, options.threads});
  set_numerics(runs.config.train.deterministic, runs.config.train.precision != "float32");
  const SessionImages images(checked_dataset(runs.config, options, false, init), device);
  open_log_file(RunLayout{runs.folder}.log());
  // Of those that are finished too: all members are of the same images.
  for (std::int64_t i = 0; i < runs.members && !options.accept_changed_data; ++i) {
    if (states[static_cast<std::size_t>(i)] != MemberRuns::State::finished) continue;
    check_same_images(find_resume_point(RunFolder(runs.path(i)), runs.member_config(i)),
                      images.dataset, false);
  }
  if (changed) runs.write();
  take_signals();
  return train_members(runs, states, images, init, options, device, [] {});
}

}  // namespace

int run_train(const Options& options) {
  if (options.resume) {
    VARPHASE_CHECK(options.preset.empty() && options.config.empty() && options.network.empty() &&
                       options.set.empty() && options.init.empty() && options.members == 0 &&
                       !options.initial_log_alpha && !options.overwrite,
                   ErrorKind::usage,
                   "--resume takes the run's own configuration: leave the other flags out (but "
                   "for --data, --epochs and --extension)");
  }
  VARPHASE_CHECK(options.resume || !options.accept_changed_data, ErrorKind::usage,
                 "--accept-changed-data is for --resume");
  const bool several = options.resume ? MemberRuns::is_one(options.run) : options.members > 0;
  VARPHASE_CHECK(several || options.side_by_side == 1, ErrorKind::usage,
                 "--side-by-side is for --members, and here is one network");
  if (several) return options.resume ? resume_members(options) : train_new_members(options);
  if (options.resume) return resume_run(options);
  return train_run(options, resolve_config(options),
                   initial_weights(options, !options.initial_log_alpha));
}

}  // namespace varphase
