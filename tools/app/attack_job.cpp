// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/attack_job.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <unistd.h>

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include "analysis/robustness/attack_batch.hpp"
#include "analysis/robustness/sanity.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/sha256.hpp"
#include "src/base/text_table.hpp"
#include "src/data/png.hpp"
#include "src/distributed/communicator.hpp"
#include "src/torch/numerics.hpp"
#include "tools/app/attack_grid.hpp"
#include "tools/app/attack_models.hpp"
#include "tools/app/attack_parts.hpp"
#include "tools/app/attack_requests.hpp"
#include "tools/app/device.hpp"
#include "tools/app/job_estimate.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/metric_tables.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/run_marker.hpp"
#include "tools/app/side_files.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kSanityImages = 200;
constexpr std::size_t kDigits = 8;  // of a request's digest in a file's name

/// Thrown between two steps where the job was asked to end.
struct Stopped : std::exception {};

/// What is attacked first, then each judge.
std::vector<AttackModels> models_of(const AttackRunsRequest& asked, at::Device device) {
  std::vector<AttackModels> all;
  const std::vector<NetworkFile> files = network_files(asked.paths, asked.epoch);
  all.emplace_back(
      files.size() == 1 ? files.front().name : fmt::format("{} networks", files.size()), files,
      device);
  for (const std::string& path : asked.judge)
    all.emplace_back(path, network_files(path, asked.epoch), device);
  return all;
}

/// Backward passes through one network that an image is worth: what draws no noise has one member.
std::int64_t gradients_of(const ImageModels& models, const AttackRequest& attack) {
  std::int64_t count = 0;
  for (const ImageModel& model : models) {
    const bool draws = model.network->first_noise() < model.network->layers().size();
    count += draws ? attack.gradients_an_image() : attack.restarts * attack.steps;
  }
  return count;
}

/// The run in whose attacks/ a result goes; "": none.
fs::path run_of(const AttackRunsRequest& asked, const std::vector<NetworkFile>& files) {
  if (asked.paths.size() == 1 && MembersFile::is_in(asked.paths.front()))
    return asked.paths.front();
  for (const char* folder : {"checkpoints", "pruned"}) {
    const RunLayout layout = RunLayout::of_file_in(folder, fs::absolute(files.front().path));
    if (!layout.folder.empty() && is_run(layout.folder)) return layout.folder;
  }
  return {};
}

class AttackRuns {
 public:
  AttackRuns(const AttackRunsRequest& asked, Job& job);
  AttackRunsResult run();

 private:
  void take_images(const Dataset& dataset);
  void say_budget() const;
  Json identity(const Dataset& dataset) const;
  void check_output();
  void sanity();
  void attack_all();
  /// Several ranks: each attacks its batches and keeps them where all find them. @throws Stopped on all where one was.
  void attack_share(const AttackParts& parts, std::int64_t batches);
  AttackOutcome batch(std::int64_t first, const std::function<void()>& advanced) const;
  void summarize();
  void write();

  const AttackRunsRequest& asked_;
  Job& job_;
  AttackRequest attack_;
  JudgeRequest judging_;
  at::Device device_;
  std::vector<AttackModels> models_;
  std::vector<ImageModels> judges_;
  RunLock lock_ = RunLock::none();
  DeviceImages images_;
  std::int64_t batch_ = 0;
  fs::path stem_;
  std::string request_;  // all that the bits of the result depend on
  AttackOutcome outcome_;
  AttackRunsResult result_;
};

