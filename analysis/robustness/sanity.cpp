// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/sanity.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include "analysis/robustness/aim.hpp"
#include "analysis/robustness/attack_summary.hpp"
#include "analysis/robustness/input_gradient.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kLeastSteps = 10, kLeastUnbounded = 40;
constexpr double kMostWithout = 0.05;    // of images without a gradient
constexpr double kUnboundedRate = 0.99;  // of images that an attack without bounds succeeds with
constexpr double kStandardErrors = 2;
constexpr double kShareOfGain = 0.02;  // that the loss may fall: steps of a fixed size overshoot
constexpr double kStepsOfRange = 4;    // what all steps without bounds may cross

/// The attack that is asked about, in a ball: of an attack without one as far as its steps reach.
AttackRequest base_of(AttackRequest request) {
  request.restarts = 1;
  if (request.epsilon == kUnbounded)
    request.epsilon = std::min(
        request.step * static_cast<double>(std::max(request.steps, kLeastSteps)), kPixelRange);
  if (request.method == AttackMethod::fgsm) request.method = AttackMethod::pgd_linf;
  if (request.steps < kLeastSteps) {
    request.steps = kLeastSteps;
    request.step = 2.5 * request.epsilon / static_cast<double>(kLeastSteps);
  }
  return request;
}

AttackRequest twice_the_steps(AttackRequest request) {
  request.steps *= 2;
  return request;
}

AttackRequest one_step(AttackRequest request) {
  request.steps = 1;
  request.step = request.epsilon;
  request.random_start = false;
  return request;
}

/// From the image: noise over the whole range is no image that anything is right about.
AttackRequest unbounded(AttackRequest request, std::int64_t pixels) {
  request.random_start = false;
  request.epsilon =
      request.is_l2() ? kPixelRange * std::sqrt(static_cast<double>(pixels)) : kPixelRange;
  request.steps = std::max(2 * request.steps, kLeastUnbounded);
  request.step = kStepsOfRange * request.epsilon / static_cast<double>(request.steps);
  return request;
}

AttackRequest noise_alone(AttackRequest request) {
  request.steps = 1;
  request.step = 0;
  request.random_start = true;
  return request;
}

/// An attack's successes at its end, image by image.
struct Tried {
  AttackOutcome outcome;
  std::vector<double> success;
  double rate = 0;
};

std::string percent(double rate) { return fmt::format("{:.1f} %", 100 * rate); }

class Sanity {
 public:
  Sanity(const ImageModels& models, const DeviceImages& images, const AttackRequest& request,
         const JudgeRequest& judging, const std::function<void(std::int64_t)>& advanced,
         const KeptAttacks* kept)
      : models_(models),
        images_(images),
        judging_(judging),
        advanced_(advanced),
        kept_(kept),
        base_(base_of(request)) {
    judging_.every = 0;
    judging_.keep_pixels = false;
  }

  std::vector<SanityCheck> run() {
    const Tried base = tried(base_), one = tried(one_step(base_)),
                twice = tried(twice_the_steps(base_));
    const Tried all = tried(unbounded(base_, images_.pixels.size(1))),
                noise = tried(noise_alone(base_));
    return {gradient(), loss(base), steps(one, base, twice), without_bounds(all),
            random(noise, base)};
  }

 private:
  Tried tried(const AttackRequest& request) {
    Tried result;
    const std::int64_t number = tried_++;
    std::optional<AttackOutcome> before;
    if (kept_ != nullptr) before = kept_->find(number);
    if (before) {
      result.outcome = std::move(*before);
      advanced_(images_.count() * request.steps);
    } else {
      result.outcome = attack_batch(models_, {models_}, images_, request, judging_,
                                    [this] { advanced_(images_.count()); });
      if (kept_ != nullptr) kept_->keep(number, result.outcome);
    }
    const std::size_t last = result.outcome.points() - 1;
    for (std::int64_t n = 0; n < images_.count(); ++n)
      result.success.push_back(result.outcome.succeeds(0, static_cast<std::size_t>(n), last) ? 1
                                                                                             : 0);
    result.rate = mean_of_images(result.success).mean;
    return result;
  }

