// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <fmt/ranges.h>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/image_shares.hpp"
#include "analysis/kappa/kappa_csv.hpp"
#include "analysis/kappa/map_files.hpp"
#include "analysis/kappa/map_sum.hpp"
#include "analysis/kappa/transition.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/log.hpp"
#include "src/base/progress.hpp"
#include "src/base/sha256.hpp"
#include "src/base/text_table.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/device.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/trained_images.hpp"
#include "tools/cli/kappa_output.hpp"
#include "tools/cli/old_verbs.hpp"
#include "tools/cli/stop_signal.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

DiagonalPlan planned(Network& network, const DeviceImages& images, const KappaPlan& plan,
                     std::int64_t samples) {
  DiagonalPlan all;
  for (NetworkDiagonalRequest general : plan.general()) {
    general.samples = samples;
    const DiagonalPlan one = plan_network_diagonal(network, images, general);
    all.factors.insert(all.factors.end(), one.factors.begin(), one.factors.end());
    all.seconds += one.seconds;
    all.bytes = std::max(all.bytes, one.bytes + one.map_bytes);
    all.repeatable = all.repeatable && one.repeatable;
  }
  return all;
}

/// What the passes over an epoch will take, said before they start; an estimate's samples are
/// chosen to fit the budget here. @return whether two passes gave the same bits; none: there is no
/// pass to try. @throws Error usage where the budget is too small.
std::optional<bool> announce(Network& network, const DeviceImages& images, const Options& options,
                             KappaRequest& request) {
  const KappaPlan kappa_plan(network, request);
  if (kappa_plan.general().empty()) return std::nullopt;
  DiagonalPlan plan = planned(network, images, kappa_plan, request.samples);
  if (options.seconds > 0 && request.method == CurvatureMethod::sampled_residual) {
    const double two = planned(network, images, kappa_plan, 2).seconds;
    plan = planned(network, images, kappa_plan, 6);
    const double one = std::max((plan.seconds - two) / 4, 1e-9);
    request.samples = static_cast<std::int64_t>(
        std::clamp(2 + std::floor((options.seconds - two) / one), 2.0, 1e6));
    plan.seconds = two + one * static_cast<double>(request.samples - 2);
  }
  double image_seconds = 0;
  if (options.by == "image") {
    for (const NetworkDiagonalRequest& general : kappa_plan.general())
      image_seconds += plan_image_diagonals(network, images, general);
    plan.seconds += image_seconds;
  }
  VARPHASE_CHECK(options.seconds == 0 || plan.seconds <= 1.2 * options.seconds, ErrorKind::usage,
                 "kappa of an epoch is expected to take {:.0f} s, --budget allows {:g}\n  take "
                 "fewer layers by --layer, --method ggn, or --method estimate --samples 2",
                 plan.seconds, options.seconds);
  if (!plan.repeatable)
    log_warning("two passes over the same images gave different bits on this device");
  if (options.json || options.quiet) return plan.repeatable;
  std::string text;
  std::size_t next = 0;
  for (const NetworkDiagonalRequest& general : kappa_plan.general()) {
    for (const std::size_t layer : general.layers) {
      text += fmt::format("{}{} {}", next == 0 ? "" : ", ", network.layers()[layer]->name(),
                          count_text(plan.factors[next]));
      ++next;
    }
  }
  print_err("factors an image: {}\nabout {:.3g} s an epoch; {} at most beside the images\n", text,
            plan.seconds, bytes_text(static_cast<double>(plan.bytes)));
  if (image_seconds > 0) print_err("of these {:.3g} s image by image\n", image_seconds);
  return plan.repeatable;
}

