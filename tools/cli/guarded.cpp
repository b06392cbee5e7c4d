// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/guarded.hpp"

#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"

namespace varphase {

int print_error(int code, const std::string& message) {
  print_err("varphase: {}\n", message);
  return code;
}

int guarded(const std::function<int()>& work, const TellError& tell) {
  try {
    return work();
  } catch (const Error& error) {
    return tell(exit_code(error.kind()), error.what());
  } catch (const std::bad_alloc&) {
    return tell(kDeviceError, "out of memory\n  a smaller batch or fewer samples take less");
  } catch (const std::filesystem::filesystem_error& error) {
    return tell(kFileError, fmt::format("{}: {}", error.path1().string(), error.code().message()));
  } catch (const std::system_error& error) {
    return tell(kFileError, error.what());
  } catch (const Json::exception& error) {
    // A JSON text of another form than the one that its reader looked for.
    return tell(kFileError,
                fmt::format("a JSON file that was read has another form: {}", error.what()));
  } catch (const std::exception& error) {
    const std::string text = error.what();
    const bool memory = text.find("out of memory") != std::string::npos ||
                        text.find("not enough memory") != std::string::npos;
    const bool gpu = text.find("CUDA") != std::string::npos;
    return tell(memory || gpu ? kDeviceError : kFailure, text.substr(0, text.find('\n')));
  }
}

}  // namespace varphase
