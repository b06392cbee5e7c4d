// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <functional>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "analysis/kappa/map_files.hpp"
#include "checkpoints/file_kind.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/two_layers.hpp"
#include "tools/app/attack_job.hpp"
#include "tools/app/evaluate_job.hpp"
#include "tools/app/export_job.hpp"
#include "tools/app/finetune_job.hpp"
#include "tools/app/kappa_job.hpp"
#include "tools/app/predict_job.hpp"
#include "tools/app/prune_job.hpp"
#include "tools/app/report_job.hpp"
#include "tools/app/shift_job.hpp"
#include "tools/app/sweep_job.hpp"
#include "tools/app/train_job.hpp"
#include "tools/app/transition_job.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

/// A verb that takes a network, the kinds of files that it takes, and how it is called with one.
struct NetworkVerb {
  const char* name;
  std::set<std::string> takes;
  std::function<void(const std::string& file, const fs::path& out)> call;
};

const std::vector<NetworkVerb>& network_verbs() {
  static const std::vector<NetworkVerb> verbs{
      {"eval",
       {"checkpoint", "pruned"},
       [](const std::string& file, const fs::path& /*out*/) {
         EvaluateRequest request;
         request.device = "cpu";
         request.paths = {file};
         request.samples = 2;
         Job job;
         evaluate(request, job);
       }},
      {"predict",
       {"checkpoint", "pruned"},
       [](const std::string& file, const fs::path& out) {
         PredictRequest request;
         request.device = "cpu";
         request.source = file;
         std::string idx{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28};
         write_text_atomically(out / "images-idx3-ubyte", idx + std::string(28 * 28, 'x'));
         request.images = {(out / "images-idx3-ubyte").string()};
         request.out = (out / "predicted.csv").string();
         PredictJob job;
         predict(request, job);
       }},
      {"export",
       {"checkpoint", "pruned"},
       [](const std::string& file, const fs::path& out) {
         ExportRequest request;
         request.source = file;
         request.to = "safetensors";
         request.out = (out / "exported.safetensors").string();
         Job job;
         export_network(request, job);
       }},
      {"prune",
       {"checkpoint", "pruned"},
       [](const std::string& file, const fs::path& out) {
         PruneRequest request;
         request.device = "cpu";
         request.run = file;
         request.criterion = "magnitude";
         request.sparsity = 0.95;
         request.out = (out / "more.h5").string();
         Job job;
         prune_run(request, job);
       }},
      {"sweep",
       {"checkpoint", "pruned"},
       [](const std::string& file, const fs::path& /*out*/) {
         SweepRunsRequest request;
         request.device = "cpu";
         request.runs = {file};
         request.criteria = {"magnitude"};
         request.sparsities = {0.95};
         request.samples = 2;
         Job job;
         sweep_runs(request, job);
       }},
      {"shift",
       {"checkpoint", "pruned"},
       [](const std::string& file, const fs::path& /*out*/) {
         ShiftRequest request;
         request.device = "cpu";
         request.paths = {file};
         request.corruptions = {"contrast"};
         request.samples = 2;
         ShiftJob job;
         shift(request, job);
       }},
      {"attack",
       {"checkpoint", "pruned"},
       [](const std::string& file, const fs::path& /*out*/) {
         AttackRunsRequest request;
         request.device = "cpu";
         request.paths = {file};
         request.epsilon = "8/255";
         request.steps = 1;
         request.samples = 1;
         request.images = 4;
         Job job;
         attack_runs(request, job);
       }},
      {"kappa",
       {"checkpoint"},
       [](const std::string& file, const fs::path& /*out*/) {
         KappaMapsRequest request;
         request.where.device = "cpu";
         request.run = file;
         KappaJob job;
         make_kappa_maps(request, job);
       }},
      {"finetune",
       {"pruned"},
       [](const std::string& file, const fs::path& out) {
         FinetuneRequest request;
         request.device = "cpu";
         request.pruned = file;
         request.run = (out / "tuned").string();
         request.set = {"train.epochs=1"};
         TrainJob job;
         finetune(request, job);
       }},
      {"train --init", {"checkpoint"}, [](const std::string& file, const fs::path& out) {
         write_json_file(out / "config.json", to_json(two_layers()));
         TrainRequest request;
         request.device = "cpu";
         request.config = (out / "config.json").string();
         request.init = file;
         request.run = (out / "begun").string();
         TrainJob job;
         train(request, job);
       }}};
  return verbs;
}

