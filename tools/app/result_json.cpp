// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/result_json.hpp"

#include "src/base/byte_text.hpp"

namespace varphase {
namespace {

Json rows_json(const std::vector<KappaRow>& rows, bool by_class) {
  Json list = Json::array();
  for (const KappaRow& row : rows) list.push_back(to_json(row, by_class));
  return list;
}

Json value_json(const OnnxValue& value) {
  Json shape = value.shape;
  shape.insert(shape.begin(), "images");
  return {{"name", value.name}, {"shape", shape}, {"about", value.about}};
}

Json scores_json(const std::optional<TestScores>& scores) {
  if (!scores) return {};
  return {{"accuracy_deterministic", scores->accuracy_deterministic},
          {"accuracy_stochastic", scores->accuracy_stochastic},
          {"accuracy_ensemble", scores->accuracy_ensemble},
          {"accuracy_zero_mean", scores->accuracy_zero_mean},
          {"nll_ensemble", scores->nll_ensemble}};
}

}  // namespace

Json to_json(const KappaMapsResult& result, const std::string& by) {
  const bool by_class = by == "class";
  Json json{{"kappa0", result.kappa0},
            {"images", result.images},
            {"split", result.split},
            {"data", result.data}};
  json["repeatable"] = result.repeatable ? Json(*result.repeatable) : Json();
  json["rows"] = rows_json(result.rows, by_class);
  if (by == "image") json["layers"] = result.layers;
  if (by_class) {
    json["sums"] = rows_json(result.sums, true);
    json["class_names"] = result.class_names;
  }
  return json;
}

Json to_json(const ExportResult& result) {
  Json json{{"path", text_of_bytes(result.path)},
            {"source", text_of_bytes(result.source)},
            {"to", result.to}};
  if (!result.mode.empty()) json["mode"] = result.mode;
  for (const OnnxValue& value : result.inputs) json["inputs"].push_back(value_json(value));
  for (const OnnxValue& value : result.outputs) json["outputs"].push_back(value_json(value));
  for (const ExportResult::Tensor& tensor : result.tensors)
    json["tensors"].push_back({{"name", tensor.name}, {"shape", tensor.shape}});
  json["bytes"] = result.bytes;
  return json;
}

Json to_json(const ImportResult& result) {
  Json json{{"path", text_of_bytes(result.path)}, {"kind", result.kind}};
  if (result.kind == "pruned") {
    json["bytes"] = result.bytes;
    return json;
  }
  json["modules"] = Json::array();
  for (const auto& [theirs, ours] : result.report.modules)
    json["modules"].push_back({{"module", theirs}, {"layer", ours}});
  json["variances"] = result.report.variances;
  json["masks"] = Json::array();
  for (const auto& [layer, kept, weights] : result.report.masks)
    json["masks"].push_back({{"layer", layer}, {"kept", kept}, {"weights", weights}});
  json["zeros"] = result.report.zeros;
  json["unused"] = result.report.unused;
  return json;
}

Json to_json(const CheckedFile& file) {
  return {{"path", text_of_bytes(file.path.string())},
          {"state", state_name(file.state)},
          {"kind", text_of_bytes(file.kind)},
          {"why", terminal_text(file.why)},
          {"bytes", file.bytes}};
}

Json to_json(const PredictResult& result) {
  Json json = result.about;
  json["out"] = text_of_bytes(result.out);
  json["predicted"] = result.images;
  json["left_out"] = result.left_out;
  json["entropy"] = result.entropy;
  json["mutual_information"] = result.mutual_information;
  return json;
}

Json to_json(const ReportResult& result) {
  Json figures = Json::array();
  for (const std::filesystem::path& figure : result.figures)
    figures.push_back(text_of_bytes(figure.string()));
  return {{"page", text_of_bytes(result.page.string())},
          {"figures", figures},
          {"left_out", result.left_out}};
}

Json to_json(const EpochRow& row) {
  Json json{{"epoch", row.epoch}, {"nll", row.nll}, {"kl", row.kl}};
  if (!row.member.empty()) json["member"] = row.member;
  json["log_alpha"] = row.log_alpha ? Json(*row.log_alpha) : Json();
  json["scores"] = scores_json(row.scores);
  json["dropped"] = row.dropped ? Json(*row.dropped) : Json();
  json["images_per_second"] = row.images_per_second;
  return json;
}

Json to_json(const TrainingStart& start) {
  return {{"run", text_of_bytes(start.run)},
          {"training_images", start.training_images},
          {"validation_images", start.validation_images},
          {"test_images", start.test_images},
          {"weights", start.weights},
          {"device", start.device},
          {"checkpoint_bytes", start.checkpoint_bytes},
          {"all_bytes", start.all_bytes}};
}

Json to_json(const TrainResult& result) {
  Json json{{"run", text_of_bytes(result.run)},
            {"epochs", result.epochs},
            {"finished_before", result.finished_before},
            {"diverged", result.diverged},
            {"stopped", Json::array()},
            {"last", result.last ? to_json(*result.last) : Json()},
            {"members", Json::array()}};
  for (const StoppedTraining& stopped : result.stopped)
    json["stopped"].push_back({{"member", stopped.member}, {"step", stopped.step}});
  for (const MemberScores& member : result.members)
    json["members"].push_back({{"member", member.member},
                               {"seed", member.seed},
                               {"epoch", member.epoch},
                               {"scores", scores_json(member.scores)}});
  return json;
}

}  // namespace varphase
