// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tests/analysis/report/synthetic_run.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/kappa/transition.hpp"
#include "analysis/report/comparison.hpp"
#include "analysis/report/report.hpp"
#include "checkpoints/document.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace fs = std::filesystem;

namespace {

constexpr int kEpochs = 24;
constexpr std::int64_t kOut = 100;
constexpr std::int64_t kIn = 200;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

double log_alpha(int epoch) { return epoch <= 12 ? -5.0 : -5.0 + 1.05 * (epoch - 12); }

/// 0.1 after the means have lost their role.
double deterministic(int epoch) {
  const double learnt = 0.1 + 0.77 * (1 - std::exp(-0.55 * epoch));
  return epoch == 0 ? 0.093 : 0.1 + (learnt - 0.1) * logistic(2.2 * (17.3 - epoch));
}

double ensemble(int epoch) {
  return epoch == 0 ? 0.101 : 0.1 + 0.762 * (1 - std::exp(-0.55 * epoch));
}

void write_metrics(const fs::path& run, const std::string& layer) {
  std::string text = fmt::format("epoch,step,learning_rate,kl_weight,nll,kl,elbo,{}",
                                 csv_cell("log_alpha/" + layer));
  for (const char* what : {"accuracy", "nll"}) {
    for (const char* how : {"deterministic", "stochastic", "ensemble", "zero_mean"}) {
      text += fmt::format(",test_{}_{}", what, how);
    }
  }
  text += ",test_gap_se,images_per_second,seconds\n";
  for (int epoch = 0; epoch <= kEpochs; ++epoch) {
    const double nll = epoch == 0 ? std::nan("") : 9000 * std::exp(-0.11 * epoch) + 600;
    const double kl = 63000 * std::log1p(std::exp(-log_alpha(epoch))) / 5;
    const double zero_mean = 0.1 + 0.74 * logistic(1.9 * (epoch - 17.0));
    const double one = ensemble(epoch) - 0.004;
    // The KL term is left out for three epochs and comes in over five.
    const double kl_weight = epoch == 0 ? 1 : std::clamp((epoch - 3) / 6.0, 0.0, 1.0);
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", epoch,
                        epoch * 108, 1e-3 * (1 - epoch / 24.0), kl_weight, nll, kl, -nll - kl,
                        log_alpha(epoch), deterministic(epoch), one, ensemble(epoch), zero_mean,
                        0.4, 0.42, 0.39, 0.5, 0.002, 2400.0, 2.25);
  }
  write_text_atomically(run / "metrics.csv", text);
}

void write_kappa(const fs::path& run, const std::string& layer) {
  fs::create_directories(run / "kappa");
  for (int epoch = 0; epoch <= kEpochs; ++epoch) {
    std::mt19937 words(static_cast<unsigned>(epoch + 1));
    std::normal_distribution<double> normal;
    KappaMap map;
    map.epoch = epoch;
    map.images = 5400;
    map.smooth = "softplus:1";
    LayerKappa kappa{layer, {kOut, kIn}, {}, {}};
    kappa.smooth = map.smooth;
    for (std::int64_t i = 0; i < kOut * kIn; ++i) {
      const double mean = 0.02 * normal(words);
      const double middle = epoch == 0 ? 0.6 : -1.4 - 0.05 * epoch + 0.62 * std::max(0, epoch - 13);
      const double curvature = std::pow(10.0, middle + 1.15 * normal(words));
      const bool dead = i % kIn < 6;  // inputs that are zero in every image
      kappa.variance.push_back(static_cast<float>(std::exp(log_alpha(epoch)) * mean * mean));
      kappa.hessian_diagonal.push_back(
          dead ? 0.0F : static_cast<float>(words() % 5 < 2 ? -curvature : curvature));
    }
    map.layers.push_back(std::move(kappa));
    map.provenance = {{"device", "cpu"}, {"version", "0.1.0"}};
    write_document(run / "kappa" / fmt::format("epoch_{:04d}.h5", epoch), to_document(map));
  }
}