/// The layers of a map, for its file's name; "" for all variance layers of the network.
std::string layers_of(const KappaRequest& request, const KappaPlan& plan, const Network& network) {
  std::size_t variance_layers = 0;
  std::vector<std::string> names, plain;
  for (const KappaPlan::Part& part : plan.parts()) {
    Layer& layer = *network.layers()[part.position];
    const bool variance = layer.as_variance() != nullptr;
    variance_layers += variance ? 1 : 0;
    (variance ? names : plain).push_back(layer.name());
  }
  if (plain.empty() && variance_layers == network.variance_layers().size()) return "";
  if (std::find(request.layers.begin(), request.layers.end(), "all") != request.layers.end())
    return "all";
  names.insert(names.end(), plain.begin(), plain.end());
  return layers_name(names);
}

/// @param made_of digest of the images that the checkpoint was trained on; "": not known
MapSubject subject_of(const KappaRequest& request, const KappaPlan& plan, const Network& network,
                      const DeviceImages& images, const std::string& made_of,
                      const std::string& digest) {
  MapSubject subject;
  subject.layers = layers_of(request, plan, network);
  if (images.split != Split::train) subject.split = split_name(images.split);
  if (request.method == CurvatureMethod::gauss_newton) subject.method = "ggn";
  if (request.method == CurvatureMethod::sampled_residual)
    subject.method = fmt::format("estimate-{}", request.samples);
  KappaRequest usual = request;
  usual.smooth = KappaRequest{}.smooth;
  if (plan.smooth_text(network) != KappaPlan(network, usual).smooth_text(network))
    subject.smooth = smoothing_text(parse_smoothing(request.smooth, false));
  subject.quantities = request.others;
  if (!made_of.empty() && made_of != digest) subject.data = digest;
  return subject;
}

/// A map that says nothing else than the one that it replaces keeps what was proved of that one.
void keep_proofs(const fs::path& file, KappaMap& map) {
  if (!map.proofs.empty() || !map.plain_proofs.empty() || !fs::exists(file)) return;
  try {
    const KappaMap there = kappa_from_document(read_document(file, "kappa"), file.string());
    const auto same = [](const std::vector<LayerKappa>& a, const std::vector<LayerKappa>& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [](const LayerKappa& one, const LayerKappa& other) {
                          return one.layer == other.layer && one.smooth == other.smooth &&
                                 one.variance == other.variance &&
                                 one.hessian_diagonal == other.hessian_diagonal;
                        });
    };
    if (!same(map.layers, there.layers) || !same(map.plain_layers, there.plain_layers)) return;
    map.proofs = there.proofs;
    map.plain_proofs = there.plain_proofs;
  } catch (const Error&) {  // damaged: it is replaced
  }
}

/// All that the bits of a checkpoint's sums depend on beside the request: program, device, the
/// checkpoint itself, and the images.
Json origin_of(const fs::path& checkpoint, const RunConfig& config, const Dataset& dataset,
               const DeviceImages& images) {
  const auto made = provenance(images.pixels.device());
  Json origin{{"checkpoint", document_digest(checkpoint)},
              {kDatasetDigest, dataset.digest},
              {"split", split_name(images.split)},
              {"data", to_json(config.data)}};
  // Where the images lie and how people call them says nothing of them.
  for (const char* key : {"data", "source", "class_names", "max_unpacked_bytes", "max_image_pixels",
                          "max_jpeg_scans"})
    origin["data"].erase(key);
  for (const char* key : {"version", "git_hash", "libtorch", "device"}) origin[key] = made.at(key);
  return origin;
}

std::string without_header(const std::string& csv, bool without) {
  return without ? csv.substr(csv.find('\n') + 1) : csv;
}

std::string digest_of(const Json& origin, const KappaRequest& request) {
  const Json all{{"origin", origin},           {"layers", request.layers},
                 {"smooth", request.smooth},   {"method", static_cast<int>(request.method)},
                 {"samples", request.samples}, {"seed", request.seed},
                 {"others", request.others},   {"verify", request.verify}};
  return sha256_hex(all.dump());
}

/// Key of digest_of in a map's provenance.
constexpr const char* kRequest = "request";

