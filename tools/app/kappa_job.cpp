// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/kappa_job.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/image_shares.hpp"
#include "analysis/kappa/kappa_csv.hpp"
#include "analysis/kappa/map_files.hpp"
#include "analysis/kappa/map_sum.hpp"
#include "analysis/kappa/threshold.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/json.hpp"
#include "src/base/log.hpp"
#include "src/base/text_table.hpp"
#include "src/torch/numerics.hpp"
#include "tools/app/device.hpp"
#include "tools/app/image_pictures.hpp"
#include "tools/app/image_share_files.hpp"
#include "tools/app/kappa_identity.hpp"
#include "tools/app/kappa_map_writer.hpp"
#include "tools/app/kappa_passes.hpp"
#include "tools/app/kappa_tables.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Histograms of several epochs as one text with one header.
std::string joined_histograms(const std::vector<KappaTable>& tables) {
  std::string text;
  for (const KappaTable& table : tables)
    text += text.empty() ? table.histogram : table.histogram.substr(table.histogram.find('\n') + 1);
  return text;
}

KappaRequest network_request(const KappaMapsRequest& maps) {
  VARPHASE_CHECK(maps.by != "image" || maps.method != "estimate", ErrorKind::usage,
                 "--by image wants --method exact or ggn: an estimate of a single image is noise");
  KappaRequest request;
  request.smooth = maps.smooth;
  request.verify = maps.verify;
  request.layers = maps.layer;
  request.method = curvature_method_from_name(maps.method);
  request.samples = maps.samples;
  request.others = maps.all_quantities;
  return request;
}

/// One run of the job.
class KappaMaps {
 public:
  /// @param ranks  where not null, who make each map together, of whom the first writes it
  KappaMaps(const KappaMapsRequest& maps, const Target& target, KappaJob& job, Communicator* ranks);
  /// @param histograms  whether histograms.csv is written
  KappaMapsResult run(bool histograms = true);
  /// Of each map that was made.
  const std::vector<KappaTable>& tables() const { return tables_; }

 private:
  /// Before the first map: what it will take.
  void begin(Network& network);
  /// @param label of the images, where they are one class
  KappaMap map_of(Network& network, const DeviceImages& images, std::int64_t epoch,
                  std::optional<std::int64_t> label, const fs::path& file);
  void epoch(std::int64_t number);
  void whole(Network& network, std::int64_t epoch, const MapSubject& subject);
  void by_class(Network& network, std::int64_t epoch, const MapSubject& subject);
  void by_image(Network& network, std::int64_t epoch, const KappaMap& map,
                const MapSubject& subject);
  void add_rows(const KappaMap& map, std::vector<KappaRow>& rows);

  const KappaMapsRequest& maps_;
  KappaJob& job_;
  Communicator* ranks_;
  const Target& target_;
  const RunLock lock_;
  const double kappa0_;
  const RunConfig config_;
  const Dataset dataset_;
  const at::Device device_;
  KappaMapWriter writer_;
  KappaRequest request_;
  DeviceImages images_;
  bool begun_ = false;
  std::vector<KappaTable> tables_;
  KappaMapsResult result_;
};

KappaMaps::KappaMaps(const KappaMapsRequest& maps, const Target& target, KappaJob& job,
                     Communicator* ranks)
    : maps_(maps),
      job_(job),
      ranks_(ranks),
      target_(target),
      lock_(begin_analysis(target_.run.path())),
      kappa0_(parse_threshold(maps.kappa0)),
      config_(target_.run.config()),
      dataset_(open_dataset(config_.data, maps.data, maps.data_pixel_range)),
      device_(open_device(maps.where)),
      writer_(target_.run, config_, dataset_, device_, job, ranks),
      request_(network_request(maps)) {
  set_numerics(config_.train.deterministic, false);
  const Split split = split_from_name(maps.split);
  images_ = to_device(dataset_.part(split), split, device_);
  result_.kappa0 = kappa0_;
  result_.images = images_.count();
  result_.split = split_name(split);
  result_.class_names = config_.data.class_names;
}

void KappaMaps::begin(Network& network) {
  const bool by_image = maps_.by == "image";
  result_.repeatable =
      announce_passes(network, images_, {maps_.max_seconds, by_image}, request_, job_);
  // Which ranks would measure each its own way.
  if (ranks_ != nullptr)
    request_.samples = std::stoll(ranks_->broadcast_bytes(std::to_string(request_.samples)));
  const KappaPlan plan(network, request_);
  if (maps_.by == "class")
    job_.note(fmt::format("{} maps of {} an epoch", network.classes(),
                          bytes_text(static_cast<double>(map_bytes(plan, network, request_)))));
  job_.begin("kappa",
             static_cast<std::int64_t>(target_.epochs.size()) * plan.passes() * (by_image ? 2 : 1) *
                 images_.count(),
             "images");
  job_.computing();
  begun_ = true;
}

