// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/communicator.hpp"

#include <cstring>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

namespace varphase {
namespace {

class OwnSums final : public RankSums {
 public:
  OwnSums(const std::vector<std::int64_t>& lengths, const at::TensorOptions& options)
      : RankSums(lengths, options) {}
  void start(std::size_t i, const std::function<void()>& fill) override {
    fill();
    widen(i);
  }
  void wait(std::size_t) override {}
};

class SingleCommunicator final : public Communicator {
 public:
  std::int64_t rank() const override { return 0; }
  std::int64_t size() const override { return 1; }
  std::int64_t local_rank() const override { return 0; }
  void open(at::Device) override {}
  void all_reduce(const at::Tensor&) override {}
  std::unique_ptr<RankSums> open_sums(const std::vector<std::int64_t>& lengths,
                                      const at::TensorOptions& options) override {
    return std::make_unique<OwnSums>(lengths, options);
  }
  void broadcast(const std::vector<at::Tensor>&) override {}
  std::vector<at::Tensor> gather(const at::Tensor& own) override { return {own}; }
  void barrier(const std::string&, double) override {}
  bool any_wants(bool wish) override { return wish; }
};

Communicator* current = nullptr;

at::Tensor tensor_of(const std::string& bytes) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(bytes.size())}, at::kByte);
  if (!bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

std::string bytes_of(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()),
          static_cast<std::size_t>(tensor.numel())};
}

}  // namespace

std::vector<std::string> Communicator::gather_bytes(const std::string& own) {
  std::vector<std::string> all;
  for (const at::Tensor& tensor : gather(tensor_of(own))) all.push_back(bytes_of(tensor));
  return all;
}

std::string Communicator::broadcast_bytes(const std::string& own) {
  const at::Tensor length = at::full({1}, first() ? std::ssize(own) : 0, at::kLong);
  broadcast({length});
  at::Tensor bytes = first() ? tensor_of(own) : at::empty({length.item<std::int64_t>()}, at::kByte);
  if (bytes.numel() > 0) broadcast({bytes});
  return bytes_of(bytes);
}

std::unique_ptr<Communicator> single_communicator() {
  return std::make_unique<SingleCommunicator>();
}

Communicator& communicator() {
  static SingleCommunicator single;
  return current != nullptr ? *current : single;
}

CommunicatorScope::CommunicatorScope(Communicator& one) { current = &one; }
CommunicatorScope::~CommunicatorScope() { current = nullptr; }

}  // namespace varphase
