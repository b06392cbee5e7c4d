// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace varphase {

/// What the command line said, by verb. Declared in options.cpp, read by the verbs.
struct Options {  // of the verbs that have no request yet
  // Of most verbs.
  std::string device = "auto";
  std::int64_t threads = 0;
  bool json = false;
  bool quiet = false;
  bool wide = false;  // tables
  std::string run;    // a run folder, a checkpoint, or runs/a@12
  std::vector<std::string> paths;
  std::string epoch = "last";
  std::string data;  // overrides the run's own
  std::string out;
  std::int64_t samples = 50;
  std::int64_t seed = 1;
  std::string split = "test";
  std::string layer;
  bool overwrite = false;

  std::string smooth = "auto";

  // sweep, prune
  std::vector<double> thresholds;  // log10 kappa_0
  std::vector<double> sparsities;
  std::string choose;
  std::string threshold;
  double sparsity = -1;
  std::string replace;
  std::string repair = "none";
  std::vector<std::string> criteria;
  std::string criterion = "kappa";
  std::string scope = "layer";
  std::vector<std::string> budget;  // "dense1=0.98"
  std::string structure = "none";
};

}  // namespace varphase
