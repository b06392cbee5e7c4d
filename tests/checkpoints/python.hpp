// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace varphase::test {

struct Finished {
  int status;  // 0 = success
  std::string output;
};

/// Runs the Python of this build, its standard error joined to its output.
inline Finished run_python(const std::string& arguments, const std::string& folder = ".") {
  const std::string command = "cd '" + folder + "' && '" VARPHASE_PYTHON "' " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::string output;
  std::array<char, 4096> buffer{};
  for (std::size_t count = 0; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), count);
  }
  return {::pclose(pipe), output};
}

inline std::string script(const std::string& name) {
  return "'" VARPHASE_SOURCE_DIR "/tests/checkpoints/" + name + "'";
}

}  // namespace varphase::test
