// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "checkpoints/tensor_file.hpp"

namespace varphase {

/// A network as a Python file that wants PyTorch alone: pytorch_module.py with the configuration and the weights in it.
/// @param file    of state_dict, pruned layers as CSR
/// @param origin  the file that it is of, named in its first line
/// @throws Error unsupported for a kind of layer that the file has no module for
std::string pytorch_source(const TensorFile& file, const std::string& origin);

}  // namespace varphase
