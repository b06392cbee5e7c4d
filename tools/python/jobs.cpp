// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/python/jobs.hpp"

#include <cmath>
#include <optional>
#include <type_traits>

#include "src/base/config.hpp"
#include "src/base/error.hpp"
#include "src/data/describe.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/attack_job.hpp"
#include "tools/app/describe_data_job.hpp"
#include "tools/app/evaluate_job.hpp"
#include "tools/app/finetune_job.hpp"
#include "tools/app/inspect_job.hpp"
#include "tools/app/live_report.hpp"
#include "tools/app/prune_job.hpp"
#include "tools/app/result_json.hpp"
#include "tools/app/shift_job.hpp"
#include "tools/app/sweep_job.hpp"
#include "tools/app/transition_job.hpp"

namespace varphase {
namespace {

template <class Field>
const char* python_type() {
  if constexpr (std::is_same_v<Field, bool>) return "bool";
  if constexpr (std::is_same_v<Field, std::int64_t>) return "int";
  if constexpr (std::is_same_v<Field, double>) return "float";
  if constexpr (std::is_same_v<Field, std::string>) return "str";
  if constexpr (std::is_same_v<Field, TextList>) return "list[str]";
  if constexpr (std::is_same_v<Field, NumberList>) return "list[float]";
  if constexpr (std::is_same_v<Field, std::optional<std::int64_t>>) return "int | None";
  if constexpr (std::is_same_v<Field, std::optional<double>>) return "float | None";
  return "Any";
}

template <class Field>
Json described(const char* name, const Field& field, const FieldInfo& info) {
  Json json{{"name", name},
            {"type", python_type<Field>()},
            {"default", detail::field_to_json(field)},
            {"help", info.help},
            {"unit", info.unit}};
  json["min"] = std::isfinite(info.min) ? Json(info.min) : Json();
  json["max"] = std::isfinite(info.max) ? Json(info.max) : Json();
  json["choices"] = info.choices;
  return json;
}

template <class Request>
Json fields_of() {
  Json list = Json::array();
  Request request;
  request.visit_fields([&](const char* name, auto& field, const FieldInfo& info) {
    list.push_back(described(name, field, info));
  });
  return list;
}

/// Fields of one section of a configuration, to be given as "section.field=value".
/// @param visit  calls its argument with each
template <class Visit>
void add_settings(Json& list, const char* section, Visit&& visit) {
  visit([&](const char* name, auto& field, const FieldInfo& info) {
    if (info.recorded) return;
    list.push_back(described(name, field, info));
    list.back()["section"] = section;
  });
}

Json no_settings() { return Json::array(); }

Json training_settings() {
  Json list = Json::array();
  add_settings(list, "train", [](auto&& visit) { TrainConfig{}.visit_fields(visit); });
  return list;
}

Json data_settings() {
  Json list = Json::array();
  add_settings(list, "data", [](auto&& visit) { DataConfig{}.visit_fields(visit); });
  return list;
}

Json run_settings() {
  Json list = data_settings();
  for (Json& field : training_settings()) list.push_back(field);
  return list;
}

Json reading_settings() {
  Json list = Json::array();
  add_settings(list, "data", [](auto&& visit) { DataConfig{}.visit_reading(visit); });
  return list;
}

template <class Request>
Request read_request(const Json& json) {
  Request request;
  assign_fields(request, json);
  return request;
}

Json with_unwritten(Json json, const std::vector<std::string>& unwritten) {
  if (!unwritten.empty()) json["unwritten"] = unwritten;
  return json;
}

Json run_train(const Json& json, Listener& listener) {
  HeardTraining job(listener);
  return to_json(train(read_request<TrainRequest>(json), job));
}

Json run_finetune(const Json& json, Listener& listener) {
  HeardTraining job(listener);
  return to_json(finetune(read_request<FinetuneRequest>(json), job));
}

Json run_kappa(const Json& json, Listener& listener) {
  const auto request = read_request<KappaMapsRequest>(json);
  HeardKappa job(listener, request.by == "class");
  return to_json(make_kappa_maps(request, job), request.by);
}

Json run_transition(const Json& json, Listener& listener) {
  const TransitionResult result = find_transition(read_request<TransitionRequest>(json), listener);
  return with_unwritten(to_json(result), result.unwritten);
}

Json run_sweep(const Json& json, Listener& listener) {
  const SweepRunsResult result = sweep_runs(read_request<SweepRunsRequest>(json), listener);
  return with_unwritten(to_json(result.report), result.unwritten);
}

Json run_prune(const Json& json, Listener& listener) {
  return to_json(prune_run(read_request<PruneRequest>(json), listener));
}

Json run_evaluate(const Json& json, Listener& listener) {
  const EvaluateResult result = evaluate(read_request<EvaluateRequest>(json), listener);
  return with_unwritten(to_json(result), result.unwritten);
}

Json run_shift(const Json& json, Listener& listener) {
  Heard<ShiftJob> job(listener);
  return to_json(shift(read_request<ShiftRequest>(json), job));
}

Json run_attack(const Json& json, Listener& listener) {
  const AttackRunsResult result = attack_runs(read_request<AttackRunsRequest>(json), listener);
  return with_unwritten(to_json(result), result.unwritten);
}

Json run_export(const Json& json, Listener& listener) {
  return to_json(export_network(read_request<ExportRequest>(json), listener));
}

Json run_import(const Json& json, Listener& listener) {
  return to_json(import_network(read_request<ImportRequest>(json), listener));
}

Json run_predict(const Json& json, Listener& listener) {
  const auto request = read_request<PredictRequest>(json);
  VARPHASE_CHECK(request.out != "-", ErrorKind::usage,
                 "out: a Python program has no stdout to be written to: wants a file");
  Heard<PredictJob> job(listener);
  return to_json(predict(request, job));
}

Json run_inspect(const Json& json, Listener& listener) {
  Heard<InspectJob> job(listener);
  Json list = Json::array();
  for (const FileDescription& file : inspect(read_request<InspectRequest>(json), job))
    list.push_back(description_json(file));
  return list;
}

Json run_check(const Json& json, Listener& listener) {
  Heard<CheckJob> job(listener);
  Json list = Json::array();
  for (const CheckedFile& file : check_files(read_request<CheckRequest>(json), job).files)
    list.push_back(to_json(file));
  return list;
}

Json run_describe_data(const Json& json, Listener& listener) {
  return describe(read_described(read_request<DescribeDataRequest>(json), listener));
}

Json run_report(const Json& json, Listener& listener) {
  const auto request = read_request<ReportRequest>(json);
  if (!request.watch) return to_json(make_report(request, listener));
  HeardWatch job(listener);
  watch_report(request, job);
  return nullptr;
}

}  // namespace

const std::vector<PythonJob>& python_jobs() {
  static const std::vector<PythonJob> table{
      {"train", "Trains a variance network, keeping every epoch.", fields_of<TrainRequest>,
       run_settings, run_train},
      {"finetune", "Trains a pruned network on: what was dropped stays dropped.",
       fields_of<FinetuneRequest>, training_settings, run_finetune},
      {"kappa", "Makes exact kappa maps and histograms of a run's checkpoints.",
       fields_of<KappaMapsRequest>, no_settings, run_kappa},
      {"transition",
       "Says when the transition happens: weights over kappa_0, accuracies and log alpha by epoch.",
       fields_of<TransitionRequest>, no_settings, run_transition},
      {"sweep",
       "Finds accuracy, NLL and sparsity for every threshold and rule, or every criterion.",
       fields_of<SweepRunsRequest>, no_settings, run_sweep},
      {"prune",
       "Writes a sparse ensemble: the weights of lowest score replaced by their mean or by zero.",
       fields_of<PruneRequest>, no_settings, run_prune},
      {"evaluate", "Accuracy and NLL of full and pruned networks, side by side.",
       fields_of<EvaluateRequest>, reading_settings, run_evaluate},
      {"shift", "How networks fare as images get worse: by kind and strength of the corruption.",
       fields_of<ShiftRequest>, no_settings, run_shift},
      {"attack", "How easily images are moved until networks are wrong: rate and entropy by step.",
       fields_of<AttackRunsRequest>, no_settings, run_attack},
      {"export", "Writes a network as safetensors, ONNX, or a file that PyTorch runs.",
       fields_of<ExportRequest>, no_settings, run_export},
      {"import_", "Makes a run of a PyTorch network's weights (safetensors or NPZ).",
       fields_of<ImportRequest>, data_settings, run_import},
      {"predict", "Class probabilities and their uncertainty for images without labels.",
       fields_of<PredictRequest>, reading_settings, run_predict},
      {"inspect", "Says what is in checkpoints, kappa maps and pruned files.",
       fields_of<InspectRequest>, no_settings, run_inspect},
      {"check", "Says whether files are whole: digest, checksums, schema.", fields_of<CheckRequest>,
       no_settings, run_check},
      {"describe_data", "Describes a data set.", fields_of<DescribeDataRequest>, no_settings,
       run_describe_data},
      {"report",
       "Makes one HTML page of a run, or of several side by side, to be opened without a network.",
       fields_of<ReportRequest>, no_settings, run_report}};
  return table;
}

}  // namespace varphase
