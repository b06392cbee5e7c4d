// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace varphase {

/// A GPU's stream of high priority beside the current one; on a CPU there is none, and work is done at once.
class SideStream {
 public:
  explicit SideStream(at::Device device) : device_(device) {}

  /// The stream, behind what the current one has by now.
  std::optional<c10::Stream> after_current() {
    if (!device_.is_cuda()) return std::nullopt;
    const c10::impl::VirtualGuardImpl streams(device_.type());
    if (!stream_) stream_ = streams.getStreamFromGlobalPool(device_, true);
    c10::Event made(device_.type());
    made.record(streams.getStream(device_));
    made.block(*stream_);
    return stream_;
  }

 private:
  at::Device device_;
  std::optional<c10::Stream> stream_;
};

}  // namespace varphase
