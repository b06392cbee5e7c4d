// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/verbs.hpp"

namespace varphase {

const std::vector<VerbRow>& verbs() {
  static const std::vector<VerbRow> table{
      {"train", "Train a variance network, keeping every epoch", Program::engine, make_train_verb,
       true},
      {"finetune",
       "Train a pruned network on: what was dropped stays dropped, the rest gets better",
       Program::engine, make_finetune_verb, true},
      {"kappa", "Exact kappa maps and histograms of checkpoints", Program::engine, make_kappa_verb,
       true},
      {"transition",
       "When the transition happens: weights over kappa_0, accuracies and log alpha by epoch",
       Program::front, make_transition_verb},
      {"sweep", "Accuracy, NLL and sparsity for every threshold and rule, or every criterion",
       Program::engine, make_sweep_verb, true},
      {"prune",
       "Write a sparse ensemble: the weights of lowest score replaced by their mean or by zero",
       Program::engine, make_prune_verb},
      {"eval", "Accuracy and NLL of full and pruned networks, side by side", Program::engine,
       make_eval_verb, true},
      {"shift",
       "How networks fare as images get noisy, blurred, turned, dark: by kind and strength",
       Program::engine, make_shift_verb, true},
      {"attack", "How easily images are moved until networks are wrong: rate and entropy by step",
       Program::engine, make_attack_verb, true},
      {"export", "Write a network as safetensors, ONNX, or a file that PyTorch runs",
       Program::engine, make_export_verb},
      {"import", "Make a run of a PyTorch network's weights (safetensors or NPZ)", Program::engine,
       make_import_verb},
      {"predict", "Class probabilities and their uncertainty for images without labels",
       Program::engine, make_predict_verb, true},
      {"inspect", "What is in a checkpoint, kappa or pruned file", Program::front,
       make_inspect_verb},
      {"check", "Whether files are whole: digest, checksums, schema", Program::front,
       make_check_verb},
      {"data", "Describe a data set", Program::front, make_data_verb},
      {"report",
       "One HTML page of a run, or of several side by side, to be opened without a network",
       Program::front, make_report_verb},
      {"completion", "A script that completes verbs, flags and values in bash, zsh or fish",
       Program::front, make_completion_verb},
      {"man", "A manual page of the program or of a verb", Program::front, make_man_verb}};
  return table;
}

}  // namespace varphase