/// The map in a file where the same request made it: what an interrupted run of the verb had done
/// is not done again. Closed forms are: they take no time.
std::optional<KappaMap> made_before(const fs::path& file, const std::string& request,
                                    const KappaPlan& plan) {
  if (plan.general().empty() || !fs::exists(file)) return std::nullopt;
  try {
    KappaMap map = kappa_from_document(read_document(file, "kappa"), file.string());
    if (map.provenance[kRequest] == request) return map;
  } catch (const Error&) {  // it is made anew and replaced
  }
  return std::nullopt;
}

/// What is written of the network's layers of a request, in a map.
std::int64_t map_bytes(const KappaPlan& plan, const Network& network, const KappaRequest& request) {
  std::int64_t bytes = 0;
  for (const KappaPlan::Part& part : plan.parts()) {
    Layer& layer = *network.layers()[part.position];
    const bool variance = layer.as_variance() != nullptr;
    const bool estimate = request.method == CurvatureMethod::sampled_residual;
    const int arrays = 1 + (variance ? 1 : 0) + (estimate ? 1 : 0) + (request.others ? 3 : 0);
    for (const Parameter& parameter : layer.parameters()) {
      if (parameter.tensor->dim() > 1 && parameter.role == Role::weight)
        bytes += arrays * parameter.tensor->numel() * static_cast<std::int64_t>(sizeof(float));
    }
  }
  return bytes;
}

/// One call of the verb.
class KappaVerb {
 public:
  explicit KappaVerb(const Options& options);
  int run();

 private:
  /// Before the first map: what it will take, and the table's header.
  void begin(Network& network);
  /// @param label of the images, where they are one class
  KappaMap map_of(Network& network, const DeviceImages& images, std::int64_t epoch,
                  std::optional<std::int64_t> label, const fs::path& file);
  void whole(Network& network, std::int64_t epoch, const MapSubject& subject);
  void by_class(Network& network, std::int64_t epoch, const MapSubject& subject);
  void by_image(Network& network, std::int64_t epoch, const KappaMap& map,
                const MapSubject& subject);
  void show(const KappaMap& map, Json& rows);
  void finish();

  const Options& options_;
  const Target target_;
  const MapFiles files_;
  const RunLock lock_;
  Json trained_;  // as trained_images says it
  const double kappa0_;
  const RunConfig config_;
  const Dataset dataset_;
  const at::Device device_;
  KappaRequest request_;
  DeviceImages images_;
  const KappaTable table_;
  std::optional<bool> repeatable_;
  std::optional<Progress> progress_;
  Json rows_ = Json::array(), sums_ = Json::array();
  Json images_of_ = Json::array();  // --by image
  std::string histograms_;
  fs::path folder_;  // of the maps
};

KappaRequest request_of(const Options& options) {
  KappaRequest request;
  VARPHASE_CHECK(options.by != "image" || options.method != "estimate", ErrorKind::usage,
                 "--by image wants --method exact or ggn: an estimate of a single image is noise");
  request.smooth = options.smooth;
  request.verify = options.verify;
  request.layers = options.curvature_layers;
  request.method = curvature_method_from_name(options.method);
  request.samples = options.estimate_samples;
  request.others = options.all_quantities;
  return request;
}

KappaVerb::KappaVerb(const Options& options)
    : options_(options),
      target_(resolve_target(options.run, options.epoch.empty() ? "all" : options.epoch)),
      files_(target_.run.path()),
      lock_(begin_analysis(target_.run.path())),
      kappa0_(parse_threshold(options.kappa0)),
      config_(target_.run.config()),
      dataset_(open_dataset(config_.data, options.data)),
      device_(open_device({options.device, options.threads})),
      request_(request_of(options)),
      table_(kappa0_, options.by == "class") {
  set_numerics(config_.train.deterministic, false);
  const Split split = options.split.empty() ? Split::train : split_from_name(options.split);
  images_ = to_device(dataset_.part(split), split, device_);
}

