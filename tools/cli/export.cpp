// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <fmt/ranges.h>

#include "analysis/exchange/onnx_mode.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/export_job.hpp"
#include "tools/app/result_json.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

void print_value(const char* what, const OnnxValue& value) {
  std::string shape = "images";
  for (const std::int64_t extent : value.shape) shape += fmt::format(", {}", extent);
  print_out("{:7}{} [{}]: {}\n", what, value.name, shape, value.about);
}

class ExportVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase export runs/first --to safetensors\n"
           "  varphase export runs/first/pruned/95.h5 --to safetensors --form csr\n"
           "  varphase export runs/first/pruned/95.h5 --to pytorch --out sparse.py\n"
           "  varphase export runs/first@22 --to onnx --mode ensemble --out first.onnx\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"source"});
    flags.required("to");
    TextList modes = onnx_mode_names();
    modes.insert(modes.begin(), "auto");
    flags.offer("mode", modes);
    flags.offer("form", {"dense", "csr"});
    flags.offer("epoch", {"last", "best"});
    flags.json(json_);
  }

  int run(const Engine& engine) override {
    Job job;
    const ExportResult result = engine.export_network(request_, job);
    if (json_) {
      print_json(to_json(result));
      return kSuccess;
    }
    for (const OnnxValue& value : result.inputs) print_value("input", value);
    for (const OnnxValue& value : result.outputs) print_value("output", value);
    for (const ExportResult::Tensor& tensor : result.tensors)
      print_out("{} [{}]\n", tensor.name, fmt::join(tensor.shape, ", "));
    print_out("{}, {}\n", result.path, bytes_text(static_cast<double>(result.bytes)));
    return kSuccess;
  }

 private:
  ExportRequest request_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_export_verb() { return std::make_unique<ExportVerb>(); }

}  // namespace varphase
