// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/metric_columns.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "analysis/predict/out_of_distribution.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kCurvePoints = 200;

struct NamedUncertainty {
  const char* name;  // torch-uncertainty's
  std::vector<double> (*of)(const Uncertainty&);
};

std::vector<double> unsureness(const Uncertainty& of) {
  std::vector<double> values = of.confidence;
  for (double& value : values) value = -value;
  return values;
}

constexpr NamedUncertainty kUncertainties[] = {
    {"entropy", [](const Uncertainty& of) { return of.entropy; }},
    {"mutual_information", [](const Uncertainty& of) { return of.mutual_information; }},
    {"msp", unsureness},  // the maximum softmax probability
};

double mean(const std::vector<double>& values, const Counts& counts) {
  double sum = 0, images = 0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    sum += values[n] * counts[n];
    images += counts[n];
  }
  return sum / images;
}

/// What one prediction needs to be scored on many resamples: sorted once.
class Scorer {
 public:
  explicit Scorer(const ScoredPrediction& prediction)
      : prediction_(prediction),
        right_(prediction.scores.right.begin(), prediction.scores.right.end()),
        calibration_(prediction.scores.confidence, prediction.scores.right),
        selective_(prediction.scores.confidence, prediction.scores.right) {
    for (const Uncertainty& other : prediction.others) {
      detections_.emplace_back();
      for (const auto& [name, of] : kUncertainties) {
        if (of(other).empty()) continue;
        detections_.back().emplace_back(name, Detection(of(prediction.scores), of(other)));
      }
    }
  }

  std::vector<MetricEstimate> metrics(const Counts& counts) const {
    const ImageScores& scores = prediction_.scores;
    std::vector<MetricEstimate> list;
    const auto add = [&](const char* name, double value) {
      list.push_back({name, value, {}, {}, {}});
    };
    add("cls/Acc", mean(right_, counts));
    add("cls/Brier", mean(scores.brier, counts));
    add("cls/NLL", mean(scores.nll, counts));
    add("cls/Entropy", mean(scores.entropy, counts));
    if (!scores.mutual_information.empty()) add("cls/MI", mean(scores.mutual_information, counts));
    const std::vector<CalibrationBin> bins = calibration_.equal_width(counts);
    add("cal/ECE", expected_calibration_error(bins));
    add("cal/aECE", expected_calibration_error(calibration_.equal_mass(counts)));
    add("cal/MCE", maximum_calibration_error(bins));
    const SelectiveScores selective = selective_.scores(counts);
    add("sc/AURC", selective.aurc);
    add("sc/AUGRC", selective.augrc);
    add("sc/Acc_80Cov", selective.accuracy_80);
    add("sc/Acc_90Cov", selective.accuracy_90);
    return list;
  }

  std::vector<MetricEstimate> detection(std::size_t set, const Counts& own,
                                        const Counts& other) const {
    std::vector<MetricEstimate> list;
    for (const auto& [name, detection] : detections_[set]) {
      const DetectionScores scores = detection.scores(own, other);
      const std::string prefix = "ood/" + name + "/";
      list.push_back({prefix + "AUROC", scores.auroc, {}, {}, {}});
      list.push_back({prefix + "AUPR", scores.aupr, {}, {}, {}});
      list.push_back({prefix + "FPR95", scores.fpr95, {}, {}, {}});
    }
    return list;
  }

  /// Of every data set, the network's own first.
  std::vector<std::vector<MetricEstimate>> all(const std::vector<Counts>& counts) const {
    std::vector<std::vector<MetricEstimate>> sets{metrics(counts.front())};
    for (std::size_t set = 0; set < detections_.size(); ++set)
      sets.push_back(detection(set, counts.front(), counts[set + 1]));
    return sets;
  }

  const Calibration& calibration() const { return calibration_; }
  const SelectivePrediction& selective() const { return selective_; }

  /// Numbers of images of every data set.
  std::vector<std::int64_t> sizes() const {
    std::vector<std::int64_t> sizes{prediction_.scores.images()};
    for (const Uncertainty& other : prediction_.others) sizes.push_back(other.images());
    return sizes;
  }

 private:
  const ScoredPrediction& prediction_;
  std::vector<double> right_;
  Calibration calibration_;
  SelectivePrediction selective_;
  std::vector<std::vector<std::pair<std::string, Detection>>> detections_;
};

EntropyHistogram entropy_histogram(const std::vector<double>& entropy, std::int64_t classes) {
  EntropyHistogram histogram(kEntropyBins, 0);
  const double width = std::log(static_cast<double>(classes)) / kEntropyBins;
  for (const double value : entropy)
    ++histogram[std::clamp<std::int64_t>(static_cast<std::int64_t>(value / width), 0,
                                         kEntropyBins - 1)];
  return histogram;
}

