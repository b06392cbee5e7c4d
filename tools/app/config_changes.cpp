// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/config_changes.hpp"

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

/// Whether --resume --epochs made the one of the other, in one go or in several.
bool is_extension(const TrainConfig& was, const TrainConfig& is) {
  if (is.epochs <= was.epochs) return false;
  const bool held = is.extension == "constant" && is.extended_from == was.extended_from &&
                    was.extension == "constant" && was.extended_from > 0;
  return is.extended_from >= was.epochs || held;
}

/// Names of classes are of people, and many: they are compared as one field.
Json flat(Json json) {
  json["data"].erase("class_names");
  return json.flatten();
}

}  // namespace

std::vector<ConfigChange> config_changes(const RunConfig& was, const RunConfig& is) {
  const Json before = flat(to_json(was)), now = flat(to_json(is));
  std::vector<ConfigChange> changes;
  if (was.data.class_names != is.data.class_names)
    changes.push_back(
        {"data.class_names", brief(was.data.class_names), brief(is.data.class_names), true});
  const bool extension = is_extension(was.train, is.train);
  const auto add = [&](const std::string& key, const std::string& old_value,
                       const std::string& value) {
    const std::string field = dotted(key);
    const bool extended = extension && kOfExtension.count(field) > 0;
    changes.push_back({field, old_value, value, extended || kFree.count(field) > 0});
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
