// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/config_fields.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "analysis/report/shown_text.hpp"

namespace varphase {
namespace {

using Fields = std::map<std::string, std::string>;

// Of environment.json: where and when.
constexpr const char* kCircumstances[] = {"environment.command", "environment.created",
                                          "environment.dataset"};

/// "train.seed" -> "1"; objects and lists of objects are followed.
void flatten_fields(const Json& json, const std::string& prefix, Fields& fields) {
  const auto follow = [&](const std::string& key, const Json& value) {
    flatten_fields(value, prefix.empty() ? key : prefix + "." + key, fields);
  };
  const bool nested = json.is_array() && std::any_of(json.begin(), json.end(), [](const Json& one) {
                        return one.is_structured();
                      });
  if (json.is_object() && !json.empty()) {
    for (const auto& item : json.items()) follow(item.key(), item.value());
  } else if (nested) {
    for (std::size_t i = 0; i < json.size(); ++i) follow(std::to_string(i), json[i]);
  } else if (prefix != "data.source") {
    fields[prefix] = shortened(shown_text(json));
  }
}

Fields fields_of_config(const ReportInputs& run) {
  Fields fields;
  if (run.config.is_object()) flatten_fields(run.config, "", fields);
  return fields;
}

Fields fields_of_run(const ReportInputs& run) {
  Fields fields = fields_of_config(run);
  if (run.environment.is_object()) flatten_fields(run.environment, "environment", fields);
  for (const char* name : kCircumstances) fields.erase(name);
  return fields;
}

}  // namespace

std::vector<std::vector<std::size_t>> groups_of_seeds(const std::vector<ReportInputs>& runs) {
  std::vector<std::vector<std::size_t>> groups;
  std::vector<Fields> configs;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Fields fields = fields_of_config(runs[i]);
    fields.erase("train.seed");
    // A run without a configuration is like no other.
    const auto same =
        fields.empty() ? configs.end() : std::find(configs.begin(), configs.end(), fields);
    if (same == configs.end()) {
      configs.push_back(std::move(fields));
      groups.push_back({i});
    } else {
      groups[static_cast<std::size_t>(same - configs.begin())].push_back(i);
    }
  }
  return groups;
}

bool ComparedField::is_same() const {
  return std::all_of(values.begin(), values.end(),
                     [&](const std::string& value) { return value == values.front(); });
}

std::vector<ComparedField> compared_fields(const std::vector<ReportInputs>& runs) {
  std::vector<Fields> fields;
  std::set<std::string> names;
  for (const ReportInputs& run : runs) {
    fields.push_back(fields_of_run(run));
    for (const auto& [name, value] : fields.back()) names.insert(name);
  }
  std::vector<ComparedField> compared;
  for (const std::string& name : names) {
    ComparedField& field = compared.emplace_back(ComparedField{name, {}});
    for (const Fields& own : fields) {
      const auto found = own.find(name);
      field.values.push_back(found == own.end() ? "" : found->second);
    }
  }
  return compared;
}

}  // namespace varphase
