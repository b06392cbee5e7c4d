// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/run_folder.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/ranges.h>

#include "checkpoints/document.hpp"
#include "checkpoints/file_kind.hpp"
#include "checkpoints/retention.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/csv_table.hpp"
#include "tools/app/config_changes.hpp"
#include "tools/app/run_marker.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

std::int64_t whole_number(const std::string& text, const std::string& what) {
  std::int64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, status] = std::from_chars(text.data(), last, value);
  VARPHASE_CHECK(status == std::errc() && end == last && value >= 0, ErrorKind::usage,
                 "{} '{}': wants all, last, best, an epoch, or a list such as 1,5,10", what, text);
  return value;
}

/// What to say of a path that is not a run's folder: a mistyped file is not to be trained, and what lies within a run
/// is told which one.
std::string why_no_run(const fs::path& path) {
  const bool there = fs::exists(path);
  std::string text = there ? "no run (there is no config.json)" : "no run or file there";
  constexpr int kMostLevels = 3;  // kappa/images/epoch_0001.json
  fs::path above = path.lexically_normal();
  for (int up = 0; up < kMostLevels && above.has_parent_path(); ++up) {
    above = above.parent_path();
    if (fs::exists(RunLayout{above}.config()) && is_run(above))
      return fmt::format("{}\n  it {} in the run {}", text, there ? "lies" : "would lie",
                         above.string());
  }
  if (path.has_extension()) return text;
  return fmt::format("{}\n  make one with: varphase train --preset quickstart --run {}", text,
                     path.string());
}

}  // namespace

RunFolder::RunFolder(fs::path path) : layout_{std::move(path)} {
  const std::string name = layout_.folder.string();
  VARPHASE_CHECK(!name.empty(), ErrorKind::usage, "wants a run folder, got an empty name");
  VARPHASE_CHECK(!fs::is_regular_file(layout_.folder), ErrorKind::usage,
                 "{}: is a file, wants a run's folder", name);
  VARPHASE_CHECK(fs::exists(layout_.config()) || !fs::exists(layout_.members_file()),
                 ErrorKind::usage, "{}: several runs, not one\n  give one of them, such as {}",
                 name, layout_.member(0).string());
  VARPHASE_CHECK(fs::exists(layout_.config()), ErrorKind::io, "{}: {}", name,
                 why_no_run(layout_.folder));
}

RunConfig RunFolder::config() const {
  RunConfig config;
  assign_fields_of_file(config, layout_.config());
  return config;
}

std::vector<std::int64_t> RunFolder::epochs() const { return list_epochs(layout_.checkpoints()); }

std::vector<std::int64_t> RunFolder::select(const std::string& which) const {
  std::vector<std::int64_t> known = epochs();
  VARPHASE_CHECK(!known.empty(), ErrorKind::io, "{}: no checkpoints yet", path().string());
  if (which == "all") return known;
  if (which == "last") return {known.back()};
  if (which == "best") {
    const CsvTable table = read_csv(layout_.metrics());
    const bool validated = table.has("validation_accuracy_ensemble");
    const std::vector<double> accuracy =
        table.values(validated ? "validation_accuracy_ensemble" : "test_accuracy_ensemble");
    const std::vector<double> epoch = table.values("epoch");
    std::int64_t best = -1;
    double best_accuracy = -1;
    for (std::size_t i = 0; i < accuracy.size(); ++i) {
      const auto number = static_cast<std::int64_t>(epoch[i]);
      if (accuracy[i] > best_accuracy &&
          std::find(known.begin(), known.end(), number) != known.end()) {
        best = number;
        best_accuracy = accuracy[i];
      }
    }
    VARPHASE_CHECK(best >= 0, ErrorKind::format,
                   "{}: no ensemble accuracy in metrics.csv to choose the best epoch by",
                   path().string());
    return {best};
  }
  std::vector<std::int64_t> list;
  for (std::size_t start = 0; start <= which.size();) {
    const std::size_t comma = std::min(which.find(',', start), which.size());
    const std::int64_t epoch = whole_number(which.substr(start, comma - start), "--epoch");
    VARPHASE_CHECK(std::find(known.begin(), known.end(), epoch) != known.end(), ErrorKind::io,
                   "{}: no checkpoint of epoch {}; there are {} to {}", path().string(), epoch,
                   known.front(), known.back());
    list.push_back(epoch);
    start = comma + 1;
  }
  return list;
}

void check_is_of_its_run(const fs::path& checkpoint, const std::string& config) {
  const RunLayout run = RunLayout::of_file_in("checkpoints", checkpoint);
  if (run.folder.empty() || !fs::exists(run.config()) || !is_run(run.folder)) return;
  check_same_training(RunFolder(run.folder).config(), config, checkpoint.string());
}

namespace {

/// By its place: kappa maps are called epoch_0001.h5 too.
Target target_of_file(const std::string& text) {
  const fs::path path = text;
  const RunLayout layout = RunLayout::of_file_in("checkpoints", path);
  const std::string stem = path.stem().string();
  if (layout.folder.empty() || path.extension() != ".h5" || !stem.starts_with("epoch_")) {
    require_kind(path, read_document_header(path).kind, {kCheckpointKind});
    fail(ErrorKind::usage, "{}: wants a run folder, RUN@EPOCH or RUN/checkpoints/epoch_NNNN.h5",
         text);
  }
  return {RunFolder(layout.folder), {whole_number(stem.substr(6), "file")}};
}

}  // namespace

Target resolve_target(const std::string& text, const std::string& epoch) {
  fs::path path = text;
  const std::size_t at = text.rfind('@');
  if (!fs::exists(path) && at != std::string::npos) {
    RunFolder run(text.substr(0, at));
    std::vector<std::int64_t> epochs = run.select(text.substr(at + 1));
    return {run, epochs};
  }
  if (fs::is_regular_file(path)) return target_of_file(text);
  RunFolder run(path);
  std::vector<std::int64_t> epochs = run.select(epoch);
  return {run, epochs};
}

}  // namespace varphase
