// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/state_dict_import.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <fmt/ranges.h>

#include "analysis/exchange/pair_modules.hpp"
#include "analysis/exchange/pruned_parameters.hpp"
#include "checkpoints/array_values.hpp"
#include "src/base/suggest.hpp"

namespace varphase {
namespace {

using Leaves = std::map<std::string, const Array*>;  // of one module, by name
using Kind = WeightedModule::Kind;

/// Tensors of the file by module, "features.0.weight" under "features.0".
std::map<std::string, Leaves> modules_of(const TensorFile& file, const std::string& origin) {
  std::map<std::string, Leaves> modules;
  for (const Array& array : file.arrays) {
    const std::size_t dot = array.name.rfind('.');
    VARPHASE_CHECK(dot != std::string::npos && dot > 0 && dot + 1 < array.name.size(),
                   ErrorKind::shape,
                   "{}: tensor '{}' belongs to no module: wants names such as conv1.weight", origin,
                   array.name);
    modules[array.name.substr(0, dot)][array.name.substr(dot + 1)] = &array;
  }
  return modules;
}

/// The tensor that has a weight's shape.
const Array* main_tensor(const Leaves& leaves) {
  for (const char* name : {"weight", "mean", "log_sigma2"}) {
    const auto found = leaves.find(name);
    if (found != leaves.end()) return found->second;
  }
  return nullptr;
}

WeightedModule describe_module(const std::string& name, const Leaves& leaves,
                               const std::string& origin) {
  std::vector<std::string> tensors;
  for (const auto& [leaf, array] : leaves)
    tensors.push_back(fmt::format("{}.{} [{}]", name, leaf, fmt::join(array->shape, ", ")));
  const Array* main = main_tensor(leaves);
  const std::size_t rank = main == nullptr ? 0 : main->shape.size();
  VARPHASE_CHECK(rank == 1 || rank == 2 || rank == 4, ErrorKind::shape,
                 "{}: {}: wants the weight of a convolution [out, in, height, width], a dense "
                 "layer [out, in] or a batch norm [channels] among them",
                 origin, fmt::join(tensors, ", "));
  return {name, rank == 4 ? Kind::conv : rank == 2 ? Kind::dense : Kind::batch_norm, main->shape};
}

/// A layer's tensors, wanted by name.
struct Wanted {
  Layer* layer;
  std::vector<Parameter> parameters;
  std::vector<Buffer> buffers;
  Shape weight;

  explicit Wanted(Layer& of) : layer(&of), parameters(of.parameters()), buffers(of.buffers()) {
    if (const VarianceLayer* variance = of.as_variance()) {
      weight = variance->mean().sizes().vec();
    } else {
      weight = parameters.front().tensor->sizes().vec();
    }
  }
  WeightedModule module() const {
    return {layer->name(),
            weight.size() == 4   ? Kind::conv
            : weight.size() == 2 ? Kind::dense
                                 : Kind::batch_norm,
            weight};
  }
};

/// Moves the tensors of one module into one layer.
class ModuleLoad {
 public:
  /// @param masked whether PyTorch pruned the weight
  ModuleLoad(const std::string& module, Leaves leaves, bool masked, Wanted& wanted,
             const StateDictRequest& request, StateDictReport& report)
      : module_(module),
        leaves_(std::move(leaves)),
        masked_(masked),
        wanted_(wanted),
        request_(request),
        report_(report) {}

  void run() {
    // Before anything is taken out: a wrong name is told with those that are there.
    for (Parameter& parameter : wanted_.parameters) {
      if (parameter.role != Role::variance) load(parameter.name, *parameter.tensor);
    }
    for (Buffer& buffer : wanted_.buffers) load(buffer.name, *buffer.tensor);
    for (Parameter& parameter : wanted_.parameters) {
      if (parameter.role == Role::variance) load_variance(parameter);
    }
    load_mask();
    if (leaves_.erase("num_batches_tracked") == 1)
      report_.unused.push_back(module_ + ".num_batches_tracked");
    if (leaves_.empty()) return;
    std::vector<std::string> known;
    for (const Parameter& parameter : wanted_.parameters) known.push_back(parameter.name);
    for (const Buffer& buffer : wanted_.buffers) known.push_back(buffer.name);
    const auto& [name, array] = *leaves_.begin();
    const bool bias = name == "bias";
    fail(ErrorKind::shape, "{}: tensor {}.{} [{}] has no place in {} ({}), which has {}{}",
         request_.origin, module_, name, fmt::join(array->shape, ", "), wanted_.layer->name(),
         wanted_.layer->kind(), fmt::join(known, ", "),
         bias ? "\n  \"bias\": true in the layer's spec gives it one" : suggestion(name, known));
  }

 private:
  /// The tensor that a layer's own is filled from; a plain weight where means are wanted.
  const Array* take(const std::string& name) {
    auto found = leaves_.find(name);
    if (found == leaves_.end() && name == "mean") found = leaves_.find("weight");
    if (found == leaves_.end()) return nullptr;
    const Array* array = found->second;
    leaves_.erase(found);
    return array;
  }

