# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Whether docs/extending.md tells the truth: in a copy of the tree, one of each kind of thing is added by touching the files that its row names
and no others, what was touched is compiled, and a small program linked against the build's libraries uses the new thing by its name.

    extending_test.py BUILD_FOLDER
"""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
LICENCE = "// SPDX-FileCopyrightText: 2026 The Varphase authors\n// SPDX-License-Identifier: MIT\n"
COMMANDS = json.loads((BUILD / "compile_commands.json").read_text())


def files_of_row(what):
    """The files that the table names for a kind of addition, the new one being called `added`; documents are read by nobody here."""
    rows = [line for line in (ROOT / "docs/extending.md").read_text().splitlines() if line.startswith(f"| {what} |")]
    assert len(rows) == 1, f"docs/extending.md has {len(rows)} rows for {what}"
    named = re.findall(r"`((?:src|analysis|checkpoints|tools)/[^`]+)`", rows[0])
    return {path.replace("<name>", "added") for path in named}


def flags_of(library):
    """How the files of a library are compiled: the words of one of its commands, without the file and the object."""
    command = next(entry["command"] for entry in COMMANDS if f"{library}.dir/Unity" in entry["file"])
    words = shlex.split(command)
    words = words[next(i for i, word in enumerate(words) if re.search(r"(g\+\+|clang\+\+|c\+\+)[-\d.]*$", word)):]
    return words[:words.index("-o")]


class ExtendingTest(unittest.TestCase):
    def setUp(self):
        self.copy = pathlib.Path(tempfile.mkdtemp(prefix="varphase-extending-"))
        self.addCleanup(shutil.rmtree, self.copy)
        for room in ("src", "analysis", "checkpoints", "tools/app", "tools/cli"):
            shutil.copytree(ROOT / room, self.copy / room)
        self.touched = set()

    def new_file(self, path, text):
        self.assertFalse((self.copy / path).exists())
        (self.copy / path).write_text(text if path.endswith(".json") else LICENCE + text)
        self.touched.add(path)

    def insert(self, path, before, text):
        """Puts text before the first place of the file where `before` stands."""
        old = (self.copy / path).read_text()
        self.assertIn(before, old, path)
        (self.copy / path).write_text(old.replace(before, text + before, 1))
        self.touched.add(path)

    def run_command(self, words, folder=None):
        done = subprocess.run([*map(str, words)], cwd=folder or self.copy, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout

    def check(self, what, library, program, main, also=()):
        """Compiles the touched sources of a library, those of `also` and a main function; links them as `program` of the build is linked, and
        runs the result. Returns what it prints."""
        self.assertEqual(self.touched, files_of_row(what), f"docs/extending.md, {what}")
        (self.copy / "main.cpp").write_text(main)
        objects = []
        flags = [f"-I{self.copy}" if word == f"-I{ROOT}" else word for word in flags_of(library)]
        sources = sorted(path for path in self.touched if path.endswith(".cpp"))
        for number, source in enumerate([*sources, *also, "main.cpp"]):
            objects.append(self.copy / f"{number}.o")
            self.run_command([*flags, "-c", source, "-o", objects[-1]])
        command = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", program], capture_output=True, text=True, check=True).stdout
        words = shlex.split(command.splitlines()[-1])
        words = words[next(i for i, word in enumerate(words) if re.search(r"(g\+\+|clang\+\+|c\+\+)[-\d.]*$", word)):]
        words = words[:words.index("&&")] if "&&" in words else words
        kept = [word for word in words if not word.endswith(".o")]
        kept[kept.index("-o") + 1] = str(self.copy / "main")
        # The build's libraries have the old tables: the first definition is taken.
        kept[1:1] = ["-Wl,--allow-multiple-definition", *map(str, objects)]
        self.run_command(kept, BUILD)
        return self.run_command([self.copy / "main"])

    def test_a_network(self):
        text = json.loads((ROOT / "src/models/presets/lenet5.json").read_text())
        text["about"] = "a network that was added"
        self.new_file("src/models/presets/added.json", json.dumps(text))
        self.run_command(["cmake", f"-DFOLDER={self.copy}/src/models/presets", f"-DOUTPUT={self.copy}/varphase_presets.h",
                          "-P", self.copy / "src/models/embed_presets.cmake"])  # fmt: skip
        said = self.check("a network", "varphase_data", "variance_test", '#include <cstdio>\n#include "src/models/presets.hpp"\nint main() {'
                          ' std::puts(varphase::preset("added").at("about").get<std::string>().c_str()); }\n',
                          also=["src/models/presets.cpp"])  # fmt: skip
        self.assertEqual(said, "a network that was added\n")

    def test_a_verb(self):
        self.new_file("tools/cli/added.cpp", """#include "src/base/console.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