KappaMap KappaMaps::map_of(Network& network, const DeviceImages& images, std::int64_t epoch,
                           std::optional<std::int64_t> label, const fs::path& file) {
  return writer_.make(network, images, request_, {epoch, label, file, result_.repeatable});
}

void KappaMaps::add_rows(const KappaMap& map, std::vector<KappaRow>& rows) {
  const auto add = [&](const std::vector<LayerKappa>& layers,
                       const std::vector<KappaProof>& proofs) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const KappaProof* proof = i < proofs.size() ? &proofs[i] : nullptr;
      rows.push_back(kappa_row(map, layers[i], proof, kappa0_, request_.samples));
      job_.computed(rows.back());
    }
  };
  add(map.layers, map.proofs);
  add(map.plain_layers, map.plain_proofs);
}

void KappaMaps::whole(Network& network, std::int64_t epoch, const MapSubject& subject) {
  const fs::path file = writer_.files().map(subject, epoch);
  result_.folder = file.parent_path();
  const KappaMap map = map_of(network, images_, epoch, std::nullopt, file);
  KappaTable table{epoch, {}, histogram_csv({&map, 1})};
  add_rows(map, table.rows);
  result_.rows.insert(result_.rows.end(), table.rows.begin(), table.rows.end());
  tables_.push_back(std::move(table));
  if (maps_.by == "image" && writer_.keeps()) by_image(network, epoch, map, subject);
}

void KappaMaps::by_image(Network& network, std::int64_t epoch, const KappaMap& map,
                         const MapSubject& subject) {
  ImageShareRequest wanted;
  wanted.weights = maps_.top;
  job_.describe(fmt::format("images of epoch {}", epoch));
  const std::vector<LayerImages> found =
      largest_by_image(network, images_, request_, map, wanted, [this](std::int64_t n) {
        job_.advance(n);
        if (job_.stop_requested()) throw Interrupted{};
      });
  const Json json = image_json(found, epoch);
  const fs::path stem = writer_.files().images(subject, epoch);
  const fs::path csv = stem.string() + ".csv";
  fs::create_directories(stem.parent_path());
  write_json_file(stem.string() + ".json", {{"images", images_.count()},
                                            {"pictures", pictures_json(images_, found)},
                                            {"split", split_name(images_.split)},
                                            {"provenance", map.provenance},
                                            {"layers", json}});
  write_text_atomically(csv, image_csv(found, epoch));
  result_.layers.insert(result_.layers.end(), json.begin(), json.end());
  job_.found_images(found, epoch, csv, wanted.images);
}

void KappaMaps::by_class(Network& network, std::int64_t epoch, const MapSubject& subject) {
  result_.folder = writer_.files().class_folder(subject);
  MapSum sum;
  for (std::int64_t label = 0; label < network.classes(); ++label) {
    const DeviceImages part = select_images(images_, (images_.labels == label).nonzero().flatten());
    if (part.count() == 0) {
      log_warning(fmt::format("class {}: no image of it in {}", label, split_name(images_.split)));
      continue;
    }
    job_.describe(fmt::format("kappa of epoch {}, class {}", epoch, label));
    const KappaMap map =
        map_of(network, part, epoch, label, writer_.files().class_map(subject, epoch, label));
    add_rows(map, result_.rows);
    tables_.push_back({epoch, {}, class_histogram_csv({&map, 1})});
    sum.add(map);
  }
  add_rows(sum.take(), result_.sums);
}

void KappaMaps::epoch(std::int64_t number) {
  const fs::path checkpoint = target_.run.checkpoint(number);
  LoadedNetwork loaded =
      network_of_snapshot(read_snapshot(checkpoint), device_, checkpoint.string());
  check_fits(loaded.network, dataset_, false);
  // A run that went on with other images has epochs of both.
  Json& data = result_.data;
  if (data.is_null() || (data["as_trained"] == true && loaded.dataset_digest != dataset_.digest))
    data = trained_images(dataset_, loaded.dataset_digest, checkpoint.string());
  if (!begun_) begin(loaded.network);
  job_.describe(fmt::format("kappa of epoch {}", number));
  const MapSubject subject =
      subject_of(request_, KappaPlan(loaded.network, request_), loaded.network, images_,
                 loaded.dataset_digest, dataset_.digest);
  maps_.by == "class" ? by_class(loaded.network, number, subject)
                      : whole(loaded.network, number, subject);
}

