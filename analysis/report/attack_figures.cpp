// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/attack_figures.hpp"

#include <fmt/format.h>

#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/shown_text.hpp"

namespace varphase {
namespace {

// Files may come from other programs: nothing is too large for a page.
constexpr std::size_t kMostJudges = 16, kMostSteps = 1000;
constexpr const char* kRowKeys[] = {"step",    "success",     "success_low", "success_high",
                                    "entropy", "entropy_low", "entropy_high"};

/// "ε = 8/255", of the pixels' range; in L2 of the whole image.
std::string epsilon_text(const Json& attack, const std::string& method) {
  const Json& epsilon = value_at(attack, "epsilon_pixels");
  if (!epsilon.is_number()) return attack.contains("epsilon_pixels") ? ", no bound ε" : "";
  if (method == "pgd-l2") return fmt::format(", ε = {:g} of 255 in L2", epsilon.get<double>());
  return fmt::format(", ε = {:g}/255", epsilon.get<double>());
}

/// "pgd-linf, ε = 8/255, 10 samples": what tells attacks of one run apart.
std::string attack_title(const Json& attack) {
  std::string method = text_or(text_at(attack, "method"), "unnamed");
  method += epsilon_text(attack, method);
  const std::string gradient = text_or(text_at(attack, "gradient"), "");
  const Json samples = number_at(attack, "samples");
  if (gradient == "samples" && !samples.is_null())
    return fmt::format("{}, {:.0f} samples", method, samples.get<double>());
  if (gradient == "one") return method + ", one sample";
  return gradient == "mean" ? method + ", the mean" : method;
}

/// "none" is any class but the image's own.
std::string target_text(const Json& attack) {
  const std::string target = text_or(text_at(attack, "target"), "not recorded");
  return target == "none" ? "any wrong class" : target;
}

Json judge_data(const Json& judge) {
  Json lists{{"name", text_or(text_at(judge, "name"), "unnamed")}};
  for (const char* key : kRowKeys) lists[key] = Json::array();
  const Json& rows = value_at(judge, "rows");
  if (!rows.is_array()) return lists;
  for (const Json& row : rows) {
    if (lists["step"].size() == kMostSteps) break;
    if (number_at(row, "step").is_null()) continue;
    for (const char* key : kRowKeys) lists[key].push_back(number_at(row, key));
  }
  return lists;
}

}  // namespace

Json attack_data(const std::string& file, const Json& attack) {
  Json judges = Json::array();
  const Json& list = value_at(attack, "judges");
  if (!list.is_array()) return {};
  for (const Json& judge : list) {
    if (judges.size() == kMostJudges) break;
    Json one = judge_data(judge);
    if (!one["step"].empty()) judges.push_back(std::move(one));
  }
  if (judges.empty()) return {};
  return {{"file", file},
          {"attack", attack_title(attack)},
          {"images", number_at(attack, "images")},
          {"judges", judges}};
}

std::string attack_rows(const std::string& file, const Json& attack) {
  const Json data = attack_data(file, attack);
  if (data.is_null()) return "";
  const Json members = number_at(attack, "judge_samples");
  const bool by_ensemble = text_or(text_at(attack, "mode"), "") == "ensemble";
  std::string judged =
      by_ensemble && !members.is_null() ? " <small>K = " + members.dump() + "</small>" : "";
  if (!data["images"].is_null())
    judged += fmt::format(" <small>n = {} images</small>", count_or_dash(data["images"]));
  std::string rows;
  for (const Json& judge : data["judges"]) {
    const auto last = [&](const char* key) { return judge[key].back(); };
    rows += fmt::format(
        "<tr><th scope=\"row\">{}{}</th><td>{}</td><td>{}</td><td>{}</td>"
        "<td>{} <small>{} to {}</small></td><td>{}</td><td>{}</td><td>{}</td></tr>",
        escape_html(judge["name"].get<std::string>()), judged,
        escape_html(data["attack"].get<std::string>()), escape_html(target_text(attack)),
        number_text(last("step"), 1, 0), number_text(last("success"), 100, 1),
        number_text(last("success_low"), 100, 1), number_text(last("success_high"), 100, 1),
        number_text(judge["entropy"].front(), 1, 3), number_text(last("entropy"), 1, 3),
        number_text(number_at(attack, "gradients_an_image"), 1, 0));
  }
  return rows;
}

}  // namespace varphase
