// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/evaluate_job.hpp"

#include <algorithm>

#include <ATen/ops/stack.h>

#include "analysis/predict/network_ensemble.hpp"
#include "analysis/predict/predictor.hpp"
#include "analysis/predict/shared_prediction.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "src/base/json.hpp"
#include "src/base/stopwatch.hpp"
#include "src/distributed/communicator.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/class_names.hpp"
#include "tools/app/device.hpp"
#include "tools/app/job_estimate.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/network_files.hpp"
#include "tools/app/other_images.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/scored_predictions.hpp"
#include "tools/app/side_files.hpp"
#include "tools/app/table_file.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

void count_weights(EvaluatedNetwork& result, const LoadedNetwork& loaded) {
  result.weights = loaded.network.weight_count();
  result.nonzero = result.weights;
  if (loaded.pruned) {
    std::int64_t pruned = 0, kept = 0;
    for (const PrunedLayer& layer : loaded.pruned->layers) {
      if (layer.replace == "zero") result.nonzero -= layer.count() - layer.kept();
      pruned += layer.count();
      kept += layer.kept();
    }
    result.layer_sparsity = static_cast<double>(pruned - kept) / static_cast<double>(pruned);
    result.network_sparsity = loaded.pruned->sparsity();
    const auto& made = loaded.pruned->provenance;
    if (made.contains("criterion")) result.criterion = made.at("criterion");
    if (made.contains("repair")) result.repair = made.at("repair");
    return;
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
  if (masked == 0) return;
  result.nonzero = result.weights - static_cast<std::int64_t>(zero);
  result.layer_sparsity = dropped / masked;
  result.network_sparsity = dropped / static_cast<double>(result.weights);
}

std::vector<LayerExecution> execution_of(const LoadedNetwork& loaded, const std::string& form) {
  std::vector<LayerExecution> list;
  for (const auto& executed : loaded.executed) {
    LayerExecution row;
    row.layer = executed->name();
    row.sparsity = executed->sparsity();
    row.form = form == "auto" ? "dense" : form;
    for (const ExecutionForm each : kExecutionForms)
      row.bytes[execution_form_name(each)] = executed->bytes(each);
    // Both moments of the largest batch: what an ensemble costs.
    for (const FormChoice& choice : executed->choices()) {
      if (!choice.wanted.mean || !choice.wanted.variance) continue;
      if (choice.rows <= row.images.value_or(0)) continue;
      row.form = execution_form_name(choice.form);
      row.images = choice.rows;
      for (const auto& [each, seconds] : choice.seconds)
        row.seconds[execution_form_name(each)] = seconds;
    }
    list.push_back(std::move(row));
  }
  return list;
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
  EvaluateResult::Together scores() const {
    EvaluateResult::Together result;
    result.networks = static_cast<std::int64_t>(networks());
    for (const auto& [estimator, list] : log_p_) {
      const NetworkEnsemble found = score_networks(list, labels_);
      result.metrics[estimator] = found.metrics;
      result.mutual_information[estimator] = found.mutual_information;
    }
    return result;
  }
  std::size_t networks() const { return log_p_.empty() ? 0 : log_p_.begin()->second.size(); }

 private:
  std::map<std::string, std::vector<at::Tensor>> log_p_;
  at::Tensor labels_;
  fs::path first_;
  std::string name_, digest_;
  std::vector<std::int64_t> index_;
};

/// Pairs what networks predicted with what the first of them did, image by image.
class PairsWithFirst {
 public:
  std::map<std::string, PairedDifference> differences(const std::vector<EstimatedSets>& predicted,
                                                      const at::Tensor& labels,
                                                      const Dataset& dataset, Split split) {
    std::map<std::string, PairedDifference> found;
    const std::vector<std::int64_t>& index = dataset.part(split).index;
    if (first_.empty()) {
      first_ = predicted;
      digest_ = dataset.digest;
      index_ = index;
      return found;
    }
    if (dataset.digest != digest_ || index != index_) return found;
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      const at::Tensor& of_first = first_[i].own.log_p;
      if (of_first.size(1) != predicted[i].own.log_p.size(1)) return {};
      found[estimator_name(predicted[i].estimator)] =
          score_variants(at::stack({of_first, predicted[i].own.log_p.to(of_first.options())}),
                         labels)
              .back()
              .difference;
    }
    return found;
  }

 private:
  std::vector<EstimatedSets> first_;
  std::string digest_;
  std::vector<std::int64_t> index_;
};

std::int64_t members_of(Estimator estimator, std::int64_t samples) {
  const bool many = estimator == Estimator::ensemble || estimator == Estimator::zero_mean;
  return many ? samples : 1;
}

/// Images times members of all estimators.
std::int64_t passes_of(std::int64_t images, std::int64_t samples) {
  std::int64_t members = 0;
  for (const Estimator estimator : kEstimators) members += members_of(estimator, samples);
  return images * members;
}

