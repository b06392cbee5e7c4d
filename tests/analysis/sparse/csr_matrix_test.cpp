// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/csr_matrix.hpp"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/bit_mask.hpp"
#include "src/base/error.hpp"

namespace varphase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// 3 x 4 with an empty row and a kept zero.
CsrMatrix small() {
  const std::vector<float> dense{1, 2, 3, 4, 5, 6, 7, 8, 0, 10, 11, 12};
  const std::vector<std::uint8_t> keep{0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1};
  return csr_from_dense(3, 4, dense, keep);
}

std::vector<float> to_dense(const CsrMatrix& matrix) {
  std::vector<float> dense(static_cast<std::size_t>(matrix.rows * matrix.cols));
  for (std::size_t row = 0; row < static_cast<std::size_t>(matrix.rows); ++row) {
    float* const line = dense.data() + row * static_cast<std::size_t>(matrix.cols);
    for (auto entry = static_cast<std::size_t>(matrix.indptr[row]);
         entry < static_cast<std::size_t>(matrix.indptr[row + 1]); ++entry) {
      line[matrix.indices[entry]] = matrix.values[entry];
    }
  }
  return dense;
}

TEST(CsrMatrix, WrittenOutByHand) {
  const CsrMatrix matrix = small();
  EXPECT_THAT(matrix.indptr, ElementsAre(0, 2, 2, 4));
  EXPECT_THAT(matrix.indices, ElementsAre(1, 3, 0, 3));
  EXPECT_THAT(matrix.values, ElementsAre(2, 4, 0, 12));
  EXPECT_EQ(matrix.kept(), 4);
  EXPECT_THAT(to_dense(matrix), ElementsAre(0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 12));
  EXPECT_NO_THROW(check_csr(matrix, "small"));
}

TEST(CsrMatrix, DenseAndBackIsTheMaskedMatrix) {
  std::mt19937 random(5);
  for (const auto& [rows, cols] : {std::pair{1, 1}, {1, 17}, {23, 1}, {31, 29}}) {
    for (const unsigned share : {0U, 1U, 8U, 10U}) {
      const auto count = static_cast<std::size_t>(rows * cols);
      std::vector<float> dense(count);
      std::vector<std::uint8_t> keep(count);
      std::vector<float> wanted(count);
      for (std::size_t i = 0; i < count; ++i) {
        dense[i] = static_cast<float>(random()) - 2e9F;
        keep[i] = random() % 10 < share ? 1 : 0;
        wanted[i] = keep[i] != 0 ? dense[i] : 0;
      }
      const CsrMatrix matrix = csr_from_dense(rows, cols, dense, keep);
      EXPECT_NO_THROW(check_csr(matrix, "random"));
      EXPECT_EQ(to_dense(matrix), wanted);
    }
  }
}

TEST(CsrMatrix, SizesMustAgree) {
  const std::vector<float> dense(6);
  const std::vector<std::uint8_t> keep(5);
  EXPECT_THROW(csr_from_dense(2, 3, dense, keep), Error);
  EXPECT_THROW(csr_from_dense(1LL << 20, 1LL << 20, {}, {}), Error);
}

TEST(CsrMatrix, EveryFaultIsNamed) {
  struct Fault {
    const char* message;
    void (*make)(CsrMatrix&);
  };
  const Fault faults[] = {
      {"rows + 1", [](CsrMatrix& m) { m.indptr.pop_back(); }},
      {"rows + 1", [](CsrMatrix& m) { m.rows = -1; }},
      {"begins with", [](CsrMatrix& m) { m.indptr[0] = 1; }},
      {"falls",
       [](CsrMatrix& m) {
         m.indptr[1] = 3;
         m.indptr[2] = 2;
       }},
      {"falls", [](CsrMatrix& m) { m.indptr[1] = -1; }},
      {"falls", [](CsrMatrix& m) { m.indptr[2] = 1000000; }},
      {"ends with", [](CsrMatrix& m) { m.indptr[3] = 5; }},
      {"indices for", [](CsrMatrix& m) { m.indices.push_back(1); }},
      {"index 4", [](CsrMatrix& m) { m.indices[1] = 4; }},
      {"index -1", [](CsrMatrix& m) { m.indices[0] = -1; }},
      {"ascending", [](CsrMatrix& m) { m.indices[1] = 1; }},
      {"ascending", [](CsrMatrix& m) { std::swap(m.indices[0], m.indices[1]); }},
  };
  for (const Fault& fault : faults) {
    CsrMatrix matrix = small();
    fault.make(matrix);
    try {
      check_csr(matrix, "a.h5: dense1");
      ADD_FAILURE() << "not seen: " << fault.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::format);
      EXPECT_THAT(error.what(), HasSubstr(fault.message));
      EXPECT_THAT(error.what(), HasSubstr("a.h5: dense1"));
    }
  }
}

TEST(BitMask, BitsAreLittleEndianInABytes) {
  std::vector<std::uint8_t> keep(11);
  keep[0] = keep[3] = keep[8] = 1;
  keep[10] = 255;
  const BitMask mask = pack_mask(keep);
  EXPECT_THAT(mask, ElementsAre(0b00001001, 0b00000101));
  EXPECT_EQ(kept_count(mask), 4);
  keep[10] = 1;
  EXPECT_EQ(unpack_mask(mask, 11), keep);
  EXPECT_TRUE(pack_mask({}).empty());
}

}  // namespace
}  // namespace varphase::test
