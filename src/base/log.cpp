// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/log.hpp"

#include <memory>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"

namespace varphase {
namespace {

/// Said once: a log that cannot be written is no reason to end a training.
void say_lost(const std::string& cause) {
  static bool said = false;
  if (!said) print_err("varphase: warning: the log is not written: {}\n", cause);
  said = true;
}

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("varphase");
    made.set_error_handler(say_lost);
    made.flush_on(spdlog::level::info);
    return made;
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
  } catch (const spdlog::spdlog_ex& error) {
    say_lost(error.what());
  }
}

void close_log_file() { logger().sinks().clear(); }

void log_info(const std::string& message) { logger().info(terminal_text(message)); }

void log_warning(const std::string& message) {
  print_err("varphase: warning: {}\n", message);
  logger().warn(terminal_text(message));
}

}  // namespace varphase
