// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/evaluate_job.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/metric_tables_text.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/unwritten.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

/// @param sparsity, bytes  as the table shows them
std::vector<std::string> cells(const std::string& name, const MetricsByEstimator& metrics,
                               const std::string& sparsity, const std::string& bytes) {
  const auto percent = [&](const char* estimator) {
    return fmt::format("{:.2f}", 100 * metrics.at(estimator).accuracy);
  };
  return {name,
          percent("deterministic"),
          percent("stochastic"),
          percent("ensemble"),
          fmt::format("{:.2f}", 100 * metrics.at("ensemble").accuracy_se),
          percent("zero_mean"),
          fmt::format("{:.4f}", metrics.at("ensemble").nll),
          sparsity,
          bytes};
}

void print_networks(const EvaluateResult& result, bool wide) {
  const TextTable table({{"file", wide ? 24 : 22, 0, true},
                         {"det. %", 7},
                         {"stoch. %", 8, 2},
                         {"ens. %", 7},
                         {"s.e.", 5},
                         {"zero m. %", 9, 1},
                         {"ens. NLL", 8},
                         {"sparsity %", 10},
                         {"bytes", 9}},
                        !wide);
  print_out("{}\n", table.header());
  for (const EvaluatedNetwork& network : result.entries) {
    print_out("{}\n", table.row(cells(network.name, network.metrics,
                                      fmt::format("{:.2f}", 100 * network.layer_sparsity),
                                      bytes_text(static_cast<double>(network.bytes)))));
  }
  if (result.together)
    print_out("{}\n", table.row(cells(fmt::format("together ({})", result.together->networks),
                                      result.together->metrics, "", "")));
  if (!table.left_out().empty()) print_out("{}\n", table.left_out());
}

void print_execution(const EvaluatedNetwork& network) {
  const TextTable table({{"layer", 10},
                         {"images", 6},
                         {"dense ms", 8},
                         {"csr ms", 8},
                         {"comp. ms", 8},
                         {"form", 7},
                         {"bytes", 9},
                         {"of dense", 9}});
  print_out(
      "\nhow {} runs: both moments of a layer's output, bytes of its "
      "weights\n{}\n",
      network.name, table.header());
  for (const LayerExecution& layer : *network.execution) {
    const auto milliseconds = [&](const char* form) {
      const auto found = layer.seconds.find(form);
      return found != layer.seconds.end() ? fmt::format("{:.3f}", 1e3 * found->second)
                                          : std::string("-");
    };
    const auto bytes = [&](const std::string& form) {
      return bytes_text(static_cast<double>(layer.bytes.at(form)));
    };
    print_out("{}\n",
              table.row({layer.layer, layer.images ? count_text(*layer.images) : std::string("-"),
                         milliseconds("dense"), milliseconds("csr"), milliseconds("compact"),
                         layer.form, bytes(layer.form), bytes("dense")}));
  }
}

class EvalVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase eval runs/first runs/first/pruned/95.h5 --samples 50\n"
           "  varphase eval --together runs/five\n"
           "  varphase eval runs/first runs/first/pruned/95.h5 --metrics all --ood mnist\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"paths"});
    flags.quiet(quiet_);
    flags.offer("form", {"auto", "dense", "csr", "compact"});
    flags.offer("epoch", {"last", "best"});
    flags.offer("device", {"auto", "cpu", "cuda"});
    flags.offer("metrics", {"all", "cls", "cal", "sc", "ood"});
    flags.overrides(request_.set, "data",
                    "How the files of --ood are read (where not given: as the run had it)", false,
                    [](auto&& visit) { DataConfig{}.visit_reading(visit); });
    flags.wide(wide_);
    flags.json(json_);
  }

  int run(const Engine& engine) override {
    TerminalJob<> job(quiet_ || json_);
    const EvaluateResult result = engine.evaluate(request_, job);
    if (json_) {
      print_json(to_json(result));
    } else {
      print_networks(result, wide_);
      print_out(
          "\n{} images, K = {}\n"
          "accuracy with its standard error, NLL in nats an image; bytes of the file\n",
          result.split, result.samples);
      for (const EvaluatedNetwork& network : result.entries)
        if (network.execution) print_execution(network);
      if (result.tables) print_metric_tables(result, wide_);
    }
    return tell_unwritten(result.unwritten);
  }

 private:
  EvaluateRequest request_;
  bool json_ = false, wide_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_eval_verb() { return std::make_unique<EvalVerb>(); }

}  // namespace varphase
