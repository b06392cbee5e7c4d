// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/run_contents.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <initializer_list>
#include <set>
#include <string>
#include <system_error>

#include "analysis/kappa/map_files.hpp"
#include "checkpoints/retention.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tools/app/run_marker.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// The layout as names below a run's folder.
const RunLayout kLayout{};
const std::string kCheckpoints = kLayout.checkpoints().string();
const std::string kMembers = kLayout.members().string();
const std::string kKappa = kLayout.kappa().string();
const std::string kSweeps = kLayout.sweeps().string();
const std::string kPruned = kLayout.pruned().string();
const std::string kExports = kLayout.exports().string();
const std::string kEvaluations = kLayout.evaluations().string();
const std::string kAttacks = kLayout.attacks().string();
/// The folders in which users choose the names.
const std::set<std::string> kResults{kKappa, kSweeps, kPruned, kExports, kEvaluations, kAttacks};
/// What a training writes beside its checkpoints: all that is there before the first of them.
const std::set<std::string> kEarly{
    kLayout.marker().string(),  kLayout.config().string(), kLayout.members_file().string(),
    kLayout.metrics().string(), kLayout.log().string(),    kLayout.environment().string(),
    RunLock::kTraining,         RunLock::kAnalysis};
/// What analyses write beside them.
const std::set<std::string> kLate{kLayout.transition_json().string(),
                                  kLayout.transition_csv().string(), kLayout.page().string()};

bool is_top(const std::string& name) { return kEarly.contains(name) || kLate.contains(name); }

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

/// Whether a JSON file is an object with all of these.
bool is_object_with(const fs::path& path, std::initializer_list<const char*> keys) {
  try {
    const Json json = read_json_file(path);
    return json.is_object() && std::all_of(keys.begin(), keys.end(),
                                           [&](const char* key) { return json.contains(key); });
  } catch (const Error&) {
    return false;
  }
}

bool is_result_json(const std::string& top, const fs::path& path) {
  if (top == kKappa) return is_object_with(path, {"images", "split", "layers"});
  if (top == kSweeps) return is_object_with(path, {"samples", "split", "rows"});
  if (top == kAttacks) return is_object_with(path, {"method", "gradients", "judges"});
  return top == kEvaluations && is_object_with(path, {"samples", "split", "entries"});
}

/// A file in one of the folders whose names users choose.
/// @param top  that folder's name
bool is_result(const std::string& top, const fs::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".h5")
    return (top == kKappa || top == kPruned || top == kAttacks) && holds(path, "VARPHASE", -56, 8);
  if (ending == ".safetensors")
    return top == kExports && holds(path, "varphase.kind", 0, 1U << 16U);
  if (ending == ".onnx") return top == kExports && holds(path, "varphase", 0, 64);
  if (ending == ".json") return is_result_json(top, path);
  if (ending == ".png")
    return top == kAttacks && is_result_json(top, fs::path(path).replace_extension(".json"));
  if (ending != ".csv") return false;
  return (top == kKappa && path.filename() == MapFiles::histogram("") &&
          holds(path, "epoch,", 0, 6)) ||
         is_result_json(top, fs::path(path).replace_extension(".json"));
}

/// A file that people may have made themselves: what it holds tells. The others are asked for by
/// their names alone, damaged or not.
/// @param path  in a run's own folder
bool is_of_form(const fs::path& path, fs::file_type type) {
  if (type != fs::file_type::regular) return true;
  const std::string name = path.filename().string();
  if (name == kLayout.page()) return holds(path, "content=\"Varphase", 0, 1U << 12U);
  if (name == kLayout.transition_json()) return is_object_with(path, {"layers", "rows"});
  return true;
}

bool is_epoch(const std::string& name) {
  std::int64_t epoch = -1;
  if (name.rfind("epoch_", 0) != 0) return false;
  std::from_chars(name.data() + 6, name.data() + name.size(), epoch);
  return epoch >= 0 && epoch_path("", epoch).string() == name;
}

bool is_member(const std::string& name) {
  return name.size() >= 2 && name.find_first_not_of("0123456789") == std::string::npos;
}

/// The place of something in a run, the member's folder taken away: {"checkpoints",
/// "epoch_0001.h5"}.
std::vector<std::string> place_in_its_run(std::vector<std::string> place) {
  if (place.size() > 2 && place[0] == kMembers && is_member(place[1]))
    place.erase(place.begin(), place.begin() + 2);
  return place;
}