void KappaVerb::begin(Network& network) {
  repeatable_ = announce(network, images_, options_, request_);
  const KappaPlan plan(network, request_);
  if (options_.by == "class" && !options_.json && !options_.quiet)
    print_err("{} maps of {} an epoch\n", network.classes(),
              bytes_text(static_cast<double>(map_bytes(plan, network, request_))));
  progress_.emplace("kappa",
                    static_cast<std::int64_t>(target_.epochs.size()) * plan.passes() *
                        (options_.by == "image" ? 2 : 1) * images_.count(),
                    " images", options_.quiet);
  if (!options_.json) print_out("{}\n", table_.header());
}

KappaMap KappaVerb::map_of(Network& network, const DeviceImages& images, std::int64_t epoch,
                           std::optional<std::int64_t> label, const fs::path& file) {
  const KappaPlan plan(network, request_);
  const fs::path checkpoint = target_.run.checkpoint(epoch);
  Json origin = origin_of(checkpoint, config_, dataset_, images);
  std::string name = fmt::format("epoch_{:04}", epoch);
  if (label) {
    origin["class"] = *label;
    name += fmt::format("_class_{:02}", *label);
  }
  const std::string digest = digest_of(origin, request_);
  const auto say = [&](const std::string& text) {
    if (options_.quiet) return;
    progress_->clear();
    print_err("{} {}\n", name, text);
  };
  if (std::optional<KappaMap> found = made_before(file, digest, plan)) {
    say("is there: the same request made it before");
    progress_->advance(plan.passes() * images.count());
    return *found;
  }
  PartialFiles partial(
      {files_.partial(), name, origin, [] { return stop_requested().load(); }, say});
  KappaMap map = compute_kappa(
      network, images, request_, [&](std::int64_t n) { progress_->advance(n); }, &partial);
  map.epoch = epoch;
  map.label = label;
  map.repeatable = repeatable_;
  map.provenance = provenance(device_);
  map.provenance[kDatasetDigest] = dataset_.digest;
  map.provenance["checkpoint"] = text_of_bytes(checkpoint.filename().string());
  map.provenance[kRequest] = digest;
  fs::create_directories(file.parent_path());
  if (const fs::path older = files_.make_room(file, map); !older.empty())
    log_warning(
        fmt::format("{}: was of something else, and is kept as {}", file.string(), older.string()));
  keep_proofs(file, map);
  write_document(file, to_document(map));
  partial.remove();
  return map;
}

void KappaVerb::show(const KappaMap& map, Json& rows) {
  progress_->clear();
  const auto add = [&](const std::vector<LayerKappa>& layers,
                       const std::vector<KappaProof>& proofs) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const KappaProof* proof = i < proofs.size() ? &proofs[i] : nullptr;
      rows.push_back(table_.row(map, layers[i], proof, request_.samples));
      if (!options_.json) table_.print(rows.back(), proof);
    }
  };
  add(map.layers, map.proofs);
  add(map.plain_layers, map.plain_proofs);
}

void KappaVerb::whole(Network& network, std::int64_t epoch, const MapSubject& subject) {
  const fs::path file = files_.map(subject, epoch);
  folder_ = file.parent_path();
  const KappaMap map = map_of(network, images_, epoch, std::nullopt, file);
  show(map, rows_);
  histograms_ += without_header(histogram_csv({&map, 1}), !histograms_.empty());
  if (options_.by == "image") by_image(network, epoch, map, subject);
}

void KappaVerb::by_image(Network& network, std::int64_t epoch, const KappaMap& map,
                         const MapSubject& subject) {
  ImageShareRequest wanted;
  wanted.weights = options_.top;
  progress_->describe(fmt::format("images of epoch {}", epoch));
  const std::vector<LayerImages> found =
      largest_by_image(network, images_, request_, map, wanted, [&](std::int64_t n) {
        progress_->advance(n);
        if (stop_requested()) throw Interrupted{};
      });
  const Json json = image_json(found, epoch);
  const fs::path stem = files_.images(subject, epoch);
  fs::create_directories(stem.parent_path());
  write_json_file(stem.string() + ".json", {{"images", images_.count()},
                                            {"split", split_name(images_.split)},
                                            {"provenance", map.provenance},
                                            {"layers", json}});
  write_text_atomically(stem.string() + ".csv", image_csv(found, epoch));
  images_of_.insert(images_of_.end(), json.begin(), json.end());
  progress_->clear();
  if (options_.json) return;
  print_images(found, epoch);
  print_out("the first {} images of each in {}\n", wanted.images, stem.string() + ".csv");
}

