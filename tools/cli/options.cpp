// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/options.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "analysis/prune/criteria.hpp"
#include "src/base/error.hpp"
#include "src/data/readers.hpp"
#include "src/models/presets.hpp"
#include "src/train/train_config.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

std::string kebab(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

CLI::App* verb(CLI::App& app, const std::string& /*name*/, const std::string& /*help*/,
               const std::string& examples) {
  app.footer("Examples:\n" + examples);
  return &app;
}

void add_device(CLI::App* sub, Options& o) {
  sub->add_option("--device", o.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  sub->add_option("--threads", o.threads, "CPU threads; 0: all cores")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sub->add_flag("--quiet", o.quiet, "no progress line");
}

void add_json(CLI::App* sub, Options& o) {
  sub->add_flag("--json", o.json, "print the result as JSON");
}

void add_wide(CLI::App* sub, Options& o) {
  sub->add_flag("--wide", o.wide, "all columns of tables, which else fit 80 characters");
}

void add_data(CLI::App* sub, Options& o) {
  sub->add_option("--data", o.data, "images, where they are not those of the run's config");
}

/// One flag a field: the config struct's own line is all that a field needs.
/// @param defaults whether they are the struct's, to be shown
template <class Field>
void add_field(CLI::App* sub, Options& o, const std::string& section, const std::string& group,
               bool defaults, const char* name, const Field& field, const FieldInfo& info) {
  const std::string key = section + "." + name;
  std::string help = info.help;
  if (!info.choices.empty()) help += fmt::format(": {}", fmt::join(info.choices, ", "));
  std::string shown;
  if constexpr (std::is_same_v<Field, std::string>) {
    shown = field;
  } else if constexpr (std::is_same_v<Field, bool>) {
    shown = field ? "true" : "false";
  } else if constexpr (std::is_same_v<Field, Json>) {
    shown = field.dump();
  } else {
    shown = fmt::format("{}", field);
  }
  if (defaults) help += fmt::format(" [{}{}{}]", shown, info.unit.empty() ? "" : " ", info.unit);
  sub->add_option_function<std::string>(
         "--" + kebab(name), [&o, key](const std::string& text) { o.fields[key] = text; }, help)
      ->type_name("")
      ->group(group);
}

template <class Config>
void add_fields(CLI::App* sub, Options& o, const std::string& section, const std::string& group,
                bool defaults = true) {
  Config config;
  config.visit_fields([&](const char* name, auto& field, const FieldInfo& info) {
    if (info.recorded) return;
    add_field(sub, o, section, group, defaults, name, field, info);
  });
}

constexpr const char* kRunFields =
    "The run's configuration (defaults in brackets; a preset may have others)";

/// What sweep and prune share: which layers, on what scale, how they are mended.
void add_pruning(CLI::App* sub, Options& o) {
  sub->add_option("--layer", o.layer,
                  "the variance layers, with commas between: conv1,dense1 [all of the network]");
  sub->add_option(
         "--scope", o.scope,
         "what a sparsity is a share of: layer (of each) or global (of all together, on one "
         "scale of scores)")
      ->check(CLI::IsMember({"layer", "global"}))
      ->capture_default_str();
  sub->add_option("--repair", o.repair,
                  "none, batch-norm (statistics of the batch norms behind re-estimated), variance "
                  "(kept variances scaled to their output's former sum), both")
      ->capture_default_str();
  sub->add_option("--smooth", o.smooth,
                  "as kappa has it: a map that is there so is taken, else made")
      ->capture_default_str();
}

void declare_sweep(CLI::App& app, Options& o) {
  CLI::App* sub = verb(
      app, "sweep", "Accuracy, NLL and sparsity for every threshold and rule, or every criterion",
      "  varphase sweep runs/first\n  varphase sweep runs/first --split validation --choose "
      "'drop<=0.1'\n"
      "  varphase sweep runs/first --sparsities 0.9,0.95,0.98,0.99 --repair batch-norm\n"
      "  varphase sweep runs/first --criteria all --repair batch-norm\n"
      "  varphase sweep runs/a runs/b runs/c --criteria kappa,variance-share,random\n");
  sub->add_option("runs", o.paths,
                  "a run folder, RUN@EPOCH, a checkpoint or a pruned file; several, or a run of "
                  "several members: the mean over them")
      ->required();
  sub->add_option("--epoch", o.epoch, "last, best, or an epoch")->default_str("last");
  // One word a list: what stands behind it is a run.
  sub->add_option("--criteria", o.criteria,
                  "compare criteria at equal sparsity, with commas between, or all: " +
                      fmt::format("{}", fmt::join(criteria().names(), ", ")))
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_option(
         "--thresholds", o.thresholds,
         "log10 kappa_0, with commas between: 0.5,1,1.5 [-6 to 4 by 0.25, without --criteria]")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_option(
         "--sparsities", o.sparsities,
         "shares to drop, with commas between: 0.9,0.95 [with --criteria: 0.5 to 0.999 in 8 steps]")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0.0, 1.0));
  sub->add_option("--replace", o.replace, "mean or zero alone [both]");
  add_pruning(sub, o);
  sub->add_option("--choose", o.choose, "pick the sparsest row: drop<=POINTS of accuracy lost");
  sub->add_option("--split", o.split, "images: validation, test, train")
      ->default_str("validation where the run has one, else test");
  sub->add_option("--samples", o.samples, "members of the ensemble")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--seed", o.seed, "of the evaluation noise and of random scores")
      ->capture_default_str();
  add_data(sub, o);
  add_device(sub, o);
  add_wide(sub, o);
  add_json(sub, o);
}

