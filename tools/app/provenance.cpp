// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/provenance.hpp"

#include <chrono>
#include <fstream>

#include <fmt/chrono.h>
#include <torch/version.h>

#include "src/base/byte_text.hpp"
#include "src/base/version.hpp"
#include "tools/app/device.hpp"

namespace varphase {
namespace {

std::string command_line() {
  std::ifstream stream("/proc/self/cmdline", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  for (char& c : text) {
    if (c == '\0') c = ' ';
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string now() {
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%SZ}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace

std::map<std::string, std::string> provenance(at::Device device) {
  return {{"version", version()},
          {"git_hash", git_hash()},
          {"libtorch", TORCH_VERSION},
          {"device", device_name(device)},
          {"command", text_of_bytes(command_line())},
          {"created", now()}};
}

}  // namespace varphase
