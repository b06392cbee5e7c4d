// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/completion_script.hpp"

#include <fmt/ranges.h>

namespace varphase {
namespace {

std::vector<std::string> flag_names(const CompletedVerb& verb) {
  std::vector<std::string> names;
  names.reserve(verb.flags.size());
  for (const CompletedVerb::Flag& flag : verb.flags) names.push_back(flag.name);
  return names;
}

std::vector<std::string> verb_names(const std::vector<CompletedVerb>& verbs) {
  std::vector<std::string> names;
  names.reserve(verbs.size());
  for (const CompletedVerb& verb : verbs) names.push_back(verb.name);
  return names;
}

/// Help without what means something to a shell, in quotes or to zsh's _arguments.
std::string plain(const std::string& help) {
  std::string text;
  for (const char c : help)
    if (std::string("'\"\\`$[]:").find(c) == std::string::npos) text += c;
  return text;
}

/// Where nothing is offered, readline completes the names of files (-o default).
std::string bash_script(const std::vector<CompletedVerb>& verbs) {
  std::string values, flags, places;
  for (const CompletedVerb& verb : verbs) {
    std::vector<std::string> files;
    for (const CompletedVerb::Flag& flag : verb.flags) {
      const std::string pattern = fmt::format("'{} {}'", verb.name, flag.name);
      if (!flag.values.empty())
        values += fmt::format("    {}) words='{}' ;;\n", pattern, fmt::join(flag.values, " "));
      else if (flag.takes_value)
        files.push_back(pattern);
    }
    if (!files.empty()) values += fmt::format("    {}) return 0 ;;\n", fmt::join(files, " | "));
    flags +=
        fmt::format("        {}) words='{}' ;;\n", verb.name, fmt::join(flag_names(verb), " "));
    if (!verb.values.empty())
      places += fmt::format("        {}) words='{}' ;;\n", verb.name, fmt::join(verb.values, " "));
  }
  return fmt::format(R"script(# varphase in bash; in ~/.bashrc: eval "$(varphase completion bash)"
_varphase() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} flag=${{COMP_WORDS[COMP_CWORD - 1]}} verb=${{COMP_WORDS[1]}} words=
  COMPREPLY=()
  # --flag=value is three words here.
  if [[ $current == = ]]; then
    current=
  elif [[ $flag == = ]]; then
    flag=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  if ((COMP_CWORD == 1)); then
    words='{} --help --version'
  else
    case "$verb $flag" in
{}    *)
      if [[ $current == -* ]]; then
        case $verb in
{}        esac
      else
        case $verb in
{}        esac
      fi
      ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o default -F _varphase varphase
)script",
                     fmt::join(verb_names(verbs), " "), values, flags, places);
}

std::string zsh_values(const std::vector<std::string>& values) {
  return values.empty() ? "_files" : fmt::format("({})", fmt::join(values, " "));
}

std::string zsh_script(const std::vector<CompletedVerb>& verbs) {
  std::string names, cases;
  for (const CompletedVerb& verb : verbs) {
    names += fmt::format("    '{}:{}'\n", verb.name, plain(verb.help));
    cases += fmt::format("    {})\n      _arguments \\\n", verb.name);
    for (const CompletedVerb::Flag& flag : verb.flags) {
      cases += fmt::format("        '{}[{}]{}' \\\n", flag.name, plain(flag.help),
                           flag.takes_value ? ":value:" + zsh_values(flag.values) : "");
    }
    cases += fmt::format("        '*:argument:{}' ;;\n", zsh_values(verb.values));
  }
  return fmt::format(R"script(#compdef varphase
# varphase in zsh: a file _varphase in a folder of $fpath; or in ~/.zshrc, behind compinit: eval "$(varphase completion zsh)"
_varphase() {{
  local -a verbs
  verbs=(
{}  )
  if ((CURRENT == 2)); then
    _describe verb verbs
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
{}  esac
}}
if [[ $funcstack[1] == _varphase ]]; then
  _varphase "$@"
else
  compdef _varphase varphase
fi
)script",
                     names, cases);
}

std::string fish_script(const std::vector<CompletedVerb>& verbs) {
  std::string text =
      "# varphase in fish: varphase completion fish > ~/.config/fish/completions/varphase.fish\n"
      "complete -c varphase -f\n";
  for (const CompletedVerb& verb : verbs)
    text += fmt::format("complete -c varphase -n __fish_use_subcommand -a {} -d '{}'\n", verb.name,
                        plain(verb.help));
  for (const CompletedVerb& verb : verbs) {
    const std::string begin =
        fmt::format("complete -c varphase -n '__fish_seen_subcommand_from {}'", verb.name);
    text += verb.values.empty() ? begin + " -F\n"
                                : fmt::format("{} -a '{}'\n", begin, fmt::join(verb.values, " "));
    for (const CompletedVerb::Flag& flag : verb.flags) {
      const std::string takes = !flag.takes_value ? ""
                                : flag.values.empty()
                                    ? " -r -F"
                                    : fmt::format(" -x -a '{}'", fmt::join(flag.values, " "));
      text +=
          fmt::format("{} -l {}{} -d '{}'\n", begin, flag.name.substr(2), takes, plain(flag.help));
    }
  }
  return text;
}

}  // namespace

std::string completion_script(const std::string& shell, const std::vector<CompletedVerb>& verbs) {
  if (shell == "zsh") return zsh_script(verbs);
  return shell == "fish" ? fish_script(verbs) : bash_script(verbs);
}

}  // namespace varphase
