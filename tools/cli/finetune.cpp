// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/train_config.hpp"
#include "tools/app/finetune_job.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/training_output.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

class FinetuneVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase finetune runs/first/pruned/98.h5 --run runs/fine --epochs 20\n"
           "  varphase finetune runs/first/pruned/98.h5 --run runs/slow --learning-rate 1e-4\n"
           "  varphase finetune --resume --run runs/fine\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"pruned"});
    flags.optional("pruned");  // --resume takes none
    flags.required("run");
    flags.whole_words("set");
    flags.wide(wide_);
    flags.quiet(quiet_);
    flags.verb().add_flag("--json", json_, "print events as JSON, an object a line");
    TrainConfig config;
    flags.overrides(overrides_, "train",
                    "Training (else as the pruned run had it, with 20 epochs, all of KL at once)",
                    false, [&](auto&& visit) { config.visit_fields(visit); });
  }

  int run(const Engine& engine) override {
    // --set lies over the flags.
    request_.set.insert(request_.set.begin(), overrides_.begin(), overrides_.end());
    return show_training(json_, wide_, quiet_,
                         [&](TrainJob& job) { return engine.finetune(request_, job); });
  }

 private:
  FinetuneRequest request_;
  TextList overrides_;
  bool json_ = false, wide_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_finetune_verb() { return std::make_unique<FinetuneVerb>(); }

}  // namespace varphase
