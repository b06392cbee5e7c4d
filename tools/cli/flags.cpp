// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/flags.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace varphase {

std::string flag_name(const std::string& field) {
  std::string name = "--" + field;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string shown_default(const Json& value) {
  if (value.is_null() || (value.is_array() && value.empty())) return "";
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

namespace {

/// @throws Error usage where a flag's value was left out: the next flag stands there, or nothing at all.
void want_values(const CLI::App& verb, const std::string& flag,
                 const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    VARPHASE_CHECK(!word.empty(), ErrorKind::usage,
                   "{}: its value is empty\n  leave the flag out for its default", flag);
    VARPHASE_CHECK(word.rfind("--", 0) != 0 ||
                       verb.get_option_no_throw(word.substr(0, word.find('='))) == nullptr,
                   ErrorKind::usage, "{}: wants a value, and the flag {} stands there", flag, word);
  }
}

}  // namespace

void Flags::add(const Entry& entry, const Take& take_value) {
  std::string help = entry.info.help;
  if (!entry.info.choices.empty())
    help += fmt::format("{}{}", help.empty() ? "" : ": ", fmt::join(entry.info.choices, ", "));
  if (!entry.shown.empty() && entry.form != Form::flag)
    help +=
        fmt::format(" [{}{}{}]", entry.shown, entry.info.unit.empty() ? "" : " ", entry.info.unit);
  const std::string name = entry.positional ? entry.name : flag_name(entry.name);
  if (!entry.info.choices.empty()) offers_[name] = entry.info.choices;
  const Take take = [take_value, name, by_place = entry.positional,
                     &verb = verb_](const std::vector<std::string>& words) {
    if (!by_place) want_values(verb, name, words);
    take_value(words);
  };
  CLI::Option* option = nullptr;
  if (entry.form == Form::flag) {
    option = verb_.add_flag_callback(
        name, [take] { take({}); }, help);
  } else if (entry.form == Form::list) {
    option = verb_.add_option_function<std::vector<std::string>>(name, take, help);
    // Behind a flag one word is its list: what stands behind it is an argument by place.
    if (!entry.positional) option->delimiter(',')->allow_extra_args(false);
  } else {
    option = verb_.add_option_function<std::string>(
        name, [take](const std::string& word) { take({word}); }, help);
  }
  option->type_name("");
  if (entry.positional) option->required();
  if (!entry.group.empty()) option->group(entry.group);
}

void Flags::json(bool& json) { verb_.add_flag("--json", json, "print the result as JSON"); }

void Flags::wide(bool& wide) {
  verb_.add_flag("--wide", wide, "all columns of tables, which else fit 80 characters");
}

void Flags::quiet(bool& quiet, const std::string& help) { verb_.add_flag("--quiet", quiet, help); }

void Flags::one_of(const std::string& heading, const TextList& names) {
  CLI::Option_group* group = verb_.add_option_group(heading);
  for (const std::string& name : names) group->add_option(verb_.get_option(flag_name(name)));
  group->require_option(1);
}

void Flags::optional(const std::string& name) { verb_.get_option(name)->required(false); }

void Flags::whole_words(const std::string& name) {
  verb_.get_option(flag_name(name))->delimiter('\0')->allow_extra_args(true);
}

void Flags::required(const std::string& name) { verb_.get_option(flag_name(name))->required(); }

}  // namespace varphase
