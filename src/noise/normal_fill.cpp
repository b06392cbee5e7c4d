// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/noise/normal_fill.hpp"

#include <algorithm>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/noise/normal_fill.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/noise/normal.hpp"

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The same bits on every instruction set: each step is one correctly rounded IEEE operation, as in
// normal.hpp, whose formula this is for a vector of words.
using FloatTag = hn::ScalableTag<float>;
using WordTag = hn::RebindToUnsigned<FloatTag>;
using WideTag = hn::Repartition<std::uint64_t, WordTag>;
using Floats = hn::Vec<FloatTag>;
using Words = hn::Vec<WordTag>;

constexpr FloatTag kFloats;
constexpr WordTag kWords;
constexpr WideTag kWide;
constexpr std::int64_t kBlocks = static_cast<std::int64_t>(hn::MaxLanes(FloatTag()));  // at a time

HWY_INLINE Floats all(float value) { return hn::Set(kFloats, value); }
HWY_INLINE Floats bits(std::uint32_t value) { return hn::BitCast(kFloats, hn::Set(kWords, value)); }

#if HWY_TARGET == HWY_SSE4
/// a b + c of doubles that hold floats, rounded once to a float. The product is exact; the sum is
/// rounded to odd, which loses nothing that a second rounding to 24 bits needs (Boldo & Melquiond,
/// 2008).
template <class D, class V>
HWY_INLINE V rounded_to_odd(D d, V a, V b, V c) {
  using IntegerTag = hn::RebindToSigned<D>;
  constexpr IntegerTag kIntegers;
  const V product = a * b, sum = product + c, part = sum - product;
  const V error = (product - (sum - part)) + (c - part);  // exact (Knuth's two-sum)
  const auto as_integer = hn::BitCast(kIntegers, sum);
  const auto one = hn::Set(kIntegers, 1);
  const auto wrong = hn::RebindMask(
      kIntegers, hn::Not(error == hn::Zero(d)));  // inexact, and to be made odd where it is even
  const auto even = (as_integer & one) == hn::Zero(kIntegers);
  // Away from zero where the error has the sum's sign, else towards it.
  const auto same_sign = hn::RebindMask(kIntegers, (error > hn::Zero(d)));
  const auto positive = hn::RebindMask(kIntegers, sum > hn::Zero(d));
  const auto step = hn::IfThenElse(hn::Xor(same_sign, positive), hn::Set(kIntegers, -1), one);
  return hn::BitCast(d, as_integer + hn::IfThenElseZero(hn::And(wrong, even), step));
}
HWY_INLINE Floats fused(Floats a, Floats b, Floats c) {
  constexpr hn::Repartition<double, FloatTag> kDoubles;
  constexpr hn::Half<FloatTag> kHalves;
  const auto low = rounded_to_odd(kDoubles, hn::PromoteTo(kDoubles, hn::LowerHalf(kHalves, a)),
                                  hn::PromoteTo(kDoubles, hn::LowerHalf(kHalves, b)),
                                  hn::PromoteTo(kDoubles, hn::LowerHalf(kHalves, c)));
  const auto high = rounded_to_odd(kDoubles, hn::PromoteTo(kDoubles, hn::UpperHalf(kHalves, a)),
                                   hn::PromoteTo(kDoubles, hn::UpperHalf(kHalves, b)),
                                   hn::PromoteTo(kDoubles, hn::UpperHalf(kHalves, c)));
  return hn::Combine(kFloats, hn::DemoteTo(kHalves, high), hn::DemoteTo(kHalves, low));
}
#else
HWY_INLINE Floats fused(Floats a, Floats b, Floats c) { return hn::MulAdd(a, b, c); }
#endif

/// Words as floats: two exact halves and one rounding, since not all sets convert unsigned numbers.
HWY_INLINE Floats from_words(Words words) {
  const hn::RebindToSigned<FloatTag> integers;
  const auto high = hn::ConvertTo(kFloats, hn::BitCast(integers, hn::ShiftRight<16>(words)));
  const auto low = hn::ConvertTo(kFloats, hn::BitCast(integers, words & hn::Set(kWords, 0xffffU)));
  return fused(high, all(65536.0F), low);
}

struct NormalPairs {
  Floats even, odd;
};