void write_sweep(const fs::path& run, const std::string& layer) {
  const std::int64_t weights = kOut * kIn;
  Json rows = Json::array();
  for (const char* replace : {"mean", "zero"}) {
    for (int step = 0; step <= 40; ++step) {
      const double log10_threshold = -6 + 0.25 * step;
      const double share = 1 - logistic(-1.7 * (log10_threshold + 0.9));
      const auto kept =
          static_cast<std::int64_t>(std::round(static_cast<double>(weights) * (1 - share)));
      const double log10_left = -std::log10(std::max(1 - share, 1e-6));
      const double at = std::string(replace) == "zero" ? 2.55 : 2.1;
      const double accuracy = 0.1 + 0.762 * logistic(5 * (at - log10_left));
      rows.push_back({{"log10_threshold", log10_threshold},
                      {"sparsity", 1 - static_cast<double>(kept) / static_cast<double>(weights)},
                      {"network_sparsity", share * 0.93},
                      {"kept", kept},
                      {"criterion", "kappa"},
                      {"wanted_sparsity", nullptr},
                      {"replace", replace},
                      {"repair", "none"},
                      {"accuracy", accuracy},
                      {"accuracy_se", std::sqrt(accuracy * (1 - accuracy) / 2000)},
                      {"difference", accuracy - 0.862},
                      {"difference_se", 0.002},
                      {"nll", 0.39 + 1.9 * logistic(4 * (log10_left - at))},
                      {"bytes", 60000 + 8 * kept}});
    }
  }
  // Cuts of a share of each layer, which lie beside those of one threshold.
  for (const double sparsity : {0.5, 0.9, 0.95}) {
    rows.push_back({{"log10_threshold", nullptr},
                    {"criterion", "kappa"},
                    {"wanted_sparsity", sparsity},
                    {"sparsity", sparsity},
                    {"network_sparsity", sparsity * 0.93},
                    {"kept", std::llround(static_cast<double>(weights) * (1 - sparsity))},
                    {"replace", "zero"},
                    {"repair", "none"},
                    {"accuracy", 0.5},
                    {"accuracy_se", 0.01},
                    {"difference", -0.362},
                    {"difference_se", 0.01},
                    {"nll", 1.5},
                    {"bytes", 60000}});
  }
  const Json sweep = {
      {"epoch", kEpochs},
      {"checkpoint", "checkpoints/epoch_0024.h5"},
      {"layer", layer},
      {"samples", 50},
      {"split", "validation"},
      {"predicted_images", 600},
      {"replace", {"mean", "zero"}},
      {"repair", "none"},
      {"smooth", "softplus:1"},
      {"criterion", "kappa"},
      {"full", {{"accuracy", 0.862}, {"accuracy_se", 0.0077}, {"nll", 0.39}, {"bytes", 1740000}}},
      {"rows", rows},
      {"chosen",
       {{"row", 65},
        {"rule", "drop<=0.1"},
        {"split", "validation"},
        {"test",
         {{"images", 10000},
          {"full_accuracy", 0.861},
          {"accuracy", 0.8601},
          {"accuracy_se", 0.0035},
          {"difference", -0.0009},
          {"difference_se", 0.0004},
          {"nll", 0.4}}}}}};
  fs::create_directories(run / "sweeps");
  write_json_file(run / "sweeps" / "epoch_0024.json", sweep);
}