/// Evaluates one network after the other.
class Evaluation {
 public:
  Evaluation(const EvaluateRequest& request, const std::vector<NetworkFile>& files, Job& job)
      : request_(request),
        networks_(static_cast<std::int64_t>(files.size())),
        device_(open_device({request.device, request.threads})),
        split_(split_from_name(request.split)),
        groups_(metric_groups(request.metrics, !request.ood.empty())),
        scored_(request.together),
        job_(job) {
    if (request.against.empty()) return;
    VARPHASE_CHECK(!groups_.empty() && request.resamples > 0, ErrorKind::usage,
                   "--against {}: compares the networks of --metrics, by resamples of the images",
                   request.against);
    TextList names;
    for (const NetworkFile& file : files) names.push_back(file.name);
    if (request.together) names.push_back("together");
    base_ = compared_with(names, request.against);
    base_name_ = names[*base_];
  }

  EvaluatedNetwork evaluate(const NetworkFile& entry) {
    const Stopwatch clock;
    LoadedNetwork loaded = load_network_file(entry.path, device_, request_.form);
    set_numerics(loaded.config.train.deterministic, false);
    const Dataset dataset =
        open_dataset(loaded.config.data, request_.data, request_.data_pixel_range);
    check_fits(loaded.network, dataset, false);
    VARPHASE_CHECK(dataset.part(split_).count() > 0, ErrorKind::usage, "{}: no {} images",
                   entry.path.string(), split_name(split_));
    std::vector<DeviceImages> sets{to_device(dataset.part(split_), split_, device_)};
    add_other_images(loaded, dataset, sets);
    std::int64_t images = 0;
    for (const DeviceImages& set : sets) images += set.count();
    expect_work(entry, passes_of(images, request_.samples), clock);
    EvaluatedNetwork result;
    const std::vector<EstimatedSets> predicted = predict(entry, loaded.network, sets);
    const at::Tensor& labels = sets.front().labels;
    if (!groups_.empty()) {
      result.examples = examples_of(entry, loaded.network, sets.front(), predicted);
      result.examples->class_names = class_names_of(loaded.config.data);
    }
    if (request_.together) together_.check_images(entry, dataset, split_);
    for (const EstimatedSets& one : predicted) {
      const std::string name = estimator_name(one.estimator);
      result.metrics[name] = varphase::metrics(one.own.log_p, labels);
      if (request_.together) together_.add(name, one.own.log_p, labels);
    }
    result.difference = pairs_.differences(predicted, labels, dataset, split_);
    if (!groups_.empty()) scored_.add(entry.name, predicted, labels, dataset, split_);
    result.name = entry.name;
    result.path = entry.path.string();
    result.bytes = static_cast<std::int64_t>(fs::file_size(entry.path));
    result.images = sets.front().count();
    result.data = trained_images(dataset, loaded.dataset_digest, entry.path.string());
    count_weights(result, loaded);
    if (loaded.pruned) result.execution = execution_of(loaded, request_.form);
    return result;
  }

  EvaluateResult::Together together() const { return together_.scores(); }

  /// None where none were asked for.
  std::optional<MetricTables> tables() const {
    if (groups_.empty()) return std::nullopt;
    const BootstrapSettings bootstrap{.resamples = request_.resamples,
                                      .seed = static_cast<std::uint64_t>(request_.seed)};
    const std::vector<ScoredPrediction> scored = scored_.all();
    // Every network has one prediction by each estimator, in the same order.
    std::vector<std::size_t> base;
    for (std::size_t i = 0; base_ && i < scored.size(); ++i)
      base.push_back(*base_ * std::size(kEstimators) + i % std::size(kEstimators));
    return MetricTables{groups_,         bootstrap.resamples,
                        bootstrap.level, base_name_,
                        others_,         metric_columns(scored, bootstrap, base)};
  }

 private:
  /// Those of --ood, behind the network's own.
  void add_other_images(const LoadedNetwork& loaded, const Dataset& dataset,
                        std::vector<DeviceImages>& sets) {
    DataConfig config = loaded.config.data;
    if (config.normalize != "none") record_normalization(config, dataset);
    others_.clear();
    for (const std::string& name : request_.ood) {
      const OtherImages other = open_other_images(config, loaded.network, name, request_.set,
                                                  static_cast<unsigned>(request_.threads));
      others_.push_back({other.name, other.digest, other.images.count()});
      sets.push_back(to_device(other.images, Split::test, device_));
    }
  }

  /// @param clock  since the network began to be read: what lies between two of several
  void expect_work(const NetworkFile& entry, std::int64_t passes, const Stopwatch& clock) {
    if (estimate_) return;
    LongWork work{networks_ == 1 ? entry.name : fmt::format("{} networks", networks_), "passes",
                  passes * networks_};
    if (networks_ > 1) work.between = clock.seconds() / static_cast<double>(passes);
    estimate_ = job_estimate(work, job_, device_);
  }

