// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <filesystem>

#include "src/base/atomic_file.hpp"
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/cli/command_line.hpp"
#include "tools/cli/man_page.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

struct ManRequest {
  std::string verb;
  std::string all;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    TextList names;
    for (const VerbRow& row : verbs()) names.push_back(row.name);
    visit("verb", verb,
          FieldInfo{.help = "whose page is printed; none: the program's", .choices = names});
    visit("all", all, FieldInfo{.help = "write every page into this folder instead"});
  }
};

class ManVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase man train | man -l -\n"
           "  varphase man --all ~/.local/share/man/man1\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"verb"});
    flags.optional("verb");
  }

  int run(const Engine& /*engine*/) override {
    CLI::App app;
    std::vector<std::unique_ptr<Verb>> made;
    declare_program(app, made);
    if (request_.all.empty()) {
      print_out("{}", man_page(app, request_.verb));
      return kSuccess;
    }
    VARPHASE_CHECK(request_.verb.empty(), ErrorKind::usage, "give a verb or --all, not both");
    const std::filesystem::path folder = request_.all;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be made: {}", request_.all, error.message());
    write_text_atomically(folder / "varphase.1", man_page(app, ""));
    for (const VerbRow& row : verbs())
      write_text_atomically(folder / ("varphase-" + row.name + ".1"), man_page(app, row.name));
    return kSuccess;
  }

 private:
  ManRequest request_;
};

}  // namespace

std::unique_ptr<Verb> make_man_verb() { return std::make_unique<ManVerb>(); }

}  // namespace varphase