AttackRuns::AttackRuns(const AttackRunsRequest& asked, Job& job)
    : asked_(asked),
      job_(job),
      attack_(attack_of(asked)),
      judging_(judging_of(asked)),
      device_(open_device({asked.device, asked.threads})),
      models_(models_of(asked, device_)) {
  TextList names;
  for (const AttackModels& models : models_) names.push_back(models.name());
  const std::size_t against = compared_with(names, asked.against);
  const LoadedNetwork& first = models_.front().loaded().front();
  set_numerics(first.config.train.deterministic, false);
  const Dataset dataset = open_dataset(first.config.data, asked.data, asked.data_pixel_range);
  check_fits(first.network, dataset, false);
  for (const AttackModels& models : models_) {
    models.check_like(first.network);
    for (std::size_t i = 0; i < models.files().size(); ++i) {
      const Json data = trained_images(dataset, models.loaded()[i].dataset_digest,
                                       models.files()[i].path.string());
      if (result_.data.is_null()) result_.data = data;
    }
    judges_.push_back(models.models());
  }
  take_images(dataset);
  check_request(attack_, images_.pixels.size(1), first.network.classes());
  batch_ =
      asked.batch > 0 ? asked.batch : images_of_batch(models_.front().models(), attack_, device_);
  request_ = identity(dataset).dump();
  check_output();
  result_.stem = stem_.string();
  result_.against = against;
  result_.attack = attack_;
  result_.mode = asked.mode;
  result_.split = asked.split;
  result_.judge_samples = asked.judge_samples;
  result_.networks = static_cast<std::int64_t>(models_.front().files().size());
  result_.images = images_.count();
  result_.gradients_an_image = gradients_of(models_.front().models(), attack_);
}

void AttackRuns::take_images(const Dataset& dataset) {
  const Split split = split_from_name(asked_.split);
  images_ = to_device(dataset.part(split), split, device_);
  VARPHASE_CHECK(images_.count() > 0, ErrorKind::usage, "{}: no {} images", dataset.name,
                 asked_.split);
  std::string which;
  if (attack_.target.rule == TargetRule::given) {
    images_ = select_images(images_, (images_.labels != attack_.target.label).nonzero().flatten());
    which = fmt::format(" that are not of class {} already", attack_.target.label);
  }
  VARPHASE_CHECK(images_.count() >= std::max<std::int64_t>(asked_.images, 1), ErrorKind::usage,
                 "--images {}: there are {} {} images{}\n  0 takes all", asked_.images,
                 images_.count(), asked_.split, which);
  std::int64_t count = asked_.images > 0 ? asked_.images : images_.count();
  if (asked_.sanity) count = std::min(count, kSanityImages);
  images_ = slice_images(images_, 0, count);
}

Json AttackRuns::identity(const Dataset& dataset) const {
  const auto made = provenance(device_);
  Json json = to_json(asked_);
  // Where things lie and how they are shown says nothing of them.
  for (const char* key : {"paths", "judge", "against", "epoch", "data", "data_pixel_range", "out",
                          "overwrite", "save", "grid", "sanity", "device", "threads"})
    json.erase(key);
  json["keep_pixels"] = judging_.keep_pixels;
  json["batch"] = batch_;
  json["images"] = images_.count();
  json["networks"] = Json::array();
  for (const AttackModels& models : models_) json["networks"].push_back(models.digests());
  json["dataset"] = dataset.digest;
  for (const char* key : {"version", "git_hash", "libtorch", "device"}) json[key] = made.at(key);
  return json;
}

void AttackRuns::check_output() {
  if (asked_.sanity) {
    // Nothing is written but what an interrupted one goes on with, where that has a place.
    const fs::path run = run_of(asked_, models_.front().files());
    if (run.empty()) return;
    lock_ = begin_analysis(run);
    if (::access(run.c_str(), W_OK) != 0) return;
    stem_ = RunLayout{run}.attacks() /
            fmt::format("sanity_{}", sha256_hex(request_).substr(0, kDigits));
    return;
  }
  const bool picture = images_.channels == 1 || images_.channels == 3;
  VARPHASE_CHECK(!asked_.grid || (kHasPng && picture), ErrorKind::unsupported, "--grid: {}",
                 picture ? "this build has no libspng, which writes PNG files"
                         : "a picture wants images of 1 or 3 channels");
  const std::vector<NetworkFile>& files = models_.front().files();
  const fs::path run = run_of(asked_, files);
  if (!asked_.out.empty()) {
    VARPHASE_CHECK(fs::path(asked_.out).extension() == ".json", ErrorKind::usage,
                   "--out {}: wants a name that ends in .json", asked_.out);
    check_output_file(asked_.out, asked_.overwrite);
    stem_ = fs::path(asked_.out).replace_extension();
    for (const char* ending : {".csv", ".h5", ".png"})
      check_output_file(stem_.string() + ending, asked_.overwrite);
  } else {
    VARPHASE_CHECK(!run.empty(), ErrorKind::usage, "{}: lies in no run\n  --out names the result",
                   files.front().path.string());
    const std::string name = files.size() == 1 ? files.front().path.stem().string()
                                               : fmt::format("{}-networks", files.size());
    stem_ = RunLayout{run}.attacks() /
            fmt::format("{}_{}_{}", name, asked_.method, sha256_hex(request_).substr(0, kDigits));
    check_output_folder(RunLayout{run}.attacks());
  }
  if (!run.empty()) lock_ = begin_analysis(run);
}

