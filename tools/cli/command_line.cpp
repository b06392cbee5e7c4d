// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/command_line.hpp"

#include <sstream>
#include <string_view>

#include <fmt/ranges.h>

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/instruction_set.hpp"
#include "src/base/version.hpp"
#include "tools/cli/help_text.hpp"
#include "tools/cli/unknown_words.hpp"

namespace varphase {
namespace {

std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& error) {
  const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (kind == CLI::ExitCodes::ExtrasError || kind == CLI::ExitCodes::RequiredError) {
    std::string words = unexpected_words(app);
    if (!words.empty()) return words;
  }
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (chosen.empty() && kind == CLI::ExitCodes::RequiredError)
    return "varphase: what shall be done? give a verb\n  varphase --help tells of each\n";
  const std::string verb = chosen.empty() ? "" : " " + chosen.front()->get_name();
  return fmt::format("varphase{}: {}\n  varphase{} --help tells what is taken\n", verb,
                     error.what(), verb);
}

/// The first of the words that is a flag with nothing behind its '='; "" where none is. CLI11 takes
/// the next word for its value.
std::string cut_flag(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    if (word.rfind("--", 0) == 0 && word.find('=') == word.size() - 1) return std::string(word);
  }
  return "";
}

}  // namespace

std::map<std::string, Offers> declare_program(CLI::App& app,
                                              std::vector<std::unique_ptr<Verb>>& made) {
  app.name("varphase");
  app.description("Variance networks: training, phase transition, kappa, sparse ensembles.");
  app.set_version_flag(
      "--version", fmt::format("varphase {} ({})\nCPU kernels: {} (of {})", version(), git_hash(),
                               instruction_set(), fmt::join(instruction_sets(), ", ")));
  app.formatter(std::make_shared<HelpText>());
  app.require_subcommand(1);
  app.footer(
      "varphase VERB --help tells of a verb's flags. Exit codes: 0 ok, 2 usage or configuration, 3 "
      "file, 4 device or memory, 5 not finite, 130 interrupted after a clean save, 1 anything "
      "else.");
  std::map<std::string, Offers> offers;
  for (const VerbRow& row : verbs()) {
    made.push_back(row.make());
    CLI::App* sub = app.add_subcommand(row.name, row.help);
    sub->footer("Examples:\n" + made.back()->examples());
    Flags flags(*sub);
    made.back()->declare(flags);
    offers[row.name] = flags.offers();
  }
  return offers;
}

Command parse_command_line(int argc, char** argv) {
  CLI::App app;
  Command command;
  try {
    choose_instruction_set_by_environment();
    std::vector<std::unique_ptr<Verb>> made;
    declare_program(app, made);
    const std::string unknown = unknown_verb(app, argc, argv);
    if (!unknown.empty()) {
      write_err(unknown);
      command.exit_code = kUsageError;
      return command;
    }
    const std::string cut = cut_flag(argc, argv);
    VARPHASE_CHECK(cut.empty(), ErrorKind::usage,
                   "{} has no value behind its '='\n  leave the flag out for its default", cut);
    app.parse(argc, argv);
    const std::string chosen = app.get_subcommands().front()->get_name();
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (verbs()[i].name != chosen) continue;
      command.row = &verbs()[i];
      command.verb = std::move(made[i]);
    }
  } catch (const Error& error) {
    print_err("varphase: {}\n", error.what());
    command.exit_code = exit_code(error.kind());
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    command.exit_code = app.exit(error, out, err) == 0 ? kSuccess : kUsageError;
    write_out(out.str());
    if (command.exit_code != kSuccess) write_err(what_is_wrong(app, error));
  }
  return command;
}

}  // namespace varphase
