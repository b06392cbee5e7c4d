// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/parameterization.hpp"

namespace varphase {

const Registry<ParameterizationFactory>& parameterizations() {
  static const Registry<ParameterizationFactory> table{"parameterization",
                                                       {{"layer", make_layer_wise}}};
  return table;
}

}  // namespace varphase
