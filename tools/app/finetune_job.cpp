// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/finetune_job.hpp"

#include <filesystem>

#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/document.hpp"
#include "tools/app/config_overrides.hpp"
#include "tools/app/follow_training.hpp"
#include "tools/app/resume_run.hpp"
#include "tools/app/train_new_run.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kFinetuneEpochs = 20;

/// Pruned layers of another parameterization, written into the spec, which is what says it
/// everywhere.
void set_parameterization(Json& spec, const SparseModel& model, const std::string& name) {
  const Network network(spec);
  for (const PrunedLayer& layer : model.layers) {
    const std::size_t position = network.position(layer.layer);
    Json& options = spec["layers"][position][std::string(network.layers()[position]->kind())];
    options["parameterization"] = name;
    options.erase("log_sigma2");  // a first value, of some parameterizations alone
  }
}

/// What is laid over the configuration: the images, then the rest.
TextList overrides_of(const FinetuneRequest& request) {
  TextList set;
  if (!request.data.empty()) set.push_back("data.data=" + request.data);
  set.insert(set.end(), request.set.begin(), request.set.end());
  return set;
}

RunConfig config_of(const FinetuneRequest& request, const SparseModel& model) {
  RunConfig config;
  assign_fields(config, parse_json(model.config, request.pruned));
  config.train.epochs = kFinetuneEpochs;
  config.train.kl_start = 0;
  config.train.kl_warmup = 0;
  config.train.prune_sparsity = 0;
  apply_overrides(config, overrides_of(request));
  if (!request.parameterization.empty())
    set_parameterization(config.network, model, request.parameterization);
  return config;
}

}  // namespace

TrainResult finetune(const FinetuneRequest& request, TrainJob& job) {
  if (!communicator().first()) return follow_training(request, job);
  if (request.resume) {
    VARPHASE_CHECK(request.pruned.empty() && request.parameterization.empty(), ErrorKind::usage,
                   "--resume takes the run's own configuration: leave the pruned file and "
                   "--parameterization out");
    return resume_run({request.run, overrides_of(request), request.accept_changed_data, request},
                      job);
  }
  VARPHASE_CHECK(!request.pruned.empty(), ErrorKind::usage,
                 "what shall be finetuned? give a pruned file; varphase prune makes one");
  const SparseModel model =
      sparse_model_from_document(read_document(request.pruned, "pruned"), request.pruned);
  refuse_inside(request.run, request.pruned, request.pruned);
  return train_new_run(
      {request.run, request.overwrite, config_of(request, model), overrides_of(request),
       InitialWeights{std::filesystem::path(request.pruned), true, true}, request},
      job);
}

}  // namespace varphase
