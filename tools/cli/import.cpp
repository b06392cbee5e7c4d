// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <fmt/ranges.h>

#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/import_job.hpp"
#include "tools/app/result_json.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

void print_report(const StateDictReport& report, const std::optional<double>& log_alpha) {
  std::size_t by_name = 0;
  for (const auto& [theirs, ours] : report.modules) {
    by_name += theirs == ours ? 1 : 0;
    if (theirs != ours) print_out("{} is {}\n", theirs, ours);
  }
  if (by_name > 0) print_out("{} modules go by their names\n", by_name);
  if (!report.variances.empty()) {
    print_out("by {}: {}\n",
              log_alpha ? fmt::format("--log-alpha {}", *log_alpha) : "the network's spec",
              fmt::join(report.variances, ", "));
  }
  for (const auto& [layer, kept, weights] : report.masks)
    print_out("{}: {} of {} weights are kept, the dropped stay dropped\n", layer, count_text(kept),
              count_text(weights));
  if (!report.zeros.empty())
    print_out(
        "pruned in the file, and zeros that training may change (only variance layers keep "
        "masks): {}\n",
        fmt::join(report.zeros, ", "));
}

class ImportVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase import lenet.safetensors --preset lenet5 --data path/to/mnist --run "
           "runs/theirs\n"
           "  varphase import cnn.npz --network cnn.json --data fashion-mnist --map names.json "
           "--run runs/cnn\n"
           "  varphase import runs/first/exports/epoch_0022.safetensors --run runs/again\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"file"});
    flags.json(json_);
    flags.overrides(request_.set, "data",
                    "The run's configuration (defaults in brackets; a preset may have others)",
                    true, [](auto&& visit) { DataConfig{}.visit_fields(visit); });
  }

  int run(const Engine& engine) override {
    Job job;
    const ImportResult result = engine.import_network(request_, job);
    if (json_) {
      print_json(to_json(result));
    } else if (result.kind == "pruned") {
      print_out("{}, {}\n", result.path, bytes_text(static_cast<double>(result.bytes)));
    } else {
      print_report(result.report, request_.log_alpha);
      print_out("{}\n", result.path);
    }
    return kSuccess;
  }

 private:
  ImportRequest request_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_import_verb() { return std::make_unique<ImportVerb>(); }

}  // namespace varphase
