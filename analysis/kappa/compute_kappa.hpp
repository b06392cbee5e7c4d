// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "analysis/curvature/head_diagonal.hpp"
#include "analysis/curvature/network_diagonal.hpp"
#include "analysis/kappa/kappa_map.hpp"
#include "src/distributed/communicator.hpp"

namespace varphase {

/// What kappa is to be computed of.
struct KappaRequest {
  std::string smooth = "auto";  // as parse_smoothing takes it
  /// weights per layer whose entry is compared with a float64 double backward pass
  std::int64_t verify = 0;
  std::uint64_t seed = 1;  // of the choice of these weights, and of an estimate's random signs
  /// names; "all": every layer with weights; empty: the variance layers
  std::vector<std::string> layers;
  CurvatureMethod method = CurvatureMethod::exact;
  std::int64_t samples = 2;  // of an estimate: sign vectors per image
  /// also the gradient, the empirical Fisher diagonal and the Gauss-Newton diagonal
  bool others = false;
};

/// The method called "exact", "ggn" (Gauss-Newton) or "estimate". @throws Error usage.
CurvatureMethod curvature_method_from_name(const std::string& name);

/// Which way each layer of a request is computed: a variance layer at the beginning of a simple head (head.hpp) by the
/// head's closed form, every other layer by second-order backpropagation, several of them in one pass over the images.
class KappaPlan {
 public:
  /// @throws Error usage for a layer without weights; unsupported where the network has no variance layer, where a
  ///   layer kind has no rule of curvature, or where a zero-centred layer lies under |x|.
  KappaPlan(const Network& network, const KappaRequest& request);

  struct Part {
    std::size_t position;  // of the layer in the network
    std::string smooth;    // how kinks are smoothed for this layer, as smoothing_text writes it
    /// for the closed form, its activation already smoothed; none: second-order backpropagation
    std::optional<HeadParts> head;
    std::size_t general = 0;  // without a head: the pass in general() that computes it
    std::size_t slot = 0;     // and its place among that pass' layers
  };
  const std::vector<Part>& parts() const { return parts_; }
  /// The passes of second-order backpropagation, one for each way of smoothing that its layers want. With smoothing
  /// `auto`, a layer whose head the closed form would smooth is smoothed here too, in a pass of its own: a pass smooths
  /// every kink above its lowest layer, and each such layer has to be the lowest of its pass to be smoothed as the
  /// closed form smooths it.
  const std::vector<NetworkDiagonalRequest>& general() const { return general_; }
  /// How often every image is looked at: once for each general pass, and once for each layer by the closed form.
  std::int64_t passes() const;
  /// "softplus:1" where all layers are smoothed alike, else "conv1 none, dense1 softplus:1".
  std::string smooth_text(const Network& network) const;

 private:
  std::vector<Part> parts_;
  std::size_t add_general(const KappaRequest& request, const Smoothing& smoothing, bool shared);

  std::vector<NetworkDiagonalRequest> general_;
};

/// Computes kappa of the request's variance layers, and the curvature alone of its layers without variances.
/// @param advanced  is told numbers of images as they are done: passes() times all images in the end
/// @param partial  where not null, keeps the sums of a pass that is interrupted, and says whether to stop
/// @param ranks  where not null, who share the images, in fixed parts (shared_sums.hpp): all of them make this call and
///   get the map
/// @throws Interrupted where `partial` says stop.
KappaMap compute_kappa(Network& network, const DeviceImages& images, const KappaRequest& request,
                       const std::function<void(std::int64_t images)>& advanced,
                       PartialFiles* partial = nullptr, Communicator* ranks = nullptr);

}  // namespace varphase
