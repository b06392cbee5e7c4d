// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/verbs.hpp"

namespace varphase {

const std::vector<VerbRow>& light_verbs() {
  static const std::vector<VerbRow> table{{"inspect", run_inspect},
                                          {"check", run_check},
                                          {"data", run_data},
                                          {"transition", run_transition},
                                          {"report", run_report}};
  return table;
}

}  // namespace varphase
