// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "tools/cli/options.hpp"

namespace varphase {

using Verb = int (*)(const Options& options);

struct VerbRow {
  std::string name;
  Verb run;
};

/// Verbs that need no network: the front program runs them itself, without loading LibTorch.
const std::vector<VerbRow>& light_verbs();
/// Verbs of the engine.
const std::vector<VerbRow>& engine_verbs();

int run_inspect(const Options& options);
int run_check(const Options& options);
int run_data(const Options& options);
int run_transition(const Options& options);
int run_report(const Options& options);

int run_train(const Options& options);
int run_finetune(const Options& options);
int run_kappa(const Options& options);
int run_sweep(const Options& options);
int run_prune(const Options& options);
int run_eval(const Options& options);
int run_export(const Options& options);
int run_import(const Options& options);
int run_predict(const Options& options);

/// Runs a verb; an exception becomes a message on stderr and its exit code.
int guarded(Verb verb, const Options& options);

}  // namespace varphase