struct AddedRequest {
  std::int64_t times = 1;
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("times", times, FieldInfo{.help = "how often", .min = 1});
  }
};

class AddedVerb final : public Verb {
 public:
  std::string examples() const override { return "  varphase added --times 3\\n"; }
  void declare(Flags& flags) override { flags.of(request_); }
  int run(const Engine&) override {
    for (std::int64_t i = 0; i < request_.times; ++i) print_out("a verb that was added\\n");
    return 0;
  }

 private:
  AddedRequest request_;
};

}  // namespace

std::unique_ptr<Verb> make_added_verb() { return std::make_unique<AddedVerb>(); }

}  // namespace varphase
""")
        self.insert("tools/cli/verbs.hpp", "\n}  // namespace varphase", "std::unique_ptr<Verb> make_added_verb();\n")
        self.insert("tools/cli/verbs.cpp", '{"data", ', '{"added", "What was added", Program::front, make_added_verb},\n      ')
        self.insert("tools/cli/CMakeLists.txt", "  check.cpp\n", "  added.cpp\n")
        said = self.check("a verb", "varphase_cli", "varphase", """#include "src/base/console.hpp"
#include "tools/cli/command_line.hpp"
#include "tools/cli/engine.hpp"
int main() {
  char program[] = "varphase", verb[] = "added", flag[] = "--times", value[] = "2";
  char* words[] = {program, verb, flag, value, nullptr};
  const varphase::Command command = varphase::parse_command_line(4, words);
  return varphase::finish_output(command.verb->run(varphase::Engine{}));
}
""")
        self.assertEqual(said, "a verb that was added\n" * 2)

    def test_a_layer(self):
        self.new_file("src/layers/added.cpp", """#include <ATen/ops/linear.h>

#include "src/layers/layer.hpp"

namespace varphase {
namespace {

/// A dense layer of two units.
class Added final : public Layer {
 public:
  explicit Added(std::int64_t in) : in_(in) { initialize({}); }
  std::string_view kind() const override { return "added"; }
  Shape output_shape() const override { return {2}; }
  LayerTraits traits() const override {
    LayerTraits traits;
    traits.weights = LayerTraits::Weights::dense;
    traits.geometry = {in_};
    return traits;
  }
  at::Tensor forward(const at::Tensor& x, const Forward&) override { return at::linear(x.flatten(1), weight_); }
  std::vector<Parameter> parameters() override { return {{"weight", &weight_, Role::weight, "out,in"}}; }
  void initialize(const NoiseKey& key) override { weight_ = uniform_tensor({2, in_}, 1, key, 0); }

 private:
  std::int64_t in_;
  at::Tensor weight_;
};

}  // namespace

std::unique_ptr<Layer> make_added(const Json&, const Shape& input) { return std::make_unique<Added>(element_count(input)); }

}  // namespace varphase
""")  # fmt: skip
        self.insert("src/layers/layer_kinds.cpp", "MakeLayer make_dense;", "MakeLayer make_added;\n")
        self.insert("src/layers/layer_kinds.cpp", '{"dense", {make_dense, "dense"}}', '{"added", {make_added, "added"}}, ')
        self.insert("src/CMakeLists.txt", "  layers/dense.cpp", "  layers/added.cpp\n")
        self.insert("analysis/curvature/rule.cpp", '{"dense", make_dense_rule}', '{"added", make_dense_rule}, ')
        self.insert("analysis/exchange/onnx_graph.cpp", '{"dense", add_linear}', '{"added", add_linear}, ')
        said = self.check("a layer", "varphase_analysis", "curvature_test", """#include <cstdio>
