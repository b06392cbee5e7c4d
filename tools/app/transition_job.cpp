// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/transition_job.hpp"

#include "analysis/report/report.hpp"
#include "src/base/atomic_file.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/side_files.hpp"

namespace varphase {

TransitionResult find_transition(const TransitionRequest& request, Job& /*job*/) {
  const RunFolder run(request.run);
  const RunLock lock = begin_analysis(run.path());
  TransitionRules rules;
  rules.kappa0 = parse_threshold(request.kappa0);
  rules.onset_count = request.onset_count;
  rules.onset_share = request.onset_share;
  rules.drop_points = request.drop_points;
  rules.gap_points = request.gap;
  TransitionResult result;
  result.transition = transition_of_run(run.path(), rules, request.maps);
  SideFiles side;
  side.add([&] { write_json_file(run.layout().transition_json(), to_json(result.transition)); });
  side.add(
      [&] { write_text_atomically(run.layout().transition_csv(), to_csv(result.transition)); });
  result.unwritten = side.problems();
  return result;
}

}  // namespace varphase
