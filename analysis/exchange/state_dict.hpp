// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/tensor_file.hpp"
#include "src/base/snapshot.hpp"

namespace varphase {

/// How the pruned layers of a state_dict hold their weights.
enum class SparseForm {
  dense,  // <layer>.mean, .variance of the weight's shape, .mask uint8 (1 = kept)
  csr,  // <layer>.crow_indices, .col_indices int32, .mean_values, .variance_values of the kept weights; rows are output
        // units. By rule mean .mean of all weights in place of .mean_values
};

/// @throws Error usage.
SparseForm sparse_form_from_name(const std::string& name);

/// A checkpoint with PyTorch's names: "<layer>.<parameter>" for "<layer>/<parameter>", "<layer>.mask" for a mask, and
/// beside each batch norm's statistics its num_batches_tracked (the number of optimizer steps). Configuration, metrics
/// and origin go into the metadata ("varphase.*"); the optimizer's state is left out. See docs/export.md.
TensorFile state_dict(const Snapshot& snapshot);

/// A pruned model in the same way.
TensorFile state_dict(const SparseModel& model, SparseForm form);

/// "checkpoint" or "pruned", as the metadata of our own files say; "" for other programs' files.
std::string state_dict_kind(const TensorFile& file);

/// The pruned model that state_dict made the file from, in either form, bit for bit; `dims` of arrays stay empty.
/// @param origin  names the file in messages
/// @throws Error format where metadata and tensors contradict each other.
SparseModel sparse_model_from_state_dict(const TensorFile& file, const std::string& origin);

/// Everything of a snapshot but its arrays. @throws Error format where the metadata are damaged.
Snapshot snapshot_from_metadata(const TensorFile& file, const std::string& origin);

}  // namespace varphase
