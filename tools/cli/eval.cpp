// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <map>
#include <optional>

#include "analysis/predict/network_ensemble.hpp"
#include "analysis/predict/predictor.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/progress.hpp"
#include "src/base/stopwatch.hpp"
#include "src/base/text_table.hpp"
#include "src/base/time_estimate.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/device.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/network_files.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/side_files.hpp"
#include "tools/app/trained_images.hpp"
#include "tools/cli/old_verbs.hpp"
#include "tools/cli/unwritten.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

Json weights_of(const LoadedNetwork& loaded) {
  const std::int64_t weights = loaded.network.weight_count();
  Json json{{"weights", weights},
            {"nonzero", weights},
            {"layer_sparsity", 0.0},
            {"network_sparsity", 0.0}};
  if (loaded.pruned) {
    std::int64_t nonzero = weights, pruned = 0, kept = 0;
    for (const PrunedLayer& layer : loaded.pruned->layers) {
      if (layer.replace == "zero") nonzero -= layer.count() - layer.kept();
      pruned += layer.count();
      kept += layer.kept();
    }
    json["nonzero"] = nonzero;
    // Of the pruned layers' weights together.
    json["layer_sparsity"] = static_cast<double>(pruned - kept) / static_cast<double>(pruned);
    json["network_sparsity"] = loaded.pruned->sparsity();
    return json;
  }
  // A checkpoint of a network that was trained with masks.
  double masked = 0, dropped = 0, zero = 0;
  for (const VarianceLayer* layer : loaded.network.variance_layers()) {
    if (!layer->mask().defined()) continue;
    const at::Tensor gone = layer->mask().logical_not();
    masked += static_cast<double>(gone.numel());
    dropped += gone.sum().item<double>();
    zero += gone.logical_and(layer->mean().eq(0)).sum().item<double>();
  }
  if (masked == 0) return json;
  json["nonzero"] = weights - static_cast<std::int64_t>(zero);
  json["layer_sparsity"] = dropped / masked;
  json["network_sparsity"] = dropped / static_cast<double>(weights);
  return json;
}

/// How a pruned file's layers were run: forms with their bytes, and their times where they were
/// measured.
Json execution_of(const LoadedNetwork& loaded, const std::string& form) {
  Json list = Json::array();
  for (const auto& executed : loaded.executed) {
    Json row{{"layer", executed->name()},
             {"sparsity", executed->sparsity()},
             {"form", form == "auto" ? "dense" : form}};
    for (const ExecutionForm each : kExecutionForms)
      row["bytes"][execution_form_name(each)] = executed->bytes(each);
    // Both moments of the largest batch: what an ensemble costs.
    std::int64_t rows = 0;
    for (const FormChoice& choice : executed->choices()) {
      if (!choice.wanted.mean || !choice.wanted.variance || choice.rows <= rows) continue;
      rows = choice.rows;
      row["form"] = execution_form_name(choice.form);
      row["images"] = choice.rows;
      for (const auto& [each, seconds] : choice.seconds)
        row["seconds"][execution_form_name(each)] = seconds;
    }
    list.push_back(std::move(row));
  }
  return list;
}

std::string execution_text(const std::string& file, const Json& layers) {
  const TextTable table({{"layer", 10},
                         {"images", 6},
                         {"dense ms", 8},
                         {"csr ms", 8},
                         {"comp. ms", 8},
                         {"form", 7},
                         {"bytes", 9},
                         {"of dense", 9}});
  std::string text = fmt::format(
      "how {} runs: both moments of a layer's output, bytes of its "
      "weights\n{}\n",
      file, table.header());
  for (const Json& layer : layers) {
    const std::string form = layer["form"].get<std::string>();
    const auto milliseconds = [&](const char* name) {
      return layer.contains("seconds") && layer["seconds"].contains(name)
                 ? fmt::format("{:.3f}", 1e3 * layer["seconds"][name].get<double>())
                 : std::string("-");
    };
    const auto bytes = [&](const std::string& name) {
      return bytes_text(layer["bytes"][name].get<double>());
    };
    text += table.row({layer["layer"].get<std::string>(),
                       layer.contains("images") ? count_text(layer["images"].get<std::int64_t>())
                                                : std::string("-"),
                       milliseconds("dense"), milliseconds("csr"), milliseconds("compact"), form,
                       bytes(form), bytes("dense")}) +
            "\n";
  }
  return text;
}

using ByEstimator = std::map<std::string, Metrics>;

