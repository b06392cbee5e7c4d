// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/predict_job.hpp"
#include "tools/app/result_json.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

/// Rows go to stdout as they are: others read them.
class PrintedPredictions final : public TerminalJob<PredictJob> {
 public:
  using TerminalJob::TerminalJob;
  void predicted(std::string_view bytes) override { write_out_bytes(bytes); }
};

class PredictVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase predict runs/first photos --out predictions.csv\n"
           "  varphase predict runs/first/pruned/95.h5 t10k-images-idx3-ubyte.gz --samples 100 "
           "--out p.h5\n"
           "  varphase predict runs/first@12 a.png b.png --mode deterministic --out -\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"source", "images"});
    flags.required("out");
    flags.quiet(quiet_);
    flags.offer("mode", {"ensemble", "deterministic", "stochastic", "zero-mean"});
    flags.offer("form", {"auto", "dense", "csr", "compact"});
    flags.offer("epoch", {"last", "best"});
    flags.offer("device", {"auto", "cpu", "cuda"});
    flags.verb().add_flag("--json", json_, "print a summary as JSON");
    flags.overrides(request_.set, "data", "How files are read (where not given: as the run had it)",
                    false, [](auto&& visit) { DataConfig{}.visit_reading(visit); });
  }

  int run(const Engine& engine) override {
    const bool to_stdout = request_.out == "-";
    VARPHASE_CHECK(!to_stdout || !json_, ErrorKind::usage,
                   "--json prints a summary on stdout, where --out - puts the predictions\n  "
                   "--format json gives these as JSON");
    PrintedPredictions job(quiet_ || json_);
    const PredictResult result = engine.predict(request_, job);
    if (json_) {
      print_json(to_json(result));
    } else if (!to_stdout) {
      const bool many = result.mode == "ensemble" || result.mode == "zero_mean";
      print_out("{}: {} images, {}{}\nmean entropy {:.4f}, mean mutual information {:.4f} nats\n",
                result.out, count_text(result.images), result.mode,
                many ? fmt::format(" of {} samples", result.samples) : "", result.entropy,
                result.mutual_information);
    }
    return kSuccess;
  }

 private:
  PredictRequest request_;
  bool json_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_predict_verb() { return std::make_unique<PredictVerb>(); }

}  // namespace varphase
