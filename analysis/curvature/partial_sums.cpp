// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/partial_sums.hpp"

#include <algorithm>
#include <system_error>

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <fmt/ranges.h>

#include "checkpoints/document.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "src/base/log.hpp"
#include "src/base/sha256.hpp"
#include "src/base/text_table.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kKind = "partial";
constexpr double kShareOfTime = 0.05;  // that saving may take
constexpr std::size_t kDigits = 12;    // of the digest, in a name

struct NamedSum {
  const char* name;
  const char* unit;
  at::Tensor LayerDiagonal::*sum;
};
constexpr NamedSum kSums[] = {{"hessian", "nats", &LayerDiagonal::hessian},
                              {"error_variance", "nats^2", &LayerDiagonal::error_variance},
                              {"gauss_newton", "nats", &LayerDiagonal::gauss_newton},
                              {"gradient", "nats", &LayerDiagonal::gradient},
                              {"fisher", "nats^2", &LayerDiagonal::fisher}};

std::string array_name(std::size_t layer, const char* sum) {
  return fmt::format("sums/{}/{}", layer, sum);
}

}  // namespace

PartialFiles::PartialFiles(PartialPlace place) : place_(std::move(place)) {}

std::optional<PartialSums> PartialFiles::begin(const PartialPass& pass, at::Device device) {
  pass_ = pass;
  text_ = Json{{"origin", place_.origin}, {"pass", pass.request}}.dump();
  files_.push_back(place_.folder /
                   fmt::format("{}_{}.h5", place_.name, sha256_hex(text_).substr(0, kDigits)));
  saved_ = Clock::now();
  const fs::path& path = files_.back();
  if (!fs::exists(path)) return std::nullopt;
  try {
    PartialSums sums = read(path, device);
    if (place_.say)
      place_.say(fmt::format("goes on after {} of {} images ({})", count_text(sums.next),
                             count_text(pass_.images), path.string()));
    return sums;
  } catch (const Error& error) {
    log_warning(fmt::format("{}\n  left aside: the pass begins anew", error.what()));
    return std::nullopt;
  }
}

PartialSums PartialFiles::read(const fs::path& path, at::Device device) const {
  const Document document = read_document(path, kKind);
  VARPHASE_CHECK(document.text("pass") == text_, ErrorKind::format,
                 "{}: sums of another checkpoint, device or request", path.string());
  PartialSums read;
  read.next = document.integer("next");
  VARPHASE_CHECK(read.next > 0 && read.next <= pass_.images, ErrorKind::format,
                 "{}: sums of {} images, the pass has {}", path.string(), read.next, pass_.images);
  const auto factors = document.array("factors").as<std::int64_t>();
  read.factors.assign(factors.begin(), factors.end());
  VARPHASE_CHECK(read.factors.size() == pass_.shapes.size(), ErrorKind::format,
                 "{}: factors of {} layers, the pass has {}", path.string(), read.factors.size(),
                 pass_.shapes.size());
  for (std::size_t layer = 0; layer < pass_.shapes.size(); ++layer) {
    LayerDiagonal sums;
    std::int64_t found = 0;
    for (const auto& [name, unit, sum] : kSums) {
      const Array* array = document.find_array(array_name(layer, name));
      if (array == nullptr) continue;
      VARPHASE_CHECK(array->type == ElementType::float64 && array->shape == pass_.shapes[layer],
                     ErrorKind::format, "{}: {} has shape [{}], its weights [{}]", path.string(),
                     array->name, fmt::join(array->shape, ", "),
                     fmt::join(pass_.shapes[layer], ", "));
      const auto values = array->as<double>();
      sums.*sum = at::from_blob(const_cast<double*>(values.data()), array->shape, at::kDouble)
                      .clone()
                      .to(device);
      ++found;
    }
    VARPHASE_CHECK(sums.hessian.defined() && found == pass_.quantities, ErrorKind::format,
                   "{}: {} sums of layer {}, the pass has {}", path.string(), found, layer,
                   pass_.quantities);
    read.sums.push_back(std::move(sums));
  }
  return read;
}

void PartialFiles::keep(const PartialSums& sums) {
  const bool stop = stop_asked();
  const std::chrono::duration<double> since = Clock::now() - saved_;
  if (stop || since.count() >= std::max(place_.seconds, took_ / kShareOfTime)) save(sums);
  if (stop) throw Interrupted{};
}

void PartialFiles::save(const PartialSums& sums) {
  const Clock::time_point start = Clock::now();
  Document document;
  document.kind = kKind;
  document.attributes = {{"next", sums.next}, {"images", pass_.images}, {"pass", text_}};
  document.arrays.push_back(make_array<std::int64_t>(
      "factors", {static_cast<std::int64_t>(sums.factors.size())}, sums.factors, "layer", "1"));
  for (std::size_t layer = 0; layer < sums.sums.size(); ++layer) {
    for (const auto& [name, unit, sum] : kSums) {
      const at::Tensor& values = sums.sums[layer].*sum;
      if (!values.defined()) continue;
      const at::Tensor host = values.to(at::kCPU).contiguous();
      const char* dims = host.dim() == 4 ? "out,in,height,width" : "out,in";
      document.arrays.push_back(make_array<double>(
          array_name(layer, name), host.sizes().vec(),
          {host.const_data_ptr<double>(), static_cast<std::size_t>(host.numel())}, dims, unit));
    }
  }
  fs::create_directories(place_.folder);
  remove_stale_temporaries(place_.folder);
  write_document(files_.back(), document);
  saved_ = Clock::now();
  took_ = std::chrono::duration<double>(saved_ - start).count();
}

void PartialFiles::remove() {
  std::error_code ignored;
  for (const fs::path& file : files_) fs::remove(file, ignored);
  files_.clear();
  fs::remove(place_.folder, ignored);  // where it is empty
}

}  // namespace varphase
