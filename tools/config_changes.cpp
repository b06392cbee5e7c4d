// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/config_changes.hpp"

#include <algorithm>
#include <set>

#include "src/base/json.hpp"

namespace varphase {
namespace {

/// Where images lie, and how the training is looked at and kept.
const std::set<std::string> kFree{
    "data.data",    "data.source", "train.every", "train.evaluate_every", "train.keep_optimizer",
    "train.samples"};
/// What --resume --epochs changes, and it alone.
const std::set<std::string> kOfExtension{"train.epochs", "train.extended_from", "train.extension",
                                         "train.prune_end"};

/// "/train/epochs" -> "train.epochs".
std::string dotted(std::string pointer) {
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return pointer.empty() ? pointer : pointer.substr(1);
}

}  // namespace

std::vector<ConfigChange> config_changes(const RunConfig& was, const RunConfig& is) {
  const Json before = to_json(was).flatten(), now = to_json(is).flatten();
  std::vector<ConfigChange> changes;
  const auto add = [&](const std::string& key, const std::string& old_value,
                       const std::string& value) {
    const std::string field = dotted(key);
    const bool extended = is.train.extended_from > 0 && kOfExtension.count(field) > 0;
    // Names are of people; older runs have none.
    const bool free = kFree.count(field) > 0 || field.rfind("data.class_names", 0) == 0;
    changes.push_back({field, old_value, value, extended || free});
  };
  for (const auto& [key, value] : now.items()) {
    const auto found = before.find(key);
    if (found == before.end()) {
      add(key, "nothing", value.dump());
    } else if (*found != value) {
      add(key, found->dump(), value.dump());
    }
  }
  for (const auto& [key, value] : before.items()) {
    if (!now.contains(key)) add(key, value.dump(), "nothing");
  }
  return changes;
}

std::vector<ConfigChange> check_same_training(const RunConfig& config,
                                              const std::string& checkpoint,
                                              const std::string& path) {
  RunConfig own;
  assign_fields(own, parse_json(checkpoint, path + ": attribute config"));
  std::vector<ConfigChange> changes = config_changes(own, config);
  std::string refused;
  for (const ConfigChange& change : changes) {
    if (change.allowed) continue;
    refused += fmt::format("\n  {}: {} in the checkpoint, {} in config.json", change.field,
                           change.was, change.is);
  }
  VARPHASE_CHECK(refused.empty(), ErrorKind::usage,
                 "{}: is of another training than the run's config.json says{}\n  put config.json "
                 "back as it was, or take the file out of this run; where images lie, evaluation "
                 "and retention may change, and --resume --epochs N extends a run",
                 path, refused);
  return changes;
}

}  // namespace varphase
