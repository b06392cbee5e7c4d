// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include <c10/core/Device.h>

namespace varphase {

/// Version, git hash, LibTorch, device, command line, time: what every output says of its making.
std::map<std::string, std::string> provenance(at::Device device);

}  // namespace varphase
