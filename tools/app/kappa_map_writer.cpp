// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/kappa_map_writer.hpp"

#include <fmt/format.h>

#include "analysis/kappa/kappa_csv.hpp"
#include "checkpoints/document.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/log.hpp"
#include "tools/app/kappa_identity.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;

KappaMapWriter::KappaMapWriter(const RunFolder& run, const RunConfig& config,
                               const Dataset& dataset, at::Device device, Job& job,
                               Communicator* ranks)
    : run_(run),
      config_(config),
      dataset_(dataset),
      device_(device),
      job_(job),
      ranks_(ranks),
      files_(run.path()) {}

KappaMap KappaMapWriter::make(Network& network, const DeviceImages& images,
                              const KappaRequest& request, const Place& place) {
  const KappaPlan plan(network, request);
  std::string name = fmt::format("epoch_{:04}", place.epoch);
  if (place.label) name += fmt::format("_class_{:02}", *place.label);
  Json made_of;
  std::string digest;
  std::optional<KappaMap> found;
  if (keeps()) {
    made_of = origin(images, place);
    digest = request_digest(made_of, request);
    found = made_before(place.file, digest, plan);
  }
  const auto say = [&](const std::string& text) { job_.note(name + " " + text); };
  if (!is_wanted(found)) {
    say("is there: the same request made it before");
    job_.advance(plan.passes() * images.count());
    return found.value_or(KappaMap{});
  }
  PartialFiles partial(
      {files_.partial(), name, made_of, [this] { return job_.stop_requested(); }, say});
  KappaMap map = compute_kappa(
      network, images, request, [this](std::int64_t n) { job_.advance(n); },
      ranks_ == nullptr ? &partial : nullptr, ranks_);
  map.epoch = place.epoch;
  map.label = place.label;
  if (!keeps()) return map;
  write(map, place, digest);
  partial.remove();
  return map;
}

void KappaMapWriter::keep(KappaMap& map, const DeviceImages& images, const KappaRequest& request,
                          const Place& place) const {
  map.epoch = place.epoch;
  map.label = place.label;
  write(map, place, request_digest(origin(images, place), request));
}

Json KappaMapWriter::origin(const DeviceImages& images, const Place& place) const {
  Json origin = origin_of(checkpoint_of(place), config_, dataset_, images);
  if (place.label) origin["class"] = *place.label;
  return origin;
}

bool KappaMapWriter::is_wanted(const std::optional<KappaMap>& found) const {
  const bool own = !found.has_value();
  return ranks_ == nullptr ? own : ranks_->broadcast_bytes(own ? "wanted" : "there") == "wanted";
}

void KappaMapWriter::write(KappaMap& map, const Place& place, const std::string& digest) const {
  const fs::path& file = place.file;
  map.repeatable = place.repeatable;
  map.provenance = provenance(device_);
  map.provenance[kDatasetDigest] = dataset_.digest;
  map.provenance["checkpoint"] = text_of_bytes(checkpoint_of(place).filename().string());
  map.provenance[kRequestDigest] = digest;
  fs::create_directories(file.parent_path());
  if (const fs::path older = files_.make_room(file, map); !older.empty())
    log_warning(
        fmt::format("{}: was of something else, and is kept as {}", file.string(), older.string()));
  keep_proofs(file, map);
  write_document(file, to_document(map));
}

void KappaMapWriter::write_histograms(const fs::path& folder, const std::string& rows) {
  const fs::path histogram = MapFiles::histogram(folder);
  write_text_atomically(
      histogram, with_histograms(fs::exists(histogram) ? read_text_file(histogram) : "", rows));
}

}  // namespace varphase
