// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// JSON of any source: specs, configurations, a report's inputs; and its CSV.
#include "analysis/kappa/transition.hpp"
#include "src/base/csv_table.hpp"
#include "src/base/json.hpp"
#include "src/train/train_config.hpp"
#include "tests/fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace varphase;
  const std::string text(reinterpret_cast<const char*>(data), size);
  test::reads([&] { parse_csv(text, "x"); });
  test::reads([&] {
    const Json json = parse_json(text, "x");
    const std::string dumped = json.dump(2);
    test::must(parse_json(dumped, "x") == json || dumped.find("null") != std::string::npos);
    test::must(brief(json).size() <= 210);
    test::reads([&] {
      RunConfig config;
      assign_fields(config, json);
      RunConfig again;
      assign_fields(again, to_json(config));
      test::must(to_json(again) == to_json(config));
    });
    test::reads([&] { transition_from_json(json, "x").summary(); });
  });
  test::reads([&] {
    RunConfig config;
    set_field(config, text);
  });
  return 0;
}
