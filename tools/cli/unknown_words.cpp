// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/unknown_words.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/ranges.h>

#include "src/base/suggest.hpp"

namespace varphase {
namespace {

/// Verbs and flags of other tools, where no letter would lead to ours.
const std::map<std::string, std::vector<std::string>>& others_words() {
  static const std::map<std::string, std::vector<std::string>> table{
      {"evaluate", {"eval"}},
      {"test", {"eval"}},
      {"fit", {"train"}},
      {"infer", {"predict"}},
      {"inference", {"predict"}},
      {"sparsify", {"prune"}},
      {"convert", {"export"}},
      {"load", {"import"}},
      {"resume", {"train"}},
      {"validate", {"check"}},
      {"verify", {"check"}},
      {"info", {"inspect"}},
      {"show", {"inspect"}},
      {"dataset", {"data"}},
      {"lr", {"learning-rate"}},
      {"wd", {"weight-decay"}},
      {"l2", {"weight-decay"}},
      {"bs", {"batch-size", "batch"}},
      {"batch", {"batch-size"}},
      {"batchsize", {"batch-size", "batch"}},
      {"epoch", {"epochs"}},
      {"num-epochs", {"epochs"}},
      {"n-epochs", {"epochs"}},
      {"max-epochs", {"epochs"}},
      {"gpu", {"device"}},
      {"cuda", {"device"}},
      {"cpu", {"device"}},
      {"num-threads", {"threads"}},
      {"workers", {"threads"}},
      {"num-workers", {"threads"}},
      {"jobs", {"threads"}},
      {"data-dir", {"data"}},
      {"data-path", {"data"}},
      {"model", {"network", "preset", "run"}},
      {"arch", {"network", "preset"}},
      {"output", {"out", "run"}},
      {"output-dir", {"run", "out"}},
      {"save", {"out", "run"}},
      {"save-dir", {"run", "out"}},
      {"force", {"overwrite"}},
      {"checkpoint", {"init", "epoch"}},
      {"ckpt", {"init", "epoch"}},
      {"weights", {"init"}},
      {"pretrained", {"init"}},
      {"optim", {"optimizer"}},
      {"amp", {"precision"}},
      {"fp16", {"precision"}},
      {"dtype", {"precision"}},
      {"amount", {"sparsity"}},
      {"ratio", {"sparsity"}},
      {"n-samples", {"samples"}},
      {"num-samples", {"samples"}},
      {"mc-samples", {"samples"}},
      {"layers", {"layer"}},
      {"verbose", {"quiet"}},
  };
  return table;
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!verb->get_name().empty()) names.push_back(verb->get_name());
  return names;
}

/// Long names without their dashes, of groups of options too.
std::vector<std::string> flag_names(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  for (const CLI::App* group :
       verb.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); })) {
    for (const std::string& name : flag_names(*group)) names.push_back(name);
  }
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The known name that a word means; "" where none is near.
std::string meant(const std::string& word, const std::vector<std::string>& known) {
  if (has(known, word)) return word;
  const auto others = others_words().find(word);
  if (others != others_words().end()) {
    for (const std::string& name : others->second)
      if (has(known, name)) return name;
  }
  // What a longer name begins with is meant before what is a letter off.
  if (word.size() >= 3) {
    const auto longer = std::find_if(known.begin(), known.end(), [&](const std::string& name) {
      return name.rfind(word, 0) == 0;
    });
    if (longer != known.end()) return *longer;
  }
  return nearest_name(word, known);
}

}  // namespace

std::string unknown_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-' || argv[1][0] == '\0') return "";
  const std::string word = argv[1];
  const std::vector<std::string> verbs = verb_names(app);
  if (has(verbs, word)) return "";
  const std::string verb = meant(word, verbs);
  return fmt::format("varphase: unknown verb '{}'{}\n  varphase --help tells of each\n", word,
                     verb.empty() ? fmt::format("; there are {}", fmt::join(verbs, ", "))
                                  : fmt::format("; did you mean '{}'?", verb));
}

std::string unexpected_words(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (chosen.empty()) return "";
  const CLI::App& verb = *chosen.front();
  const std::vector<std::string> rest = app.remaining(true);
  if (rest.empty()) return "";
  const auto dashed = std::find_if(rest.begin(), rest.end(), [](const std::string& word) {
    return word.size() > 1 && word.front() == '-';
  });
  const std::string help =
      fmt::format("\n  varphase {} --help lists what it takes\n", verb.get_name());
  if (dashed == rest.end())
    return fmt::format("varphase {}: '{}' was not expected{}", verb.get_name(), rest.front(), help);
  const std::string flag = dashed->substr(0, dashed->find('='));
  std::string word = flag.substr(
      flag.find_first_not_of('-') == std::string::npos ? 0 : flag.find_first_not_of('-'));
  std::replace(word.begin(), word.end(), '_', '-');
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 128 ? std::tolower(c) : c); });
  std::string hint;
  const std::string name = meant(word, flag_names(verb));
  if (!name.empty()) {
    hint = fmt::format("; did you mean --{}?", name);
  } else {
    std::vector<std::string> verbs;
    for (const CLI::App* other : app.get_subcommands([](const CLI::App*) { return true; }))
      if (has(flag_names(*other), word)) verbs.push_back(other->get_name());
    if (!verbs.empty()) hint = fmt::format("; --{} is a flag of {}", word, fmt::join(verbs, ", "));
  }
  return fmt::format("varphase {}: unknown flag {}{}{}", verb.get_name(), flag, hint, help);
}

}  // namespace varphase
