// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace varphase {

/// From now on the log also goes to a file (appended, with time stamps); stderr shows warnings only.
void open_log_file(const std::filesystem::path& path);
void close_log_file();

void log_info(const std::string& message);
void log_warning(const std::string& message);

}  // namespace varphase
