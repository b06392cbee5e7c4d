// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "analysis/sparse/sparse_model.hpp"
#include "analysis/sparse/sparse_product.hpp"
#include "src/layers/moments_form.hpp"

namespace varphase {

/// How a pruned layer's products are computed: with all weights, zeros included; with the kept ones by rows
/// (SparseProduct); or with the outputs and inputs (of a convolution: channels) that keep any.
enum class ExecutionForm { dense, csr, compact };
inline constexpr std::array kExecutionForms{ExecutionForm::dense, ExecutionForm::csr,
                                            ExecutionForm::compact};

std::string execution_form_name(ExecutionForm form);
/// The form of that name; "auto": none, so that the fastest form is found by measuring. @throws Error usage.
std::optional<ExecutionForm> execution_form_from_name(const std::string& name);

/// Which form was chosen for batches of about so many rows.
struct FormChoice {
  /// of the batch that was measured; 0: nothing was measured, the form was given
  std::int64_t rows = 0;
  WantedMoments wanted;
  ExecutionForm form = ExecutionForm::dense;
  std::map<ExecutionForm, double> seconds;
};

/// A pruned layer that computes its moments in whichever form is the fastest. At the first batch of a size (sizes
/// differ by powers of two) each form is timed on that batch, and the fastest is kept as long as this object lives; the
/// dense form is kept where no other is more than a tenth faster. All forms give the same moments within float32
/// rounding; each form by itself gives the same bits at every run.
class ExecutedLayer final : public MomentsForm {
 public:
  /// @param pruned of a dense layer [out, in] or a convolution [out, in, kernel, kernel]
  /// @param mean, variance its effective weights, float32, on the device it will run on
  /// @param geometry of the convolution, or ConvGeometry{in}
  /// @param given the form to use, or none: measure
  /// @throws Error shape where they do not fit together.
  ExecutedLayer(const PrunedLayer& pruned, const at::Tensor& mean, const at::Tensor& variance,
                const ConvGeometry& geometry, std::optional<ExecutionForm> given);

  OutputMoments moments(const at::Tensor& x, const at::Tensor& bias,
                        WantedMoments wanted) const override;
  /// The same by a given form. @param x  [N, in], or [N, in, height, width]
  OutputMoments moments_by(ExecutionForm form, const at::Tensor& x, const at::Tensor& bias,
                           WantedMoments wanted) const;

  const std::string& name() const { return name_; }
  double sparsity() const { return sparsity_; }
  /// Memory of the weights in that form: means, variances, and where they belong.
  std::int64_t bytes(ExecutionForm form) const;
  /// What has been chosen so far, by size of batch.
  std::vector<FormChoice> choices() const;

 private:
  ExecutedLayer(const PrunedLayer& pruned, const at::Tensor& keep, const at::Tensor& mean,
                const at::Tensor& variance, const ConvGeometry& geometry,
                std::optional<ExecutionForm> given);

  struct Compact {
    at::Tensor rows, columns;   // int64: outputs and inputs that keep a weight
    at::Tensor mean, variance;  // [rows, columns, ...]; mean undefined under rule mean
    bool whole = false;         // nothing is dead: no form of its own
  };

  /// Product of x with some weights, of all or some inputs and outputs.
  at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const;
  ExecutionForm choose(const at::Tensor& x, const at::Tensor& bias, WantedMoments wanted) const;
  FormChoice measure(const at::Tensor& x, const at::Tensor& bias, WantedMoments wanted) const;
  OutputMoments by_csr(const at::Tensor& x, const at::Tensor& bias, WantedMoments wanted) const;
  OutputMoments by_compact(const at::Tensor& x, const at::Tensor& bias, WantedMoments wanted) const;

  std::string name_;
  double sparsity_;
  bool convolution_;
  ConvGeometry geometry_;
  at::Tensor mean_, variance_;
  SparseProduct csr_;  // without means under rule mean, whose means are all kept
  Compact compact_;
  std::optional<ExecutionForm> given_;
  mutable std::mutex mutex_;
  /// by {log2 of the batch's rows, mean wanted, variance wanted}
  mutable std::map<std::array<int, 3>, FormChoice> choices_;
};

}  // namespace varphase
