// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <vector>

#include <ATen/DLConvertor.h>
#include <ATen/core/Tensor.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "src/base/error.hpp"
#include "src/base/version.hpp"
#include "src/data/held_images.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/torch/own_switches.hpp"
#include "tools/python/jobs.hpp"

namespace varphase {
namespace {

namespace py = pybind11;

/// Calls of a job as calls of a Python object, from the thread that called the job, which has let
/// go of the interpreter. Ctrl-C ends what has nothing to save where it is, and asks what can be
/// stopped to save and end.
class PythonListener final : public Listener {
 public:
  explicit PythonListener(py::object target) : target_(std::move(target)) {}

  void begin(const std::string& what, std::int64_t total, const std::string& unit) override {
    end();
    begun_ = true;
    call([&] { target_.attr("begin")(what, total, unit); });
  }
  void advance(std::int64_t units) override {
    pending_ += units;
    // A step may take microseconds: Python hears of it some twenty times a second.
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(50)) return;
    last_ = now;
    call([] {});
  }
  void describe(const std::string& what) override {
    call([&] { target_.attr("describe")(what); });
  }
  void end() override {
    if (std::exchange(begun_, false)) call([&] { target_.attr("end")(); });
  }
  void note(const std::string& text) override {
    call([&] { target_.attr("note")(text); });
  }
  void event(const std::string& kind, const Json& what) override {
    call([&] { target_.attr("event")(kind, json_text(what, -1)); });
  }
  void begin_stoppable() override { stoppable_ = true; }
  bool stop_requested() const override {
    const auto now = std::chrono::steady_clock::now();
    if (!interruption_ && now - asked_ >= std::chrono::milliseconds(50)) {
      asked_ = now;
      const py::gil_scoped_acquire gil;
      look_for_signals();
    }
    return interruption_.has_value();
  }

  /// A piece that an error ended; the error is the caller's.
  void end_after_error() {
    const py::gil_scoped_acquire gil;
    if (!std::exchange(begun_, false)) return;
    try {
      target_.attr("end")();
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable("end() of a listener, after an error");
    }
  }

  /// Whatever stopped the job, now that it has saved.
  void throw_interruption() {
    if (interruption_) throw py::error_already_set(*interruption_);
  }

 private:
  template <class Call>
  void call(Call&& what) {
    const py::gil_scoped_acquire gil;
    if (pending_ > 0) target_.attr("advance")(std::exchange(pending_, 0));
    what();
    look_for_signals();
  }

  void look_for_signals() const {
    if (PyErr_CheckSignals() == 0) return;
    py::error_already_set error;
    if (!stoppable_) throw error;
    if (!interruption_) interruption_ = error;
  }