/// normal_pair() of a vector of words each.
HWY_INLINE NormalPairs normal_pairs(Words x0, Words x1) {
  const hn::RebindToSigned<FloatTag> integers;
  // Words from 0xC0000000 on have both upper bits set. Vectors compare signed.
  const auto near_one_words = hn::BitCast(integers, x0 & hn::ShiftLeft<1>(x0)) < hn::Zero(integers);
  const auto near_one = hn::RebindMask(kFloats, near_one_words);
  const Words apart = hn::IfThenElse(hn::RebindMask(kWords, near_one_words), hn::Not(x0), x0);
  const Floats u = fused(from_words(apart), all(0x1p-32F), all(0x1p-33F));
  const Words ix = hn::BitCast(kWords, u) + hn::Set(kWords, 0x3f800000U - 0x3f3504f3U);
  const Floats exponent =
      hn::BitCast(kFloats, hn::ShiftRight<23>(ix) | hn::Set(kWords, 0x4b000000U)) +
      all(-8388735.0F);
  const Floats k = hn::IfThenZeroElse(near_one, exponent);
  const Floats mantissa =
      hn::BitCast(kFloats, (ix & hn::Set(kWords, 0x7fffffU)) + hn::Set(kWords, 0x3f3504f3U)) +
      all(-1.0F);
  const Floats f = hn::IfThenElse(near_one, hn::Neg(u), mantissa);
  Floats p = all(-0x1.43b246p-4F);
  for (const float next : {0x1.02814ep-3F, -0x1.0a33eap-3F, 0x1.231ce6p-3F, -0x1.54d03ep-3F,
                           0x1.999f14p-3F, -0x1.0000cep-2F, 0x1.555554p-2F})
    p = fused(p, f, all(next));
  const Floats z = f * f;
  const Floats y = f * z;
  const Floats q = fused(y, p, k * bits(0x3717f7d1U));
  const Floats w = fused(all(-0.5F), z, f);
  const Floats log_u = fused(k, bits(0x3f317180U), w + q);
  const Floats r = hn::Sqrt(all(-2.0F) * log_u);

  const Words d = hn::ShiftRight<30>(x1 + hn::Set(kWords, 0x20000000U));
  const Floats t =
      hn::ConvertTo(kFloats, hn::BitCast(integers, x1 - hn::ShiftLeft<30>(d))) * all(0x1p-30F);
  const Floats s = t * t;
  Floats sine = all(-0x1.2d9b40p-8F);
  for (const float next : {0x1.465ec4p-4F, -0x1.4abbbap-1F, 0x1.921fb6p+0F})
    sine = fused(sine, s, all(next));
  sine = t * sine;
  Floats cosine = all(0x1.db6492p-11F);
  for (const float next : {-0x1.55cb98p-6F, 0x1.03c1eap-2F, -0x1.3bd3ccp+0F, 1.0F})
    cosine = fused(cosine, s, all(next));

  const auto swap = hn::RebindMask(kFloats, (d & hn::Set(kWords, 1)) == hn::Set(kWords, 1));
  const Words two = hn::Set(kWords, 2);
  const Words sign_a = hn::ShiftLeft<30>((d + hn::Set(kWords, 1)) & two);
  const Words sign_b = hn::ShiftLeft<30>(d & two);
  const Floats a = hn::IfThenElse(swap, sine, cosine), b = hn::IfThenElse(swap, cosine, sine);
  return {r * hn::Xor(a, hn::BitCast(kFloats, sign_a)),
          r * hn::Xor(b, hn::BitCast(kFloats, sign_b))};
}

/// What the rounds of Philox add in, the same for all blocks of a key: read from memory, since to
/// spread a number over a vector costs as much as a product.
struct RoundKeys {
  hn::Vec<WideTag> k0[10], k1[10];

  HWY_INLINE explicit RoundKeys(const NoiseKey& key) {
    for (std::uint32_t round = 0; round < 10; ++round) {
      k0[round] = hn::Set(kWide, key.k0() + round * 0x9E3779B9U);
      k1[round] = hn::Set(kWide, key.k1() + round * 0xBB67AE85U);
    }
  }
};