#include "analysis/curvature/second_order.hpp"
#include "analysis/exchange/onnx_graph.hpp"
#include "src/base/error.hpp"
#include <ATen/ATen.h>
int main() {
  const varphase::Json spec = varphase::Json::parse(R"({"input": [1, 2, 2], "classes": 2, "layers": ["added"]})");
  varphase::Network network(spec);
  network.initialize(1);
  varphase::CurvatureChain chain(network, 0, {}, at::kDouble);
  varphase::SecondOrderRequest request;
  request.layers = {0};
  varphase::SecondOrder pass(chain, request);
  const at::Tensor x = at::ones({1, 1, 2, 2}, at::kDouble);
  pass.add(x, at::zeros({1}, at::kLong), at::zeros({1}, at::kLong));
  const at::Tensor p = at::softmax(network.forward(x.to(at::kFloat), {}), 1)[0][0];
  const double wanted = (p * (1 - p)).item<double>(), got = pass.sums()[0].hessian[0][0].item<double>();
  const auto graph = varphase::onnx_graph(network, varphase::OnnxMode::deterministic, {});
  bool gemm = false;
  for (const auto& node : graph.nodes) gemm = gemm || node.op == "Gemm";
  std::printf("%s %d %d", network.parameters().front().name.c_str(), std::abs(got / wanted - 1) < 1e-5, gemm);
}
""")  # fmt: skip
        self.assertEqual(said, "added1/weight 1 1")

    def test_a_pruning_criterion(self):
        self.insert("analysis/prune/criteria.cpp", '{"random", {', '{"added", {.score = [](In in) { return each(in, [&](auto i) '
                    '{ return in.mean[i] + 2 * in.variance[i]; }); }, .formula = "mu + 2 sigma^2"}},\n       ')  # fmt: skip
        said = self.check("a pruning criterion", "varphase_results", "criteria_test", """#include <cstdio>
#include "analysis/prune/criteria.hpp"
int main() {
  varphase::ScoreInputs inputs;
  inputs.layer = "dense1";
  inputs.parameterization = "neuron";
  inputs.shape = {1, 2};
  inputs.mean = {3, -1};
  inputs.variance = {0.5, 4};
  for (const double score : varphase::score_weights("added", inputs)) std::printf("%g ", score);
}
""")  # fmt: skip
        self.assertEqual(said, "4 7 ")

    def test_a_schedule(self):
        self.insert("src/train/schedule.cpp", "std::int64_t last_pruning(",
                    "double added(const TrainConfig& config, std::int64_t epoch, double) { return 1 / (1 + done(config, epoch)); }\n\n")
        self.insert("src/train/schedule.cpp", '{"cosine", cosine}', '{"added", added}, ')
        self.insert("src/train/train_config.hpp", '"cosine"', '"added", ')
        said = self.check("a schedule", "varphase_core", "train_test", """#include <cstdio>
#include "src/train/schedule.hpp"
int main() {
  varphase::TrainConfig config;
  varphase::set_field(config, "schedule=added");
  config.epochs = 4;
  config.learning_rate = 1;
  std::printf("%g", varphase::learning_rates(config, 1).weights);
}
""")  # fmt: skip
        self.assertEqual(said, "0.8")

    def test_a_prior(self):
        self.new_file("src/variance/added.cpp", """#include "src/variance/prior.hpp"

namespace varphase {
namespace {

class Added final : public Prior {
 public:
  std::string_view name() const override { return "added"; }
  bool allows(std::string_view parameterization) const override { return parameterization == "weight"; }
  at::Tensor kl(const Parameterization&, const at::Tensor& mean, const at::Tensor&, const NormalDraw&,
                const at::Tensor&) const override {
    return mean.square().sum() / 2;
  }
};

}  // namespace

std::unique_ptr<Prior> make_added(const PriorOptions&) { return std::make_unique<Added>(); }

}  // namespace varphase
""")  # fmt: skip
        self.insert("src/variance/prior.hpp", "std::unique_ptr<Prior> make_student_t(",
                    "std::unique_ptr<Prior> make_added(const PriorOptions& options = {});\n")
        self.insert("src/variance/priors.cpp", '{"student_t", make_student_t}', '{"added", make_added}, ')
        self.insert("src/CMakeLists.txt", "  variance/student_t.cpp", "  variance/added.cpp\n")
        said = self.check("a prior", "varphase_core", "variance_test", """#include <cstdio>
