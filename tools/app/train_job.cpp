// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/train_job.hpp"

#include <filesystem>

#include "src/distributed/communicator.hpp"
#include "tools/app/config_overrides.hpp"
#include "tools/app/follow_training.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/network_spec.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_marker.hpp"
#include "tools/app/train_members.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Writes the first log alpha into the spec, which is what says it everywhere.
void set_initial_log_alpha(Json& spec, double value) {
  const Network network(spec);
  bool any = false;
  for (const VarianceLayer* layer : network.variance_layers()) {
    if (layer->parameterization().name() == "zero_centred") continue;
    spec["layers"][network.position(layer->name())][std::string(layer->kind())]["log_alpha"] =
        value;
    any = true;
  }
  VARPHASE_CHECK(any, ErrorKind::usage,
                 "--initial-log-alpha {}: this network has no layer that begins with a log alpha",
                 value);
}

fs::path initial_file(const std::string& text) {
  if (fs::is_regular_file(text)) return text;
  const Target target = resolve_target(text, "last");
  VARPHASE_CHECK(target.epochs.size() == 1, ErrorKind::usage, "--init {}: wants one epoch, got {}",
                 text, target.epochs.size());
  return target.run.checkpoint(target.epochs.front());
}

std::optional<InitialWeights> initial_weights(const TrainRequest& request) {
  if (request.init.empty()) return std::nullopt;
  const fs::path file = initial_file(request.init);
  refuse_inside(request.run, file, "--init " + request.init);
  return InitialWeights{file, !request.initial_log_alpha};
}

RunConfig config_of(const TrainRequest& request) {
  VARPHASE_CHECK(request.preset.empty() || request.config.empty(), ErrorKind::usage,
                 "give --preset or --config, not both");
  VARPHASE_CHECK(!request.preset.empty() || !request.config.empty() || !request.network.empty(),
                 ErrorKind::usage,
                 "what shall be trained? give --preset ({}), --config FILE or --network FILE{}",
                 fmt::join(preset_names(), ", "),
                 is_run(request.run) ? "; --resume goes on with the run that is there" : "");
  RunConfig config;
  Json json = Json::object();
  if (!request.preset.empty()) json = preset(request.preset);
  if (!request.config.empty()) json = read_json_file(request.config);
  VARPHASE_CHECK(json.is_object(), ErrorKind::usage,
                 "{}: wants an object {{...}} such as a run's config.json, got {}", request.config,
                 json.is_array() ? "a list" : "a single value");
  json.erase("about");
  assign_fields(config, json);
  if (!request.network.empty()) config.network = read_network_spec(request.network);
  apply_overrides(config, request.set);
  if (request.initial_log_alpha) set_initial_log_alpha(config.network, *request.initial_log_alpha);
  return config;
}

void check_request(const TrainRequest& request) {
  VARPHASE_CHECK(
      !request.resume || (request.preset.empty() && request.config.empty() &&
                          request.network.empty() && request.init.empty() && !request.members &&
                          !request.initial_log_alpha && !request.overwrite),
      ErrorKind::usage,
      "--resume takes the run's own configuration: leave the other flags out (but for "
      "--data, --epochs and --extension)");
  VARPHASE_CHECK(request.resume || !request.accept_changed_data, ErrorKind::usage,
                 "--accept-changed-data is for --resume");
}

/// A command that torchrun starts again after a failure goes on with the run that its first start made.
TrainRequest goes_on(const TrainRequest& request) {
  const RunConfig asked = config_of(request);
  const RunConfig there = MembersFile::is_in(request.run) ? MembersFile::read(request.run).config
                                                          : RunFolder(request.run).config();
  const Json wanted = to_json(asked), found = to_json(there);
  VARPHASE_CHECK(
      wanted.at("network") == found.at("network") && wanted.at("train") == found.at("train"),
      ErrorKind::usage, "{}: there is a run already, of another configuration than this command's",
      request.run);
  TrainRequest resumed;
  static_cast<DeviceChoice&>(resumed) = request;
  resumed.run = request.run;
  resumed.side_by_side = request.side_by_side;
  resumed.resume = true;
  return resumed;
}

}  // namespace

TrainResult train(const TrainRequest& asked, TrainJob& job) {
  check_request(asked);
  const TrainRequest request =
      asked.restarted && !asked.resume && is_run(asked.run) ? goes_on(asked) : asked;
  const bool several =
      request.resume ? MembersFile::is_in(request.run) : request.members.has_value();
  if (!several && !communicator().first()) return follow_training(request, job);
  VARPHASE_CHECK(several || request.side_by_side == 1, ErrorKind::usage,
                 "--side-by-side is for --members, and here is one network");
  if (request.resume) {
    const Resumption resumption{request.run, request.set, request.accept_changed_data, request};
    return several ? resume_members(resumption, request.side_by_side, job)
                   : resume_run(resumption, job);
  }
  NewTraining training{request.run, request.overwrite,        config_of(request),
                       request.set, initial_weights(request), request};
  return several
             ? train_new_members(std::move(training), *request.members, request.side_by_side, job)
             : train_new_run(std::move(training), job);
}

}  // namespace varphase