void KappaVerb::by_class(Network& network, std::int64_t epoch, const MapSubject& subject) {
  folder_ = files_.class_folder(subject);
  MapSum sum;
  for (std::int64_t label = 0; label < network.classes(); ++label) {
    const DeviceImages part = select_images(images_, (images_.labels == label).nonzero().flatten());
    if (part.count() == 0) {
      log_warning(fmt::format("class {}: no image of it in {}", label, split_name(images_.split)));
      continue;
    }
    progress_->describe(fmt::format("kappa of epoch {}, class {}", epoch, label));
    const KappaMap map =
        map_of(network, part, epoch, label, files_.class_map(subject, epoch, label));
    show(map, rows_);
    histograms_ += without_header(class_histogram_csv({&map, 1}), !histograms_.empty());
    sum.add(map);
  }
  show(sum.take(), sums_);
}

int KappaVerb::run() {
  take_signals();
  for (const std::int64_t epoch : target_.epochs) {
    const fs::path checkpoint = target_.run.checkpoint(epoch);
    const Snapshot snapshot = read_snapshot(checkpoint);
    LoadedNetwork loaded = network_of_snapshot(snapshot, device_, checkpoint.string());
    check_fits(loaded.network, dataset_, false);
    // A run that went on with other images has epochs of both.
    if (trained_.is_null() ||
        (trained_["as_trained"] == true && loaded.dataset_digest != dataset_.digest))
      trained_ = trained_images(dataset_, loaded.dataset_digest, checkpoint.string());
    if (!progress_) begin(loaded.network);
    progress_->describe(fmt::format("kappa of epoch {}", epoch));
    const auto made_of = snapshot.provenance.find(kDatasetDigest);
    const MapSubject subject =
        subject_of(request_, KappaPlan(loaded.network, request_), loaded.network, images_,
                   made_of == snapshot.provenance.end() ? "" : made_of->second, dataset_.digest);
    try {
      options_.by == "class" ? by_class(loaded.network, epoch, subject)
                             : whole(loaded.network, epoch, subject);
    } catch (const Interrupted&) {
      progress_->clear();
      print_err("interrupted at epoch {}; the same command goes on from here\n", epoch);
      return kInterrupted;
    }
  }
  finish();
  return kSuccess;
}

void KappaVerb::finish() {
  const fs::path histogram = MapFiles::histogram(folder_);
  write_text_atomically(
      histogram,
      with_histograms(fs::exists(histogram) ? read_text_file(histogram) : "", histograms_));
  const std::string split = split_name(images_.split);
  if (options_.json) {
    Json json{
        {"kappa0", kappa0_}, {"images", images_.count()}, {"split", split}, {"data", trained_}};
    json["repeatable"] = repeatable_ ? Json(*repeatable_) : Json();
    json["rows"] = rows_;
    if (options_.by == "image") json["layers"] = images_of_;
    if (options_.by == "class") {
      json["sums"] = sums_;
      json["class_names"] = config_.data.class_names;
    }
    print_json(json);
    return;
  }
  print_out("\nkappa_0 = {}; sums over {} {} images; maps in {}\n", options_.kappa0,
            count_text(images_.count()), split, folder_.string());
  if (repeatable_ == false)
    print_out("not repeatable: two passes over the same images gave different bits\n");
}

}  // namespace

int run_kappa(const Options& options) {
  const Target target = resolve_target(options.run, options.epoch.empty() ? "all" : options.epoch);
  check_output_folder(target.run.layout().kappa());
  return KappaVerb(options).run();
}

}  // namespace varphase