#include "src/models/network.hpp"
#include "src/variance/prior.hpp"
int main() {
  const varphase::Json spec = varphase::Json::parse(R"({"input": [1, 2, 2], "classes": 2, "layers": [
      {"variance_dense": {"out": 2, "parameterization": "weight", "prior": "added"}}]})");
  varphase::Network network(spec);
  network.initialize(1);
  const double wanted = network.variance_layers().front()->mean().square().sum().item<double>() / 2;
  std::printf("%s %d", varphase::allowed_parameterizations(*varphase::priors().at("added")({})).c_str(),
              network.kl({}, {}).item<double>() == wanted);
}
""")  # fmt: skip
        self.assertEqual(said, "weight 1")

    def test_a_parameterization(self):
        self.new_file("src/variance/added.cpp", """#include "src/variance/log_alpha_theta.hpp"

namespace varphase {
namespace {

/// One log alpha for the weights of each input.
class Added final : public LogAlphaTheta {
 public:
  std::string_view name() const override { return "added"; }
  Shape theta_shape(const Shape& weight) const override { return {1, weight[1]}; }
};

}  // namespace

std::unique_ptr<Parameterization> make_added() { return std::make_unique<Added>(); }

}  // namespace varphase
""")  # fmt: skip
        self.insert("src/variance/parameterization.hpp", "std::unique_ptr<Parameterization> make_weight_wise();",
                    "std::unique_ptr<Parameterization> make_added();\n")
        self.insert("src/variance/parameterizations.cpp", '{"weight", make_weight_wise}', '{"added", make_added}, ')
        self.insert("src/CMakeLists.txt", "  variance/weight_wise.cpp", "  variance/added.cpp\n")
        said = self.check("a parameterization", "varphase_core", "variance_test", """#include <cstdio>
#include "src/models/network.hpp"
int main() {
  const varphase::Json spec = varphase::Json::parse(R"({"input": [1, 2, 2], "classes": 2, "layers": [
      {"variance_dense": {"out": 2, "parameterization": "added", "prior": "student_t"}}]})");
  varphase::Network network(spec);
  network.initialize(1);
  for (const auto& entry : network.parameters()) {
    if (entry.parameter.role == varphase::Role::variance)
      std::printf("%s %d", entry.name.c_str(), static_cast<int>(entry.parameter.tensor->numel()));
  }
}
""")  # fmt: skip
        self.assertEqual(said, "dense1/log_alpha 4")

    def test_an_optimizer(self):
        self.new_file("src/train/added.cpp", """#include "src/train/optimizer.hpp"

namespace varphase {
namespace {

class Added final : public Optimizer {
 public:
  Added(const Network& network, const TrainConfig& config) : Optimizer(network, config, {}) {}

