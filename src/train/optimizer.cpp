// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/optimizer.hpp"

#include <algorithm>
#include <map>

#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace varphase {
namespace {

constexpr std::int64_t kPiece = 16384;       // entries
constexpr std::int64_t kEnough = 4'000'000;  // entries of a network that fills a GPU uncut

/// Flat pieces of a tensor's memory, in the order in which it lies.
std::vector<at::Tensor> pieces(const at::Tensor& tensor, std::int64_t size) {
  const at::Tensor flat = tensor.as_strided({tensor.numel()}, {1});
  std::vector<at::Tensor> list;
  for (std::int64_t first = 0; first < flat.numel(); first += size)
    list.push_back(flat.narrow(0, first, std::min(size, flat.numel() - first)));
  return list;
}

void append(std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// A gradient whose memory lies as its parameter's.
at::Tensor laid_out_as(const at::Tensor& parameter, const at::Tensor& gradient) {
  if (gradient.strides() == parameter.strides()) return gradient;
  return at::empty_strided(parameter.sizes(), parameter.strides(), parameter.options())
      .copy_(gradient);
}

}  // namespace

Optimizer::Optimizer(const Network& network, const TrainConfig& config,
                     std::vector<std::string> moments)
    : config_(config), moment_names_(std::move(moments)) {
  for (Group& group : groups_) {
    group.moments.resize(moment_names_.size());
    group.piece_moments.resize(moment_names_.size());
  }
  groups_[static_cast<int>(Role::variance)].role = Role::variance;
  const auto parameters = network.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor tensor = parameters[i].parameter.tensor->detach();  // shares the memory
    Group& group = groups_[static_cast<int>(parameters[i].parameter.role)];
    group.members.push_back(i);
    group.names.push_back(parameters[i].name);
    group.parameters.push_back(tensor);
    for (auto& moment : group.moments) moment.push_back(at::zeros_like(tensor));
    group.steps.push_back(at::zeros({}, tensor.options()));
  }
  for (Group& group : groups_) {
    if (group.parameters.empty()) continue;
    group.rate_on_device = at::zeros({}, group.parameters[0].options());
    if (!group.in_pieces()) continue;
    std::int64_t entries = 0;
    for (const at::Tensor& tensor : group.parameters) entries += tensor.numel();
    group.piece = entries < kEnough ? kPiece : entries;
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const std::vector<at::Tensor> own = pieces(group.parameters[i], group.piece);
      append(group.piece_parameters, own);
      for (std::size_t m = 0; m < group.moments.size(); ++m)
        append(group.piece_moments[m], pieces(group.moments[m][i], group.piece));
      group.piece_steps.insert(group.piece_steps.end(), own.size(), group.steps[i]);
    }
  }
}

void Optimizer::set_rates(double weights, double variances) {
  const double rates[] = {weights, variances};
  for (int i = 0; i < 2; ++i) {
    groups_[i].rate = rates[i];
    if (groups_[i].rate_on_device.defined()) groups_[i].rate_on_device.fill_(rates[i]);
  }
}

void Optimizer::step(const std::vector<at::Tensor>& gradients) {
  for (Group& group : groups_) {
    if (group.parameters.empty()) continue;
    std::vector<at::Tensor> own;
    for (std::size_t i = 0; i < group.members.size(); ++i) {
      // The fused kernels read both as flat lists.
      const at::Tensor gradient = laid_out_as(group.parameters[i], gradients[group.members[i]]);
      if (group.in_pieces()) {
        append(own, pieces(gradient, group.piece));
      } else {
        own.push_back(gradient);
      }
    }
    update(group, own);
  }
}

void Optimizer::store(Snapshot& snapshot) const {
  snapshot.optimizer.clear();
  for (const Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      for (std::size_t m = 0; m < moment_names_.size(); ++m) {
        snapshot.optimizer.push_back(
            array_from_tensor(group.names[i] + "/" + moment_names_[m], group.moments[m][i]));
      }
    }
  }
}

void Optimizer::load(const Snapshot& snapshot) {
  std::map<std::string, const Array*> arrays;
  for (const Array& array : snapshot.optimizer) arrays[array.name] = &array;
  const auto take = [&](const std::string& name, at::Tensor& target) {
    const auto found = arrays.find(name);
    VARPHASE_CHECK(found != arrays.end(), ErrorKind::format,
                   "no optimizer state {}: a resume wants the newest checkpoint, which keeps it",
                   name);
    VARPHASE_CHECK(found->second->shape == target.sizes().vec(), ErrorKind::shape,
                   "optimizer state {} has shape {}, wants {}", name,
                   shape_text(found->second->shape), shape_text(target.sizes().vec()));
    target.copy_(tensor_from_array(*found->second));
  };
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      for (std::size_t m = 0; m < moment_names_.size(); ++m)
        take(group.names[i] + "/" + moment_names_[m], group.moments[m][i]);
      group.steps[i].fill_(static_cast<double>(snapshot.step));
    }
  }
}

void Optimizer::forget_dropped(const std::string& parameter, const at::Tensor& kept) {
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      if (group.names[i] != parameter) continue;
      for (auto& moment : group.moments) moment[i].masked_fill_(kept.logical_not(), 0);
      return;
    }
  }
  fail(ErrorKind::shape, "the optimizer has no parameter {}", parameter);
}

std::vector<at::Tensor> Optimizer::state() const {
  std::vector<at::Tensor> list;
  for (const Group& group : groups_) {
    append(list, group.parameters);
    for (const auto& moment : group.moments) append(list, moment);
    append(list, group.steps);
  }
  return list;
}

const Registry<OptimizerFactory>& optimizers() {
  static const Registry<OptimizerFactory> table{"optimizer",
                                                {{"adam", make_adam}, {"sgd", make_sgd}}};
  return table;
}

}  // namespace varphase
