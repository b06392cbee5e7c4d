// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "tools/cli/verb.hpp"

namespace varphase {

// Each in the verb's own file; verbs.cpp is the table of them.
std::unique_ptr<Verb> make_train_verb();
std::unique_ptr<Verb> make_finetune_verb();
std::unique_ptr<Verb> make_kappa_verb();
std::unique_ptr<Verb> make_transition_verb();
std::unique_ptr<Verb> make_sweep_verb();
std::unique_ptr<Verb> make_prune_verb();
std::unique_ptr<Verb> make_attack_verb();
std::unique_ptr<Verb> make_eval_verb();
std::unique_ptr<Verb> make_shift_verb();
std::unique_ptr<Verb> make_export_verb();
std::unique_ptr<Verb> make_import_verb();
std::unique_ptr<Verb> make_predict_verb();
std::unique_ptr<Verb> make_inspect_verb();
std::unique_ptr<Verb> make_check_verb();
std::unique_ptr<Verb> make_data_verb();
std::unique_ptr<Verb> make_report_verb();
std::unique_ptr<Verb> make_completion_verb();
std::unique_ptr<Verb> make_man_verb();

}  // namespace varphase
