// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tools/cli/verb.hpp"

namespace varphase {

/// What a command line asks for.
struct Command {
  const VerbRow* row = nullptr;  // none: the program ends with `exit_code`, all is said
  std::unique_ptr<Verb> verb;    // its flags read
  int exit_code = 0;
};

/// Parses; prints help, version and what is wrong.
Command parse_command_line(int argc, char** argv);

/// The whole of what can be given: every verb with its flags, as --help and completion show it.
/// @param made  gets the verbs that the flags write to, in the order of verbs()
/// @return what can be offered as values, by verb
std::map<std::string, Offers> declare_program(CLI::App& app,
                                              std::vector<std::unique_ptr<Verb>>& made);

}  // namespace varphase