  at::Tensor checked(const Array& array, const at::Tensor& target) const {
    VARPHASE_CHECK(array.shape == target.sizes().vec(), ErrorKind::shape,
                   "{}: tensor {} has shape {}, {} of the network wants {}", request_.origin,
                   array.name, shape_text(array.shape), wanted_.layer->name(),
                   shape_text(target.sizes().vec()));
    VARPHASE_CHECK(array.type == ElementType::float32 || array.type == ElementType::float64,
                   ErrorKind::shape, "{}: tensor {} holds whole numbers, wants floating point",
                   request_.origin, array.name);
    check_array_values(array, fmt::format("{}: tensor {}", request_.origin, array.name));
    at::Tensor values = tensor_from_array(array).to(at::kFloat);
    VARPHASE_CHECK(at::isfinite(values).all().item<bool>(), ErrorKind::numeric,
                   "{}: tensor {} has entries that are not finite (as float32)", request_.origin,
                   array.name);
    return values;
  }

  void load(const std::string& name, at::Tensor& target) {
    const Array* array = take(name);
    if (array == nullptr) {
      std::vector<std::string> there;
      for (const auto& entry : leaves_) there.push_back(module_ + "." + entry.first);
      const std::string missing = module_ + "." + name;
      fail(ErrorKind::shape, "{}: tensor {} {} is missing, {} of the network wants it{}",
           request_.origin, missing, shape_text(target.sizes().vec()), wanted_.layer->name(),
           name == "bias" ? "\n  \"bias\": false in the layer's spec leaves it out"
                          : suggestion(missing, there));
    }
    target.copy_(checked(*array, target));
  }

  /// Which weights a layer was trained with: of our own exports, or pruned by PyTorch.
  void load_mask() {
    VarianceLayer* layer = wanted_.layer->as_variance();
    if (layer == nullptr) {
      if (masked_ && leaves_.erase("mask") == 1) report_.zeros.push_back(module_ + ".weight");
      return;
    }
    const Array* mask = take("mask");
    if (mask == nullptr) {
      layer->set_mask({});
      return;
    }
    bool good = mask->shape == wanted_.weight && mask->type == ElementType::uint8;
    if (good) {
      for (const std::uint8_t mark : mask->as<std::uint8_t>()) good = good && mark <= 1;
    }
    VARPHASE_CHECK(good, ErrorKind::shape,
                   "{}: tensor {} {} wants {}, uint8, 1 for each weight kept", request_.origin,
                   mask->name, shape_text(mask->shape), shape_text(wanted_.weight));
    layer->set_mask(tensor_from_array(*mask).to(at::kBool));
    report_.masks.push_back(
        {layer->name(), layer->mask().sum().item<std::int64_t>(), mask->count()});
  }

  void load_variance(Parameter& theta) {
    const VarianceLayer& layer = *wanted_.layer->as_variance();
    if (const Array* own = take(theta.name); own != nullptr) {
      theta.tensor->copy_(checked(*own, *theta.tensor));
      return;
    }
    at::Tensor weight = layer.mean();
    if (!layer.parameterization().has_mean()) {
      const Array* plain = take("weight");
      VARPHASE_CHECK(plain != nullptr && request_.log_alpha, ErrorKind::usage,
                     "{}: {} has no means (zero_centred): wants {}.log_sigma2, or {}.weight and "
                     "--log-alpha for log sigma^2 = log alpha + log weight^2",
                     request_.origin, layer.name(), module_, module_);
      weight = checked(*plain, *theta.tensor);
    }
    report_.variances.push_back(layer.name() + "/" + theta.name);
    if (!request_.log_alpha) return;  // as the spec has it
    if (theta.name == "log_alpha") {
      theta.tensor->fill_(*request_.log_alpha);
    } else {
      theta.tensor->copy_(weight.square().log() + *request_.log_alpha);
      layer.parameterization().project(*theta.tensor);
    }
  }

  const std::string& module_;
  Leaves leaves_;
  bool masked_;
  Wanted& wanted_;
  const StateDictRequest& request_;
  StateDictReport& report_;
};

}  // namespace

StateDictReport load_state_dict(Network& network, const TensorFile& file,
                                const StateDictRequest& request) {
  const at::NoGradGuard no_gradients;
  const JoinedParameters joined = join_pruned_parameters(file, request.origin);
  const std::map<std::string, Leaves> modules = modules_of(joined.file, request.origin);
  VARPHASE_CHECK(!modules.empty(), ErrorKind::shape, "{}: holds no tensors", request.origin);
  std::vector<WeightedModule> theirs, ours;
  for (const auto& [name, leaves] : modules)
    theirs.push_back(describe_module(name, leaves, request.origin));
  std::map<std::string, Wanted> layers;
  for (Layer* layer : network.modules()) {
    if (layer->parameters().empty()) continue;
    const auto& entry = layers.emplace(layer->name(), Wanted(*layer)).first->second;
    ours.push_back(entry.module());
  }
  StateDictReport report;
  report.zeros.assign(joined.dropped.begin(), joined.dropped.end());
  std::map<std::string, std::string> by_layer;
  for (const auto& [module, layer] : pair_modules(theirs, ours, request.given, request.origin))
    by_layer[layer] = module;
  for (const WeightedModule& layer : ours) {
    const std::string& module = by_layer.at(layer.name);
    report.modules.emplace_back(module, layer.name);
    ModuleLoad(module, modules.at(module), joined.masked.contains(module), layers.at(layer.name),
               request, report)
        .run();
  }
  VARPHASE_CHECK(!request.log_alpha || !report.variances.empty(), ErrorKind::usage,
                 "--log-alpha {}: no variance layer of this network lacks its variances in {}",
                 *request.log_alpha, request.origin);
  return report;
}

}  // namespace varphase
