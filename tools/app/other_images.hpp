// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "src/base/config.hpp"
#include "src/data/dataset.hpp"
#include "src/models/network.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// Images of another data set than a network's own, for which its labels mean nothing.
struct OtherImages {
  std::string name;    // a named set, or the path
  std::string digest;  // of a data set; "" for images without labels
  ImageSet images;
};

/// Reads the test images of a data set, by name or path, or whatever images `predict` takes; as many as the run's own
/// data.test_limit allows, in the form and by the normalization of the run.
/// @param run  the run's, with its normalization recorded @param reading  data.field=value of how the files are read
/// @throws Error io, format, usage as the readers; shape where the network takes images of another form
OtherImages open_other_images(const DataConfig& run, const Network& network,
                              const std::string& data, const TextList& reading, unsigned threads);

}  // namespace varphase
