// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/map_files.hpp"
#include "src/data/dataset.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// What a map is of, which says where its file lies.
/// @param made_of digest of the images that the checkpoint was trained on; "": not known
MapSubject subject_of(const KappaRequest& request, const KappaPlan& plan, const Network& network,
                      const DeviceImages& images, const std::string& made_of,
                      const std::string& digest);

/// All that the bits of a checkpoint's sums depend on beside the request: program, device, the
/// checkpoint itself, and the images.
Json origin_of(const std::filesystem::path& checkpoint, const RunConfig& config,
               const Dataset& dataset, const DeviceImages& images);

/// Of that origin and the request: two maps with one digest have the same bits.
std::string request_digest(const Json& origin, const KappaRequest& request);

/// Key of request_digest in a map's provenance.
inline constexpr const char* kRequestDigest = "request";

/// The map that lies in `file`, if the same request made it, so that an interrupted `kappa` does not compute it again;
/// else none. Also none where all layers have a closed form: computing these anew takes no time.
std::optional<KappaMap> made_before(const std::filesystem::path& file, const std::string& request,
                                    const KappaPlan& plan);

/// A map that says nothing else than the one that it replaces keeps what was proved of that one.
void keep_proofs(const std::filesystem::path& file, KappaMap& map);

}  // namespace varphase
