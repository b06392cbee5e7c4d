// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/kappa_identity.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "checkpoints/document.hpp"
#include "src/base/json.hpp"
#include "src/base/sha256.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

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

}  // namespace

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

Json origin_of(const fs::path& checkpoint, const RunConfig& config, const Dataset& dataset,
               const DeviceImages& images) {
  const auto made = provenance(images.pixels.device());
  Json origin{{"checkpoint", document_digest(checkpoint)},
              {kDatasetDigest, dataset.digest},
              {"split", split_name(images.split)},
              {"data", to_json(config.data)}};
  // Where the images lie and how people call them says nothing of them.
  for (const char* key : {"data", "source", "class_names", "max_unpacked_bytes", "pixel_range",
                          "max_image_pixels", "max_jpeg_scans"})
    origin["data"].erase(key);
  for (const char* key : {"version", "git_hash", "libtorch", "device"}) origin[key] = made.at(key);
  return origin;
}

std::string request_digest(const Json& origin, const KappaRequest& request) {
  const Json all{{"origin", origin},           {"layers", request.layers},
                 {"smooth", request.smooth},   {"method", static_cast<int>(request.method)},
                 {"samples", request.samples}, {"seed", request.seed},
                 {"others", request.others},   {"verify", request.verify}};
  return sha256_hex(all.dump());
}

std::optional<KappaMap> made_before(const fs::path& file, const std::string& request,
                                    const KappaPlan& plan) {
  if (plan.general().empty() || !fs::exists(file)) return std::nullopt;
  try {
    KappaMap map = kappa_from_document(read_document(file, "kappa"), file.string());
    if (map.provenance[kRequestDigest] == request) return map;
  } catch (const Error&) {  // it is made anew and replaced
  }
  return std::nullopt;
}

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

}  // namespace varphase
