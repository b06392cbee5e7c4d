// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/shift_job.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

/// Prints each row as it is known.
class PrintedShift final : public TerminalJob<ShiftJob> {
 public:
  PrintedShift(bool quiet, bool rows)
      : TerminalJob(quiet),
        rows_(rows),
        table_({{"corruption", 14, 0, true},
                {"strength", 8},
                {"det. %", 6},
                {"ens. %", 6},
                {"det. NLL", 8},
                {"ens. NLL", 8},
                {"det. ECE", 8},
                {"ens. ECE", 8}}) {}

  void network(const ShiftedNetwork& network) override {
    if (!rows_) return;
    clear();
    print_out("{}{}: {} images\n{}\n", begun_ ? "\n" : "", network.name, count_text(network.images),
              table_.header());
    begun_ = true;
  }
  void scored(const ShiftScores& scores) override {
    if (!rows_) return;
    clear();
    const Metrics& plain = scores.metrics.at("deterministic");
    const Metrics& many = scores.metrics.at("ensemble");
    print_out("{}\n",
              table_.row({scores.corruption,
                          scores.strength == 0 ? std::string("-") : std::to_string(scores.strength),
                          fmt::format("{:.2f}", 100 * plain.accuracy),
                          fmt::format("{:.2f}", 100 * many.accuracy),
                          fmt::format("{:.4f}", plain.nll), fmt::format("{:.4f}", many.nll),
                          fmt::format("{:.4f}", plain.ece), fmt::format("{:.4f}", many.ece)}));
  }

 private:
  bool rows_, begun_ = false;
  TextTable table_;
};

class ShiftVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase shift runs/first runs/first/pruned/95.h5\n"
           "  varphase shift runs/first --corruptions rotation,gaussian-noise --images 2000\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"paths"});
    flags.quiet(quiet_);
    flags.offer("form", {"auto", "dense", "csr", "compact"});
    flags.offer("epoch", {"last", "best"});
    flags.offer("device", {"auto", "cpu", "cuda"});
    flags.json(json_);
  }

  int run(const Engine& engine) override {
    PrintedShift job(quiet_ || json_, !json_);
    const ShiftResult result = engine.shift(request_, job);
    if (json_) {
      print_json(to_json(result));
    } else {
      print_out(
          "\n{} images, K = {}; NLL in nats an image, ECE of 15 bins;\n"
          "mean: over the corruptions\n",
          result.split, result.samples);
    }
    return kSuccess;
  }

 private:
  ShiftRequest request_;
  bool json_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_shift_verb() { return std::make_unique<ShiftVerb>(); }

}  // namespace varphase
