// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/models/take_weights.hpp"

#include <map>

#include <ATen/core/grad_mode.h>

namespace varphase {
namespace {

/// "dense1/mean" for "dense1/weight" and the other way round; "" for any other name.
std::string counterpart(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  const std::string layer = name.substr(0, slash + 1);
  const std::string own = name.substr(slash + 1);
  if (own == "weight") return layer + "mean";
  if (own == "mean") return layer + "weight";
  return "";
}

class Source {
 public:
  explicit Source(const Snapshot& from) {
    for (const auto* list : {&from.parameters, &from.buffers}) {
      for (const Array& array : *list) arrays_[array.name] = &array;
    }
  }

  /// @param spread  whether one value may stand for all entries of the target
  void give(const std::string& name, at::Tensor& target, bool spread, TakenWeights& taken) {
    auto found = arrays_.find(name);
    if (found == arrays_.end()) found = arrays_.find(counterpart(name));
    if (found == arrays_.end()) {
      taken.own.push_back(name);
      return;
    }
    const Array& array = *found->second;
    const Shape wanted = target.sizes().vec();
    VARPHASE_CHECK(array.shape == wanted || (spread && array.count() == 1), ErrorKind::shape,
                   "{} has shape {}, this network's {} wants {}\n  a network can begin with one of "
                   "its own shapes alone",
                   array.name, shape_text(array.shape), name, shape_text(wanted));
    const at::Tensor values = tensor_from_array(array);
    target.copy_(array.shape == wanted ? values : values.reshape({}).expand(wanted));
    if (array.name == name) {
      taken.same.push_back(name);
    } else {
      taken.renamed.emplace_back(array.name, name);
    }
    arrays_.erase(found);
  }

  void list_unused(TakenWeights& taken) const {
    for (const auto& entry : arrays_) taken.unused.push_back(entry.first);
  }

 private:
  std::map<std::string, const Array*> arrays_;
};

}  // namespace

TakenWeights take_weights(Network& network, const Snapshot& from, bool variances) {
  const at::NoGradGuard no_gradients;
  Source source(from);
  TakenWeights taken;
  for (const auto& [name, parameter] : network.parameters()) {
    if (!variances && parameter.role == Role::variance) {
      taken.own.push_back(name);
      continue;
    }
    source.give(name, *parameter.tensor, parameter.role == Role::variance, taken);
  }
  for (const auto& [name, buffer] : network.buffers())
    source.give(name, *buffer.tensor, false, taken);
  source.list_unused(taken);
  VARPHASE_CHECK(!taken.same.empty() || !taken.renamed.empty(), ErrorKind::shape,
                 "none of its {} arrays is one of this network: it is of another architecture",
                 taken.unused.size());
  return taken;
}

}  // namespace varphase
