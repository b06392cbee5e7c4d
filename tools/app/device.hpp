// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <c10/core/Device.h>

#include "tools/app/device_choice.hpp"

namespace varphase {

/// Batches are allocated and freed at every step: kept by the allocator, they need no new pages
/// from the kernel. Called once, before anything large is allocated.
void keep_freed_memory();

/// The device that --device names; sets the number of threads. One of several processes takes the GPU of its number on
/// its machine, and meets the others there. @throws Error device with what is
/// there.
at::Device open_device(const DeviceChoice& choice);

/// "NVIDIA H100 80GB HBM3" or the CPU's name with its threads.
std::string device_name(at::Device device);

}  // namespace varphase