/// The values of every metric of every prediction, by resample.
class Resampling {
 public:
  Resampling(const std::vector<Scorer>& scorers, const BootstrapSettings& settings)
      : settings_(settings), values_(scorers.size()) {
    for (std::size_t p = 0; p < scorers.size(); ++p)
      values_[p].resize(static_cast<std::size_t>(settings.resamples));
    parallel_for(settings.resamples, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t resample = begin; resample < end; ++resample) draw(scorers, resample);
    });
  }

  /// @param set, metric  as Scorer::all lists them
  std::vector<double> of(std::size_t prediction, std::size_t set, std::size_t metric) const {
    std::vector<double> values;
    for (const auto& sets : values_[prediction]) values.push_back(sets[set][metric]);
    return values;
  }

 private:
  void draw(const std::vector<Scorer>& scorers, std::int64_t resample) {
    std::map<std::pair<std::size_t, std::int64_t>, Counts> drawn;  // by set and number of images
    for (std::size_t p = 0; p < scorers.size(); ++p) {
      std::vector<Counts> counts;
      const std::vector<std::int64_t> sizes = scorers[p].sizes();
      for (std::size_t set = 0; set < sizes.size(); ++set) {
        Counts& found = drawn[{set, sizes[set]}];
        if (found.empty())
          found = resampled(settings_.seed, static_cast<std::uint16_t>(set),
                            static_cast<std::uint32_t>(resample), sizes[set]);
        counts.push_back(found);
      }
      for (const auto& list : scorers[p].all(counts)) {
        values_[p][resample].emplace_back();
        for (const MetricEstimate& metric : list)
          values_[p][resample].back().push_back(metric.value);
      }
    }
  }

  const BootstrapSettings& settings_;
  std::vector<std::vector<std::vector<std::vector<double>>>>
      values_;  // [P, resamples, set, metric]
};

/// The metrics of prediction `at` in data set `set`, with what the resamples say of them and of their differences from
/// prediction `base`.
std::vector<MetricEstimate> estimates(
    const std::vector<std::vector<std::vector<MetricEstimate>>>& found, std::size_t at,
    std::size_t set, std::optional<std::size_t> base, const Resampling& resampling, double level) {
  std::vector<MetricEstimate> list = found[at][set];
  for (std::size_t m = 0; m < list.size(); ++m) {
    MetricEstimate& metric = list[m];
    std::vector<double> values = resampling.of(at, set, m);
    metric.interval = percentile_interval(values, level);
    if (!base) continue;
    const std::vector<MetricEstimate>& others = found[*base][set];
    const auto same = std::find_if(others.begin(), others.end(),
                                   [&](const auto& other) { return other.name == metric.name; });
    if (same == others.end()) continue;
    metric.difference = metric.value - same->value;
    const std::vector<double> theirs =
        resampling.of(*base, set, static_cast<std::size_t>(same - others.begin()));
    for (std::size_t r = 0; r < values.size(); ++r) values[r] -= theirs[r];
    metric.difference_interval = percentile_interval(std::move(values), level);
  }
  return list;
}

}  // namespace

std::vector<MetricColumn> metric_columns(const std::vector<ScoredPrediction>& predictions,
                                         const BootstrapSettings& bootstrap,
                                         const std::vector<std::size_t>& base) {
  std::vector<Scorer> scorers;
  std::vector<std::vector<std::vector<MetricEstimate>>> found;
  for (const ScoredPrediction& prediction : predictions) {
    const Scorer& scorer = scorers.emplace_back(prediction);
    std::vector<Counts> once;
    for (const std::int64_t images : scorer.sizes()) once.push_back(each_once(images));
    found.push_back(scorer.all(once));
  }
  const Resampling resampling(scorers, bootstrap);
  std::vector<MetricColumn> columns;
  for (std::size_t at = 0; at < predictions.size(); ++at) {
    const ScoredPrediction& prediction = predictions[at];
    std::optional<std::size_t> compared = base.empty() ? 0 : base[at];
    if (*compared == at || prediction.images != predictions[*compared].images) compared.reset();
    MetricColumn& column = columns.emplace_back();
    column.network = prediction.network;
    column.estimator = prediction.estimator;
    column.classes = prediction.classes;
    column.metrics = estimates(found, at, 0, compared, resampling, bootstrap.level);
    column.entropy = entropy_histogram(prediction.scores.entropy, prediction.classes);
    for (std::size_t set = 0; set < prediction.others.size(); ++set) {
      column.detection.push_back(
          estimates(found, at, set + 1, compared, resampling, bootstrap.level));
      column.other_entropy.push_back(
          entropy_histogram(prediction.others[set].entropy, prediction.classes));
    }
    const Counts once = each_once(prediction.scores.images());
    column.equal_width = scorers[at].calibration().equal_width(once);
    column.equal_mass = scorers[at].calibration().equal_mass(once);
    column.risk_coverage = scorers[at].selective().curve(kCurvePoints);
  }
  return columns;
}

}  // namespace varphase
