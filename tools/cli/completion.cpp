// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/cli/command_line.hpp"
#include "tools/cli/completion_script.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

struct CompletionRequest {
  std::string shell;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("shell", shell,
          FieldInfo{.help = "whose script is printed", .choices = {"bash", "zsh", "fish"}});
  }
};

/// @param offers  values by the name of a flag or of an argument
void add_options(CompletedVerb& verb, const CLI::App& app, const Offers& offers) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string name =
        option->get_lnames().empty() ? option->get_name() : "--" + option->get_lnames().front();
    const auto found = offers.find(name);
    const TextList values = found == offers.end() ? TextList{} : found->second;
    if (option == app.get_help_ptr() && app.get_name().empty()) continue;  // a group's own
    if (option->get_positional()) {
      verb.values = values;
    } else {
      verb.flags.push_back(
          {name, option->get_description(), option->get_items_expected_max() > 0, values});
    }
  }
  // Groups of flags of which one must be given.
  for (const CLI::App* group :
       app.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); }))
    add_options(verb, *group, offers);
}

std::vector<CompletedVerb> completed_verbs() {
  CLI::App app;
  std::vector<std::unique_ptr<Verb>> made;
  const std::map<std::string, Offers> offers = declare_program(app, made);
  std::vector<CompletedVerb> list;
  for (const VerbRow& row : verbs()) {
    list.push_back({row.name, row.help, {}, {}});
    add_options(list.back(), *app.get_subcommand(row.name), offers.at(row.name));
  }
  return list;
}

class CompletionVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase completion bash > ~/.local/share/bash-completion/completions/varphase\n"
           "  varphase completion fish > ~/.config/fish/completions/varphase.fish\n";
  }

  void declare(Flags& flags) override { flags.of(request_, {"shell"}); }

  int run(const Engine& /*engine*/) override {
    print_out("{}", completion_script(request_.shell, completed_verbs()));
    return kSuccess;
  }

 private:
  CompletionRequest request_;
};

}  // namespace

std::unique_ptr<Verb> make_completion_verb() { return std::make_unique<CompletionVerb>(); }

}  // namespace varphase
