// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/parameterization.hpp"

namespace varphase {

const Registry<ParameterizationFactory>& parameterizations() {
  static const Registry<ParameterizationFactory> table{"parameterization",
                                                       {{"layer", make_layer_wise},
                                                        {"neuron", make_neuron_wise},
                                                        {"weight", make_weight_wise},
                                                        {"additive", make_additive},
                                                        {"zero_centred", make_zero_centred}}};
  return table;
}

}  // namespace varphase
