// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/cli/flags.hpp"

namespace varphase {

struct Engine;

/// One verb of the program: its flags, its call of a job, its tables. A file each; a request and a
/// result that hold no Torch, so that both programs compile it.
class Verb {
 public:
  Verb() = default;
  virtual ~Verb() = default;
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;

  /// Whole commands for --help, one a line.
  virtual std::string examples() const = 0;
  /// Declares the flags, which write into members of this object when they are parsed.
  virtual void declare(Flags& flags) = 0;
  /// @param engine  the jobs that need LibTorch; empty for verbs of the front program
  /// @return an exit code. @throws Error.
  virtual int run(const Engine& engine) = 0;
};

/// Which program runs a verb: the front starts in milliseconds, the engine loads LibTorch.
enum class Program { front, engine };

struct VerbRow {
  std::string name;
  std::string help;
  Program program;
  std::unique_ptr<Verb> (*make)();
  bool shared = false;  // several processes share its work; else the first of them does it alone
};

/// All verbs, in the order of --help.
const std::vector<VerbRow>& verbs();

}  // namespace varphase
