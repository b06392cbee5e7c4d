// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoints/onnx_model.hpp"
#include "src/base/config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// A network as a file that others open.
struct ExportRequest {
  std::string source;
  std::string epoch = "last";
  std::string to;
  std::string form = "dense";
  std::string mode = "auto";
  std::string out;
  bool overwrite = false;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("source", source,
          FieldInfo{.help = "a run folder, RUN@EPOCH, a checkpoint or a pruned file"});
    visit("epoch", epoch, FieldInfo{.help = "of a run folder: last, best, or an epoch"});
    visit("to", to,
          FieldInfo{.help = "the file's format; pytorch: a Python file that wants PyTorch alone",
                    .choices = {"safetensors", "onnx", "pytorch"}});
    visit("form", form,
          FieldInfo{.help = "how safetensors hold pruned layers: dense or csr; ONNX graphs are "
                            "dense"});
    visit("mode", mode,
          FieldInfo{.help = "what an ONNX graph computes: ensemble (one member, its noise an "
                            "input), deterministic, zero-mean, moments, head, or auto (ensemble; "
                            "of a network without noise deterministic)"});
    visit("out", out,
          FieldInfo{.help = "the file to write [RUN/exports/NAME, of a pruned file: beside it]"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a file that is there"});
  }
};

struct ExportResult {
  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
  };

  std::string path, source, to;
  std::int64_t bytes = 0;
  std::vector<Tensor> tensors;             // of safetensors and PyTorch
  std::string mode;                        // of ONNX
  std::vector<OnnxValue> inputs, outputs;  // of ONNX
};

/// @throws Error usage, io, format naming the file; unsupported where the network cannot be
/// exported so.
ExportResult export_network(const ExportRequest& request, Job& job);

}  // namespace varphase
