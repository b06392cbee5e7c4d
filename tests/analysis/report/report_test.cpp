// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/report.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/report/assets.hpp"
#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "checkpoints/document.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "tests/analysis/report/synthetic_run.hpp"

namespace varphase {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// The page without the scripts and styles that are the same in all pages.
std::string body_of(const std::string& page) {
  const std::size_t from = page.find("<body>");
  const std::size_t to = page.find("<script type=\"application/json\"");
  EXPECT_NE(from, std::string::npos);
  EXPECT_NE(to, std::string::npos);
  return page.substr(from, to - from);
}

Json data_of(const std::string& page) {
  const std::string mark = "<script type=\"application/json\" id=\"report-data\">";
  const std::size_t from = page.find(mark) + mark.size();
  return parse_json(std::string_view(page).substr(from, page.find("</script>", from) - from),
                    "page");
}

TEST(Html, EscapesWhatMarkupIsMadeOf) {
  EXPECT_EQ(escape_html("<a href=\"x\" title='&'>"),
            "&lt;a href=&quot;x&quot; title=&#39;&amp;&#39;&gt;");
  EXPECT_EQ(escape_html("κ\xff"), "κ\\xFF");
  EXPECT_EQ(script_json({{"a", "</script><!--"}}), "{\"a\":\"\\u003c/script>\\u003c!--\"}");
  EXPECT_EQ(script_json(std::nan("")), "null");
}

TEST(Html, FillsATemplateOnce) {
  EXPECT_EQ(
      fill_template("{{a}}-{{#yes}}[{{b}}]{{/yes}}{{#no}}x{{/no}}{{^no}}y{{/no}}{{^yes}}z{{/yes}}",
                    {{"a", "{{b}}"}, {"b", "B"}}, {"yes"}),
      "{{b}}-[B]y");
  EXPECT_THROW(fill_template("{{a}}", {}, {}), Error);
  EXPECT_THROW(fill_template("{{a", {}, {}), Error);
  EXPECT_THROW(fill_template("{{#a}}", {}, {}), Error);
}

TEST(Assets, AreWholeAndSafeInAScriptElement) {
  // Every file is in one of the scripts, whole.
  int scripts = 0;
  for (const auto& file :
       fs::directory_iterator(std::string(VARPHASE_SOURCE_DIR) + "/analysis/report/page")) {
    const std::string text = read_text_file(file.path());
    EXPECT_TRUE(page_script().find(text) != std::string_view::npos ||
                comparison_script().find(text) != std::string_view::npos)
        << file.path();
    ++scripts;
  }
  EXPECT_GE(scripts, 8);
  EXPECT_EQ(std::string(page_style()),
            read_text_file(std::string(VARPHASE_SOURCE_DIR) + "/analysis/report/page.css"));
  EXPECT_GT(plotly_script().size(), 1000000U);
  EXPECT_THAT(std::string(plotly_script().substr(0, 200)), HasSubstr("plotly.js v"));
  for (const std::string_view script :
       {page_script(), comparison_script(), live_script(), plotly_script()}) {
    EXPECT_EQ(script.find("</script"), std::string_view::npos);
    EXPECT_EQ(script.find("<!--"), std::string_view::npos);
  }
}

/// Whatever could be asked or sent to: a scheme with two slashes, or two slashes in quotes.
std::vector<std::string> addresses_in(const std::string& page) {
  // Names of XML namespaces, which documents of SVG carry; nothing is asked there.
  const std::vector<std::string> names = {
      "http://www.w3.org/2000/svg", "http://www.w3.org/2000/xmlns/", "http://www.w3.org/1999/xlink",
      "http://www.w3.org/1999/xhtml", "http://www.w3.org/XML/1998/namespace"};
  std::vector<std::string> found;
  const auto is_end = [](char c) {
    return std::string("\"'`\\ <>)\n").find(c) != std::string::npos;
  };
  for (std::size_t at = page.find("//"); at != std::string::npos; at = page.find("//", at + 2)) {
    std::size_t from = at, to = at;
    while (to < page.size() && !is_end(page[to])) ++to;
    if (from > 0 && page[from - 1] == ':') --from;
    while (from > 0 && (std::isalnum(static_cast<unsigned char>(page[from - 1])) != 0)) --from;
    const std::string text = page.substr(from, to - from);
    std::string scheme = text.substr(0, text.find("//"));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    const bool asked = scheme == "http:" || scheme == "https:" || scheme == "ws:" ||
                       scheme == "wss:" || scheme == "ftp:";
    const bool of_same_scheme = scheme.empty() && from > 0 && to > at + 2 &&
                                std::string("\"'`(").find(page[from - 1]) != std::string::npos &&
                                std::isalnum(static_cast<unsigned char>(page[at + 2])) != 0;
    if ((asked || of_same_scheme) && std::find(names.begin(), names.end(), text) == names.end())
      found.push_back(text);
  }
  return found;
}

TEST(Assets, ASearchForAddressesFindsThem) {
  EXPECT_THAT(addresses_in(
                  "a(\"https://cloud.example/new?x\");b='//cdn.example/x';// note\n`WSS://a/${b}`"),
              ElementsAre("https://cloud.example/new?x", "//cdn.example/x", "WSS://a/${b}"));
  EXPECT_THAT(addresses_in("n=\"http://www.w3.org/2000/svg\";m=\"http://www.w3.org/2000/svg/x\""),
              ElementsAre("http://www.w3.org/2000/svg/x"));
}

class SyntheticReport : public testing::Test {
 protected:
  void SetUp() override {
    run_ = test_folder(testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::copy(written_, run_, fs::copy_options::recursive);
  }
  static void SetUpTestSuite() {
    written_ = test_folder("written");
    write_synthetic_run(written_);
  }
  static inline fs::path written_;  // not to be changed
  fs::path run_;
};

TEST_F(SyntheticReport, FiguresHoldWhatTheFilesSay) {
  const ReportInputs inputs = collect_report(run_);
  EXPECT_THAT(inputs.problems, ElementsAre());
  const Json data = figure_data(inputs);
  EXPECT_EQ(data["name"], "FiguresHoldWhatTheFilesSay");
  EXPECT_EQ(data["metrics"]["epoch"].size(), 25U);
  EXPECT_TRUE(data["metrics"]["objective"]["nll"][0].is_null());  // nan in the file
  EXPECT_EQ(data["metrics"]["accuracy"]["zero_mean"].size(), 25U);
  EXPECT_EQ(data["metrics"]["log_alpha"][0]["layer"], "dense1");
  EXPECT_DOUBLE_EQ(data["metrics"]["log_alpha"][0]["values"][13].get<double>(), -3.95);

  const Json& layer = data["kappa"]["layers"][0];
  EXPECT_EQ(layer["weights"], 20000);
  ASSERT_EQ(layer["epochs"].size(), 25U);
  for (const Json& epoch : layer["epochs"]) {
    std::int64_t total =
        epoch["underflow"].get<std::int64_t>() + epoch["overflow"].get<std::int64_t>();
    for (const Json& bin : epoch["bins"]) total += bin.get<std::int64_t>();
    EXPECT_EQ(total, 20000) << epoch["epoch"];
    EXPECT_EQ(epoch["zeros"], 600);
    EXPECT_GE(epoch["bins"][0], 600);
    // kappa_0 = 10^1.5 is the left edge of bin 106; no value of a random map lies on it.
    std::int64_t over = epoch["overflow"].get<std::int64_t>();
    for (std::size_t bin = 106; bin < 140; ++bin) over += epoch["bins"][bin].get<std::int64_t>();
    EXPECT_EQ(epoch["over"], over);
    EXPECT_EQ(data["transition"]["over"][epoch["epoch"].get<std::size_t>()], over);
  }
  EXPECT_FALSE(data["transition"]["onset"].is_null());
  EXPECT_EQ(data["sweeps"][0]["rows"].size(), 85U);
  EXPECT_EQ(data["leading_sweep"], 0);
  EXPECT_EQ(data["samples"], 10);
  EXPECT_EQ(data["sweeps"][0]["chosen"]["row"], 65);
}

TEST_F(SyntheticReport, TheLastMapIsShownInBlocks) {
  const fs::path path = run_ / "kappa" / "epoch_0024.h5";
  KappaMap map = kappa_from_document(read_document(path, "kappa"), path.string());
  map.proofs = {{30, 2e-7, {}}};
  write_document(path, to_document(map));
  map.label = 3;
  fs::create_directories(run_ / "kappa" / "classes");
  write_document(run_ / "kappa" / "classes" / "epoch_0024_class_03.h5", to_document(map));
  const Json data = figure_data(collect_report(run_))["kappa"];
  ASSERT_EQ(data["maps"].size(), 1U);
  const Json& shown = data["maps"][0];
  EXPECT_EQ(shown["epoch"], 24);
  EXPECT_EQ(shown["shape"], Json({100, 200}));
  EXPECT_EQ(shown["proof"], (Json{{"entries", 30}, {"worst", 2e-7}}));
  ASSERT_EQ(shown["plain"].size(), 64U);
  ASSERT_EQ(shown["plain"][0].size(), 96U);
  // Outputs 0 and 1, inputs 0 to 2 fall into the first block; inputs below 6 are zero in every image.
  EXPECT_TRUE(shown["plain"][0][0].is_null());
  const LayerKappa& layer = map.layer("dense1");
  double last = 0, sum = 0;
  for (const int output : {98, 99})
    for (const int input : {198, 199})
      last = std::max(last, std::abs(layer.kappa(output * 200 + input)));
  EXPECT_NEAR(shown["plain"][63][95].get<double>(), std::log10(last), 0.005);
  std::vector<double> sums;
  for (int output = 0; output < 100; ++output) {
    sums.push_back(0);
    for (int input = 0; input < 200; ++input)
      sums.back() += std::abs(layer.kappa(output * 200 + input));
    sum += sums.back();
  }
  std::sort(sums.rbegin(), sums.rend());
  for (const std::size_t at : {0, 50, 99})
    EXPECT_NEAR(shown["neurons"][at].get<double>() / sums[at], 1, 0.006);
  const Json& of_class = data["classes"][0];
  EXPECT_EQ(of_class["label"], 3);
  EXPECT_EQ(of_class["name"], "3");
  EXPECT_NEAR(of_class["layers"][0]["sum"].get<double>() / sum, 1, 0.006);
  EXPECT_EQ(of_class["layers"][0]["over"], layer.over(kDefaultKappa0));
}

TEST_F(SyntheticReport, PicturesAreThoseOfWholeImages) {
  const auto weight = [](int image) {
    return Json{{"index", {2, 7}},
                {"kappa", -3.5},
                {"effective_images", 12},
                {"images", {{{"image", image}, {"label", 1}, {"share", 0.25}}}}};
  };
  const auto picture = [](int image, const char* pixels) {
    return Json{{"image", image}, {"pixels", pixels}};
  };
  Json layer{{"layer", "dense1"}, {"epoch", 24}};
  layer["weights"] = Json::array({weight(5), weight(6)});
  Json pictures{{"channels", 1}, {"height", 1}, {"width", 2}};
  pictures["images"] = Json::array({picture(5, "00ff"), picture(6, "00"), picture(7, "<b>x")});
  fs::create_directories(run_ / "kappa" / "images");
  write_json_file(run_ / "kappa" / "images" / "epoch_0024.json",
                  {{"pictures", pictures}, {"layers", Json::array({layer})}});
  const Json shown = figure_data(collect_report(run_))["kappa"]["images"];
  EXPECT_EQ(shown["pictures"], (Json{{"5", "00ff"}}));
  ASSERT_EQ(shown["weights"].size(), 2U);
  EXPECT_EQ(shown["weights"][0]["index"], "2, 7");
  EXPECT_EQ(shown["weights"][1]["images"][0]["name"], "1");
  EXPECT_THAT(body_of(render_report(collect_report(run_))), HasSubstr("id=\"kappa-images\""));
}

TEST_F(SyntheticReport, PageHoldsItsDataAndItsTables) {
  const ReportInputs inputs = collect_report(run_);
  const std::string page = render_report(inputs);
  EXPECT_EQ(data_of(page), figure_data(inputs));
  const std::string body = body_of(page);
  EXPECT_THAT(body, HasSubstr("<h1>PageHoldsItsDataAndItsTables</h1>"));
  EXPECT_THAT(body, HasSubstr("fashion-mnist (first 6,000 training images)"));
  EXPECT_THAT(body, HasSubstr("conv2d 20 · variance_dense 100 · dense 10"));
  EXPECT_THAT(body, HasSubstr("<dt>seed</dt><dd>1</dd>"));
  // What a headline says it says of some images.
  EXPECT_THAT(body, HasSubstr("K = 10, at epoch 24, test images"));
  EXPECT_THAT(body, HasSubstr("on 600 validation images, where it was chosen, and by −0.09 points "
                              "(standard error 0.04) on 10,000 test images; ensembles of K = 50"));
  // The transition's signs in their order, each with what was seen.
  EXPECT_THAT(body, HasSubstr("<span class=\"value\">epochs 16 to 18</span>"));
  EXPECT_THAT(
      body,
      HasSubstr("Epoch 16: the network at its means falls behind the ensemble, by 3.37 points "
                "(standard error 0.20). Epoch 17: the noise of dense1 outgrows its means (α passes "
                "1); the network at its means is more than 5 points behind the ensemble. Epoch 18: "
                "13 of 20,000 weights are over κ₀."));
  EXPECT_THAT(body, HasSubstr("Which layer goes first? dense1 is the only one"));
  EXPECT_THAT(body, Not(HasSubstr("lag:")));
  EXPECT_THAT(body, HasSubstr("pruned file, 98.00 % of dense1 gone <small>pruned/98.h5</small>"));
  EXPECT_THAT(body, HasSubstr("<td>−0.06 <small>± 0.11</small></td>"));
  EXPECT_THAT(body, HasSubstr("<td>the first row</td>"));
  EXPECT_THAT(body, HasSubstr("ensembles of 10. Chance is 10 %, of 10 classes."));
  EXPECT_THAT(body, HasSubstr("<th scope=\"row\">pruned/98.h5 (98 % of dense1 gone)</th>"));
  EXPECT_THAT(body, HasSubstr("the curves by epoch are of ensembles of 10"));
  EXPECT_THAT(body, HasSubstr("<td>1.74 MB</td>"));
  EXPECT_THAT(body, HasSubstr("182.0 kB <small>9.6× smaller</small>"));
  EXPECT_THAT(body, HasSubstr("86.15 % <small>± 0.34</small>"));
  EXPECT_THAT(body, HasSubstr("torch.version"));
  EXPECT_THAT(body, HasSubstr("softplus:1"));
  EXPECT_THAT(body, Not(HasSubstr("class=\"missing\"")));
  EXPECT_THAT(body, Not(HasSubstr("{{")));
}

TEST_F(SyntheticReport, ThePageNamesNoAddress) {
  const std::string page = render_report(collect_report(run_));
  EXPECT_THAT(addresses_in(page), ElementsAre());
  for (const char* host :
       {"cloud.plotly.com", "cdn.plot.ly", "cartocdn.com", "openmaptiles.org", "jsdelivr.net"})
    EXPECT_EQ(plotly_script().find(host), std::string_view::npos) << host;
  EXPECT_NE(page.find("showSendToCloud: false"), std::string::npos);
  EXPECT_THAT(page.substr(0, 1000), HasSubstr("connect-src 'none'; form-action 'none'"));
}

TEST_F(SyntheticReport, NamesTheCommandForWhatIsMissing) {
  const std::pair<const char*, const char*> cases[] = {{"metrics.csv", "varphase train --run"},
                                                       {"transition.json", "varphase transition "},
                                                       {"kappa", "varphase kappa "},
                                                       {"sweeps", "varphase sweep "},
                                                       {"evaluations", "varphase eval "},
                                                       {"attacks", "varphase attack "},
                                                       {"environment.json", "varphase train"}};
  for (const auto& [file, command] : cases) {
    fs::remove_all(run_ / file);
    const std::string body = body_of(render_report(collect_report(run_)));
    EXPECT_THAT(body, HasSubstr(std::string("<code>") + command)) << file;
  }
  EXPECT_THAT(body_of(render_report(collect_report(run_))),
              HasSubstr("fashion-mnist"));  // config.json is left
}

TEST_F(SyntheticReport, DamagedFilesAreNamedAndLeftOut) {
  fs::resize_file(run_ / "kappa" / "epoch_0003.h5", 1000);
  write_text_atomically(run_ / "transition.json", "{\"format\": 3");
  write_text_atomically(run_ / "sweeps" / "b.json", "{\"rows\": []}");
  write_text_atomically(run_ / "evaluations" / "c.json", "[]");
  write_text_atomically(run_ / "attacks" / "d.json", "{\"judges\": 1}");
  write_text_atomically(run_ / "metrics.csv", "epoch,nll\n0,1\n1,x\n");
  const ReportInputs inputs = collect_report(run_);
  ASSERT_EQ(inputs.problems.size(), 6U);
  EXPECT_FALSE(inputs.metrics.has_value());
  EXPECT_FALSE(inputs.transition.has_value());
  EXPECT_EQ(inputs.histograms.size(), 24U);
  EXPECT_EQ(inputs.sweeps.size(), 1U);
  const std::string body = body_of(render_report(inputs));
  for (const char* file : {"epoch_0003.h5", "transition.json", "sweeps/b.json",
                           "evaluations/c.json", "attacks/d.json", "metrics.csv"}) {
    EXPECT_THAT(body, HasSubstr(file));
  }
}

TEST_F(SyntheticReport, MapsOfAnotherSmoothingAreNotMixedIn) {
  const fs::path path = run_ / "kappa" / "epoch_0005.h5";
  KappaMap map = kappa_from_document(read_document(path, "kappa"), path.string());
  map.smooth = "none";
  map.layers.front().smooth = "none";
  write_document(path, to_document(map));
  const ReportInputs inputs = collect_report(run_);
  EXPECT_EQ(inputs.histograms.size(), 24U);
  EXPECT_THAT(inputs.problems, ElementsAre());
  EXPECT_THAT(inputs.other_maps,
              ElementsAre(HasSubstr("1 map (5,400 train images, exact, smooth none")));
  EXPECT_THAT(body_of(render_report(inputs)), HasSubstr("smooth none"));
  const Transition transition = transition_of_run(run_, {});
  EXPECT_EQ(transition.smooth, "softplus:1");
  EXPECT_TRUE(transition.rows[5].over.empty());
  EXPECT_FALSE(transition.rows[4].over.empty());
}

TEST_F(SyntheticReport, AMapWithMoreLayersIsTakenLayerByLayer) {
  const fs::path path = run_ / "kappa" / "epoch_0024.h5";
  const std::int64_t over = *transition_of_run(run_, {}).rows[24].over_total();
  KappaMap map = kappa_from_document(read_document(path, "kappa"), path.string());
  map.plain_layers.push_back({"conv1", {1, 2}, {1, 2}, {}});
  map.smooth = "dense1 softplus:1, conv1 none";
  write_document(path, to_document(map));
  EXPECT_EQ(*transition_of_run(run_, {}).rows[24].over_total(), over);
  EXPECT_EQ(collect_report(run_).histograms.size(), 25U);
}

TEST_F(SyntheticReport, AsksForTheMapsThatTheTransitionCounted) {
  fs::create_directories(run_ / "kappa" / "split-test");
  for (const int epoch : {0, 24}) {
    const std::string name = fmt::format("epoch_{:04d}.h5", epoch);
    const fs::path path = run_ / "kappa" / name;
    KappaMap map = kappa_from_document(read_document(path, "kappa"), path.string());
    map.split = "test";
    write_document(run_ / "kappa" / "split-test" / name, to_document(map));
  }
  EXPECT_EQ(collect_report(run_).histograms.size(), 25U);
  write_json_file(run_ / "transition.json", to_json(transition_of_run(run_, {}, "split-test")));
  const ReportInputs inputs = collect_report(run_);
  EXPECT_EQ(inputs.histograms.size(), 2U);
  EXPECT_EQ(inputs.making.split, "test");
  EXPECT_THROW(transition_of_run(run_, {}, "split-tset"), Error);
}

TEST_F(SyntheticReport, ALineOfMetricsThatIsCutOffIsLeftOut) {
  std::string text = read_text_file(run_ / "metrics.csv");
  text.resize(text.size() - 4);
  write_text_atomically(run_ / "metrics.csv", text);
  const ReportInputs inputs = collect_report(run_);
  EXPECT_EQ(figure_data(inputs)["metrics"]["epoch"].size(), 24U);
  EXPECT_THAT(inputs.problems, ElementsAre(HasSubstr("metrics.csv: its last line is cut off")));
  EXPECT_THAT(body_of(render_report(inputs)), HasSubstr("its last line is cut off"));
}

TEST_F(SyntheticReport, EpochsThatWereNotEvaluatedAreGaps) {
  CsvTable table = read_csv(run_ / "metrics.csv");
  const auto found =
      std::find(table.columns.begin(), table.columns.end(), "test_accuracy_ensemble");
  const auto column = static_cast<std::size_t>(found - table.columns.begin());
  std::string text = fmt::format("{}\n", fmt::join(table.columns, ","));
  for (std::size_t epoch = 0; epoch < table.rows.size(); ++epoch) {
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      cells.push_back(c == column && epoch % 5 != 0 ? "" : csv_cell(table.rows[epoch][c]));
    text += fmt::format("{}\n", fmt::join(cells, ","));
  }
  write_text_atomically(run_ / "metrics.csv", text);
  const ReportInputs inputs = collect_report(run_);
  const Json accuracy = figure_data(inputs)["metrics"]["accuracy"];
  EXPECT_TRUE(accuracy["ensemble"][24].is_null());
  EXPECT_EQ(accuracy["ensemble"][20], table.rows[20][column]);
  const std::string body = body_of(render_report(inputs));
  EXPECT_THAT(body, HasSubstr("at epoch 20, test images"));  // of the ensemble
  EXPECT_THAT(body, HasSubstr("at epoch 24, test images"));  // of the deterministic procedure
}

TEST_F(SyntheticReport, SweepsOfOtherHandsMayLackAnything) {
  write_text_atomically(
      run_ / "sweeps" / "odd.json",
      R"({"rows": [{"sparsity": "x"}, 3, {"replace": "zero", "accuracy": 0.5}], "chosen": {"row": 9}})");
  const Json sweep = figure_data(collect_report(run_))["sweeps"][1];
  EXPECT_EQ(sweep["file"], "sweeps/odd.json");
  EXPECT_TRUE(sweep["rows"][0]["sparsity"].is_null());
  EXPECT_EQ(sweep["rows"][2]["accuracy"], 0.5);
  EXPECT_TRUE(sweep["full"]["accuracy"].is_null());
  EXPECT_TRUE(sweep["chosen"].is_null());
}

TEST(Report, TextsOfFilesNeverBecomeMarkup) {
  const std::string attack = "<img src=x onerror=alert(1)>\"'&";
  const fs::path run = test_folder("<b>run");
  write_synthetic_run(run, {attack, "</script><script>alert(2)</script>"});
  Json evaluation = read_json_file(run / "evaluations" / "98.json");
  evaluation["entries"][0]["name"] = attack;
  evaluation["entries"][0]["path"] = attack;
  evaluation["split"] = attack;
  evaluation["samples"] = attack;
  Json& tables = evaluation["metrics"];
  tables["ood"][0]["name"] = attack;
  tables["columns"][0]["network"] = attack;
  tables["columns"][0]["estimator"] = attack;
  write_json_file(run / "evaluations" / "98.json", evaluation);
  Json attacked = read_json_file(run / "attacks" / "one.json");
  for (const char* key : {"method", "gradient", "target"}) attacked[key] = attack;
  attacked["judges"][0]["name"] = attack;
  write_json_file(run / "attacks" / "one.json", attacked);
  const std::string page = render_report(collect_report(run));
  const std::string body = body_of(page);
  EXPECT_THAT(body, Not(HasSubstr("<img")));
  EXPECT_THAT(body, Not(HasSubstr("<script")));
  EXPECT_THAT(body, Not(HasSubstr("<b>run")));
  EXPECT_THAT(body, HasSubstr("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
  EXPECT_EQ(data_of(page)["kappa"]["layers"][0]["layer"], attack);
}

TEST_F(SyntheticReport, ShowsTheMetricsOfAnEvaluation) {
  const std::string page = render_report(collect_report(run_));
  const Json uncertainty = data_of(page)["uncertainty"];
  ASSERT_EQ(uncertainty.size(), 1U);
  EXPECT_EQ(uncertainty[0]["ood"], Json({"mnist"}));
  ASSERT_EQ(uncertainty[0]["columns"].size(), 3U);
  const Json& column = uncertainty[0]["columns"][1];
  EXPECT_EQ(column["title"], "full, ensemble, K = 50");
  EXPECT_EQ(column["reliability"]["equal_width"]["images"].size(), 15U);
  EXPECT_EQ(column["risk_coverage"]["risk"].size(), 50U);
  EXPECT_EQ(column["entropy"]["ood"][0].size(), 30U);
  const std::string body = body_of(page);
  EXPECT_THAT(body, HasSubstr("<td>86.00 <small>84.28 to 87.72</small></td>"));  // accuracy
  EXPECT_THAT(body, HasSubstr("<td>93.00 <small>91.14 to 94.86</small></td>"));  // AUROC
  EXPECT_THAT(body, HasSubstr("Images of mnist told from the network"));
}

TEST_F(SyntheticReport, TakesListsOfMetricsThatDoNotFit) {
  const fs::path path = run_ / "evaluations" / "98.json";
  Json evaluation = read_json_file(path);
  Json& columns = evaluation["metrics"]["columns"];
  columns[0]["risk_coverage"]["risk"] = {0.1, "x", nullptr};
  columns[0]["reliability"]["equal_width"].erase("images");
  columns[1]["entropy"] = 3;
  columns[1]["ood"] = "none";
  columns[2] = "nothing";
  write_json_file(path, evaluation);
  const Json shown = data_of(render_report(collect_report(run_)))["uncertainty"][0]["columns"];
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0]["risk_coverage"]["coverage"].size(), 3U);
  EXPECT_EQ(shown[0]["risk_coverage"]["risk"], Json({0.1, nullptr, nullptr}));
  EXPECT_TRUE(shown[0]["reliability"]["equal_width"]["lower"].empty());
  EXPECT_EQ(shown[1]["entropy"]["ood"], Json({Json::array()}));
}

TEST_F(SyntheticReport, ShowsEachJudgeOfEachAttack) {
  const std::string page = render_report(collect_report(run_));
  const Json attacks = data_of(page)["attacks"];
  ASSERT_EQ(attacks.size(), 2U);
  EXPECT_EQ(attacks[0]["attack"], "ifgsm, ε = 8/255, one sample");
  EXPECT_EQ(attacks[1]["attack"], "ifgsm, ε = 8/255, 10 samples");
  ASSERT_EQ(attacks[1]["judges"].size(), 2U);
  EXPECT_EQ(attacks[1]["judges"][0]["step"].size(), 11U);
  EXPECT_EQ(attacks[1]["judges"][0]["success"].back(), 0.9);
  const std::string body = body_of(page);
  EXPECT_THAT(body, HasSubstr("<th scope=\"row\">full, epoch 24 <small>K = 20</small> "
                              "<small>n = 1,000 images</small></th>"));
  EXPECT_THAT(body, HasSubstr("<td>90.0 <small>88.0 to 93.0</small></td><td>0.100</td>"
                              "<td>0.500</td><td>400</td>"));
}

TEST_F(SyntheticReport, TakesAttacksThatDoNotFit) {
  const fs::path path = run_ / "attacks" / "one.json";
  Json attack = read_json_file(path);
  attack["judges"][0]["rows"] = {{{"step", 1}, {"success", "x"}}, 3, {{"success", 0.5}}};
  attack["judges"][1] = "nothing";
  attack.erase("method");
  write_json_file(path, attack);
  write_json_file(run_ / "attacks" / "samples.json", {{"judges", {1}}});
  const Json shown = data_of(render_report(collect_report(run_)))["attacks"];
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0]["attack"], "unnamed, ε = 8/255, one sample");
  ASSERT_EQ(shown[0]["judges"].size(), 1U);
  EXPECT_EQ(shown[0]["judges"][0]["step"], Json({1}));
  EXPECT_EQ(shown[0]["judges"][0]["success"], Json({nullptr}));
}

TEST(Report, RefusesAFolderThatIsNoRun) {
  const fs::path folder = test_folder("empty");
  try {
    collect_report(folder);
    FAIL() << "an empty folder was taken for a run";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), HasSubstr("holds nothing of a run"));
  }
  try {
    collect_report(folder / "nothing");
    FAIL() << "a missing folder was taken for a run";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
  }
}

TEST(Report, FindsTheTransitionOfARunOnlyWhereThereAreMaps) {
  const fs::path run = test_folder("no_maps");
  write_text_atomically(run / "metrics.csv", "epoch,test_accuracy_deterministic\n0,0.1\n");
  try {
    transition_of_run(run, {});
    FAIL() << "a transition without maps";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_THAT(error.what(), HasSubstr("varphase kappa"));
  }
}

}  // namespace
}  // namespace varphase
