// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/metric_tables.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/ranges.h>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json to_json(const std::vector<MetricEstimate>& metrics) {
  Json json = Json::object();
  for (const MetricEstimate& metric : metrics) {
    Json& one = json[metric.name];
    one = {{"value", number_or_null(metric.value)},
           {"low", number_or_null(metric.interval.low)},
           {"high", number_or_null(metric.interval.high)}};
    if (!metric.difference) continue;
    one["difference"] = {{"value", number_or_null(*metric.difference)},
                         {"low", number_or_null(metric.difference_interval.low)},
                         {"high", number_or_null(metric.difference_interval.high)}};
  }
  return json;
}

Json to_json(const std::vector<CalibrationBin>& bins) {
  Json json;
  for (const CalibrationBin& bin : bins) {
    json["lower"].push_back(bin.lower);
    json["upper"].push_back(bin.upper);
    json["images"].push_back(bin.images);
    json["accuracy"].push_back(number_or_null(bin.accuracy));
    json["confidence"].push_back(number_or_null(bin.confidence));
  }
  return json;
}

Json to_json(const MetricColumn& column) {
  Json json{
      {"network", text_of_bytes(column.network)},
      {"estimator", column.estimator},
      {"metrics", to_json(column.metrics)},
      {"reliability",
       {{"equal_width", to_json(column.equal_width)}, {"equal_mass", to_json(column.equal_mass)}}},
      {"entropy",
       {{"most", std::log(static_cast<double>(column.classes))}, {"own", column.entropy}}}};
  for (const RiskPoint& point : column.risk_coverage) {
    json["risk_coverage"]["coverage"].push_back(point.coverage);
    json["risk_coverage"]["risk"].push_back(point.risk);
  }
  json["ood"] = Json::array();
  for (const auto& metrics : column.detection) json["ood"].push_back(to_json(metrics));
  json["entropy"]["ood"] = column.other_entropy;
  return json;
}

}  // namespace

TextList metric_groups(const TextList& metrics, bool other_sets) {
  TextList groups;
  const auto asked = [&](const std::string& group) {
    return std::find(metrics.begin(), metrics.end(), group) != metrics.end();
  };
  for (const std::string& name : metrics)
    VARPHASE_CHECK(name == "all" || std::find(std::begin(kMetricGroups), std::end(kMetricGroups),
                                              name) != std::end(kMetricGroups),
                   ErrorKind::usage, "--metrics {}: no such group\n  known are all, {}", name,
                   fmt::join(kMetricGroups, ", "));
  VARPHASE_CHECK(other_sets || !asked("ood"), ErrorKind::usage,
                 "--metrics ood wants images of another data set\n  --ood names it");
  for (const std::string group : kMetricGroups) {
    const bool is_ood = group == "ood";
    if (is_ood ? other_sets : asked("all") || asked(group)) groups.push_back(group);
  }
  return groups;
}

std::size_t compared_with(const TextList& names, const std::string& against) {
  const auto found = std::find(names.begin(), names.end(), against);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::size_t number = 0;
  const char* const end = against.data() + against.size();
  const auto read = std::from_chars(against.data(), end, number);
  const bool is_number = read.ec == std::errc() && read.ptr == end;
  VARPHASE_CHECK(is_number && number >= 1 && number <= names.size(), ErrorKind::usage,
                 "--against {}: wants a number of 1 to {}, or one of: {}", against, names.size(),
                 fmt::join(names, "; "));
  return number - 1;
}

Json to_json(const MetricTables& tables) {
  Json sets = Json::array(), columns = Json::array();
  for (const OtherSet& set : tables.other_sets)
    sets.push_back(
        {{"name", text_of_bytes(set.name)}, {"digest", set.digest}, {"images", set.images}});
  for (const MetricColumn& column : tables.columns) columns.push_back(to_json(column));
  return {{"groups", tables.groups},
          {"bins", kCalibrationBins},
          {"resamples", tables.resamples},
          {"level", tables.level},
          {"against", text_of_bytes(tables.against)},
          {"ood", sets},
          {"columns", columns}};
}

}  // namespace varphase