bool is_own_folder(const std::vector<std::string>& place) {
  if (place.empty() || (place[0] == kMembers && place.size() == 1)) return true;
  if (place[0] == kMembers && place.size() == 2) return is_member(place[1]);
  const std::vector<std::string> own = place_in_its_run(place);
  return (own[0] == kCheckpoints && own.size() == 1) || kResults.count(own[0]) > 0;
}

/// @param place  from the run to the file, then its name
bool is_ours(const fs::directory_entry& entry, const std::vector<std::string>& place) {
  std::vector<std::string> folder = place;
  folder.pop_back();
  if (!is_own_folder(folder)) return false;
  std::error_code gone;
  const fs::file_type type = entry.symlink_status(gone).type();
  const std::vector<std::string> own = place_in_its_run(place);
  const std::string& name = own.back();
  if (type != fs::file_type::regular && type != fs::file_type::symlink) return false;
  if (writer_of_temporary(name)) return true;
  if (own.size() == 1) return is_top(name) && is_of_form(entry.path(), type);
  if (own[0] == kCheckpoints)
    return own.size() == 2 && (name == kLayout.interrupted().filename() || is_epoch(name));
  return type == fs::file_type::regular && kResults.count(own[0]) > 0 &&
         is_result(own[0], entry.path());
}

std::vector<std::string> parts_of(const fs::path& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : path) parts.push_back(part.string());
  return parts;
}

bool is_plain_folder(const fs::directory_entry& entry) {
  std::error_code gone;
  return !entry.is_symlink(gone) && entry.is_directory(gone);
}

/// A run that lies in another's folder, and is none of its members.
bool is_inner_run(const fs::path& folder, const std::vector<std::string>& place) {
  const bool member = place.size() == 2 && place[0] == kMembers && is_member(place[1]);
  std::error_code gone;
  return !member && (fs::exists(RunLayout{folder}.marker(), gone) ||
                     (fs::exists(RunLayout{folder}.config(), gone) &&
                      fs::exists(RunLayout{folder}.checkpoints(), gone)));
}

/// Everything below a folder, a folder before what it holds.
/// @param visit  told the entry, its place, and whether it lies in a run within this one
template <class Visit>
void for_each_below(const fs::path& folder, Visit&& visit) {
  std::error_code error;
  int inner = -1;  // how deep the run lies that is gone through
  fs::recursive_directory_iterator entry(folder, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (entry.depth() <= inner) inner = -1;
    const std::vector<std::string> place = parts_of(entry->path().lexically_relative(folder));
    if (inner < 0 && is_plain_folder(*entry) && is_inner_run(entry->path(), place))
      inner = entry.depth();
    visit(*entry, place, inner >= 0);
  }
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be listed: {}", folder.string(),
                 error.message());
}

/// Whether there are no more rows than a training's first.
bool has_one_row(const fs::path& metrics) {
  std::ifstream file(metrics);
  int lines = 0;
  for (std::string line; lines < 3 && std::getline(file, line);) ++lines;
  return lines < 3;
}

bool is_early(const fs::path& run, const RunContents& contents) {
  return std::all_of(contents.ours.begin(), contents.ours.end(), [&](const fs::path& path) {
    const std::vector<std::string> place = place_in_its_run(parts_of(path.lexically_relative(run)));
    if (writer_of_temporary(place.back())) return true;
    return place.size() == 1 && kEarly.count(place[0]) > 0 &&
           (place[0] != kLayout.metrics() || has_one_row(path));
  });
}

}  // namespace

RunContents run_contents(const fs::path& run) {
  RunContents contents;
  std::error_code error;
  if (!fs::exists(run, error)) return contents;
  for_each_below(run, [&](const fs::directory_entry& entry, const std::vector<std::string>& place,
                          bool inner) {
    if (is_plain_folder(entry)) return;
    const bool ours = !inner && is_ours(entry, place);
    (ours ? contents.ours : contents.foreign).push_back(entry.path());
  });
  std::sort(contents.ours.begin(), contents.ours.end());
  std::sort(contents.foreign.begin(), contents.foreign.end());
  return contents;
}

bool is_file_of_training(const std::string& name) { return kEarly.count(name) > 0; }

bool is_before_first_checkpoint(const fs::path& run) { return is_early(run, run_contents(run)); }

