// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/training_output.hpp"

#include <cmath>

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/app/result_json.hpp"

namespace varphase {
namespace {

std::string percent_text(double share) { return fmt::format("{:.2f}", 100 * share); }

/// The last evaluated row of each member, their mean and standard deviation.
void print_members(const TrainResult& result) {
  struct Column {
    const char* title;
    double TestScores::*value;
    std::string (*text)(double);
  };
  const auto nats = [](double value) { return fmt::format("{:.4f}", value); };
  const Column columns[] = {{"det. %", &TestScores::accuracy_deterministic, percent_text},
                            {"stoch. %", &TestScores::accuracy_stochastic, percent_text},
                            {"ens. %", &TestScores::accuracy_ensemble, percent_text},
                            {"ens. NLL", &TestScores::nll_ensemble, nats}};
  std::vector<TextTable::Column> titles{{"member", 9}, {"seed", 8}, {"epoch", 5}};
  for (const Column& column : columns) titles.push_back({column.title, 8});
  const TextTable table(titles);
  print_out("\n{}\n", table.header());
  for (const MemberScores& member : result.members) {
    std::vector<std::string> cells{member.member, std::to_string(member.seed),
                                   std::to_string(member.epoch)};
    for (const Column& column : columns) cells.push_back(column.text(member.scores.*column.value));
    print_out("{}\n", table.row(cells));
  }
  std::vector<std::string> mean{"mean", "", ""}, deviation{"std. dev.", "", ""};
  const auto n = static_cast<double>(result.members.size());
  for (const Column& column : columns) {
    double sum = 0, squares = 0;
    for (const MemberScores& member : result.members) sum += member.scores.*column.value;
    for (const MemberScores& member : result.members) {
      const double value = member.scores.*column.value;
      squares += (value - sum / n) * (value - sum / n);
    }
    mean.push_back(column.text(sum / n));
    deviation.push_back(n > 1 ? column.text(std::sqrt(squares / (n - 1))) : "");
  }
  print_out("{}\n{}\n\nthe networks together: varphase eval --together {}\n", table.row(mean),
            table.row(deviation), result.run);
}

}  // namespace

void TrainingOutput::remark(const std::string& text) {
  clear();
  print_err("{}\n", text);
}

void TrainingOutput::begins_with(const std::string& text) { print_out("{}\n", text); }

void TrainingOutput::started(const TrainingStart& start) {
  print_out("{}: {} training, {} validation, {} test images; {} weights; {}\n", start.run,
            count_text(start.training_images), count_text(start.validation_images),
            count_text(start.test_images), count_text(start.weights), start.device);
  print_out("checkpoints: {} with optimizer state, about {} in all\n\n",
            bytes_text(start.checkpoint_bytes), bytes_text(start.all_bytes));
}

void TrainingOutput::rows_begin(const EpochColumns& columns) {
  columns_ = columns;
  std::vector<TextTable::Column> list{{"epoch", 5},     {"nll", 10},         {"kl", 10},
                                      {"log alpha", 9}, {"det. %", 7},       {"stoch. %", 8, 3},
                                      {"ens. %", 7},    {"zero m. %", 9, 2}, {"images/s", 9, 1}};
  if (columns.dropped) list.insert(list.end() - 1, {"dropped %", 9});
  if (columns.member) list.insert(list.begin(), {"member", 6});
  table_ = TextTable(list, !wide_);
  const std::string left_out = table_.left_out();
  if (!left_out.empty()) print_out("{}\n", left_out);
  print_out("{}\n", table_.header());
}

void TrainingOutput::epoch_ended(const EpochRow& row) {
  const auto accuracy = [&](double TestScores::*value) {
    return row.scores ? percent_text((*row.scores).*value) : "";
  };
  std::vector<std::string> cells{std::to_string(row.epoch),
                                 fmt::format("{:.4g}", row.nll),
                                 fmt::format("{:.4g}", row.kl),
                                 row.log_alpha ? fmt::format("{:.2f}", *row.log_alpha) : "-",
                                 accuracy(&TestScores::accuracy_deterministic),
                                 accuracy(&TestScores::accuracy_stochastic),
                                 accuracy(&TestScores::accuracy_ensemble),
                                 accuracy(&TestScores::accuracy_zero_mean),
                                 count_text(std::llround(row.images_per_second))};
  if (columns_.dropped)
    cells.insert(cells.end() - 1, row.dropped ? percent_text(*row.dropped) : std::string());
  if (columns_.member) cells.insert(cells.begin(), row.member);
  clear();
  print_out("{}\n", table_.row(cells));
  flush_out();
}

void TrainingOutput::diverged(const std::string& /*member*/) { clear(); }

void TrainingEvents::print(const char* event, const Json& what) {
  Json line{{"event", event}};
  line.update(what);
  clear();
  write_out_bytes(json_text(line, -1) + "\n");
  flush_out();
}

void TrainingEvents::remark(const std::string& text) {
  clear();
  print_err("{}\n", text);
}

void TrainingEvents::started(const TrainingStart& start) { print("started", to_json(start)); }

void TrainingEvents::epoch_ended(const EpochRow& row) { print("epoch", to_json(row)); }

void TrainingEvents::diverged(const std::string& member) {
  print("diverged", Json{{"member", member}});
}

int TrainingEvents::result(const TrainResult& result) {
  print("result", to_json(result));
  if (!result.stopped.empty()) return kInterrupted;
  return result.diverged ? kNumericError : kSuccess;
}

int print_training(const TrainResult& result) {
  for (const StoppedTraining& stopped : result.stopped)
    print_err("\n{}stopped at step {} and saved\n",
              stopped.member.empty() ? "" : fmt::format("member {}: ", stopped.member),
              stopped.step);
  if (!result.stopped.empty()) {
    print_err("  go on with: varphase train --resume --run {}\n", result.run);
    return kInterrupted;
  }
  if (result.finished_before)
    print_out("{}: all of its {} epochs are trained\n  --resume --epochs N makes it longer\n",
              result.run, result.epochs);
  if (!result.members.empty()) print_members(result);
  return result.diverged ? kNumericError : kSuccess;
}

}  // namespace varphase
