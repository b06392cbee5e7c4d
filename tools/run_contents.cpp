// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/run_contents.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>
#include <string>
#include <system_error>

#include "checkpoints/retention.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tools/run_marker.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

const std::set<std::string> kTop{"run.json",         "config.json",     "members.json",
                                 "metrics.csv",      "log.txt",         "environment.json",
                                 "transition.json",  "transition.csv",  "report.html",
                                 RunLock::kTraining, RunLock::kAnalysis};
const std::set<std::string> kResults{"kappa", "sweeps", "pruned", "exports", "evaluations"};

bool holds(const fs::path& path, std::string_view words, std::streamoff from, std::size_t bytes) {
  std::ifstream file(path, std::ios::binary);
  if (from < 0) {
    file.seekg(from, std::ios::end);
  }
  std::string text(bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(bytes));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text.find(words) != std::string::npos;
}

bool is_result_json(const fs::path& path) {
  try {
    const Json json = read_json_file(path);
    return json.is_object() &&
           (json.contains("rows") || json.contains("entries") || json.contains("layers"));
  } catch (const Error&) {
    return false;
  }
}

/// A file in one of the folders whose names users choose.
bool is_result(const fs::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".h5") return holds(path, "VARPHASE", -56, 8);
  if (ending == ".safetensors") return holds(path, "varphase.kind", 0, 1U << 16U);
  if (ending == ".onnx") return holds(path, "varphase", 0, 64);
  if (ending == ".json") return is_result_json(path);
  if (ending != ".csv") return false;
  return path.filename() == "histogram.csv" ||
         is_result_json(fs::path(path).replace_extension(".json"));
}

bool is_epoch(const std::string& name) {
  std::int64_t epoch = -1;
  if (name.rfind("epoch_", 0) != 0) return false;
  std::from_chars(name.data() + 6, name.data() + name.size(), epoch);
  return epoch >= 0 && epoch_path("", epoch).string() == name;
}

/// @param place the folders from the run to the file, then its name
bool is_ours(const fs::path& path, const std::vector<std::string>& place) {
  const std::string& name = place.back();
  if (writer_of_temporary(name)) return true;
  if (place.size() == 1) return kTop.count(name) > 0;
  if (place[0] == "members" && place.size() > 2)
    return is_ours(path, {place.begin() + 2, place.end()});
  if (place[0] == "checkpoints")
    return place.size() == 2 && (name == "interrupted.h5" || is_epoch(name));
  return kResults.count(place[0]) > 0 && is_result(path);
}

std::vector<std::string> parts_of(const fs::path& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : path) parts.push_back(part.string());
  return parts;
}

template <class Visit>
void for_each_below(const fs::path& folder, Visit&& visit) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error))
    visit(*entry);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be listed: {}", folder.string(),
                 error.message());
}

bool is_plain_folder(const fs::directory_entry& entry) {
  std::error_code gone;
  return entry.symlink_status(gone).type() == fs::file_type::directory;
}

}  // namespace

RunContents run_contents(const fs::path& run) {
  RunContents contents;
  if (!fs::exists(run)) return contents;
  for_each_below(run, [&](const fs::directory_entry& entry) {
    if (is_plain_folder(entry)) return;
    std::error_code gone;
    const bool regular = entry.symlink_status(gone).type() == fs::file_type::regular;
    const bool ours =
        regular && is_ours(entry.path(), parts_of(entry.path().lexically_relative(run)));
    (ours ? contents.ours : contents.foreign).push_back(entry.path());
  });
  std::sort(contents.ours.begin(), contents.ours.end());
  std::sort(contents.foreign.begin(), contents.foreign.end());
  return contents;
}

bool is_vacant(const fs::path& run) {
  if (!fs::exists(run)) return true;
  if (!fs::is_directory(run)) return false;
  const RunContents contents = run_contents(run);
  if (!contents.foreign.empty()) return false;
  const auto matters = [&](const fs::path& path) {
    const std::vector<std::string> place = parts_of(path.lexically_relative(run));
    return place.size() > 1 && !writer_of_temporary(place.back());
  };
  if (std::any_of(contents.ours.begin(), contents.ours.end(), matters)) return false;
  // A config.json without our marker may be another program's.
  return !fs::exists(run / "config.json") || read_run_marker(run).has_value();
}

std::vector<fs::path> clear_run(const fs::path& run) {
  const RunContents contents = run_contents(run);
  std::error_code error;
  for (const fs::path& path : contents.ours) {
    const std::string name = path.filename().string();
    if (name == RunLock::kTraining || name == RunLock::kAnalysis) continue;
    VARPHASE_CHECK(fs::remove(path, error) || !error, ErrorKind::io, "{}: cannot be deleted: {}",
                   path.string(), error.message());
  }
  std::vector<fs::path> folders;
  for_each_below(run, [&](const fs::directory_entry& entry) {
    if (!is_plain_folder(entry)) return;
    const std::string top = parts_of(entry.path().lexically_relative(run)).front();
    if (top == "checkpoints" || top == "members" || kResults.count(top) > 0)
      folders.push_back(entry.path());
  });
  std::sort(folders.rbegin(), folders.rend());  // the deeper ones first
  for (const fs::path& folder : folders) {
    for (const char* lock : {RunLock::kTraining, RunLock::kAnalysis})
      if (folder.parent_path().filename() == "members") fs::remove(folder / lock, error);
    fs::remove(folder, error);  // refused where something of somebody else's lies in it
  }
  return contents.foreign;
}

void remove_stale_temporaries_of_run(const fs::path& run, bool training) {
  constexpr double kTenMinutes = 600;
  remove_stale_temporaries(run, kTenMinutes);
  std::vector<fs::path> folders;
  for_each_below(run, [&](const fs::directory_entry& entry) {
    if (is_plain_folder(entry)) folders.push_back(entry.path());
  });
  for (const fs::path& folder : folders) {
    const bool ours = training && folder == run / "checkpoints";
    remove_stale_temporaries(folder, ours ? 0 : kTenMinutes);
  }
}

RunLock begin_analysis(const fs::path& run) {
  RunLock lock = RunLock::analysis(run);
  if (fs::exists(run / "config.json")) remove_stale_temporaries_of_run(run, false);
  return lock;
}

}  // namespace varphase
