// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/cut_request.hpp"

#include "src/base/enum_names.hpp"

namespace varphase {
namespace {

const EnumNames<Replacement>& replacements() {
  static const EnumNames<Replacement> table{
      "replacement", {{Replacement::mean, "mean"}, {Replacement::zero, "zero"}}};
  return table;
}

const EnumNames<Repair>& repairs() {
  static const EnumNames<Repair> table{"repair",
                                       {{Repair::none, "none"},
                                        {Repair::batch_norm, "batch-norm"},
                                        {Repair::variance, "variance"},
                                        {Repair::both, "both"}}};
  return table;
}

const EnumNames<Scope>& scopes() {
  static const EnumNames<Scope> table{"scope",
                                      {{Scope::layer, "layer"}, {Scope::global, "global"}}};
  return table;
}

const EnumNames<Structure>& structures() {
  static const EnumNames<Structure> table{"structure",
                                          {{Structure::none, "none"},
                                           {Structure::compact, "compact"},
                                           {Structure::neurons, "neurons"}}};
  return table;
}

}  // namespace

std::string replacement_name(Replacement rule) { return replacements().name(rule); }
Replacement replacement_from_name(const std::string& name) { return replacements().value(name); }

std::string repair_name(Repair repair) { return repairs().name(repair); }
Repair repair_from_name(const std::string& name) { return repairs().value(name); }
bool mends_batch_norm(Repair repair) {
  return repair == Repair::batch_norm || repair == Repair::both;
}
bool mends_variance(Repair repair) { return repair == Repair::variance || repair == Repair::both; }

std::string scope_name(Scope scope) { return scopes().name(scope); }
Scope scope_from_name(const std::string& name) { return scopes().value(name); }

std::string structure_name(Structure structure) { return structures().name(structure); }
Structure structure_from_name(const std::string& name) { return structures().value(name); }

}  // namespace varphase
