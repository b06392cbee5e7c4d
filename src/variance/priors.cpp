// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/variance/prior.hpp"

namespace varphase {

const Registry<PriorFactory>& priors() {
  static const Registry<PriorFactory> table{"prior",
                                            {{"log_uniform", make_log_uniform_approximation},
                                             {"log_uniform_exact", make_log_uniform_exact},
                                             {"log_uniform_sampled", make_log_uniform_sampled},
                                             {"student_t", make_student_t}}};
  return table;
}

std::string allowed_parameterizations(const Prior& prior) {
  std::vector<std::string> names;
  for (const std::string& name : parameterizations().names()) {
    if (prior.allows(name)) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace varphase
