// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/config.hpp"

namespace varphase {

/// Images for a verb that works on a run, where they are not the run's own.
struct DataChoice {
  std::string data;
  std::string data_pixel_range = "none";

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("data", data,
          FieldInfo{.help = "images, where they are not those of the run's config; also the HDF5 "
                            "file of `attack --save`"});
    visit("data_pixel_range", data_pixel_range,
          FieldInfo{.help = "of float32 images of --data: what black and white are; none: they are "
                            "bytes, or the dataset's HDF5 attribute `range` says it",
                    .choices = {"none", "0..1", "0..255"}});
  }
};

}  // namespace varphase