void declare_prune(CLI::App& app, Options& o) {
  CLI::App* sub =
      verb(app, "prune",
           "Write a sparse ensemble: the weights of lowest score replaced by their mean or by zero",
           "  varphase prune runs/first --sparsity 0.95 --replace zero --repair batch-norm --out "
           "runs/first/pruned/95.h5\n"
           "  varphase prune runs/first --threshold 10^1.5 --replace mean\n"
           "  varphase prune runs/first --choose 'drop<=0.1'\n"
           "  varphase prune runs/first --criterion variance-share --sparsity 0.99 --repair both\n"
           "  varphase prune runs/first/pruned/95.h5 --sparsity 0.98\n");
  sub->add_option("run", o.run,
                  "a run folder, RUN@EPOCH, a checkpoint, or a pruned file to prune further")
      ->required();
  sub->add_option("--epoch", o.epoch, "last, best, or an epoch")->default_str("last");
  auto* group = sub->add_option_group("where to cut (one of)");
  group->add_option("--threshold", o.threshold,
                    "on the scores; of kappa kappa_0: 10^1.5, 31.6 or log:1.5");
  group->add_option("--sparsity", o.sparsity, "share of the weights to drop")
      ->check(CLI::Range(0.0, 1.0));
  group
      ->add_option(
          "--budget", o.budget,
          "share of each layer's weights to drop, with commas between: dense1=0.98,conv3=0.9")
      ->delimiter(',')
      ->allow_extra_args(false);
  group->add_option("--choose", o.choose,
                    "the sparsest cut on the validation images with drop<=POINTS");
  group->require_option(1);
  sub->add_option(
         "--criterion", o.criterion,
         "what weights are scored by: " + fmt::format("{}", fmt::join(criteria().names(), ", ")))
      ->capture_default_str();
  sub->add_option("--replace", o.replace, "what a dropped weight becomes: mean or zero [zero]");
  sub->add_option("--structure", o.structure,
                  "none; compact: dead units and channels are taken out of the network; neurons: "
                  "whole ones go, by summed score, and are taken out")
      ->capture_default_str();
  add_pruning(sub, o);
  sub->add_option("--samples", o.samples, "members of the ensemble, with --choose")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--seed", o.seed, "of noise and of random scores")->capture_default_str();
  sub->add_option("--out", o.out, "the file [RUN/pruned/NAME.h5]");
  sub->add_flag("--overwrite", o.overwrite, "replace a file that is there");
  add_data(sub, o);
  add_device(sub, o);
  add_wide(sub, o);
  add_json(sub, o);
}

}  // namespace

namespace {

class OldVerb final : public Verb {
 public:
  using Declare = void (*)(CLI::App&, Options&);
  OldVerb(const char* name, Declare declare) : name_(name), declare_(declare) {}
  std::string examples() const override { return ""; }
  void declare(Flags& flags) override {
    declare_(flags.verb(), options_);
    // Defaults that differ by verb are settled by the verb: an empty text means its own.
    options_.epoch.clear();
    options_.split.clear();
  }
  int run(const Engine& engine) override { return engine.old.at(name_)(options_); }

 private:
  const char* name_;
  Declare declare_;
  Options options_;
};

std::unique_ptr<Verb> make_old(const char* name, OldVerb::Declare declare) {
  return std::make_unique<OldVerb>(name, declare);
}

}  // namespace

std::unique_ptr<Verb> make_sweep_verb() { return make_old("sweep", declare_sweep); }
std::unique_ptr<Verb> make_prune_verb() { return make_old("prune", declare_prune); }

}  // namespace varphase
