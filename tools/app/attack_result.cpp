// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "src/base/csv_table.hpp"
#include "tools/app/attack_job.hpp"

namespace varphase {
namespace {

Json distance(double pixels) { return std::isfinite(pixels) ? Json(pixels) : Json(); }

Json attack_json(const AttackRequest& attack) {
  return {{"method", attack_methods().name(attack.method)},
          {"epsilon_pixels", distance(attack.epsilon)},
          {"step_pixels", attack.step},
          {"steps", attack.steps},
          {"restarts", attack.restarts},
          {"start", attack.random_start ? "random" : "image"},
          {"target", target_text(attack.target)},
          {"gradient", attack_gradients().name(attack.gradient)},
          {"samples", attack.members()},
          {"precision", gradient_precisions().name(attack.precision)},
          {"seed", attack.seed}};
}

Json difference_json(const AttackPoint::Difference& difference) {
  return {{"success", difference.success},
          {"success_low", difference.success_95.low},
          {"success_high", difference.success_95.high},
          {"entropy", difference.entropy},
          {"entropy_low", difference.entropy_95.low},
          {"entropy_high", difference.entropy_95.high}};
}

}  // namespace

bool AttackRunsResult::is_sane() const {
  return std::all_of(sanity.begin(), sanity.end(), [](const SanityRow& row) { return row.passed; });
}

Json to_json(const AttackRunsResult& result) {
  Json json = attack_json(result.attack);
  json["mode"] = result.mode;
  json["judge_samples"] = result.judge_samples;
  json["split"] = result.split;
  json["images"] = result.images;
  json["networks"] = result.networks;
  json["data"] = result.data;
  if (!result.sanity.empty()) {
    Json rows = Json::array();
    for (const SanityRow& row : result.sanity)
      rows.push_back({{"check", row.name}, {"passed", row.passed}, {"found", row.found}});
    json["sane"] = result.is_sane();
    json["sanity"] = rows;
    return json;
  }
  json["gradients_an_image"] = result.gradients_an_image;
  json["gradients"] = result.gradients_an_image * result.images;
  json["linf_pixels"] = result.linf;
  json["l2_pixels"] = result.l2;
  Json judges = Json::array();
  for (const JudgedAttack& judge : result.judges) {
    Json rows = Json::array();
    for (const AttackPoint& point : judge.points) {
      rows.push_back({{"step", point.step},
                      {"successes", point.successes},
                      {"success", point.success},
                      {"success_low", point.success_95.low},
                      {"success_high", point.success_95.high},
                      {"entropy", point.entropy},
                      {"entropy_low", point.entropy_95.low},
                      {"entropy_high", point.entropy_95.high},
                      {"loss", point.loss}});
      if (point.difference) rows.back()["less_base"] = difference_json(*point.difference);
    }
    judges.push_back({{"name", judge.name}, {"networks", judge.networks}, {"rows", rows}});
  }
  json["judges"] = judges;
  json["against"] = result.judges.empty() ? "" : result.judges[result.against].name;
  return json;
}

std::string to_csv(const AttackRunsResult& result) {
  std::string csv =
      "judge,step,images,successes,success,success_low,success_high,entropy,entropy_low,"
      "entropy_high,loss\n";
  for (const JudgedAttack& judge : result.judges) {
    for (const AttackPoint& point : judge.points)
      csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_cell(judge.name), point.step,
                         point.images, point.successes, point.success, point.success_95.low,
                         point.success_95.high, point.entropy, point.entropy_95.low,
                         point.entropy_95.high, point.loss);
  }
  return csv;
}

}  // namespace varphase
