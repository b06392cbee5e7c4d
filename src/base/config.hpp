// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/suggest.hpp"

namespace varphase {

/// What a configuration field says of itself. A config struct declares each field once,
///
///     template <class Visitor> void visit_fields(Visitor&& visit) {
///       visit("epochs", epochs, FieldInfo{.help = "passes over the training images", .min = 1});
///     }
///
/// and that one line feeds the JSON file, `--set`, the command line, `--help`, the files' attributes and docs/cli.md.
struct FieldInfo {
  std::string help;
  std::string unit;
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;
  bool recorded = false;  // filled in by the program: has no flag
};

/// Every whole number up to here is one in JSON too, whose numbers many readers take as doubles.
inline constexpr std::int64_t kLargestSeed = 9'000'000'000'000'000;

/// Of a field that seeds noise.
inline FieldInfo seed_info(std::string help) {
  return {.help = std::move(help), .unit = "", .min = 0, .max = kLargestSeed, .choices = {}};
}

/// The types of fields beside nested configurations. A list is one of JSON, and of texts with
/// commas between on the command line; an empty optional is null.
using TextList = std::vector<std::string>;
using NumberList = std::vector<double>;

template <class T>
concept Configuration = requires(T& config) {
  config.visit_fields([](auto&&...) {});
};

namespace detail {

void check_range(const std::string& key, double value, const FieldInfo& info);
void check_choice(const std::string& key, const std::string& value, const FieldInfo& info);
/// A text of the command line as JSON: a number, true, false, or else a string.
Json value_from_text(const std::string& text, const Json& like);

template <class T>
void field_from_json(const std::string& key, T& field, const Json& json, const FieldInfo& info) {
  if constexpr (std::is_same_v<T, bool>) {
    VARPHASE_CHECK(json.is_boolean(), ErrorKind::usage, "{}: wants true or false, got {}", key,
                   brief(json));
    field = json.get<bool>();
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    // What an int64 holds: 2^63 is the first double beyond it.
    bool whole = json.is_number_integer();
    if (json.is_number_unsigned()) {
      whole = std::in_range<std::int64_t>(json.get<std::uint64_t>());
    } else if (json.is_number_float()) {
      const auto number = json.get<double>();
      whole = std::nearbyint(number) == number && std::abs(number) < 0x1p63;
    }
    VARPHASE_CHECK(whole, ErrorKind::usage, "{}: wants a whole number, got {}", key, brief(json));
    check_range(key, json.get<double>(), info);
    field = json.is_number_integer() ? json.get<std::int64_t>()
                                     : static_cast<std::int64_t>(json.get<double>());
  } else if constexpr (std::is_same_v<T, double>) {
    VARPHASE_CHECK(json.is_number(), ErrorKind::usage, "{}: wants a number, got {}", key,
                   brief(json));
    check_range(key, json.get<double>(), info);
    field = json.get<double>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    VARPHASE_CHECK(json.is_string(), ErrorKind::usage, "{}: wants a text, got {}", key,
                   brief(json));
    field = bytes_of_text(json.get<std::string>());
    check_choice(key, field, info);
  } else if constexpr (std::is_same_v<T, TextList> || std::is_same_v<T, NumberList>) {
    VARPHASE_CHECK(json.is_array(), ErrorKind::usage, "{}: wants a list, got {}", key, brief(json));
    T list;
    for (const Json& item : json) {
      typename T::value_type value{};
      field_from_json(key, value, item, info);
      list.push_back(std::move(value));
    }
    field = std::move(list);
  } else if constexpr (std::is_same_v<T, std::optional<double>> ||
                       std::is_same_v<T, std::optional<std::int64_t>>) {
    if (json.is_null()) {
      field.reset();
    } else {
      typename T::value_type value{};
      field_from_json(key, value, json, info);
      field = value;
    }
  } else {
    static_assert(std::is_same_v<T, Json>,
                  "a config field is bool, int64, double, string, a list or an optional of these, "
                  "Json or a config");
    field = json;
  }
}

/// A field's value as JSON.
template <class T>
Json field_to_json(const T& field) {
  if constexpr (std::is_same_v<T, std::string>) {
    return text_of_bytes(field);
  } else if constexpr (std::is_same_v<T, TextList>) {
    Json list = Json::array();
    for (const std::string& text : field) list.push_back(text_of_bytes(text));
    return list;
  } else if constexpr (std::is_same_v<T, std::optional<double>> ||
                       std::is_same_v<T, std::optional<std::int64_t>>) {
    return field ? Json(*field) : Json();
  } else {
    return field;
  }
}

}  // namespace detail

/// The configuration as a JSON object, fields in the order of declaration. A text field is bytes (it may be a path);
/// its JSON is their text.
template <Configuration Config>
Json to_json(const Config& config) {
  Json json = Json::object();
  const_cast<Config&>(config).visit_fields([&](const char* name, auto& field, const FieldInfo&) {
    if constexpr (Configuration<std::remove_reference_t<decltype(field)>>) {
      json[name] = to_json(field);
    } else {
      json[name] = detail::field_to_json(field);
    }
  });
  return json;
}

/// A config that can read older files: its rename_older gives their fields the names of today.
template <class T>
concept RenamesOlder = requires(Json& json) {
  T::rename_older(json);
};

/// Overwrites the fields that the JSON object names and leaves the others.
/// @throws Error usage for an unknown key (with a suggestion), a wrong type, a value out of range.
template <Configuration Config>
void assign_fields(Config& config, const Json& given, const std::string& prefix = "") {
  Json renamed;
  if constexpr (RenamesOlder<Config>) {
    renamed = given;
    if (renamed.is_object()) Config::rename_older(renamed);
  }
  const Json& json = RenamesOlder<Config> ? renamed : given;
  VARPHASE_CHECK(json.is_object(), ErrorKind::usage, "{}: wants an object {{...}}, got {}",
                 prefix.empty() ? "configuration" : prefix, brief(json));
  std::vector<std::string> known;
  config.visit_fields([&](const char* name, auto& field, const FieldInfo& info) {
    known.emplace_back(name);
    const auto found = json.find(name);
    if (found == json.end()) return;
    const std::string key = prefix.empty() ? name : prefix + "." + name;
    if constexpr (Configuration<std::remove_reference_t<decltype(field)>>) {
      assign_fields(field, *found, key);
    } else {
      detail::field_from_json(key, field, *found, info);
    }
  });
  for (const auto& item : json.items()) {
    const std::string& key = item.key();
    bool is_known = false;
    for (const std::string& name : known) is_known = is_known || name == key;
    VARPHASE_CHECK(is_known, ErrorKind::usage, "unknown key '{}'{}",
                   prefix.empty() ? key : prefix + "." + key, suggestion(key, known));
  }
}

/// assign_fields of a JSON file. @throws Error as assign_fields and read_json_file, naming the file.
template <Configuration Config>
void assign_fields_of_file(Config& config, const std::filesystem::path& file) {
  const Json json = read_json_file(file);
  try {
    assign_fields(config, json);
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}", file.string(), error.what());
  }
}

/// Applies one "a.b=value" of the command line.
/// @throws Error usage as assign_fields, or where there is no '='.
template <Configuration Config>
void set_field(Config& config, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  VARPHASE_CHECK(equals != std::string::npos, ErrorKind::usage, "--set {}: wants name=value",
                 assignment);
  const std::string path = assignment.substr(0, equals);
  const Json current = to_json(config);
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t dot = std::min(path.find('.', start), path.size());
    parts.push_back(path.substr(start, dot - start));
    start = dot + 1;
  }
  const Json* like = &current;
  for (const std::string& part : parts) {
    like = like->is_object() && like->contains(part) ? &(*like)[part] : nullptr;
    if (like == nullptr) break;
  }
  Json json =
      detail::value_from_text(assignment.substr(equals + 1), like != nullptr ? *like : Json());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) json = Json{{*part, json}};
  assign_fields(config, json);
}

}  // namespace varphase
