// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/members_file.hpp"

#include <algorithm>

#include "checkpoints/retention.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/json.hpp"
#include "tools/app/config_changes.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMostMembers = 1000;

fs::path file_of(const fs::path& folder) { return RunLayout{folder}.members_file(); }

/// members.json as fields.
struct Fields {
  std::int64_t members = 0;
  std::string init;
  bool init_variances = true;
  RunConfig config;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("members", members, FieldInfo{.help = "runs", .min = 1, .max = kMostMembers});
    visit("init", init, FieldInfo{.help = "checkpoint that all begin with"});
    visit("init_variances", init_variances, FieldInfo{.help = "take log alpha from there too"});
    visit("config", config, FieldInfo{.help = "of member 0"});
  }
};

[[noreturn]] void damaged(const fs::path& path, const std::string& why) {
  fail(ErrorKind::format,
       "{}: {}\n  delete this folder to train the member anew, then train --resume", path.string(),
       why);
}

bool only_allowed(const std::vector<ConfigChange>& changes) {
  return std::all_of(changes.begin(), changes.end(),
                     [](const ConfigChange& change) { return change.allowed; });
}

}  // namespace

bool MembersFile::is_in(const fs::path& folder) { return fs::exists(file_of(folder)); }

MembersFile MembersFile::read(const fs::path& folder) {
  Fields file;
  const fs::path path = file_of(folder);
  assign_fields_of_file(file, path);
  VARPHASE_CHECK(file.members > 0, ErrorKind::format, "{}: wants \"members\"", path.string());
  return {folder, file.members, file.config, file.init, file.init_variances};
}

void MembersFile::write() const {
  write_json_file(file_of(folder), to_json(Fields{members, init, init_variances, config}));
}

fs::path MembersFile::path(std::int64_t member) const { return RunLayout{folder}.member(member); }

std::vector<fs::path> MembersFile::paths() const {
  std::vector<fs::path> list;
  for (std::int64_t i = 0; i < members; ++i) list.push_back(path(i));
  return list;
}

RunConfig MembersFile::member_config(std::int64_t member) const {
  RunConfig own = config;
  own.train.seed += member;
  return own;
}

MembersFile::State MembersFile::state(std::int64_t member) const {
  const fs::path own = path(member);
  if (is_before_first_checkpoint(own)) return State::absent;
  if (!fs::exists(RunLayout{own}.config())) damaged(own, "damaged: there is no config.json");
  const RunFolder run(own);
  RunConfig found;
  try {
    found = run.config();
  } catch (const Error& error) {
    damaged(own, fmt::format("damaged: {}", error.what()));
  }
  const RunConfig planned = member_config(member);
  const std::vector<ConfigChange> changes = config_changes(found, planned);
  if (!only_allowed(changes)) {
    VARPHASE_CHECK(
        found.train.extended_from == 0 || !only_allowed(config_changes(planned, found)),
        ErrorKind::usage,
        "{}: this member was made longer by itself, to {} epochs\n  --resume --epochs {} "
        "makes all of them as long",
        own.string(), found.train.epochs, found.train.epochs);
    damaged(own, fmt::format("its config.json is not that of member {} (seed {})", member,
                             member_config(member).train.seed));
  }
  if (fs::exists(run.layout().interrupted())) return State::begun;
  const NewestEpoch newest = newest_readable_epoch(run.layout().checkpoints());
  if (!newest.epoch)
    damaged(own, newest.skipped.empty() ? "damaged: there is no checkpoint"
                                        : fmt::format("damaged: no checkpoint can be read: {}",
                                                      newest.skipped.front()));
  return *newest.epoch >= config.train.epochs ? State::finished : State::begun;
}

}  // namespace varphase
