// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/onnx_mode.hpp"

#include "src/base/enum_names.hpp"

namespace varphase {
namespace {

const EnumNames<OnnxMode>& modes() {
  static const EnumNames<OnnxMode> table{"mode of an ONNX graph",
                                         {{OnnxMode::ensemble, "ensemble"},
                                          {OnnxMode::deterministic, "deterministic"},
                                          {OnnxMode::zero_mean, "zero-mean"},
                                          {OnnxMode::moments, "moments"},
                                          {OnnxMode::head, "head"}}};
  return table;
}

}  // namespace

std::vector<std::string> onnx_mode_names() { return modes().names(); }
OnnxMode onnx_mode_from_name(const std::string& name) { return modes().value(name); }
std::string onnx_mode_name(OnnxMode mode) { return modes().name(mode); }

}  // namespace varphase
