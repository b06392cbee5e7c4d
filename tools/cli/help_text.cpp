// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/help_text.hpp"

#include <sstream>

namespace varphase {
namespace {

constexpr std::size_t kWidth = 80, kNames = 28;

/// Words of a line, none broken. @param mark  ends each line but the last
std::string wrapped(const std::string& line, std::size_t used, std::size_t indent,
                    const std::string& mark = "") {
  std::istringstream words(line);
  std::string text;
  for (std::string word; words >> word;) {
    const bool first = text.empty();
    if (!first && used + 1 + word.size() + mark.size() > kWidth) {
      text += mark + "\n" + std::string(indent, ' ');
      used = indent;
    } else if (!first) {
      text += ' ';
      ++used;
    }
    text += word;
    used += word.size();
  }
  return text;
}

std::string entry(const std::string& name, const std::string& description) {
  std::string text = "  " + name;
  if (description.empty()) return text + "\n";
  text = text.size() + 1 > kNames ? wrapped(text, 2, 6) : text.substr(2);
  text = "  " + text;
  if (text.size() + 1 > kNames) {
    text += "\n" + std::string(kNames, ' ');
  } else {
    text.resize(kNames, ' ');
  }
  return text + wrapped(description, kNames, kNames) + "\n";
}

}  // namespace

std::string HelpText::make_option(const CLI::Option* option, bool is_positional) const {
  return entry(make_option_name(option, is_positional) + make_option_opts(option),
               make_option_desc(option));
}

std::string HelpText::make_subcommand(const CLI::App* verb) const {
  return entry(verb->get_display_name(true), verb->get_description());
}

std::string HelpText::make_description(const CLI::App* app) const {
  std::istringstream lines(CLI::Formatter::make_description(app));
  std::string text;
  for (std::string line; std::getline(lines, line);) text += wrapped(line, 0, 0) + "\n";
  return text;
}

std::string HelpText::make_footer(const CLI::App* app) const {
  std::istringstream lines(CLI::Formatter::make_footer(app));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const bool command = line.rfind("  varphase ", 0) == 0;
    text += (command ? "  " + wrapped(line, 2, 6, " \\") : wrapped(line, 0, 0)) + "\n";
  }
  return text;
}

}  // namespace varphase
