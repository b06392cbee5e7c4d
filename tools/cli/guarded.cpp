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

int guarded(const std::function<int()>& work) {
  try {
    return work();
  } catch (const Error& error) {
    print_err("varphase: {}\n", error.what());
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    print_err("varphase: out of memory\n  a smaller batch or fewer samples take less\n");
    return kDeviceError;
  } catch (const std::filesystem::filesystem_error& error) {
    print_err("varphase: {}: {}\n", error.path1().string(), error.code().message());
    return kFileError;
  } catch (const std::system_error& error) {
    print_err("varphase: {}\n", error.what());
    return kFileError;
  } catch (const Json::exception& error) {
    // A JSON text of another form than the one that its reader looked for.
    print_err("varphase: a JSON file that was read has another form: {}\n", error.what());
    return kFileError;
  } catch (const std::exception& error) {
    const std::string text = error.what();
    print_err("varphase: {}\n", text.substr(0, text.find('\n')));
    const bool memory = text.find("out of memory") != std::string::npos ||
                        text.find("not enough memory") != std::string::npos;
    const bool gpu = text.find("CUDA") != std::string::npos;
    return memory || gpu ? kDeviceError : kFailure;
  }
}

}  // namespace varphase