 private:
  void update(Group& group, const std::vector<at::Tensor>& gradients) override {
    for (std::size_t i = 0; i < gradients.size(); ++i)
      group.parameters[i].add_(gradients[i].sign(), -group.rate);
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_added(const Network& network, const TrainConfig& config) {
  return std::make_unique<Added>(network, config);
}

}  // namespace varphase
""")  # fmt: skip
        self.insert("src/train/optimizer.hpp", "std::unique_ptr<Optimizer> make_sgd(",
                    "std::unique_ptr<Optimizer> make_added(const Network& network, const TrainConfig& config);\n")
        self.insert("src/train/optimizer.cpp", '{"sgd", make_sgd}', '{"added", make_added}, ')
        self.insert("src/train/train_config.hpp", '"sgd"}', '"added", ')
        self.insert("src/CMakeLists.txt", "  train/sgd.cpp", "  train/added.cpp\n")
        said = self.check("an optimizer", "varphase_core", "train_test", """#include <cstdio>
#include <ATen/core/grad_mode.h>
#include "src/train/optimizer.hpp"
int main() {
  const at::NoGradGuard no_gradients;
  varphase::TrainConfig config;
  varphase::set_field(config, "optimizer=added");
  const varphase::Json spec = varphase::Json::parse(R"({"input": [1, 2, 2], "classes": 2, "layers": [{"dense": {"out": 2}}]})");
  varphase::Network network(spec);
  network.initialize(1);
  std::vector<at::Tensor> gradients;
  for (const auto& entry : network.parameters()) {
    entry.parameter.tensor->fill_(1);
    gradients.push_back(at::full_like(*entry.parameter.tensor, -7));
  }
  const auto optimizer = varphase::optimizers().at(config.optimizer)(network, config);
  optimizer->set_rates(0.5, 0);
  optimizer->step(gradients);
  std::printf("%g", network.parameters().front().parameter.tensor->sum().item<double>());
}
""")  # fmt: skip
        self.assertEqual(said, "12")

    def test_a_kind_of_image_file(self):
        self.new_file("src/data/added.hpp", """#pragma once

#include "src/data/image_format.hpp"

namespace varphase {

std::unique_ptr<ImageDecoder> open_added(std::span<const std::uint8_t> bytes, const ReadLimits& limits);

}  // namespace varphase
""")  # fmt: skip
        self.new_file("src/data/added.cpp", """#include "src/data/added.hpp"

namespace varphase {
namespace {

class Added final : public ImageDecoder {
 public:
  explicit Added(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

 protected:
  ImageHeader read_header() override { return {1, 1, 1}; }
  void read_pixels(std::uint8_t* out) override { *out = bytes_.back(); }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

std::unique_ptr<ImageDecoder> open_added(std::span<const std::uint8_t> bytes, const ReadLimits&) {
  return std::make_unique<Added>(bytes);
}

}  // namespace varphase
""")  # fmt: skip
        self.insert("src/data/image_format.cpp", '#include "src/data/jpeg.hpp"', '#include "src/data/added.hpp"\n')
        self.insert("src/data/image_format.cpp", '{"PNG", {".png"}', '{"Added", {".added"}, "added", true, "", open_added},\n      ')
        self.insert("src/CMakeLists.txt", "  data/array_images.cpp", "  data/added.cpp\n")
        said = self.check("a kind of image file", "varphase_data", "data_test", """#include <cstdio>
#include <vector>
#include "src/data/image_format.hpp"
int main() {
  const std::vector<std::uint8_t> bytes{'a', 'd', 'd', 'e', 'd', 42};
  const auto decoder = varphase::open_image(bytes, *varphase::image_format_of("X.ADDED"), {});
  std::vector<std::uint8_t> pixels(decoder->header().bytes());
  decoder->decode(pixels.data());
  std::printf("%d", pixels.at(0));
}
""")  # fmt: skip
        self.assertEqual(said, "42")

    def test_a_layout_of_image_files(self):
        self.new_file("src/data/added.hpp", """#pragma once

#include "src/data/readers.hpp"

namespace varphase {

bool holds_added(const std::filesystem::path& path);
Dataset read_added(const std::filesystem::path& path, const ReadOptions& options);

}  // namespace varphase
""")  # fmt: skip
        self.new_file("src/data/added.cpp", """#include "src/data/added.hpp"

namespace varphase {

bool holds_added(const std::filesystem::path& path) { return path.extension() == ".added"; }

Dataset read_added(const std::filesystem::path& path, const ReadOptions&) {
  Dataset dataset;
  dataset.name = path.stem().string();
  dataset.train = {1, 1, 1, {7, 8}, {0, 1}, {0, 1}};
  dataset.test = {1, 1, 1, {9}, {1}, {0}};
  dataset.source = path.string();
  return dataset;
}

}  // namespace varphase
""")  # fmt: skip
        self.insert("src/data/readers.cpp", '#include "src/data/', '#include "src/data/added.hpp"\n')
        self.insert("src/data/readers.cpp", '{"hdf5", "a file', '{"added", "NAME.added", holds_added, read_added},\n      ')
        self.insert("src/CMakeLists.txt", "  data/array_images.cpp", "  data/added.cpp\n")
        said = self.check("a layout of image files", "varphase_data", "data_test", """#include <cstdio>
#include <fstream>
#include "src/data/dataset.hpp"
int main() {
  std::ofstream("some.added") << "x";
  varphase::DataRequest request;
  request.data = "some.added";
  const varphase::Dataset dataset = varphase::read_dataset(request);
  std::printf("%d %d", static_cast<int>(dataset.train.pixels.at(1)), static_cast<int>(dataset.classes));
}
""")  # fmt: skip
        self.assertEqual(said, "8 2")


if __name__ == "__main__":
    unittest.main()