/// One column of an evaluation's tables: as `eval --metrics all --ood` writes it, of a prediction that errs on a share of
/// the images.
Json metric_column(const std::string& network, const std::string& estimator, double wrong) {
  const auto metric = [](double value) {
    return Json{{"value", value}, {"low", 0.98 * value}, {"high", 1.02 * value}};
  };
  Json bins{{"lower", Json::array()},
            {"upper", Json::array()},
            {"images", Json::array()},
            {"accuracy", Json::array()},
            {"confidence", Json::array()}};
  for (int bin = 0; bin < 15; ++bin) {
    bins["lower"].push_back(bin / 15.0);
    bins["upper"].push_back((bin + 1) / 15.0);
    bins["images"].push_back(bin < 3 ? 0 : 50 * bin);
    bins["accuracy"].push_back(bin < 3 ? 0 : (bin + 0.5) / 15 * (1 - wrong / 4));
    bins["confidence"].push_back(bin < 3 ? 0 : (bin + 0.5) / 15);
  }
  Json curve{{"coverage", Json::array()}, {"risk", Json::array()}};
  Json own = Json::array(), other = Json::array();
  for (int point = 1; point <= 50; ++point) {
    curve["coverage"].push_back(point / 50.0);
    curve["risk"].push_back(wrong * (point / 50.0) * (point / 50.0));
  }
  for (int bin = 0; bin < 30; ++bin) {
    own.push_back(900 / (bin + 1));
    other.push_back(10 * (bin + 1));
  }
  return {{"network", network},
          {"estimator", estimator},
          {"metrics",
           {{"cls/Acc", metric(1 - wrong)},
            {"cls/NLL", metric(0.39)},
            {"cal/ECE", metric(0.021)},
            {"sc/AURC", metric(0.034)}}},
          {"reliability", {{"equal_width", bins}, {"equal_mass", bins}}},
          {"risk_coverage", curve},
          {"entropy", {{"most", 2.302585}, {"own", own}, {"ood", {other}}}},
          {"ood", {{{"ood/entropy/AUROC", metric(0.93)}, {"ood/msp/FPR95", metric(0.31)}}}}};
}

/// As `eval --metrics` writes them: of each kind one image of 2 x 2, with three classes and four members.
Json predictions(const std::string& network) {
  Json images = Json::array();
  for (const char* kind : {"right", "wrong", "unsure"}) {
    Json classes = Json::array();
    for (int at = 0; at < 3; ++at) {
      const double p = at == 0 ? 0.7 : 0.15;
      classes.push_back({{"class", 7 - at},
                         {"name", fmt::format("class {}", 7 - at)},
                         {"probability", p},
                         {"members", {p, p - 0.1, p + 0.1, p}}});
    }
    images.push_back({{"image", 40 + images.size()},
                      {"label", std::string(kind) == "wrong" ? 6 : 7},
                      {"chosen", kind},
                      {"entropy", 0.8},
                      {"pixels", "00ff8040"},
                      {"classes", classes}});
  }
  return {{"network", network}, {"channels", 1}, {"height", 2}, {"width", 2}, {"images", images}};
}

void write_evaluation(const fs::path& run, const std::string& layer) {
  const auto entry = [](const std::string& name, double bytes, std::int64_t nonzero,
                        double sparsity, double accuracy) {
    return Json{
        {"name", name},
        {"path", "runs/first/" + name},
        {"bytes", bytes},
        {"weights", 431080},
        {"nonzero", nonzero},
        {"layer_sparsity", sparsity},
        {"network_sparsity", sparsity * 0.93},
        {"accuracy",
         {{"deterministic", 0.1},
          {"stochastic", accuracy - 0.004},
          {"ensemble", accuracy},
          {"zero_mean", accuracy - 0.002}}},
        {"accuracy_se",
         {{"deterministic", 0.003},
          {"stochastic", 0.0035},
          {"ensemble", 0.0034},
          {"zero_mean", 0.0034}}},
        {"nll",
         {{"deterministic", 2.3}, {"stochastic", 0.42}, {"ensemble", 0.39}, {"zero_mean", 0.4}}}};
  };
  Json pruned = entry("pruned/98.h5", 182000, 39080, 0.98, 0.8615);
  pruned["execution"] = Json::array({{{"layer", layer}, {"sparsity", 0.98}}});
  pruned["difference"]["ensemble"] = -0.0006;
  pruned["difference_se"]["ensemble"] = 0.0011;
  fs::create_directories(run / "evaluations");
  write_json_file(
      run / "evaluations" / "98.json",
      {{"samples", 50},
       {"seed", 1},
       {"split", "test"},
       {"metrics",
        {{"ood", {{{"name", "mnist"}, {"images", 10000}}}},
         {"columns",
          {metric_column("full", "deterministic", 0.3), metric_column("full", "ensemble", 0.14),
           metric_column("pruned/98.h5", "ensemble", 0.139)}}}},
       {"predictions", {predictions("full"), predictions("pruned/98.h5")}},
       {"entries", {entry("full", 1740000, 431080, 0, 0.8621), pruned}}});
}

