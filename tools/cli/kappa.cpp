// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tools/app/kappa_job.hpp"
#include "tools/app/result_json.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/kappa_tables.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

/// Rows as they are computed; none where the result is printed as JSON.
class KappaLines final : public TerminalJob<KappaJob> {
 public:
  KappaLines(const KappaMapsRequest& request, bool json, bool quiet)
      : TerminalJob(quiet), table_(request.by == "class"), json_(json) {}

  void computing() override {
    if (!json_) print_out("{}\n", table_.header());
  }
  void computed(const KappaRow& row) override {
    clear();
    if (!json_) table_.print(row);
  }
  void found_images(const std::vector<LayerImages>& layers, std::int64_t epoch,
                    const std::filesystem::path& csv, std::int64_t kept) override {
    clear();
    if (json_) return;
    print_images(layers, epoch);
    print_out("the first {} images of each in {}\n", kept, csv.string());
  }

 private:
  KappaTable table_;
  bool json_;
};

class KappaVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase kappa runs/first\n  varphase kappa runs/first --epoch last --verify 200\n"
           "  varphase kappa runs/first@12 --smooth none\n"
           "  varphase kappa runs/vgg --epoch last --layer all --all-quantities\n"
           "  varphase kappa runs/deep --epoch last --method estimate --samples 16\n"
           "  varphase kappa runs/first --epoch last --by class\n"
           "  varphase kappa runs/first --epoch last --by image --top 5\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"run"});
    flags.quiet(quiet_);
    flags.json(json_);
  }

  int run(const Engine& engine) override {
    KappaLines lines(request_, json_, quiet_);
    const KappaMapsResult result = engine.kappa(request_, lines);
    if (result.interrupted) {
      print_err("interrupted at epoch {}; the same command goes on from here\n",
                *result.interrupted);
      return kInterrupted;
    }
    json_ ? print_json(to_json(result, request_.by)) : print_summary(result);
    return kSuccess;
  }

 private:
  void print_summary(const KappaMapsResult& result) const {
    print_out("\nkappa_0 = {}; sums over {} {} images; maps in {}\n", request_.kappa0,
              count_text(result.images), result.split, result.folder.string());
    if (result.repeatable == false)
      print_out("not repeatable: two passes over the same images gave different bits\n");
  }

  KappaMapsRequest request_;
  bool json_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_kappa_verb() { return std::make_unique<KappaVerb>(); }

}  // namespace varphase
