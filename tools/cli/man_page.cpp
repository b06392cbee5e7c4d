// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/man_page.hpp"

#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "src/base/version.hpp"

namespace varphase {
namespace {

/// Text as roff prints it: no escapes, no hyphens that break words, no request at a line's start.
std::string plain(const std::string& text) {
  std::string made;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (made.empty() || made.back() == '\n')) made += "\\&";
    if (c == '\\') {
      made += "\\e";
    } else if (c == '-') {
      made += "\\-";
    } else {
      made += c;
    }
  }
  return made;
}

std::string paragraph(const std::string& name, const std::string& text) {
  return fmt::format(".TP\n.B {}\n{}\n", plain(name), plain(text));
}

std::string names_of(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name();
  std::string names;
  for (const std::string& name : option.get_snames()) names += "-" + name + ", ";
  names += "--" + option.get_lnames().front();
  return option.get_items_expected_max() > 0 ? names + " VALUE" : names;
}

/// Flags of a verb, and those of its groups, of which one must be given.
std::string options_of(const CLI::App& app, bool positional) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option == app.get_help_ptr() && app.get_name().empty()) continue;  // a group's own
    if (option->get_positional() == positional)
      text += paragraph(names_of(*option), option->get_description());
  }
  for (const CLI::App* group :
       app.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); }))
    text += options_of(*group, positional);
  return text;
}

std::string examples_of(const CLI::App& app) {
  std::istringstream lines(app.get_footer());
  std::string text = ".SH EXAMPLES\n.nf\n";
  for (std::string line; std::getline(lines, line);)
    if (line.rfind("  varphase ", 0) == 0) text += plain(line.substr(2)) + "\n";
  return text + ".fi\n";
}

std::string head(const std::string& name, const std::string& about) {
  return fmt::format(
      ".TH {} 1 \"\" \"varphase {}\" \"Varphase\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n",
      plain(name), version(), plain(name), plain(about));
}

}  // namespace

std::string man_page(const CLI::App& app, const std::string& verb) {
  if (verb.empty()) {
    std::string text = head("varphase", app.get_description()) +
                       ".B varphase\nVERB [\\fIOPTIONS\\fR]\n.SH VERBS\n";
    for (const CLI::App* sub :
         app.get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); }))
      text += paragraph("varphase-" + sub->get_name() + "(1)", sub->get_description());
    return text + ".SH DESCRIPTION\n" + plain(app.get_footer()) + "\n";
  }
  const CLI::App& sub = *app.get_subcommand(verb);
  std::string text = head("varphase-" + verb, sub.get_description());
  text += fmt::format(".B varphase {}\n", plain(verb));
  for (const CLI::Option* option : sub.get_options())
    if (option->get_positional()) text += fmt::format("\\fI{}\\fR ", plain(option->get_name()));
  text += "[\\fIOPTIONS\\fR]\n";
  const std::string places = options_of(sub, true);
  if (!places.empty()) text += ".SH ARGUMENTS\n" + places;
  return text + ".SH OPTIONS\n" + options_of(sub, false) + examples_of(sub) +
         ".SH SEE ALSO\n.BR varphase (1)\n";
}

}  // namespace varphase