bool is_vacant(const fs::path& run) {
  std::error_code error;
  const fs::file_status status = fs::status(run, error);
  if (status.type() == fs::file_type::not_found) return true;
  VARPHASE_CHECK(status.type() != fs::file_type::none, ErrorKind::io, "{}: cannot be looked at: {}",
                 run.string(), error.message());
  if (status.type() != fs::file_type::directory) return false;
  for (fs::directory_iterator entry(run, error), end; !error && entry != end;
       entry.increment(error)) {
    // Whoever gives a home by mistake does not wait until all of it was gone through.
    const std::string name = entry->path().filename().string();
    if (!is_top(name) && !is_own_folder({name}) && !writer_of_temporary(name)) return false;
  }
  const RunContents contents = run_contents(run);
  if (!contents.foreign.empty() || !is_early(run, contents)) return false;
  // Names such as log.txt are anybody's: only our marker says that they are a run's.
  const auto locks_nothing = [](const fs::path& path) {
    const std::string name = path.filename().string();
    return name != RunLock::kTraining && name != RunLock::kAnalysis && !writer_of_temporary(name);
  };
  if (std::none_of(contents.ours.begin(), contents.ours.end(), locks_nothing)) return true;
  try {
    return read_run_marker(run).has_value();
  } catch (const Error&) {
    return false;
  }
}

std::vector<fs::path> clear_run(const fs::path& run) {
  RunContents contents = run_contents(run);
  std::error_code error;
  std::stable_partition(contents.ours.begin(), contents.ours.end(), [](const fs::path& path) {
    return path.filename() == kLayout.members_file() || path.filename() == kLayout.config();
  });
  for (const fs::path& path : contents.ours) {
    const std::string name = path.filename().string();
    if (name == RunLock::kTraining || name == RunLock::kAnalysis || path == RunLayout{run}.marker())
      continue;
    VARPHASE_CHECK(fs::remove(path, error) || !error, ErrorKind::io, "{}: cannot be deleted: {}",
                   path.string(), error.message());
  }
  std::vector<fs::path> folders;
  try {
    for_each_below(run, [&](const fs::directory_entry& entry, const std::vector<std::string>& place,
                            bool inner) {
      if (!inner && is_plain_folder(entry) && is_own_folder(place)) folders.push_back(entry.path());
    });
  } catch (const Error&) {
    // A folder that cannot be listed, or that another process has just taken away, holds up no
    // work.
  }
  std::sort(folders.rbegin(), folders.rend());  // the deeper ones first
  for (const fs::path& folder : folders) {
    for (const char* lock : {RunLock::kTraining, RunLock::kAnalysis})
      if (folder.parent_path() == RunLayout{run}.members()) fs::remove(folder / lock, error);
    fs::remove(folder, error);  // refused where something of somebody else's lies in it
  }
  return contents.foreign;
}

std::vector<fs::path> linked_folders(const fs::path& run) {
  std::vector<fs::path> links;
  std::error_code error;
  if (!fs::exists(run, error)) return links;
  for_each_below(run, [&](const fs::directory_entry& entry, const std::vector<std::string>& place,
                          bool inner) {
    if (!inner && is_own_folder(place) && entry.is_symlink(error) && entry.is_directory(error))
      links.push_back(entry.path());
  });
  return links;
}

std::vector<fs::path> member_folders(const fs::path& run) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(RunLayout{run}.members(), error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_plain_folder(*entry) && is_member(entry->path().filename().string()))
      folders.push_back(entry->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

void remove_stale_temporaries_of_run(const fs::path& run, bool training) {
  constexpr double kTenMinutes = 600;
  remove_stale_temporaries(run, kTenMinutes);
  std::vector<fs::path> folders;
  for_each_below(run, [&](const fs::directory_entry& entry, const std::vector<std::string>& place,
                          bool inner) {
    if (!inner && is_plain_folder(entry) && is_own_folder(place)) folders.push_back(entry.path());
  });
  for (const fs::path& folder : folders) {
    const bool ours = training && folder == RunLayout{run}.checkpoints();
    remove_stale_temporaries(folder, ours ? 0 : kTenMinutes);
  }
}

RunLock begin_analysis(const fs::path& run) {
  if (!is_run(run)) return RunLock::none();
  RunLock lock = RunLock::analysis(run);
  remove_stale_temporaries_of_run(run, false);
  return lock;
}

}  // namespace varphase
