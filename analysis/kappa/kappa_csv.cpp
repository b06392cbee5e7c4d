// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/kappa_csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "src/base/csv_table.hpp"

namespace varphase {

std::string histogram_csv(std::span<const KappaMap> maps) {
  std::string text = "epoch,layer,log10_from,log10_to,count\n";
  for (const KappaMap& map : maps) {
    for (const LayerKappa& layer : map.layers) {
      text += histogram_csv_rows(layer.histogram(),
                                 fmt::format("{},{},", map.epoch, csv_cell(layer.layer)));
    }
  }
  return text;
}

std::string class_histogram_csv(std::span<const KappaMap> maps) {
  std::string text = "epoch,class,layer,log10_from,log10_to,count\n";
  for (const KappaMap& map : maps) {
    for (const LayerKappa& layer : map.layers) {
      text += histogram_csv_rows(
          layer.histogram(),
          fmt::format("{},{},{},", map.epoch, map.label.value(), csv_cell(layer.layer)));
    }
  }
  return text;
}

std::string with_histograms(const std::string& there, const std::string& rows) {
  struct Line {
    std::int64_t epoch;
    std::string_view text;
  };
  const auto lines_of = [](std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(end + 1))
      lines.push_back(text.substr(0, end + 1));
    return lines;
  };
  // The map that a row is of: what stands before edges and count.
  const auto map_of = [](std::string_view line) {
    for (int comma = 0; comma < 3; ++comma)
      line = line.substr(0, std::min(line.rfind(','), line.size()));
    return line;
  };
  const auto epoch_of = [](std::string_view line) {
    std::int64_t epoch = -1;
    std::from_chars(line.data(), line.data() + line.size(), epoch);
    return epoch;
  };
  const std::vector<std::string_view> fresh = lines_of(rows), old = lines_of(there);
  if (fresh.empty() || old.empty() || old.front() != fresh.front()) return rows;
  std::set<std::string_view> replaced;
  std::vector<Line> all;
  for (std::size_t i = 1; i < fresh.size(); ++i) {
    replaced.insert(map_of(fresh[i]));
    all.push_back({epoch_of(fresh[i]), fresh[i]});
  }
  for (std::size_t i = 1; i < old.size(); ++i) {
    if (!replaced.contains(map_of(old[i]))) all.push_back({epoch_of(old[i]), old[i]});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Line& a, const Line& b) { return a.epoch < b.epoch; });
  std::string text(fresh.front());
  for (const Line& line : all) text += line.text;
  return text;
}

}  // namespace varphase
