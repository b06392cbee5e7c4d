// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/transition_job.hpp"

#include "analysis/report/report.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "tools/app/named_runs.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/side_files.hpp"
#include "tools/app/table_file.hpp"

namespace varphase {

TransitionResult find_transition(const TransitionRequest& request, Job& /*job*/) {
  const std::vector<NamedRun> runs = named_runs(request.runs);
  if (!request.out.empty()) check_output_file(request.out, request.overwrite);
  TransitionRules rules;
  rules.kappa0 = parse_threshold(request.kappa0);
  rules.onset_count = request.onset_count;
  rules.onset_share = request.onset_share;
  rules.drop_points = request.drop_points;
  rules.gap_points = request.gap;
  TransitionResult result;
  std::vector<RunLock> locks;
  for (const NamedRun& run : runs) {
    locks.push_back(begin_analysis(run.path));
    result.runs.push_back(
        {run.name, run.path.string(), transition_of_run(run.path, rules, request.maps)});
  }
  SideFiles side;
  for (const NamedTransition& run : result.runs) {
    const RunLayout layout{run.run};
    side.add([&] { write_json_file(layout.transition_json(), to_json(run.transition)); });
    side.add([&] { write_text_atomically(layout.transition_csv(), to_csv(run.transition)); });
  }
  if (!request.out.empty()) {
    const std::span<const NamedTransition> all = result.runs;
    side.add([&] {
      write_table_file(
          request.out, [&] { return to_json(all); }, [&] { return to_csv(all); });
    });
  }
  result.unwritten = side.problems();
  return result;
}

Json to_json(const TransitionResult& result) {
  if (result.runs.size() == 1) return to_json(result.runs.front().transition);
  return to_json(std::span<const NamedTransition>(result.runs));
}

}  // namespace varphase
