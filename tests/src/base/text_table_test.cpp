// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/text_table.hpp"

#include <gtest/gtest.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

TEST(TextTable, AlignsToTheRight) {
  const TextTable table({{"layer", 8}, {"weights", 7}});
  EXPECT_EQ(table.header(), "   layer  weights");
  EXPECT_EQ(table.row({"dense1", "12"}), "  dense1       12");
  EXPECT_EQ(table.left_out(), "");
  EXPECT_THROW(table.row({"dense1"}), Error);
}

TEST(TextTable, LeavesOutWhatCanBeSparedUntilItFits) {
  const std::vector<TextTable::Column> columns{
      {"name", 40, 0, true}, {"a", 20, 1}, {"b", 20, 2}, {"c", 20}};
  const TextTable wide(columns);
  EXPECT_EQ(wide.left_out(), "");
  const TextTable narrow(columns, true);
  EXPECT_EQ(narrow.left_out(), "--wide adds: a, b");
  const std::string long_name = "runs/" + std::string(50, 'x') + "/pruned.h5";
  const std::string row = narrow.row({long_name, "1", "2", "3"});
  EXPECT_EQ(row.size(), 62U);
  EXPECT_EQ(row.substr(0, 3), "...");
  EXPECT_EQ(row.substr(30, 10), "/pruned.h5");
}

TEST(Numbers, AreWrittenForPeople) {
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(12345), "12.3 kB");
  EXPECT_EQ(bytes_text(4.56e6), "4.56 MB");
  EXPECT_EQ(bytes_text(7.5e10), "75.00 GB");
  EXPECT_EQ(count_text(60000), "60,000");
  EXPECT_EQ(count_text(-1234567), "-1,234,567");
  EXPECT_EQ(count_text(-999), "-999");
}

}  // namespace
}  // namespace varphase