  py::object target_;
  bool begun_ = false;
  std::int64_t pending_ = 0;
  std::chrono::steady_clock::time_point last_{};
  mutable std::chrono::steady_clock::time_point asked_{};
  bool stoppable_ = false;
  mutable std::optional<py::error_already_set> interruption_;
};

std::string run(const std::string& name, const std::string& request, py::object target) {
  const auto& jobs = python_jobs();
  const auto job = std::find_if(jobs.begin(), jobs.end(),
                                [&](const PythonJob& row) { return row.name == name; });
  if (job == jobs.end()) fail(ErrorKind::usage, "no job '{}'", name);
  PythonListener listener(std::move(target));
  std::string text;
  try {
    const py::gil_scoped_release released;
    const OwnSwitches switches;
    text = json_text(job->run(parse_json(request, name), listener), -1);
  } catch (...) {
    listener.end_after_error();
    throw;
  }
  listener.end();
  listener.throw_interruption();
  return text;
}

std::string described_jobs() {
  Json list = Json::array();
  for (const PythonJob& job : python_jobs())
    list.push_back({{"name", job.name},
                    {"about", job.about},
                    {"fields", job.fields()},
                    {"settings", job.settings()}});
  return json_text(list, -1);
}

/// The program's own normal numbers, a row for each image and member, as varphase.noise has them.
/// @param member  as many as images, or one for all
py::array_t<float> normals(const std::array<std::uint32_t, 3>& words,
                           const py::array_t<std::int64_t>& example,
                           const py::array_t<std::int64_t>& member, std::int64_t units) {
  const auto examples = example.unchecked<1>(), members = member.unchecked<1>();
  if (members.shape(0) != 1 && members.shape(0) != examples.shape(0))
    fail(ErrorKind::shape, "{} members for {} images: wants one, or one for each", members.shape(0),
         examples.shape(0));
  const auto [c3, k0, k1] = words;
  const NoiseKey key{(static_cast<std::uint64_t>(k1) << 32U) | k0, static_cast<Stream>(c3 >> 24U),
                     static_cast<std::uint16_t>(c3 >> 8U), static_cast<std::uint8_t>(c3)};
  py::array_t<float> out({examples.shape(0), static_cast<py::ssize_t>(units)});
  float* row = out.mutable_data();
  const py::gil_scoped_release released;
  for (py::ssize_t i = 0; i < examples.shape(0); ++i, row += units)
    fill_normals(key, static_cast<std::uint32_t>(examples(i)),
                 static_cast<std::uint32_t>(members(members.shape(0) == 1 ? 0 : i)), units, row);
  return out;
}

/// An array of a DLPack capsule, which is used up by it: uint8, float32 or int64, row-major.
/// @param range  of images in float32: "0..1" or "0..255"; else ""
HeldArray held_array(const std::string& name, py::capsule capsule, const std::string& range) {
  struct Tensors {
    at::Tensor own, host;
  };
  const auto tensors = std::make_shared<Tensors>();
  const at::Tensor given = at::fromDLPack(capsule.get_pointer<DLManagedTensor>());
  capsule.set_name("used_dltensor");  // not before: what is refused stays the capsule's to free
  tensors->own = given.contiguous();
  const at::Tensor& own = tensors->own;
  HeldArray array;
  array.about.name = name;
  array.about.shape = own.sizes().vec();
  array.about.range = range;
  array.about.is_bytes = own.scalar_type() == at::kByte;
  array.about.is_real = own.scalar_type() == at::kFloat;
  if (!array.about.is_bytes && !array.about.is_real && own.scalar_type() != at::kLong)
    fail(ErrorKind::usage, "{}: is {}, wants uint8, float32 or int64", name,
         c10::toString(own.scalar_type()));
  if (own.dim() == 0) fail(ErrorKind::shape, "{}: one number, wants an array", name);
  {
    const py::gil_scoped_release released;
    // A data set has a digest, which the processor computes.
    tensors->host = own.cpu();
  }
  array.host = {static_cast<const std::byte*>(tensors->host.const_data_ptr()), own.nbytes()};
  if (array.about.is_bytes) array.where = {own.const_data_ptr<std::uint8_t>(), own.device().str()};
  array.owner = tensors;
  return array;
}

std::string hold(const std::vector<std::tuple<std::string, py::capsule, std::string>>& arrays) {
  std::vector<HeldArray> held;
  for (const auto& [name, capsule, range] : arrays)
    held.push_back(held_array(name, capsule, range));
  return hold_images(std::move(held));
}

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::io:
      return "io";
    case ErrorKind::format:
      return "format";
    case ErrorKind::shape:
      return "shape";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::numeric:
      return "numeric";
    case ErrorKind::device:
      return "device";
  }
  return "";
}

void raise(ErrorKind kind, const std::string& message) {
  const py::object error =
      py::module_::import("varphase.errors").attr("of_kind")(kind_name(kind), message);
  PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
}

/// What the program's `guarded` makes exit codes of.
void translate(std::exception_ptr pointer) {
  try {
    if (pointer) std::rethrow_exception(pointer);
  } catch (const Error& error) {
    raise(error.kind(), error.what());
  } catch (const py::builtin_exception&) {
    throw;
  } catch (const py::error_already_set&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::filesystem::filesystem_error& error) {
    raise(ErrorKind::io, error.path1().string() + ": " + error.code().message());
  } catch (const std::system_error& error) {
    raise(ErrorKind::io, error.what());
  } catch (const Json::exception& error) {
    raise(ErrorKind::format,
          std::string("a JSON file that was read has another form: ") + error.what());
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (text.find("CUDA") == std::string::npos && text.find("memory") == std::string::npos) throw;
    raise(ErrorKind::device, text.substr(0, text.find('\n')));
  }
}

}  // namespace
}  // namespace varphase

PYBIND11_MODULE(_engine, module) {
  namespace py = pybind11;
  module.doc() = "The jobs of Varphase, with requests and results in JSON.";
  py::register_local_exception_translator(varphase::translate);
  module.def("version", varphase::version);
  module.def("jobs", varphase::described_jobs);
  module.def("run", varphase::run, py::arg("job"), py::arg("request"), py::arg("listener"));
  module.def("hold", varphase::hold, py::arg("arrays"));
  module.def("release", varphase::release_images, py::arg("name"));
  module.def("normals", varphase::normals, py::arg("words"), py::arg("example"), py::arg("member"),
             py::arg("units"));
}
