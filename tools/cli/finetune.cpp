// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/sparse_model.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/training_run.hpp"
#include "tools/cli/old_verbs.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kEpochs = 20;

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

/// The configuration of the run that was pruned, but for its length, what --parameterization and
/// the flags say, and a KL term that is there from the first epoch.
RunConfig finetune_config(const Options& options, const SparseModel& model) {
  RunConfig config;
  assign_fields(config, parse_json(model.config, options.pruned));
  config.train.epochs = kEpochs;
  config.train.kl_start = 0;
  config.train.kl_warmup = 0;
  config.train.prune_sparsity = 0;
  if (!options.data.empty()) {
    config.data.data = options.data;
    config.data.source.clear();
  }
  for (const auto& [key, value] : options.fields) set_field(config, key + "=" + value);
  for (const std::string& assignment : options.set) {
    set_field(config, assignment);
    if (assignment.rfind("data.data=", 0) == 0) config.data.source.clear();
  }
  if (!options.parameterization.empty())
    set_parameterization(config.network, model, options.parameterization);
  return config;
}

}  // namespace

int run_finetune(const Options& options) {
  if (options.resume) {
    VARPHASE_CHECK(
        options.pruned.empty() && options.set.empty() && options.parameterization.empty(),
        ErrorKind::usage,
        "--resume takes the run's own configuration: leave the pruned file, --set and "
        "--parameterization out");
    return resume_run(options);
  }
  VARPHASE_CHECK(!options.pruned.empty(), ErrorKind::usage,
                 "what shall be finetuned? give a pruned file; varphase prune makes one");
  const SparseModel model =
      sparse_model_from_document(read_document(options.pruned, "pruned"), options.pruned);
  refuse_inside(options.run, options.pruned, options.pruned);
  return train_run(options, finetune_config(options, model),
                   InitialWeights{fs::path(options.pruned), true, true});
}

}  // namespace varphase
