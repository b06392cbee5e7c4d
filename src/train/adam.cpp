// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/adam.hpp"

#include <algorithm>
#include <map>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace varphase {
namespace {

constexpr std::int64_t kPiece = 16384;  // entries

/// A gradient in its parameter's order of memory: the fused kernels read both as flat lists.
at::Tensor laid_as(const at::Tensor& parameter, const at::Tensor& gradient) {
  if (gradient.strides() == parameter.strides()) return gradient;
  return at::empty_strided(parameter.sizes(), parameter.strides(), parameter.options())
      .copy_(gradient);
}

/// Flat pieces of a tensor's memory, in the order in which it lies.
std::vector<at::Tensor> pieces(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.as_strided({tensor.numel()}, {1});
  std::vector<at::Tensor> list;
  for (std::int64_t first = 0; first < flat.numel(); first += kPiece)
    list.push_back(flat.narrow(0, first, std::min(kPiece, flat.numel() - first)));
  return list;
}

}  // namespace

void Adam::cut_into_pieces(Group& group) {
  const auto append = [](std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    const std::vector<at::Tensor> own = pieces(group.parameters[i]);
    append(group.piece_parameters, own);
    append(group.piece_exp_avg, pieces(group.exp_avg[i]));
    append(group.piece_exp_avg_sq, pieces(group.exp_avg_sq[i]));
    group.piece_steps.insert(group.piece_steps.end(), own.size(), group.steps[i]);
  }
}

std::vector<at::Tensor> Adam::gradient_pieces(const Group& group,
                                              const std::vector<at::Tensor>& gradients) {
  std::vector<at::Tensor> list;
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    const at::Tensor gradient = laid_as(group.parameters[i], gradients[group.members[i]]);
    for (const at::Tensor& piece : pieces(gradient)) list.push_back(piece);
  }
  return list;
}

Adam::Adam(const Network& network, const TrainConfig& config) : config_(config) {
  const auto parameters = network.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor tensor = parameters[i].parameter.tensor->detach();  // shares the memory
    Group& group = groups_[static_cast<int>(parameters[i].parameter.role)];
    group.members.push_back(i);
    group.names.push_back(parameters[i].name);
    group.parameters.push_back(tensor);
    group.exp_avg.push_back(at::zeros_like(tensor));
    group.exp_avg_sq.push_back(at::zeros_like(tensor));
    group.steps.push_back(at::zeros({}, tensor.options()));
  }
  for (Group& group : groups_) {
    if (group.parameters.empty()) continue;
    group.rate_on_device = at::zeros({}, group.parameters[0].options());
    if (group.rate_on_device.is_cuda()) cut_into_pieces(group);
  }
}

void Adam::set_rates(double weights, double variances) {
  const double rates[] = {weights, variances};
  for (int i = 0; i < 2; ++i) {
    groups_[i].rate = rates[i];
    if (groups_[i].rate_on_device.defined()) groups_[i].rate_on_device.fill_(rates[i]);
  }
}

void Adam::step(const std::vector<at::Tensor>& gradients) {
  for (Group& group : groups_) {
    if (group.parameters.empty()) continue;
    at::_foreach_add_(group.steps, 1);
    if (group.rate_on_device.is_cuda()) {
      at::_fused_adam_(group.piece_parameters, gradient_pieces(group, gradients),
                       group.piece_exp_avg, group.piece_exp_avg_sq, {}, group.piece_steps,
                       group.rate_on_device, config_.beta1, config_.beta2, 0, config_.epsilon,
                       false, false, {}, {});
    } else {
      std::vector<at::Tensor> own;
      for (std::size_t i = 0; i < group.members.size(); ++i)
        own.push_back(laid_as(group.parameters[i], gradients[group.members[i]]));
      at::_fused_adam_(group.parameters, own, group.exp_avg, group.exp_avg_sq, {}, group.steps,
                       group.rate, config_.beta1, config_.beta2, 0, config_.epsilon, false, false,
                       {}, {});
    }
  }
}

void Adam::store(Snapshot& snapshot) const {
  snapshot.optimizer.clear();
  for (const Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      snapshot.optimizer.push_back(
          array_from_tensor(group.names[i] + "/exp_avg", group.exp_avg[i]));
      snapshot.optimizer.push_back(
          array_from_tensor(group.names[i] + "/exp_avg_sq", group.exp_avg_sq[i]));
    }
  }
}

void Adam::load(const Snapshot& snapshot) {
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
      take(group.names[i] + "/exp_avg", group.exp_avg[i]);
      take(group.names[i] + "/exp_avg_sq", group.exp_avg_sq[i]);
      group.steps[i].fill_(static_cast<double>(snapshot.step));
    }
  }
}

std::vector<at::Tensor> Adam::state() const {
  std::vector<at::Tensor> list;
  for (const Group& group : groups_) {
    for (const auto* tensors :
         {&group.parameters, &group.exp_avg, &group.exp_avg_sq, &group.steps}) {
      list.insert(list.end(), tensors->begin(), tensors->end());
    }
  }
  return list;
}

}  // namespace varphase