/// Judged by the attacked network and another. @param weaker  what is left of the success
void write_attack(const fs::path& run, const std::string& gradient, int samples, double weaker) {
  Json judges = Json::array();
  for (const char* name : {"full, epoch 24", "other"}) {
    Json rows = Json::array();
    for (int step = 0; step <= 40; step += 4) {
      const double success = weaker * step / 40;
      rows.push_back({{"step", step},
                      {"success", success},
                      {"success_low", success - 0.02},
                      {"success_high", success + 0.03},
                      {"entropy", 0.1 + 0.01 * step},
                      {"entropy_low", 0.09 + 0.01 * step},
                      {"entropy_high", 0.11 + 0.01 * step}});
    }
    judges.push_back({{"name", name}, {"networks", 1}, {"rows", rows}});
    weaker /= 2;
  }
  fs::create_directories(run / "attacks");
  write_json_file(run / "attacks" / (gradient + ".json"), {{"method", "ifgsm"},
                                                           {"epsilon_pixels", 8.0},
                                                           {"gradient", gradient},
                                                           {"samples", samples},
                                                           {"target", "random"},
                                                           {"mode", "ensemble"},
                                                           {"judge_samples", 20},
                                                           {"images", 1000},
                                                           {"gradients_an_image", 40 * samples},
                                                           {"judges", judges}});
}

}  // namespace

fs::path test_folder(const std::string& name) {
  const fs::path folder = fs::path(VARPHASE_BINARY_DIR) / "report_tests" / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

void write_synthetic_run(const fs::path& run, const HostileTexts& texts) {
  write_json_file(
      run / "config.json",
      {{"network",
        {{"input", {1, 28, 28}},
         {"classes", 10},
         {"layers",
          {{{"conv2d", {{"out", 20}, {"kernel", 5}}}},
           "relu",
           {{"max_pool", 2}},
           {{"variance_dense", {{"out", kOut}, {"parameterization", "layer"}}}},
           "relu",
           {{"dense", {{"out", 10}}}}}}}},
       {"data", {{"data", "fashion-mnist"}, {"validation", 0.1}, {"train_limit", 6000}}},
       {"train", {{"epochs", kEpochs}, {"batch_size", 50}, {"samples", 10}, {"seed", 1}}}});
  write_json_file(run / "environment.json", {{"version", "0.1.0"},
                                             {"git_hash", "0123456789abcdef"},
                                             {"device", texts.device},
                                             {"torch", {{"version", "2.11.0"}, {"threads", 2}}},
                                             {"created", "2026-01-02T03:04:05Z"}});
  write_metrics(run, texts.layer);
  write_kappa(run, texts.layer);
  write_json_file(run / "transition.json", to_json(transition_of_run(run, {})));
  write_sweep(run, texts.layer);
  write_evaluation(run, texts.layer);
  write_attack(run, "one", 1, 0.8);
  write_attack(run, "samples", 10, 0.9);
}

fs::path write_page(const fs::path& run) {
  write_text_atomically(run / "report.html", render_report(collect_report(run)));
  return run / "report.html";
}

void write_comparison(const std::vector<std::pair<fs::path, std::string>>& runs,
                      const fs::path& page) {
  ComparisonInputs inputs{fmt::format("{} runs", runs.size()), {}};
  for (const auto& [path, name] : runs) {
    inputs.runs.push_back(collect_report(path));
    inputs.runs.back().name = name;
  }
  write_text_atomically(page, render_comparison(inputs));
}

}  // namespace varphase