  SanityCheck gradient() const {
    const at::Tensor aim = aim_of(models_, images_, base_);
    MemberDraws draws;
    draws.key = {base_.seed, Stream::attack, 0, static_cast<std::uint8_t>(images_.split)};
    draws.members = base_.members();
    DeviceImages floats = images_;
    floats.pixels = images_.pixels.to(at::kFloat);
    at::Tensor without;
    for (const ImageModel& model : models_) {
      const at::Tensor size =
          input_gradient(*model.network, model.see(floats), aim, draws).gradient.abs().amax(1);
      // Neither 0 nor NaN nor infinity: one network that has a gradient is enough.
      const at::Tensor none = size.gt(0).logical_and(size.isfinite()).logical_not();
      without = without.defined() ? without.logical_and(none) : none;
      ++draws.key.seed;
    }
    const auto count = without.sum().item<std::int64_t>();
    const double share = static_cast<double>(count) / static_cast<double>(images_.count());
    return {"gradient", share <= kMostWithout,
            fmt::format("{} of {} images have no gradient", count, images_.count())};
  }

  SanityCheck loss(const Tried& base) const {
    const auto points = static_cast<std::size_t>(base_.steps) + 1;
    const auto mean_between = [&](std::size_t from, std::size_t to) {
      std::vector<double> gains;
      for (std::size_t n = 0; n < base.success.size(); ++n) {
        const float* loss = &base.outcome.loss[n * points];
        gains.push_back(base_.is_targeted() ? loss[from] - loss[to] : loss[to] - loss[from]);
      }
      return mean_of_images(gains);
    };
    const double whole = mean_between(0, points - 1).mean;
    SanityCheck check{"loss", true, ""};
    std::size_t worst = 0;
    double least = 0;
    for (std::size_t t = 0; t + 1 < points; ++t) {
      const MeanOfImages gain = mean_between(t, t + 1);
      const double allowed = kStandardErrors * gain.standard_error + kShareOfGain * std::abs(whole);
      if (gain.mean + allowed >= 0) continue;
      check.passed = false;
      if (gain.mean < least) {
        least = gain.mean;
        worst = t + 1;
      }
    }
    check.found = fmt::format("mean loss {} {:.4g} nats in {} steps",
                              (whole >= 0) != base_.is_targeted() ? "rises" : "falls",
                              std::abs(whole), base_.steps);
    if (!check.passed) check.found += fmt::format("; back {:.4g} at step {}", -least, worst);
    return check;
  }

  SanityCheck steps(const Tried& one, const Tried& base, const Tried& twice) const {
    return {"steps", !falls(one, base) && !falls(base, twice),
            fmt::format("success {}, {}, {} in 1, {}, {} steps", percent(one.rate),
                        percent(base.rate), percent(twice.rate), base_.steps, 2 * base_.steps)};
  }

  SanityCheck without_bounds(const Tried& all) const {
    return {"unbounded", all.rate >= kUnboundedRate,
            fmt::format("{} steps over the whole range: success {}", all.outcome.steps,
                        percent(all.rate))};
  }

  SanityCheck random(const Tried& noise, const Tried& base) const {
    return {"noise", !falls(noise, base),
            fmt::format("random points of the ball: success {}, {} steps: {}", percent(noise.rate),
                        base_.steps, percent(base.rate))};
  }

  /// Whether b succeeds less than a, by more than the noise of a paired difference.
  static bool falls(const Tried& a, const Tried& b) {
    std::vector<double> difference;
    for (std::size_t n = 0; n < a.success.size(); ++n)
      difference.push_back(a.success[n] - b.success[n]);
    const MeanOfImages mean = mean_of_images(difference);
    return mean.mean > kStandardErrors * mean.standard_error;
  }

  const ImageModels& models_;
  const DeviceImages& images_;
  JudgeRequest judging_;
  const std::function<void(std::int64_t)>& advanced_;
  const KeptAttacks* kept_;
  std::int64_t tried_ = 0;
  AttackRequest base_;
};

}  // namespace

std::int64_t sanity_image_steps(const AttackRequest& request, std::int64_t images) {
  const AttackRequest base = base_of(request);
  const std::int64_t whole = unbounded(base, 1).steps;
  return images * (base.steps + 1 + 2 * base.steps + whole + 1);
}

std::vector<SanityCheck> sanity_checks(const ImageModels& models, const DeviceImages& images,
                                       const AttackRequest& request, const JudgeRequest& judging,
                                       const std::function<void(std::int64_t)>& advanced,
                                       const KeptAttacks* kept) {
  return Sanity(models, images, request, judging, advanced, kept).run();
}

}  // namespace varphase
