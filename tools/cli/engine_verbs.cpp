// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/verbs.hpp"

namespace varphase {

const std::vector<VerbRow>& engine_verbs() {
  static const std::vector<VerbRow> table{
      {"train", run_train},     {"finetune", run_finetune}, {"kappa", run_kappa},
      {"sweep", run_sweep},     {"prune", run_prune},       {"eval", run_eval},
      {"predict", run_predict}, {"export", run_export},     {"import", run_import}};
  return table;
}

}  // namespace varphase
