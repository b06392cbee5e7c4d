// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/world.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/train_job.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/training_output.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

constexpr const char* kTrainFields =
    "The run's configuration (defaults in brackets; a preset may have others)";

class TrainVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase train --preset quickstart --run runs/first\n"
           "  varphase train --preset lenet5 --data path/to/mnist --run runs/paper --epochs 20\n"
           "  varphase train --resume --run runs/first\n"
           "  varphase train --preset quickstart --members 5 --run runs/five\n"
           "  varphase train --preset lenet5 --init runs/plain --run runs/from-plain\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_);
    flags.required("run");
    flags.whole_words("set");
    flags.wide(wide_);
    flags.quiet(quiet_);
    flags.verb().add_flag("--json", json_, "print events as JSON, an object a line");
    const auto overrides = [&](const std::string& section, auto config) {
      flags.overrides(overrides_, section, kTrainFields, true,
                      [&](auto&& visit) { config.visit_fields(visit); });
    };
    overrides("data", DataConfig{});
    overrides("train", TrainConfig{});
  }

  int run(const Engine& engine) override {
    // --set lies over the flags.
    request_.set.insert(request_.set.begin(), overrides_.begin(), overrides_.end());
    request_.restarted = world_of_environment().restarted();
    return show_training(json_, wide_, quiet_,
                         [&](TrainJob& job) { return engine.train(request_, job); });
  }

 private:
  TrainRequest request_;
  TextList overrides_;
  bool json_ = false, wide_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_train_verb() { return std::make_unique<TrainVerb>(); }

}  // namespace varphase
