// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/threshold.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "src/base/error.hpp"

namespace varphase {
namespace {

std::optional<double> plain_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Threshold {
  double value = 0, log10 = 0;
};

Threshold threshold_of_text(const std::string& text) {
  const auto refuse = [&](const std::string& why) {
    fail(ErrorKind::usage, "threshold '{}': {}\n  write it as 10^1.5, log:1.5 (log10) or 31.6",
         text, why);
  };
  std::string_view rest = text;
  bool power = false;
  for (const std::string_view prefix : {std::string_view("10^"), std::string_view("log:")}) {
    if (rest.substr(0, prefix.size()) != prefix) continue;
    rest.remove_prefix(prefix.size());
    power = true;
    break;
  }
  if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
  const std::optional<double> number = plain_number(rest);
  if (!number) refuse("is not a number");
  const double kappa0 = power ? std::pow(10.0, *number) : *number;
  if (!std::isfinite(kappa0) || kappa0 <= 0) refuse("must be positive and finite");
  return {kappa0, power ? *number : std::log10(kappa0)};
}

}  // namespace

double parse_threshold(const std::string& text) { return threshold_of_text(text).value; }
double parse_log10_threshold(const std::string& text) { return threshold_of_text(text).log10; }

}  // namespace varphase
