// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/gradient_buckets.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>

namespace varphase {
namespace {

// Large enough for a link's full speed.
constexpr std::int64_t kBucketEntries = 2 << 20;
// The last one, of the first leaves, is what nothing hides.
constexpr std::int64_t kLastBucketEntries = 1 << 18;

}  // namespace

GradientBuckets::GradientBuckets(Communicator& ranks, const std::vector<at::Tensor>& leaves,
                                 at::ScalarType type)
    : leaves_(leaves), places_(leaves.size()) {
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const std::int64_t most = buckets_.size() <= 1 ? kLastBucketEntries : kBucketEntries;
    if (buckets_.empty() || sizes.back() + leaves[i].numel() > most) {
      buckets_.emplace_back();
      sizes.push_back(0);
    }
    buckets_.back().members.push_back(i);
    places_[i].bucket = buckets_.size() - 1;
    sizes.back() += leaves[i].numel();
  }
  if (!leaves.empty())
    sums_ = ranks.open_sums(sizes, leaves[0].options().requires_grad(false).dtype(type));
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    std::int64_t offset = 0;
    for (const std::size_t i : buckets_[b].members) {
      const auto as_leaf = [&](const at::Tensor& flat) {
        return flat.as_strided(leaves[i].sizes(), leaves[i].strides(), offset);
      };
      places_[i].view = as_leaf(sums_->own(b));
      places_[i].sum = as_leaf(sums_->sum(b));
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
  Place& place = places_[leaf];
  Bucket& bucket = buckets_[place.bucket];
  place.arrived = true;
  bucket.views.push_back(place.view);
  bucket.gradients.push_back(gradient);
  if (bucket.views.size() < bucket.members.size()) return;
  sums_->start(place.bucket, [&] {
    const at::NoGradGuard no_gradients;
    at::_foreach_copy_(bucket.views, bucket.gradients);
  });
}

std::vector<at::Tensor> GradientBuckets::sums(const std::vector<at::Tensor>& own) {
  // A leaf that the loss does not reach by a hook has its gradient from the caller.
  for (std::size_t i = own.size(); i-- > 0;) {
    if (!places_[i].arrived) arrives(i, own[i]);
  }
  // In the order in which they were started.
  for (std::size_t b = buckets_.size(); b-- > 0;) {
    sums_->wait(b);
    buckets_[b].views.clear();
    buckets_[b].gradients.clear();
  }
  std::vector<at::Tensor> list;
  for (Place& place : places_) {
    place.arrived = false;
    list.push_back(place.sum);
  }
  return list;
}

}  // namespace varphase
