// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>

#include "src/base/config.hpp"

namespace varphase {

/// "learning_rate" -> "--learning-rate".
std::string flag_name(const std::string& field);

/// Values that completion offers, by the name of a flag ("--to") or of an argument ("shell").
using Offers = std::map<std::string, TextList>;

/// The flags of one verb: those of its request, one for each of the fields that it declares, and
/// those of how the result is shown.
class Flags {
 public:
  explicit Flags(CLI::App& verb) : verb_(verb) {}

  CLI::App& verb() { return verb_; }

  /// One flag a field: --learning-rate for `learning_rate`, with the field's own help, bounds and
  /// default. What the command line says is written into the request while it is parsed.
  /// @param positional  fields that are given by place, not by name; each must be given
  template <Configuration Request>
  void of(Request& request, const TextList& positional = {});

  /// Flags of some fields of a configuration that is read elsewhere: what is given becomes
  /// "section.field=value" at the end of `given`.
  /// @param group  heading in --help
  /// @param defaults  whether the fields' own hold, to be shown
  /// @param visit  calls its argument with each field, as Config::visit_fields
  template <class Visit>
  void overrides(TextList& given, const std::string& section, const std::string& group,
                 bool defaults, Visit&& visit);

  /// --json: the result for programs. --wide: tables wider than 80 columns. --quiet: no progress.
  void json(bool& json);
  void wide(bool& wide);
  void quiet(bool& quiet, const std::string& help = "no progress line");

  /// Exactly one of these flags must be given.
  void one_of(const std::string& heading, const TextList& names);
  /// A field that is given by place, and need not be.
  void optional(const std::string& name);
  /// A list each of whose words is an item, commas and all, and takes as many words as follow.
  void whole_words(const std::string& name);
  /// One of these fields must be given, by name.
  void required(const std::string& name);

  /// Values of a flag beside what its field's choices say: usual ones, where others are possible.
  void offer(const std::string& name, const TextList& values) { offers_[flag_name(name)] = values; }
  const Offers& offers() const { return offers_; }

 private:
  enum class Form { flag, value, list };
  struct Entry {
    std::string name;  // of the field
    FieldInfo info;
    Form form = Form::value;
    std::string shown;  // default; "" shows none
    bool positional = false;
    std::string group;
  };
  using Take = std::function<void(const std::vector<std::string>&)>;
  void add(const Entry& entry, const Take& take);

  template <class Field>
  static constexpr bool kIsList =
      std::is_same_v<Field, TextList> || std::is_same_v<Field, NumberList>;

  CLI::App& verb_;
  Offers offers_;
};

/// A default as --help shows it; "" for what is empty.
std::string shown_default(const Json& value);

template <Configuration Request>
void Flags::of(Request& request, const TextList& positional) {
  request.visit_fields([&](const char* name, auto& field, const FieldInfo& info) {
    using Field = std::remove_reference_t<decltype(field)>;
    if (info.recorded) return;
    const bool by_place = std::find(positional.begin(), positional.end(), name) != positional.end();
    const Form form = std::is_same_v<Field, bool> ? Form::flag
                      : kIsList<Field>            ? Form::list
                                                  : Form::value;
    const std::string key = by_place ? std::string(name) : flag_name(name);
    const Json now = detail::field_to_json(field);
    add({name, info, form, by_place ? "" : shown_default(now), by_place, ""},
        [&field, key, info, now](const std::vector<std::string>& words) {
          if constexpr (std::is_same_v<Field, bool>) {
            field = true;
          } else if constexpr (kIsList<Field>) {
            Json list = Json::array();
            const Json like = std::is_same_v<Field, NumberList> ? Json(0.0) : Json("");
            for (const std::string& word : words)
              list.push_back(detail::value_from_text(word, like));
            detail::field_from_json(key, field, list, info);
          } else {
            const Json like = std::is_same_v<Field, std::string> ? Json("") : Json(0.0);
            detail::field_from_json(key, field, detail::value_from_text(words.back(), like), info);
          }
        });
  });
}

template <class Visit>
void Flags::overrides(TextList& given, const std::string& section, const std::string& group,
                      bool defaults, Visit&& visit) {
  visit([&](const char* name, auto& field, const FieldInfo& info) {
    if (info.recorded) return;
    const std::string key = section + "." + name;
    // A truth is given as a value: a preset may have either.
    std::string shown = defaults ? shown_default(detail::field_to_json(field)) : "";
    add({name, info, Form::value, shown, false, group},
        [&given, key, flag = flag_name(name), info, checked = field,
         like = detail::field_to_json(field)](const std::vector<std::string>& words) {
          // Only to be refused here, by the flag's own name; what it means is up to its reader.
          auto value = checked;
          detail::field_from_json(flag, value, detail::value_from_text(words.back(), like), info);
          given.push_back(key + "=" + words.back());
        });
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(field)>, bool>)
      offer(name, {"true", "false"});
  });
}

}  // namespace varphase
