// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack_outcome.hpp"

#include <numeric>

#include <fmt/format.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

template <class T>
void extend(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

std::string judge_name(std::size_t judge, const char* what) {
  return fmt::format("judges/{:02}/{}", judge, what);
}

/// Calls visit(name, values, extents behind N, dims, unit) for each array of one row an image. Outcome is const or not.
template <class Outcome, class Visit>
void visit_rows(Outcome& outcome, const Visit& visit) {
  const auto points = static_cast<std::int64_t>(outcome.points());
  using Extents = std::vector<std::int64_t>;
  visit("image", outcome.image, Extents{}, "image", "1");
  visit("label", outcome.label, Extents{}, "image", "1");
  visit("aim", outcome.aim, Extents{}, "image", "1");
  visit("restart", outcome.restart, Extents{}, "image", "1");
  visit("loss", outcome.loss, Extents{outcome.steps + 1}, "image,step", "nats");
  visit("linf", outcome.linf, Extents{}, "image", "pixel");
  visit("l2", outcome.l2, Extents{}, "image", "pixel");
  for (std::size_t j = 0; j < outcome.judges.size(); ++j) {
    visit(judge_name(j, "predicted"), outcome.judges[j].predicted, Extents{points}, "image,point",
          "1");
    visit(judge_name(j, "entropy"), outcome.judges[j].entropy, Extents{points}, "image,point",
          "nats");
  }
}

constexpr const char* kPixels = "pixels";
constexpr const char* kPoints = "judged_steps";

}  // namespace

bool AttackOutcome::succeeds(std::size_t judge, std::size_t n, std::size_t t) const {
  const bool is_aim = judges[judge].predicted[n * points() + t] == aim[n];
  return targeted ? is_aim : !is_aim;
}

void AttackOutcome::append(const AttackOutcome& more) {
  if (count() == 0 && judges.empty()) {
    *this = more;
    return;
  }
  VARPHASE_CHECK(more.judged_steps == judged_steps && more.steps == steps &&
                     more.judges.size() == judges.size() && more.targeted == targeted,
                 ErrorKind::usage, "images of two different attacks are not one result");
  extend(image, more.image);
  extend(label, more.label);
  extend(aim, more.aim);
  extend(restart, more.restart);
  extend(loss, more.loss);
  extend(linf, more.linf);
  extend(l2, more.l2);
  for (std::size_t j = 0; j < judges.size(); ++j) {
    extend(judges[j].predicted, more.judges[j].predicted);
    extend(judges[j].entropy, more.judges[j].entropy);
  }
  extend(pixels, more.pixels);
}

Document to_document(const AttackOutcome& outcome,
                     std::vector<std::pair<std::string, Attribute>> attributes) {
  Document document;
  document.kind = kAttackKind;
  document.attributes = std::move(attributes);
  document.attributes.emplace_back("targeted", std::int64_t{outcome.targeted});
  document.attributes.emplace_back("steps", outcome.steps);
  document.attributes.emplace_back("judges", static_cast<std::int64_t>(outcome.judges.size()));
  document.arrays.push_back(make_array<std::int64_t>(
      kPoints, {static_cast<std::int64_t>(outcome.points())}, outcome.judged_steps, "point", "1"));
  visit_rows(outcome,
             [&]<class T>(const std::string& name, const std::vector<T>& values,
                          std::vector<std::int64_t> extents, const char* dims, const char* unit) {
               extents.insert(extents.begin(), outcome.count());
               document.arrays.push_back(make_array<T>(name, extents, values, dims, unit));
             });
  if (!outcome.pixels.empty()) {
    std::vector<std::int64_t> shape{outcome.count()};
    extend(shape, outcome.shape);
    document.arrays.push_back(
        make_array<float>(kPixels, shape, outcome.pixels, "image,channel,height,width", "pixel"));
  }
  return document;
}

AttackOutcome outcome_from_document(const Document& document, const std::string& origin) {
  VARPHASE_CHECK(document.kind == kAttackKind, ErrorKind::format, "{}: is of kind {}, wants {}",
                 origin, document.kind, kAttackKind);
  AttackOutcome outcome;
  outcome.targeted = document.integer("targeted") != 0;
  outcome.steps = document.integer("steps");
  const std::int64_t judges = document.integer("judges");
  // Each judge has two arrays: so many were read already.
  VARPHASE_CHECK(judges >= 0 && judges <= static_cast<std::int64_t>(document.arrays.size()) &&
                     outcome.steps >= 0,
                 ErrorKind::format, "{}: {} judges of {} steps", origin, judges, outcome.steps);
  outcome.judges.resize(static_cast<std::size_t>(judges));
  const auto points = document.array(kPoints).as<std::int64_t>();
  outcome.judged_steps.assign(points.begin(), points.end());
  const std::int64_t count = document.array("image").count();
  visit_rows(outcome, [&]<class T>(const std::string& name, std::vector<T>& values,
                                   std::vector<std::int64_t> extents, const char* /*dims*/,
                                   const char* /*unit*/) {
    const Array& array = document.array(name);
    extents.insert(extents.begin(), count);
    VARPHASE_CHECK(array.shape == extents, ErrorKind::format, "{}: {} does not fit {} images",
                   origin, name, count);
    const auto read = array.template as<T>();
    values.assign(read.begin(), read.end());
  });
  if (const Array* pixels = document.find_array(kPixels)) {
    VARPHASE_CHECK(pixels->shape.size() == 4 && pixels->shape[0] == count, ErrorKind::format,
                   "{}: pixels do not fit {} images", origin, count);
    outcome.shape.assign(pixels->shape.begin() + 1, pixels->shape.end());
    const auto read = pixels->as<float>();
    outcome.pixels.assign(read.begin(), read.end());
  }
  return outcome;
}

}  // namespace varphase