void add_metrics(Json& json, const ByEstimator& metrics) {
  for (const auto& [estimator, value] : metrics) {
    json["accuracy"][estimator] = value.accuracy;
    json["accuracy_se"][estimator] = value.accuracy_se;
    json["nll"][estimator] = value.nll;
    json["brier"][estimator] = value.brier;
    json["ece"][estimator] = value.ece;
    json["entropy"][estimator] = value.entropy;
  }
}

/// @param sparsity, bytes  as the table shows them
std::vector<std::string> cells(const std::string& name, const ByEstimator& metrics,
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

/// What several networks predicted of the same images, by estimator.
class Together {
 public:
  void check_images(const NetworkFile& entry, const Dataset& dataset, Split split) {
    if (log_p_.empty()) {
      first_ = entry.path;
      name_ = dataset.name;
      digest_ = dataset.digest;
      index_ = dataset.part(split).index;
    }
    VARPHASE_CHECK(
        dataset.part(split).index == index_, ErrorKind::usage,
        "--together wants the same images for all: {} and {} take different {} images of "
        "theirs\n  their data.train_limit, data.test_limit or data.validation differ",
        first_.string(), entry.path.string(), split_name(split));
    VARPHASE_CHECK(dataset.digest == digest_, ErrorKind::usage,
                   "--together wants the same images for all: {} has {}, {} has {}\n  --data names "
                   "those to take",
                   first_.string(), name_, entry.path.string(), dataset.name);
  }
  void add(const std::string& estimator, const at::Tensor& log_p, const at::Tensor& labels) {
    log_p_[estimator].push_back(log_p);
    labels_ = labels;
  }
  /// The row of all, and what goes into the JSON.
  std::pair<ByEstimator, Json> scores() const {
    ByEstimator metrics;
    Json json{{"networks", log_p_.begin()->second.size()}};
    for (const auto& [estimator, list] : log_p_) {
      const NetworkEnsemble found = score_networks(list, labels_);
      metrics[estimator] = found.metrics;
      json["mutual_information"][estimator] = found.mutual_information;
    }
    add_metrics(json, metrics);
    return {metrics, json};
  }
  std::size_t networks() const { return log_p_.empty() ? 0 : log_p_.begin()->second.size(); }

 private:
  std::map<std::string, std::vector<at::Tensor>> log_p_;
  at::Tensor labels_;
  fs::path first_;
  std::string name_, digest_;
  std::vector<std::int64_t> index_;
};

std::int64_t members_of(Estimator estimator, std::int64_t samples) {
  const bool many = estimator == Estimator::ensemble || estimator == Estimator::zero_mean;
  return many ? samples : 1;
}

/// Images times members of all estimators.
std::int64_t passes_of(const DeviceImages& images, std::int64_t samples) {
  std::int64_t members = 0;
  for (const Estimator estimator : kEstimators) members += members_of(estimator, samples);
  return images.count() * members;
}

/// Files of several runs that have one name get that of their run before it, and as many folders
/// above it as it takes.
void tell_apart(std::vector<NetworkFile>& files) {
  std::vector<fs::path> folders;
  std::vector<std::string> names;
  for (const NetworkFile& file : files) {
    folders.push_back(fs::absolute(file.path).lexically_normal().parent_path().parent_path());
    names.push_back(file.name);
  }
  const auto is_shared = [&](std::size_t i) {
    for (std::size_t j = 0; j < files.size(); ++j)
      if (j != i && files[j].name == files[i].name && folders[j] != folders[i]) return true;
    return false;
  };
  constexpr int kMostFolders = 32;
  std::vector<std::string> before(files.size());
  for (int depth = 0; depth < kMostFolders; ++depth) {
    std::vector<std::size_t> shared;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (is_shared(i)) shared.push_back(i);
    if (shared.empty()) return;
    for (const std::size_t i : shared) {
      fs::path folder = folders[i];
      for (int up = 0; up < depth; ++up) folder = folder.parent_path();
      const std::string name = folder.filename().string();
      before[i] = before[i].empty() ? name : name + "/" + before[i];
    }
    for (const std::size_t i : shared) files[i].name = before[i] + ": " + names[i];
  }
}

std::string work_text(const std::vector<NetworkFile>& files) {
  return files.size() == 1 ? files.front().name : fmt::format("{} networks", files.size());
}

}  // namespace

