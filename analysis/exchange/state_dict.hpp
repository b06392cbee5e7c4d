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
  csr,    // <layer>.crow_indices, .col_indices int32, .mean_values, .variance_values of the kept
  // weights; rows are output units. Rule mean: .mean of all weights in place of .mean_values
};

/// @throws Error usage.
SparseForm sparse_form_from_name(const std::string& name);

/// A checkpoint with PyTorch's names: "<layer>.<parameter>" for "<layer>/<parameter>", and beside
/// the statistics of each batch norm its num_batches_tracked (the optimizer steps); a mask is
/// "<layer>.mask". The
/// configuration, metrics and origin go into the metadata ("varphase.*"); optimizer state is left
/// out. docs/export.md.
TensorFile state_dict(const Snapshot& snapshot);

/// A pruned model likewise.
TensorFile state_dict(const SparseModel& model, SparseForm form);

/// What the metadata of our own files say of them; "" for files of others.
std::string state_dict_kind(const TensorFile& file);

/// The pruned model that state_dict (either form) was made from, bit for bit; `dims` of arrays are
/// left empty. @param origin  names the file in messages
/// @throws Error format where the metadata and the tensors contradict each other.
SparseModel sparse_model_from_state_dict(const TensorFile& file, const std::string& origin);

/// All of a snapshot but its arrays. @throws Error format where the metadata are damaged.
Snapshot snapshot_from_metadata(const TensorFile& file, const std::string& origin);

}  // namespace varphase