void AttackRuns::say_budget() const {
  for (const AttackModels& models : models_)
    for (const std::string& file : models.pruned())
      job_.note(fmt::format(
          "{}: pruned layers run dense here,\n  which gives the same within rounding", file));
  job_.note(fmt::format("{} images, {} gradients an image: {} in all", count_text(images_.count()),
                        count_text(result_.gradients_an_image),
                        count_text(result_.gradients_an_image * images_.count())));
}

void AttackRuns::sanity() {
  if (!communicator().first()) return;
  const std::int64_t total = sanity_image_steps(attack_, images_.count());
  job_.begin("attacks", total, "image steps");
  job_.begin_stoppable();
  const AttackParts parts(stem_.string() + ".partial", "sanity " + request_);
  const std::vector<std::optional<AttackOutcome>> found =
      parts.find_all(stem_.empty() ? 0 : kSanityAttacks);
  const KeptAttacks kept{[&](std::int64_t i) { return found[static_cast<std::size_t>(i)]; },
                         [&](std::int64_t i, const AttackOutcome& outcome) {
                           if (i + 1 < kSanityAttacks) parts.keep(i, outcome);
                         }};
  const std::int64_t done = std::count_if(found.begin(), found.end(),
                                          [](const auto& outcome) { return outcome.has_value(); });
  if (done > 0)
    job_.note(fmt::format("goes on after {} of {} attacks of the check", done, kSanityAttacks));
  for (const SanityCheck& check : sanity_checks(
           models_.front().models(), images_, attack_, judging_,
           [this](std::int64_t n) {
             job_.advance(n);
             if (job_.stop_requested()) throw Stopped{};
           },
           stem_.empty() ? nullptr : &kept))
    result_.sanity.push_back({check.name, check.passed, check.found});
  job_.end();
  if (stem_.empty()) return;
  parts.remove(kSanityAttacks);
  std::error_code others;  // a folder that was made for these alone
  fs::remove(stem_.parent_path(), others);
}

AttackOutcome AttackRuns::batch(std::int64_t first, const std::function<void()>& advanced) const {
  const DeviceImages some = slice_images(images_, first, std::min(batch_, images_.count() - first));
  return attack_batch(models_.front().models(), judges_, some, attack_, judging_, advanced);
}

void AttackRuns::attack_share(const AttackParts& parts, std::int64_t batches) {
  Communicator& ranks = communicator();
  const std::int64_t passes = attack_.restarts * attack_.steps;
  std::vector<std::int64_t> own;
  for (std::int64_t i = ranks.rank(); i < batches; i += ranks.size()) {
    if (!parts.find(i)) own.push_back(i);
  }
  job_.begin("attack", std::ssize(own) * batch_ * passes, "image steps");
  job_.begin_stoppable();
  bool stopped = false;
  try {
    for (const std::int64_t i : own) {
      parts.keep(i, batch(i * batch_, [&] {
                   job_.advance(batch_);
                   if (job_.stop_requested()) throw Stopped{};
                 }));
    }
  } catch (const Stopped&) {
    stopped = true;
  }
  job_.end();
  for (const std::string& other : ranks.gather_bytes(stopped ? "stopped" : "done"))
    stopped = stopped || other == "stopped";
  if (stopped) throw Stopped{};
}