int run_eval(const Options& options) {
  if (!options.out.empty()) check_output_file(options.out, options.overwrite);
  const at::Device device = open_device({options.device, options.threads});
  const Split split = options.split.empty() ? Split::test : split_from_name(options.split);
  Json entries = Json::array();
  const TextTable table({{"file", options.wide ? 24 : 22, 0, true},
                         {"det. %", 7},
                         {"stoch. %", 8, 2},
                         {"ens. %", 7},
                         {"s.e.", 5},
                         {"zero m. %", 9, 1},
                         {"ens. NLL", 8},
                         {"sparsity %", 10},
                         {"bytes", 9}},
                        !options.wide);
  std::string text = table.header() + "\n";
  std::string execution;
  Together together;
  std::vector<NetworkFile> files;
  for (const std::string& argument : options.paths) {
    const std::vector<NetworkFile> found = network_files(argument, options.epoch);
    files.insert(files.end(), found.begin(), found.end());
  }
  std::map<fs::path, RunLock> locks;
  for (const NetworkFile& entry : files) {
    const fs::path run = fs::absolute(entry.path).parent_path().parent_path();
    if (!locks.contains(run)) locks.emplace(run, begin_analysis(run));
  }
  tell_apart(files);
  std::optional<TimeEstimate> estimate;
  for (const NetworkFile& entry : files) {
    const Stopwatch clock;
    LoadedNetwork loaded = load_network_file(entry.path, device, options.form);
    set_numerics(loaded.config.train.deterministic, false);
    const Dataset dataset = open_dataset(loaded.config.data, options.data);
    check_fits(loaded.network, dataset, false);
    VARPHASE_CHECK(dataset.part(split).count() > 0, ErrorKind::usage, "{}: no {} images",
                   entry.path.string(), split_name(split));
    const DeviceImages images = to_device(dataset.part(split), split, device);
    // Networks of one ensemble draw their noise apart.
    const auto seed =
        static_cast<std::uint64_t>(options.seed) + (options.together ? together.networks() : 0);
    const std::int64_t count = passes_of(images, options.samples);
    if (!estimate) {
      LongWork work{work_text(files), "passes", count * std::ssize(files)};
      if (files.size() > 1) work.between = clock.seconds() / static_cast<double>(count);
      estimate.emplace(work, options.quiet || options.json, [device] { synchronize(device); });
    }
    Progress progress("eval " + entry.name, count, " passes", options.quiet || options.json);
    Predictor predictor(loaded.network, images, seed);
    std::int64_t members = 1;
    predictor.on_advance([&](std::int64_t predicted) {
      progress.advance(predicted * members);
      estimate->advance(predicted * members, progress);
    });
    ByEstimator metrics;
    std::map<std::string, at::Tensor> predicted;
    for (const Estimator estimator : kEstimators) {
      members = members_of(estimator, options.samples);
      const at::Tensor log_p = predictor.log_probabilities(estimator, options.samples);
      metrics[estimator_name(estimator)] = varphase::metrics(log_p, images.labels);
      predicted[estimator_name(estimator)] = log_p;
    }
    estimate->end_piece(progress);
    progress.clear();
    if (options.together) {
      together.check_images(entry, dataset, split);
      for (const auto& [name, log_p] : predicted) together.add(name, log_p, images.labels);
    }
    Json json{{"name", text_of_bytes(entry.name)},
              {"path", text_of_bytes(entry.path.string())},
              {"bytes", fs::file_size(entry.path)},
              {"images", images.count()},
              {"data", trained_images(dataset, loaded.dataset_digest, entry.path.string())}};
    json.update(weights_of(loaded));
    if (loaded.pruned) {
      json["execution"] = execution_of(loaded, options.form);
      execution += "\n" + execution_text(entry.name, json["execution"]);
    }
    add_metrics(json, metrics);
    text += table.row(cells(entry.name, metrics,
                            fmt::format("{:.2f}", 100 * json["layer_sparsity"].get<double>()),
                            bytes_text(json["bytes"].get<double>()))) +
            "\n";
    entries.push_back(std::move(json));
  }
  Json result{{"samples", options.samples},
              {"seed", options.seed},
              {"split", split_name(split)},
              {"entries", entries}};
  if (options.together) {
    const auto [metrics, json] = together.scores();
    result["together"] = json;
    text +=
        table.row(cells(fmt::format("together ({})", together.networks()), metrics, "", "")) + "\n";
  }
  if (!table.left_out().empty()) text += table.left_out() + "\n";
  fs::path out = options.out;
  const fs::path last = options.paths.back();
  if (out.empty() && last.parent_path().filename() == "pruned") {
    out = last.parent_path().parent_path() / "evaluations" / (last.stem().string() + ".json");
  }
  SideFiles side;
  if (!out.empty()) {
    side.add([&] {
      make_output_folder(out);
      write_json_file(out, result);
    });
  }
  if (options.json) {
    print_json(result);
  } else {
    print_out(
        "{}\n{} images, K = {}; accuracy with its standard error, NLL in nats an image; bytes of "
        "the file\n{}",
        text, split_name(split), options.samples, execution);
  }
  return tell_unwritten(side.problems());
}

}  // namespace varphase
