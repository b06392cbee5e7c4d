// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "src/base/json.hpp"
#include "tools/python/listener.hpp"

namespace varphase {

/// A job as Python calls it: by its name, with a request and a result in JSON.
struct PythonJob {
  std::string name;   // of the Python function
  std::string about;  // its first sentence
  /// The request's fields, one object each: name, type ("str", "int | None", ...), default, help,
  /// unit, min, max, choices.
  Json (*fields)();
  /// Fields of the run's configuration that the function takes too, each with its section; what is
  /// given becomes "section.field=value" in the request's `set`.
  Json (*settings)();
  /// @param request  the fields that are given @return the result, as --json prints it
  /// @throws Error usage for a field that is not there or a wrong value; what the job throws.
  Json (*run)(const Json& request, Listener& listener);
};

/// All jobs, in the order of the program's verbs.
const std::vector<PythonJob>& python_jobs();

}  // namespace varphase
