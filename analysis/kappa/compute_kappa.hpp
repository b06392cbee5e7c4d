// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "analysis/curvature/diagonal.hpp"
#include "analysis/curvature/network_diagonal.hpp"
#include "analysis/kappa/kappa_map.hpp"

namespace varphase {

struct KappaRequest {
  std::string smooth = "auto";
  std::int64_t verify = 0;  // entries per layer to prove against a float64 double backward
  std::uint64_t seed = 1;   // of the choice of these entries, and of an estimate's signs
  std::vector<std::string>
      layers;  // names; "all": every layer with weights; empty: variance layers
  CurvatureMethod method = CurvatureMethod::exact;
  std::int64_t samples = 2;  // of an estimate, an image
  bool others = false;       // gradient, empirical Fisher and Gauss-Newton diagonal as well
};

/// "exact", "ggn" or "estimate". @throws Error usage.
CurvatureMethod curvature_method_from_name(const std::string& name);

/// How each layer of a request is computed: by the closed form of the head, or with others in a
/// pass of second-order backpropagation.
class KappaPlan {
 public:
  /// @throws Error usage for a layer without weights, unsupported where there is no variance layer,
  /// a rule is missing, or a zero-centred layer lies under |x|.
  KappaPlan(const Network& network, const KappaRequest& request);

  struct Part {
    std::size_t position;
    std::string smooth;
    std::optional<HeadParts> head;  // smoothed; none: by a general pass
    std::size_t general = 0;        // which one
    std::size_t slot = 0;           // which of its layers
  };
  const std::vector<Part>& parts() const { return parts_; }
  /// Passes of second-order backpropagation. Of `auto`, a layer that the closed form would smooth
  /// is smoothed here too, which takes a pass of its own.
  const std::vector<NetworkDiagonalRequest>& general() const { return general_; }
  /// Passes over the images.
  std::int64_t passes() const;
  /// "softplus:1", or by layer where they differ.
  std::string smooth_text(const Network& network) const;

 private:
  std::vector<Part> parts_;
  std::size_t add_general(const KappaRequest& request, const Smoothing& smoothing, bool shared);

  std::vector<NetworkDiagonalRequest> general_;
};

/// Kappa of the request's variance layers, and the curvature of its plain ones.
/// @param advanced is told images, passes() times as many as there are.
/// @param partial where not null, keeps sums of unfinished general passes and is asked to stop
/// @throws Interrupted where it says so.
KappaMap compute_kappa(Network& network, const DeviceImages& images, const KappaRequest& request,
                       const std::function<void(std::int64_t images)>& advanced,
                       PartialFiles* partial = nullptr);

/// kappa [J, I] of one layer as a tensor, float64 products rounded to float32.
at::Tensor kappa_tensor(const LayerKappa& layer);

}  // namespace varphase