  /// Of the next network: networks of one ensemble draw their noise apart.
  std::uint64_t noise_seed() const {
    return static_cast<std::uint64_t>(request_.seed) +
           (request_.together ? together_.networks() : 0);
  }

  /// Of the ensemble.
  ExamplePredictions examples_of(const NetworkFile& entry, Network& network,
                                 const DeviceImages& images,
                                 const std::vector<EstimatedSets>& predicted) const {
    const auto ensemble =
        std::find_if(predicted.begin(), predicted.end(),
                     [](const EstimatedSets& one) { return one.estimator == Estimator::ensemble; });
    return example_predictions(entry.name, network, images, ensemble->own, request_.samples,
                               noise_seed());
  }

  /// By every estimator, of the network's own images, which come first, and of the others.
  std::vector<EstimatedSets> predict(const NetworkFile& entry, Network& network,
                                     const std::vector<DeviceImages>& sets) {
    const std::uint64_t seed = noise_seed();
    std::int64_t images = 0;
    for (const DeviceImages& set : sets) images += set.count();
    job_.begin("eval " + entry.name, passes_of(images, request_.samples), "passes");
    std::vector<EstimatedSets> all;
    for (const Estimator estimator : kEstimators) all.push_back({estimator, {}, {}});
    for (const DeviceImages& set : sets) {
      const SharedImages shared(communicator(), set);
      Predictor predictor(network, shared.own(), seed);
      std::int64_t members = 1;
      predictor.on_advance([&](std::int64_t predicted) {
        job_.advance(predicted * members * shared.ranks());
        estimate_->advance(predicted * members * shared.ranks());
      });
      for (EstimatedSets& one : all) {
        members = members_of(one.estimator, request_.samples);
        Prediction prediction = predict_set(predictor, one.estimator);
        shared.put_together(prediction);
        if (&set == &sets.front()) {
          one.own = prediction;
        } else {
          one.others.push_back(prediction);
        }
      }
    }
    estimate_->end_piece();
    job_.end();
    return all;
  }

  /// The members' own entropies cost time, and only the tables have them.
  Prediction predict_set(Predictor& predictor, Estimator estimator) const {
    if (groups_.empty()) return {predictor.log_probabilities(estimator, request_.samples), {}};
    return predictor.predict(estimator, request_.samples);
  }

  const EvaluateRequest& request_;
  std::int64_t networks_;
  at::Device device_;
  Split split_;
  TextList groups_;
  std::vector<OtherSet> others_;
  std::optional<std::size_t> base_;  // the network of --against
  std::string base_name_;
  ScoredPredictions scored_;
  Job& job_;
  std::optional<TimeEstimate> estimate_;
  Together together_;
  PairsWithFirst pairs_;
};

/// Where the JSON goes; "": nowhere. An evaluation without tables replaces none that has them.
fs::path result_path(const EvaluateRequest& request, const std::vector<NetworkFile>& files,
                     bool with_tables) {
  if (!request.out.empty()) return request.out;
  const fs::path& file = files.back().path;
  const fs::path folder = file.parent_path();
  const bool of_run = folder.filename() == "pruned" || folder.filename() == "checkpoints";
  if (with_tables ? !of_run : fs::path(request.paths.back()).parent_path().filename() != "pruned")
    return {};
  return folder.parent_path() / "evaluations" /
         (file.stem().string() + (with_tables ? "_metrics.json" : ".json"));
}

}  // namespace

EvaluateResult evaluate(const EvaluateRequest& request, Job& job) {
  VARPHASE_CHECK(!request.paths.empty(), ErrorKind::usage, "eval wants a run or a file at least");
  if (!request.out.empty()) check_output_file(request.out, request.overwrite);
  const std::vector<NetworkFile> files = network_files(request.paths, request.epoch);
  // A wrong file at the end of the list is told before the first network is predicted with.
  for (const NetworkFile& entry : files) check_network_file(entry.path);
  Evaluation evaluation(request, files, job);
  const std::map<fs::path, RunLock> locks = begin_analyses(files);
  EvaluateResult result;
  result.samples = request.samples;
  result.seed = request.seed;
  result.split = request.split;
  for (const NetworkFile& entry : files) result.entries.push_back(evaluation.evaluate(entry));
  if (request.together) result.together = evaluation.together();
  result.tables = evaluation.tables();
  SideFiles side;
  const fs::path out = result_path(request, files, result.tables.has_value());
  if (!out.empty() && communicator().first()) {
    side.add([&] {
      write_table_file(
          out, [&] { return to_json(result); }, [&] { return to_csv(result); });
    });
  }
  result.unwritten = side.problems();
  return result;
}

}  // namespace varphase