void AttackRuns::attack_all() {
  Communicator& ranks = communicator();
  const std::int64_t batches = (images_.count() + batch_ - 1) / batch_;
  const std::int64_t passes = attack_.restarts * attack_.steps;
  const AttackParts parts(stem_.string() + ".partial", request_);
  if (!ranks.alone() && batches >= ranks.size()) attack_share(parts, batches);
  if (!ranks.first()) return;
  std::vector<std::optional<AttackOutcome>> found = parts.find_all(batches);
  std::int64_t left = images_.count();
  for (const std::optional<AttackOutcome>& one : found) left -= one ? one->count() : 0;
  if (left < images_.count())
    job_.note(fmt::format("goes on after {} of {} images", count_text(images_.count() - left),
                          count_text(images_.count())));
  job_.begin("attack", left * passes, "image steps");
  job_.begin_stoppable();
  TimeEstimate estimate =
      job_estimate({count_text(left) + " images", "image steps", left * passes}, job_, device_);
  for (std::int64_t i = 0; i < batches; ++i) {
    std::optional<AttackOutcome>& kept = found[static_cast<std::size_t>(i)];
    if (!kept) {
      const std::int64_t count = std::min(batch_, images_.count() - i * batch_);
      kept = batch(i * batch_, [&] {
        job_.advance(count);
        estimate.advance(count);
        if (job_.stop_requested()) throw Stopped{};
      });
      if (batches > 1) parts.keep(i, *kept);
    }
    outcome_.append(*kept);
    result_.interrupted = outcome_.count();
    kept.reset();
  }
  result_.interrupted.reset();
  job_.end();
  summarize();
  write();
  if (result_.unwritten.empty()) {
    parts.remove(batches);
  } else if (batches > 1) {
    result_.unwritten.back() +=
        fmt::format("\n  what was attacked is kept: the same command{} goes on from there",
                    asked_.out.empty() ? "" : " with --overwrite");
  }
}

void AttackRuns::summarize() {
  for (std::size_t j = 0; j < models_.size(); ++j)
    result_.judges.push_back({models_[j].name(),
                              static_cast<std::int64_t>(models_[j].files().size()),
                              attack_points(outcome_, j, result_.against)});
  const auto mean = [](const std::vector<float>& values) {
    return mean_of_images({values.begin(), values.end()}).mean;
  };
  result_.linf = mean(outcome_.linf);
  result_.l2 = mean(outcome_.l2);
}

void AttackRuns::write() {
  Json json = to_json(result_);
  json["provenance"] = provenance(device_);
  SideFiles side;
  side.add([&] { make_output_folder(stem_); });
  side.add([&] { write_json_file(stem_.string() + ".json", json); });
  side.add([&] { write_text_atomically(stem_.string() + ".csv", to_csv(result_)); });
  if (asked_.save) {
    side.add([&] {
      write_document(stem_.string() + ".h5",
                     to_document(outcome_, {{"attack", json_text(json, -1)}}));
    });
  }
  if (asked_.grid) {
    side.add([&] {
      const std::int64_t shown = std::min(outcome_.count(), kMostGridImages);
      const std::vector<float> before = host_floats(slice_images(images_, 0, shown).pixels);
      write_attack_grid(stem_.string() + ".png", before, outcome_);
    });
  }
  result_.unwritten = side.problems();
}

AttackRunsResult AttackRuns::run() {
  say_budget();
  try {
    asked_.sanity ? sanity() : attack_all();
  } catch (const Stopped&) {
    job_.end();
    result_.interrupted = result_.interrupted.value_or(0);
  }
  return std::move(result_);
}

}  // namespace

AttackRunsResult attack_runs(const AttackRunsRequest& request, Job& job) {
  VARPHASE_CHECK(!request.paths.empty(), ErrorKind::usage, "attack wants a run or a file at least");
  return AttackRuns(request, job).run();
}

}  // namespace varphase
