// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <fmt/ranges.h>

#include "src/base/console.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/prune_job.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

/// "57.6k", "2.29M".
std::string adds_text(std::int64_t adds) {
  return adds < 1000000 ? fmt::format("{:.1f}k", static_cast<double>(adds) / 1e3)
                        : fmt::format("{:.2f}M", static_cast<double>(adds) / 1e6);
}

/// A row a pruned layer, and one of all together where there are several.
std::string layers_text(const NetworkCost& cost, bool wide) {
  const TextTable table({{"layer", 8},
                         {"weights", 11},
                         {"kept", 10},
                         {"sparsity %", 10},
                         {"x weights", 9},
                         {"x bytes", 8, 1},
                         {"mult.-adds", 16}},
                        !wide);
  std::string text = table.header() + "\n";
  const auto row = [&](const LayerCost& layer, const MultiplyAdds& full,
                       const MultiplyAdds& pruned) {
    text += table.row({layer.layer, count_text(layer.weights), count_text(layer.kept),
                       fmt::format("{:.2f}", 100 * layer.sparsity()),
                       fmt::format("{:.1f}", layer.weight_compression()),
                       fmt::format("{:.2f}", layer.byte_compression()),
                       adds_text(full.moments) + " > " + adds_text(pruned.moments)}) +
            "\n";
  };
  LayerCost all;
  all.layer = "together";
  MultiplyAdds full, pruned;
  for (const LayerCost& layer : cost.layers) {
    row(layer, layer.full, layer.pruned);
    all.weights += layer.weights;
    all.kept += layer.kept;
    all.dense_bytes += layer.dense_bytes;
    all.stored_bytes += layer.stored_bytes;
    full.moments += layer.full.moments;
    pruned.moments += layer.pruned.moments;
  }
  if (cost.layers.size() > 1) row(all, full, pruned);
  if (!table.left_out().empty()) text += table.left_out() + "\n";
  return text;
}

std::string units_text(const std::vector<CompactedLayer>& layers) {
  std::int64_t before = 0, weights = 0;
  std::vector<std::string> parts;
  for (const CompactedLayer& layer : layers) {
    before += layer.weights_before;
    weights += layer.weights;
    if (layer.units != layer.units_before)
      parts.push_back(fmt::format("{} {} > {}", layer.layer, count_text(layer.units_before),
                                  count_text(layer.units)));
  }
  if (parts.empty()) return "no dead unit to take out\n";
  return fmt::format("dead units taken out: {}; {} > {} weights\n", fmt::join(parts, ", "),
                     count_text(before), count_text(weights));
}

void print_result(const PruneResult& result, bool wide) {
  std::string smoothed;
  if (!result.smooth.empty())
    smoothed = fmt::format(" ({}; {})",
                           result.smooth == "none" ? "as it is" : "smoothed by " + result.smooth,
                           result.kappa_map);
  const NetworkCost& cost = result.cost;
  print_out(
      "{}\n{}{:.2f} % of the network's weights dropped; cut by {} of {}{}, dropped weights "
      "replaced "
      "by {}, repair {}\nmultiply-adds an image, of the means: {} > {}; of both moments: {} > {}\n"
      "{}{} (dense: {})\n",
      result.path, layers_text(cost, wide), 100 * result.network_sparsity, result.cut,
      result.criterion, smoothed, result.replace, result.repair, adds_text(cost.full.mean),
      adds_text(cost.pruned.mean), adds_text(cost.full.moments), adds_text(cost.pruned.moments),
      result.structure == "none" ? "" : units_text(result.units),
      bytes_text(static_cast<double>(result.bytes)),
      bytes_text(static_cast<double>(result.dense_bytes)));
}

class PruneVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase prune runs/first --sparsity 0.95 --replace zero --repair batch-norm --out "
           "runs/first/pruned/95.h5\n"
           "  varphase prune runs/first --threshold 10^1.5 --replace mean\n"
           "  varphase prune runs/first --choose 'drop<=0.1'\n"
           "  varphase prune runs/first --criterion variance-share --sparsity 0.99 --repair both\n"
           "  varphase prune runs/first/pruned/95.h5 --sparsity 0.98\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"run"});
    flags.one_of("where to cut (one of)", {"threshold", "sparsity", "budget", "choose"});
    flags.quiet(quiet_);
    flags.wide(wide_);
    flags.json(json_);
  }

  int run(const Engine& engine) override {
    TerminalJob<> job(quiet_);
    const PruneResult result = engine.prune(request_, job);
    if (json_) {
      print_json(to_json(result));
    } else {
      print_result(result, wide_);
    }
    return kSuccess;
  }

 private:
  PruneRequest request_;
  bool json_ = false, wide_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_prune_verb() { return std::make_unique<PruneVerb>(); }

}  // namespace varphase