/// The upper half of each lane in its lower one; a shuffle, which other ports do than the products.
HWY_INLINE hn::Vec<WideTag> upper_half(hn::Vec<WideTag> lanes) {
  return hn::BitCast(kWide, hn::Shuffle2301(hn::BitCast(kWords, lanes)));
}

/// philox() of kBlocks neighbouring blocks, a block a 64-bit lane: the halves of a product lie
/// where the next round wants them, and a product reads the lower halves alone.
HWY_INLINE void philox_of_blocks(const NoiseKey& key, const RoundKeys& keys, std::uint32_t example,
                                 std::uint32_t member, std::uint32_t quad, Words (&words)[4]) {
  using Wide = hn::Vec<WideTag>;
  // Both halves of the blocks round by round: neither waits for its own products.
  Wide c0[2], c1[2], c2[2], c3[2];
  for (int i = 0; i < 2; ++i) {
    c0[i] = hn::Iota(kWide, 0) + hn::Set(kWide, quad + static_cast<std::uint64_t>(i * kBlocks / 2));
    c1[i] = hn::Set(kWide, example);
    c2[i] = hn::Set(kWide, member);
    c3[i] = hn::Set(kWide, key.c3());
  }
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 2; ++i) {
      const Wide a = hn::MulEven(hn::BitCast(kWords, c0[i]), hn::Set(kWords, 0xD2511F53U));
      const Wide b = hn::MulEven(hn::BitCast(kWords, c2[i]), hn::Set(kWords, 0xCD9E8D57U));
      c0[i] = upper_half(b) ^ c1[i] ^ keys.k0[round];
      c2[i] = upper_half(a) ^ c3[i] ^ keys.k1[round];
      c1[i] = b;
      c3[i] = a;
    }
  }
  const Wide* const lists[4] = {c0, c1, c2, c3};
  for (int i = 0; i < 4; ++i) {
    words[i] =
        hn::ConcatEven(kWords, hn::BitCast(kWords, lists[i][1]), hn::BitCast(kWords, lists[i][0]));
  }
}

/// Units 4 quad .. 4 (quad + kBlocks) - 1.
HWY_INLINE void normals_of_blocks(const NoiseKey& key, const RoundKeys& keys, std::uint32_t example,
                                  std::uint32_t member, std::uint32_t quad, float* out) {
  Words words[4];
  philox_of_blocks(key, keys, example, member, quad, words);
  const NormalPairs first = normal_pairs(words[0], words[1]);
  const NormalPairs second = normal_pairs(words[2], words[3]);
  hn::StoreInterleaved4(first.even, first.odd, second.even, second.odd, kFloats, out);
}

void normals(const NoiseKey& key, std::uint32_t example, std::uint32_t member, std::int64_t units,
             float* out) {
  constexpr std::int64_t kChunk = 4 * kBlocks;
  const RoundKeys keys(key);
  std::int64_t unit = 0;
  for (; unit + kChunk <= units; unit += kChunk)
    normals_of_blocks(key, keys, example, member, static_cast<std::uint32_t>(unit / 4), out + unit);
  if (unit < units) {
    float rest[kChunk];
    normals_of_blocks(key, keys, example, member, static_cast<std::uint32_t>(unit / 4), rest);
    std::copy(rest, rest + (units - unit), out + unit);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {

HWY_EXPORT(normals);

void fill_normals(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                  std::int64_t units, float* out) {
  HWY_DYNAMIC_DISPATCH(normals)(key, example, member, units, out);
}

float normal_at(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                std::uint64_t unit) {
  const PhiloxBlock block =
      noise_block(key, example, member, static_cast<std::uint32_t>(unit >> 2U));
  const bool second = (unit & 2U) != 0;
  const NormalPair pair = normal_pair(second ? block.x2 : block.x0, second ? block.x3 : block.x1);
  return (unit & 1U) != 0 ? pair.odd : pair.even;
}

void fill_uniforms(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                   std::int64_t units, float* out) {
  for (std::int64_t unit = 0; unit < units; ++unit) {
    const PhiloxBlock block =
        noise_block(key, example, member, static_cast<std::uint32_t>(unit / 4));
    const std::uint32_t words[4] = {block.x0, block.x1, block.x2, block.x3};
    out[unit] = uniform_from_word(words[unit % 4]);
  }
}

}  // namespace varphase
#endif  // HWY_ONCE