KappaMapsResult KappaMaps::run(bool histograms) {
  job_.begin_stoppable();
  for (const std::int64_t number : target_.epochs) {
    try {
      if (ranks_ != nullptr && ranks_->any_wants(job_.stop_requested())) throw Interrupted{};
      epoch(number);
    } catch (const Interrupted&) {
      result_.interrupted = number;
      break;
    }
  }
  job_.end();
  if (!result_.interrupted && histograms && writer_.keeps())
    KappaMapWriter::write_histograms(result_.folder, joined_histograms(tables_));
  return std::move(result_);
}

/// Progress of one rank's share of the checkpoints; what they gave is told when all are done.
class ShareJob final : public KappaJob {
 public:
  explicit ShareJob(KappaJob& job) : job_(job) {}
  void begin(const std::string& what, std::int64_t total, const std::string& unit) override {
    job_.begin(what, total, unit);
  }
  void advance(std::int64_t units) override { job_.advance(units); }
  void describe(const std::string& what) override { job_.describe(what); }
  void end() override { job_.end(); }
  void note(const std::string& text) override { job_.note(text); }
  void begin_stoppable() override { job_.begin_stoppable(); }
  bool stop_requested() const override { return job_.stop_requested(); }

 private:
  KappaJob& job_;
};

/// Whether the tables of single epochs are all that there is: sums over classes and lists of images want the maps.
bool needs_tables_alone(const KappaMapsRequest& request) { return request.by == "none"; }

/// Puts what all ranks made together, by epoch. @param result  of the first rank's share
void take_shares(const std::vector<std::string>& shares, KappaMapsResult& result, KappaJob& job) {
  std::vector<KappaTable> tables;
  for (const std::string& share : shares) {
    for (KappaTable& table : kappa_tables_of(share)) tables.push_back(std::move(table));
  }
  std::sort(tables.begin(), tables.end(),
            [](const KappaTable& a, const KappaTable& b) { return a.epoch < b.epoch; });
  result.rows.clear();
  job.computing();
  for (const KappaTable& table : tables) {
    for (const KappaRow& row : table.rows) {
      result.rows.push_back(row);
      job.computed(row);
    }
  }
  KappaMapWriter::write_histograms(result.folder, joined_histograms(tables));
}

/// Checkpoint k is rank k mod their number's, which writes its map and sends what tables hold of it to the first one.
KappaMapsResult share_checkpoints(const KappaMapsRequest& request, const Target& target,
                                  KappaJob& job, Communicator& ranks) {
  Target own = target;
  own.epochs.clear();
  for (std::size_t i = 0; i < target.epochs.size(); ++i) {
    if (static_cast<std::int64_t>(i) % ranks.size() == ranks.rank())
      own.epochs.push_back(target.epochs[i]);
  }
  ShareJob share(job);
  KappaMapsRequest maps = request;
  if (request.by == "image") maps.by = "none";  // which is the first one's alone
  KappaMapsResult result;
  std::string own_tables;
  {
    KappaMaps made(maps, own, share, nullptr);
    result = made.run(false);
    own_tables = to_bytes(made.tables());
  }
  for (const std::string& text :
       ranks.gather_bytes(result.interrupted ? std::to_string(*result.interrupted) : "")) {
    if (!text.empty() && !result.interrupted) result.interrupted = std::stoll(text);
  }
  if (result.interrupted) return result;
  const std::vector<std::string> shares = ranks.gather_bytes(own_tables);
  const std::vector<std::string> data = ranks.gather_bytes(result.data.dump());
  if (!ranks.first()) return result;
  if (!needs_tables_alone(request)) return KappaMaps(request, target, job, nullptr).run();
  // Of the first rank whose checkpoints saw other images.
  for (const std::string& text : data) {
    if (const Json one = Json::parse(text); result.data["as_trained"] == true) result.data = one;
  }
  take_shares(shares, result, job);
  return result;
}

}  // namespace

KappaMapsResult make_kappa_maps(const KappaMapsRequest& request, KappaJob& job) {
  Communicator& ranks = communicator();
  const Target target = resolve_target(request.run, request.epoch);
  check_output_folder(target.run.layout().kappa());
  if (ranks.alone()) return KappaMaps(request, target, job, nullptr).run();
  if (std::ssize(target.epochs) >= ranks.size())
    return share_checkpoints(request, target, job, ranks);
  return KappaMaps(request, target, job, &ranks).run();
}

}  // namespace varphase
