// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varphase {
namespace {

using ::testing::HasSubstr;

template <class Act>
std::string refused(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "not refused";
}

TEST(Epsilon, IsInTheUnitsOfPixels) {
  EXPECT_DOUBLE_EQ(pixel_distance("8/255", "--epsilon"), 8);
  EXPECT_DOUBLE_EQ(pixel_distance("0.5/255", "--epsilon"), 0.5);
  EXPECT_DOUBLE_EQ(pixel_distance("0.03", "--epsilon"), 0.03 * 255);
  EXPECT_DOUBLE_EQ(pixel_distance("0.5px", "--epsilon"), 0.5);
  EXPECT_DOUBLE_EQ(pixel_distance("0", "--epsilon"), 0);
  EXPECT_EQ(pixel_distance("none", "--epsilon"), kUnbounded);
}

TEST(Epsilon, WrongOnesAreNamed) {
  for (const char* text : {"", "x", "8/", "/255", "8/0", "8/-1", "nan", "inf", "1e999", "8 px",
                           "px", "8px/255", "0.1.2", "none "}) {
    EXPECT_THAT(refused([&] { pixel_distance(text, "--step"); }),
                HasSubstr(std::string("--step ") + text + ":"))
        << text;
  }
  EXPECT_THAT(refused([] { pixel_distance("-1/255", "--epsilon"); }), HasSubstr("negative"));
}

TEST(AttackRequest, HasItsMethodsDefaults) {
  AttackRequest request;
  request.epsilon = 8;
  set_defaults(request);
  EXPECT_TRUE(request.random_start);
  EXPECT_DOUBLE_EQ(request.step, 2);
  request.method = AttackMethod::fgsm;
  set_defaults(request);
  EXPECT_FALSE(request.random_start);
  EXPECT_EQ(request.step, 8);
  EXPECT_EQ(request.steps, 1);
  request.method = AttackMethod::ifgsm;
  set_defaults(request);
  EXPECT_EQ(request.step, 0.5);
}

TEST(AttackRequest, CountsItsGradients) {
  AttackRequest request;
  request.restarts = 3;
  request.samples = 7;
  EXPECT_EQ(request.gradients_an_image(), 3 * 10 * 7);
  request.gradient = AttackGradient::one;
  EXPECT_EQ(request.gradients_an_image(), 30);
  request.gradient = AttackGradient::mean;
  EXPECT_EQ(request.gradients_an_image(), 30);
  EXPECT_EQ(request.members(), 0);
}

TEST(AttackRequest, WhatNoImageOrNetworkHasIsRefused) {
  const auto why = [](auto&& change) {
    AttackRequest request;
    request.epsilon = 8;
    set_defaults(request);
    change(request);
    return refused([&] { check_request(request, 784, 10); });
  };
  EXPECT_EQ(why([](AttackRequest&) {}), "not refused");
  EXPECT_THAT(why([](AttackRequest& r) { r.epsilon = 256; }), HasSubstr("over the range"));
  EXPECT_EQ(why([](AttackRequest& r) { r.epsilon = 255; }), "not refused");
  EXPECT_EQ(why([](AttackRequest& r) {
              r.method = AttackMethod::pgd_l2;
              r.epsilon = 28 * 255;
            }),
            "not refused");
  EXPECT_THAT(why([](AttackRequest& r) {
                r.method = AttackMethod::pgd_l2;
                r.epsilon = 28 * 255 + 1;
              }),
              HasSubstr("7140px"));
  EXPECT_THAT(why([](AttackRequest& r) { r.epsilon = kUnbounded; }), HasSubstr("wants --epsilon"));
  EXPECT_THAT(why([](AttackRequest& r) { r.target = attack_target("10"); }),
              HasSubstr("classes 0 to 9"));
  EXPECT_EQ(why([](AttackRequest& r) { r.target = attack_target("9"); }), "not refused");
  EXPECT_THAT(why([](AttackRequest& r) { r.samples = 0; }), HasSubstr("--samples 0"));
  EXPECT_THAT(why([](AttackRequest& r) { r.step = kUnbounded; }), HasSubstr("--step"));
  EXPECT_THAT(why([](AttackRequest& r) {
                r.random_start = false;
                r.restarts = 2;
              }),
              HasSubstr("--start random"));
  EXPECT_THAT(why([](AttackRequest& r) { r.steps = 1LL << 40; }), HasSubstr("2^32"));
}

TEST(AttackTarget, IsARuleOrAClass) {
  EXPECT_EQ(attack_target("least-likely").rule, TargetRule::least_likely);
  EXPECT_EQ(attack_target("3").label, 3);
  for (const char* text : {"none", "next", "random", "least-likely", "7"})
    EXPECT_EQ(target_text(attack_target(text)), text);
  EXPECT_THAT(refused([] { attack_target("nxt"); }), HasSubstr("next"));
  EXPECT_THAT(refused([] { attack_target("-1"); }), HasSubstr("from 0"));
}

}  // namespace
}  // namespace varphase
