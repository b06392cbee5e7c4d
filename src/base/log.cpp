// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/log.hpp"

#include <memory>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    console->set_level(spdlog::level::warn);
    console->set_pattern("varphase: %l: %v");
    return spdlog::logger("varphase", {console});
  }();
  return instance;
}

}  // namespace

void open_log_file(const std::filesystem::path& path) {
  close_log_file();
  try {
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    file->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger().sinks().push_back(file);
    logger().flush_on(spdlog::level::info);
  } catch (const spdlog::spdlog_ex& error) {
    fail(ErrorKind::io, "{}: cannot be opened for the log: {}", path.string(), error.what());
  }
}

void close_log_file() { logger().sinks().resize(1); }

void log_info(const std::string& message) { logger().info(message); }
void log_warning(const std::string& message) { logger().warn(message); }

}  // namespace varphase