/// A run with a file of each kind, by its kind.
std::map<std::string, fs::path> file_of_each_kind(const RunLayout& run) {
  std::map<std::string, fs::path> files;
  files["checkpoint"] = make_small_run(run.folder, two_layers());
  KappaMapsRequest kappa;
  kappa.where.device = "cpu";
  kappa.run = run.folder.string();
  KappaJob job;
  make_kappa_maps(kappa, job);
  files["kappa"] = MapFiles(run.folder).map({}, 1);  // of the checkpoint's own name
  PruneRequest prune;
  prune.device = "cpu";
  prune.run = run.folder.string();
  prune.criterion = "magnitude";
  prune.sparsity = 0.9;
  prune.out = (run.pruned() / "epoch_0001.h5").string();
  files["pruned"] = prune_run(prune, job).path;
  for (const FileKind& known : file_kinds()) {
    const std::string kind(known.kind);
    if (files.contains(kind)) continue;
    Document document;
    document.kind = kind;
    files[kind] = run.folder / ("epoch_0001_" + kind + ".h5");
    write_document(files[kind], document);
  }
  return files;
}

std::set<std::string> names_below(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    names.insert(entry.path().string());
  return names;
}

TEST(FileKinds, EveryVerbTakesItsOwnAndSaysWhatTheOthersAre) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  const std::map<std::string, fs::path> files = file_of_each_kind(run);
  for (const NetworkVerb& verb : network_verbs()) {
    const fs::path out = folder / verb.name;
    fs::create_directory(out);
    for (const FileKind& kind : file_kinds()) {
      SCOPED_TRACE(std::string(verb.name) + " with " + std::string(kind.name));
      const std::string file = files.at(std::string(kind.kind)).string();
      if (verb.takes.contains(std::string(kind.kind))) continue;
      const std::set<std::string> before = names_below(run.folder);
      EXPECT_THAT(refusal(ErrorKind::format, [&] { verb.call(file, out); }),
                  AllOf(HasSubstr(file), HasSubstr("is " + std::string(kind.name) + ", wants "),
                        HasSubstr("\n  " + std::string(kind.use))));
      EXPECT_EQ(names_below(run.folder), before);
      for (const char* made :
           {"begun", "tuned", "more.h5", "predicted.csv", "exported.safetensors"})
        EXPECT_FALSE(fs::exists(out / made)) << made;
    }
    for (const std::string& kind : verb.takes) {
      SCOPED_TRACE(std::string(verb.name) + " with " + kind);
      const fs::path own = out / kind;
      fs::create_directory(own);
      EXPECT_NO_THROW(verb.call(files.at(kind).string(), own));
    }
  }
}

TEST(FileKinds, AreThoseThatTheFormatDescribes) {
  const std::string format =
      read_text_file(fs::path(VARPHASE_SOURCE_DIR) / "checkpoints/FORMAT.md");
  std::set<std::string> described, known;
  const std::string heading = "\n## Kind `";
  for (std::size_t at = format.find(heading); at != std::string::npos;
       at = format.find(heading, at + 1)) {
    const std::size_t name = at + heading.size();
    described.insert(format.substr(name, format.find('`', name) - name));
  }
  for (const FileKind& kind : file_kinds()) known.insert(std::string(kind.kind));
  EXPECT_EQ(known, described);
}

TEST(FileKinds, ResultsInOtherFormsAreNoNetworksEither) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers());
  write_text_atomically(run.transition_json(), "{}");
  write_text_atomically(folder / "network.safetensors", std::string(100, ' '));
  write_text_atomically(folder / "network.onnx", std::string(100, ' '));
  const std::map<fs::path, const char*> remedies{
      {run.transition_json(), "give the run's folder"},
      {run.config(), "give the run's folder"},
      {folder / "network.safetensors", "varphase import"},
      {folder / "network.onnx", "exported from"}};
  for (const NetworkVerb& verb : network_verbs()) {
    for (const auto& [file, remedy] : remedies) {
      SCOPED_TRACE(std::string(verb.name) + " with " + file.string());
      EXPECT_THAT(refusal(ErrorKind::format, [&] { verb.call(file.string(), folder.path()); }),
                  AllOf(HasSubstr(file.string()), HasSubstr("is no HDF5 file of Varphase"),
                        HasSubstr(remedy)));
    }
    EXPECT_FALSE(fs::exists(folder / "begun")) << verb.name;
  }
}

TEST(FileKinds, AFileIsNoRun) {
  const TemporaryFolder folder;
  const std::string file = make_small_run(folder / "run", two_layers()).string();
  Job job;
  TransitionRequest transition;
  transition.runs = {file};
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { find_transition(transition, job); }),
              HasSubstr(file + ": is a file, wants a run's folder"));
  ReportRequest report;
  report.runs = {file};
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { make_report(report, job); }),
              HasSubstr(file + ": is a file, wants a run's folder"));
}

TEST(FileKinds, AnEnsembleIsRefusedWhereOneNetworkIsWanted) {
  const TemporaryFolder folder;
  const fs::path ensemble = folder / "ensemble";
  fs::create_directory(ensemble);
  write_json_file(ensemble / "members.json", {{"members", 2}, {"config", to_json(two_layers())}});
  for (const NetworkVerb& verb : network_verbs()) {
    SCOPED_TRACE(verb.name);
    try {
      verb.call(ensemble.string(), folder.path());
      ADD_FAILURE() << "not refused";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(ensemble.string()));
    }
  }
}

}  // namespace
}  // namespace varphase::test
