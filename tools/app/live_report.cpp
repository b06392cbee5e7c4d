// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/live_report.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "analysis/report/comparison.hpp"
#include "analysis/report/live_page.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/distinct_names.hpp"
#include "src/base/error.hpp"
#include "tools/app/named_runs.hpp"
#include "tools/app/page_server.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

// How often files and the wish to stop are looked at; a page is made anew at most so often.
constexpr std::chrono::milliseconds kLook{200};
constexpr int kLooksBetween = 10;
// Ends of epochs by which the time that is left is told.
constexpr std::size_t kMeasured = 10;

/// What a page is made of, by path: when it was written and how long it is.
using Signature = std::map<fs::path, std::pair<fs::file_time_type, std::uintmax_t>>;

void add_file(const fs::path& path, Signature& signature) {
  std::error_code gone;
  const auto written = fs::last_write_time(path, gone);
  if (gone) return;
  const std::uintmax_t bytes = fs::file_size(path, gone);
  if (!gone) signature[path] = {written, bytes};
}

void add_run(const fs::path& run, Signature& signature) {
  const RunLayout layout{run};
  for (const fs::path& file :
       {layout.config(), layout.environment(), layout.metrics(), layout.transition_json()})
    add_file(file, signature);
  for (const fs::path& folder :
       {layout.kappa(), layout.sweeps(), layout.evaluations(), layout.attacks()}) {
    std::error_code gone;
    for (fs::recursive_directory_iterator item(folder, gone), end; !gone && item != end;
         item.increment(gone)) {
      // A leading dot is the mark of a writer's temporary file.
      if (item->path().filename().string().front() != '.' && item->is_regular_file(gone))
        add_file(item->path(), signature);
    }
  }
}

/// The page of runs as they are.
class LiveReport {
 public:
  explicit LiveReport(const ReportRequest& request) : request_(request) {}

  /// Looks at the files. @return whether any is not what it was
  bool look() {
    Signature signature;
    for (const NamedRun& run : named_runs(request_.runs)) add_run(run.path, signature);
    const std::lock_guard lock(mutex_);
    if (signature == signature_) return false;
    signature_ = std::move(signature);
    page_.clear();
    return true;
  }

  std::string page() {
    const std::lock_guard lock(mutex_);
    if (page_.empty()) page_ = rendered();
    return page_;
  }

 private:
  std::string rendered() {
    const std::vector<NamedRun> runs = named_runs(request_.runs);
    ComparisonInputs inputs;
    PageFrame frame{.live = true, .progress = ""};
    std::vector<RunProgress> progress;
    for (const NamedRun& run : runs) {
      inputs.runs.push_back(collect_report(run.path, {.cache = &maps_, .find_transition = true}));
      inputs.runs.back().name = run.name;
      progress.push_back(progress_of(inputs.runs.back()));
      measure(run.path, progress.back());
    }
    frame.progress = progress_html(progress);
    if (!is_comparison(request_.runs)) return render_report(inputs.runs.front(), frame);
    inputs.name = comparison_name(request_.runs, runs.size());
    return render_comparison(inputs, frame);
  }

  using Clock = std::chrono::steady_clock;
  /// An epoch and when it ended.
  using Ended = std::pair<std::int64_t, Clock::time_point>;

  /// What an epoch takes with its evaluation and files: metrics.csv has the seconds of the training alone.
  void measure(const fs::path& run, RunProgress& progress) {
    std::deque<Ended>& ended = ended_[run];
    const auto now = Clock::now() - std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(progress.since));
    // Another training, or the same after a pause.
    if (!ended.empty() &&
        (progress.epoch < ended.back().first ||
         (progress.epoch > ended.back().first &&
          is_pause(progress, std::chrono::duration<double>(now - ended.back().second).count()))))
      ended.clear();
    if (ended.empty() || progress.epoch > ended.back().first)
      ended.emplace_back(progress.epoch, now);
    if (ended.size() > kMeasured) ended.pop_front();
    if (ended.size() < 2) return;
    const std::chrono::duration<double> took = ended.back().second - ended.front().second;
    progress.seconds = took.count() / static_cast<double>(ended.back().first - ended.front().first);
  }

  const ReportRequest request_;
  std::map<fs::path, std::deque<Ended>> ended_;
  std::mutex mutex_;
  MapCache maps_;
  Signature signature_;
  std::string page_;
};

}  // namespace

void watch_report(const ReportRequest& request, WatchJob& job) {
  VARPHASE_CHECK(request.out.empty(), ErrorKind::usage,
                 "--out {}: --watch serves the page and writes none\n  report without --watch "
                 "writes it",
                 request.out);
  VARPHASE_CHECK(request.figures.empty(), ErrorKind::usage,
                 "--figures {}: --watch serves the page and writes none\n  report without --watch "
                 "writes them",
                 request.figures);
  LiveReport report(request);
  report.look();
  report.page();  // what is wrong with the runs is told now
  PageServer server(
      {[&] { return report.page(); }, [&] { return std::string(changing_part(report.page())); }},
      static_cast<int>(request.port));
  job.begin_stoppable();
  job.serving(server.address());
  std::string said;
  for (int looks = 0; !job.stop_requested(); ++looks) {
    std::this_thread::sleep_for(kLook);
    if (looks % kLooksBetween != 0) continue;
    try {
      if (report.look()) server.changed();
      said.clear();
    } catch (const std::exception& error) {  // a run that is being replaced
      if (said != error.what()) job.note(error.what());
      said = error.what();
    }
  }
}

}  // namespace varphase
