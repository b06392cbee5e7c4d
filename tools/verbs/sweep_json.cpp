// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/verbs/sweep_json.hpp"

#include <cmath>

#include "analysis/sparse/sparse_model.hpp"
#include "src/base/text_table.hpp"

namespace varphase {

SweepJson sweep_json(const SweepResult& result, const SweepRequest& request,
                     const LayerKappa& layer, const std::string& smooth, std::int64_t epoch,
                     const std::string& checkpoint, Split split, const std::string& rule,
                     std::int64_t chosen) {
  SweepJson output;
  Json names = Json::array();
  for (const Replacement replace : request.rules) names.push_back(replacement_name(replace));
  output.json = Json{{"epoch", epoch},
                     {"checkpoint", checkpoint},
                     {"layer", layer.layer},
                     {"samples", request.members},
                     {"split", split_name(split)},
                     {"replace", names},
                     {"repair", repair_name(request.repair)},
                     {"smooth", smooth},
                     {"criterion", "kappa"},
                     {"full",
                      {{"accuracy", result.full.accuracy},
                       {"accuracy_se", result.full.accuracy_se},
                       {"nll", result.full.nll},
                       {"bytes", 4 * layer.count()}}}};
  Json rows = Json::array();
  output.csv =
      "log10_threshold,sparsity,network_sparsity,kept,replace,repair,accuracy,accuracy_se,"
      "difference,difference_se,nll,bytes\n";
  const TextTable table({{"log10 kappa_0", 13},
                         {"replace", 7},
                         {"sparsity %", 10},
                         {"kept", 8},
                         {"ens. %", 7},
                         {"lost", 6},
                         {"s.e.", 5},
                         {"NLL", 7},
                         {"bytes", 9}});
  output.table = table.header() + "\n";
  for (const SweepRow& row : result.rows) {
    const std::string name = replacement_name(row.replace);
    const std::int64_t bytes = stored_bytes(name, layer.shape, row.kept);
    rows.push_back(
        Json{{"log10_threshold", row.point.by_sparsity ? Json(nullptr) : Json(row.point.value)},
             {"sparsity", row.sparsity},
             {"network_sparsity", row.network_sparsity},
             {"kept", row.kept},
             {"replace", name},
             {"repair", repair_name(request.repair)},
             {"accuracy", row.metrics.accuracy},
             {"accuracy_se", row.metrics.accuracy_se},
             {"difference", row.difference.difference},
             {"difference_se", row.difference.standard_error},
             {"nll", row.metrics.nll},
             {"bytes", bytes}});
    output.csv +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n",
                    row.point.by_sparsity ? "" : fmt::format("{}", row.point.value), row.sparsity,
                    row.network_sparsity, row.kept, name, repair_name(request.repair),
                    row.metrics.accuracy, row.metrics.accuracy_se, row.difference.difference,
                    row.difference.standard_error, row.metrics.nll, bytes);
    output.table += table.row({fmt::format("{:.2f}", std::log10(row.threshold)), name,
                               fmt::format("{:.2f}", 100 * row.sparsity), count_text(row.kept),
                               fmt::format("{:.2f}", 100 * row.metrics.accuracy),
                               fmt::format("{:+.2f}", 100 * row.difference.difference),
                               fmt::format("{:.2f}", 100 * row.difference.standard_error),
                               fmt::format("{:.4f}", row.metrics.nll),
                               bytes_text(static_cast<double>(bytes))}) +
                    "\n";
  }
  output.json["rows"] = rows;
  output.json["chosen"] = chosen < 0
                              ? Json(nullptr)
                              : Json{{"row", chosen}, {"rule", rule}, {"split", split_name(split)}};
  return output;
}

}  // namespace varphase
