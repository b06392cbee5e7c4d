// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/csv_table.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string message_of(const std::string& text) {
  try {
    parse_csv(text, "m.csv");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::format);
    return error.what();
  }
  return "no error";
}

TEST(CsvTable, ReadsNamedColumns) {
  const CsvTable table =
      parse_csv("epoch,\"log_alpha/a,\"\"b\"\"\",x\r\n0,-5,\r\n1, 2.5e1 ,nan\r\n", "m.csv");
  EXPECT_THAT(table.columns, ElementsAre("epoch", "log_alpha/a,\"b\"", "x"));
  EXPECT_THAT(table.values("log_alpha/a,\"b\""), ElementsAre(-5.0, 25.0));
  EXPECT_TRUE(std::isnan(table.rows[0][2]) && std::isnan(table.rows[1][2]));
  EXPECT_TRUE(table.has("x"));
  EXPECT_FALSE(table.has("y"));
  EXPECT_TRUE(table.values("y").empty());
  EXPECT_FALSE(table.truncated);
}

TEST(CsvTable, LeavesOutALastLineThatDoesNotEnd) {
  for (const std::string tail : {"2", "2,0.1", "2,0.12345", "\"2"}) {
    const CsvTable table = parse_csv("epoch,x\n0,1\n1,0.5\n" + tail, "m.csv");
    EXPECT_TRUE(table.truncated) << tail;
    EXPECT_THAT(table.values("epoch"), ElementsAre(0, 1)) << tail;
  }
}

TEST(CsvTable, SaysWhereATableIsWrong) {
  EXPECT_THAT(message_of(""), HasSubstr("no header"));
  EXPECT_THAT(message_of("epoch,x"), HasSubstr("no header"));
  EXPECT_THAT(message_of("a,b,a\n"), HasSubstr("'a' twice"));
  EXPECT_THAT(message_of("a,b\n1,2\n3\n"), HasSubstr("line 3 has 1 cells, the header has 2"));
  EXPECT_THAT(message_of("a,b\n1,2x\n"), HasSubstr("line 2, column b: wants a number, got '2x'"));
}

TEST(CsvTable, CellsComeBackAsTheyWere) {
  const std::string name = "odd,\"name\"\n<b>";
  const CsvTable table =
      parse_csv(csv_cell(name) + "\n" + csv_cell(0.1) + "\n" + csv_cell(std::nan("")) + "\n", "t");
  EXPECT_THAT(table.columns, ElementsAre(name));
  EXPECT_EQ(table.rows[0][0], 0.1);
  EXPECT_TRUE(std::isnan(table.rows[1][0]));
}

}  // namespace
}  // namespace varphase
