// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/gradient_buckets.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

namespace varphase {
namespace {

// Large enough for a link's full speed, small enough that the last one, which nothing hides, is short.
constexpr std::int64_t kBucketEntries = 2 << 20;

}  // namespace

GradientBuckets::GradientBuckets(Communicator& ranks, const std::vector<at::Tensor>& leaves,
                                 at::ScalarType type)
    : ranks_(ranks), leaves_(leaves), places_(leaves.size()) {
  std::int64_t entries = 0;
  std::vector<std::int64_t> sizes;
  for (std::size_t i = leaves.size(); i-- > 0;) {
    if (buckets_.empty() || entries >= kBucketEntries) {
      buckets_.emplace_back();
      sizes.push_back(0);
      entries = 0;
    }
    buckets_.back().members.push_back(i);
    places_[i].bucket = buckets_.size() - 1;
    entries += leaves[i].numel();
    sizes.back() += leaves[i].numel();
  }
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    Bucket& bucket = buckets_[b];
    bucket.flat =
        at::empty({sizes[b]}, leaves[bucket.members[0]].options().dtype(type).requires_grad(false));
    std::int64_t offset = 0;
    for (const std::size_t i : bucket.members) {
      places_[i].view = bucket.flat.as_strided(leaves[i].sizes(), leaves[i].strides(), offset);
      offset += leaves[i].numel();
    }
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    places_[i].hook =
        leaves[i].register_hook([this, i](const at::Tensor& gradient) { arrives(i, gradient); });
  }
}

GradientBuckets::~GradientBuckets() {
  for (std::size_t i = 0; i < leaves_.size(); ++i) leaves_[i].remove_hook(places_[i].hook);
}

void GradientBuckets::arrives(std::size_t leaf, const at::Tensor& gradient) {
  const at::NoGradGuard no_gradients;
  Place& place = places_[leaf];
  Bucket& bucket = buckets_[place.bucket];
  place.view.copy_(gradient);
  place.arrived = true;
  if (++bucket.arrived == bucket.members.size())
    bucket.pending = ranks_.start_all_reduce(bucket.flat);
}

std::vector<at::Tensor> GradientBuckets::sums(const std::vector<at::Tensor>& own) {
  // A leaf that the loss does not reach by a hook has its gradient from the caller.
  for (std::size_t i = own.size(); i-- > 0;) {
    if (!places_[i].arrived) arrives(i, own[i]);
  }
  for (Bucket& bucket : buckets_) {
    bucket.pending->wait();
    bucket.pending.reset();
    bucket.arrived = 0;
  }
  std::vector<at::Tensor> list;
  for (std::size_t i = 0; i < own.size(); ++i) {
    places_[i].arrived = false;
    list.push_back(places_[i].view.to(leaves_[i].scalar_type()));
  }
  return list;
}

}  // namespace varphase
