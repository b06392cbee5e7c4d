// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <map>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones_like.h>

#include "src/models/network.hpp"

namespace varphase {
namespace {

constexpr const char* kMaskName = "/kept";  // behind a layer's name

}  // namespace

Array array_from_tensor(std::string name, const at::Tensor& tensor, std::string dims) {
  const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  const Shape shape = host.sizes().vec();
  const auto count = static_cast<std::size_t>(host.numel());
  if (host.scalar_type() == at::kFloat) {
    return make_array<float>(std::move(name), shape, {host.data_ptr<float>(), count},
                             std::move(dims));
  }
  if (host.scalar_type() == at::kDouble) {
    return make_array<double>(std::move(name), shape, {host.data_ptr<double>(), count},
                              std::move(dims));
  }
  if (host.scalar_type() == at::kBool) {
    const at::Tensor bytes = host.to(at::kByte);
    return make_array<std::uint8_t>(std::move(name), shape, {bytes.data_ptr<std::uint8_t>(), count},
                                    std::move(dims));
  }
  VARPHASE_CHECK(host.scalar_type() == at::kLong, ErrorKind::unsupported,
                 "array {}: element type {} is not stored", name, at::toString(host.scalar_type()));
  return make_array<std::int64_t>(std::move(name), shape, {host.data_ptr<std::int64_t>(), count},
                                  std::move(dims));
}

std::vector<float> host_floats(const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU).to(at::kFloat).contiguous();
  return {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()};
}

at::Tensor tensor_from_array(const Array& array) {
  const at::ScalarType type = array.type == ElementType::float32   ? at::kFloat
                              : array.type == ElementType::float64 ? at::kDouble
                              : array.type == ElementType::int64   ? at::kLong
                              : array.type == ElementType::int32   ? at::kInt
                                                                   : at::kByte;
  at::Tensor tensor = at::empty(array.shape, type);
  std::memcpy(tensor.data_ptr(), array.bytes.data(), array.bytes.size());
  return tensor;
}

void store_network(const Network& network, Snapshot& snapshot) {
  snapshot.parameters.clear();
  snapshot.buffers.clear();
  for (const auto& [name, parameter] : network.parameters()) {
    snapshot.parameters.push_back(array_from_tensor(name, *parameter.tensor, parameter.dims));
  }
  for (const auto& [name, buffer] : network.buffers()) {
    snapshot.buffers.push_back(array_from_tensor(name, *buffer.tensor, buffer.dims));
  }
  snapshot.masks.clear();
  for (VarianceLayer* layer : network.variance_layers()) {
    if (layer->mask().defined())
      snapshot.masks.push_back(
          array_from_tensor(layer->name() + kMaskName, layer->mask(), layer->weight_dims()));
  }
}

namespace {

void load_arrays(const std::vector<Array>& arrays, std::map<std::string, at::Tensor*> wanted,
                 const char* what) {
  for (const Array& array : arrays) {
    const auto found = wanted.find(array.name);
    VARPHASE_CHECK(found != wanted.end(), ErrorKind::shape,
                   "{} {} is in the file, but the network of its config has none of that name",
                   what, array.name);
    at::Tensor& target = *found->second;
    VARPHASE_CHECK(array.shape == target.sizes().vec(), ErrorKind::shape,
                   "{} {} has shape {}, the network of its config wants {}", what, array.name,
                   shape_text(array.shape), shape_text(target.sizes().vec()));
    VARPHASE_CHECK(array.type == ElementType::float32, ErrorKind::shape, "{} {} wants float32",
                   what, array.name);
    target = tensor_from_array(array).to(target.device());
    wanted.erase(found);
  }
  VARPHASE_CHECK(wanted.empty(), ErrorKind::shape, "{} {} is missing in the file", what,
                 wanted.begin()->first);
}

}  // namespace

void load_network(Network& network, const Snapshot& snapshot) {
  std::map<std::string, at::Tensor*> parameters, buffers;
  for (const auto& [name, parameter] : network.parameters()) parameters[name] = parameter.tensor;
  for (const auto& [name, buffer] : network.buffers()) buffers[name] = buffer.tensor;
  load_arrays(snapshot.parameters, parameters, "parameter");
  load_arrays(snapshot.buffers, buffers, "buffer");
  std::map<std::string, const Array*> masks;
  for (const Array& array : snapshot.masks) masks[array.name] = &array;
  for (VarianceLayer* layer : network.variance_layers()) {
    const auto found = masks.find(layer->name() + kMaskName);
    layer->set_mask(found == masks.end() ? at::Tensor()
                                         : tensor_from_array(*found->second).to(at::kBool));
    if (found != masks.end()) masks.erase(found);
  }
  VARPHASE_CHECK(masks.empty(), ErrorKind::shape,
                 "mask {} is in the file, but the network of its config has no such variance layer",
                 masks.begin()->first);
}

void copy_network(const Network& from, Network& into) {
  const at::NoGradGuard no_gradients;
  const auto parameters = from.parameters(), into_parameters = into.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i)
    into_parameters[i].parameter.tensor->copy_(*parameters[i].parameter.tensor);
  const auto buffers = from.buffers(), into_buffers = into.buffers();
  for (std::size_t i = 0; i < buffers.size(); ++i)
    into_buffers[i].buffer.tensor->copy_(*buffers[i].buffer.tensor);
  const auto layers = from.variance_layers(), into_layers = into.variance_layers();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const at::Tensor& mask = layers[i]->mask();
    const at::Tensor& own = into_layers[i]->mask();
    into_layers[i]->set_mask(!mask.defined() && own.defined() ? at::ones_like(own) : mask);
  }
}

}  // namespace varphase
