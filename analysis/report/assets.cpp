// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/assets.hpp"

// The assembler copies the files in: a char array of five million entries would cost the compiler a
// minute.
#define VARPHASE_EMBED(symbol, path)                                            \
  asm(".pushsection .rodata\n"                                                  \
      ".balign 16\n"                                                            \
      ".hidden " #symbol "_begin\n.global " #symbol "_begin\n" #symbol          \
      "_begin:\n"                                                               \
      ".incbin \"" path                                                         \
      "\"\n"                                                                    \
      ".hidden " #symbol "_end\n.global " #symbol "_end\n" #symbol              \
      "_end:\n"                                                                 \
      ".byte 0\n"                                                               \
      ".popsection\n");                                                         \
  extern "C" __attribute__((visibility("hidden"))) const char symbol##_begin[]; \
  extern "C" __attribute__((visibility("hidden"))) const char symbol##_end[]

// The paths come from analysis/CMakeLists.txt.
VARPHASE_EMBED(varphase_page_html, VARPHASE_REPORT_FOLDER "/page.html");
VARPHASE_EMBED(varphase_page_css, VARPHASE_REPORT_FOLDER "/page.css");
VARPHASE_EMBED(varphase_page_js, VARPHASE_PAGE_SCRIPT);
VARPHASE_EMBED(varphase_comparison_html, VARPHASE_REPORT_FOLDER "/comparison.html");
VARPHASE_EMBED(varphase_comparison_js, VARPHASE_COMPARISON_SCRIPT);
VARPHASE_EMBED(varphase_live_js, VARPHASE_REPORT_FOLDER "/live.js");
VARPHASE_EMBED(varphase_font_css, VARPHASE_FONT_STYLE);
VARPHASE_EMBED(varphase_plotly_js, VARPHASE_PLOTLY_JS);

namespace varphase {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::string_view page_template() {
  return between(varphase_page_html_begin, varphase_page_html_end);
}
std::string_view page_style() { return between(varphase_page_css_begin, varphase_page_css_end); }
std::string_view page_script() { return between(varphase_page_js_begin, varphase_page_js_end); }
std::string_view comparison_template() {
  return between(varphase_comparison_html_begin, varphase_comparison_html_end);
}
std::string_view comparison_script() {
  return between(varphase_comparison_js_begin, varphase_comparison_js_end);
}
std::string_view live_script() { return between(varphase_live_js_begin, varphase_live_js_end); }
std::string_view font_style() { return between(varphase_font_css_begin, varphase_font_css_end); }
std::string_view plotly_script() {
  return between(varphase_plotly_js_begin, varphase_plotly_js_end);
}

}  // namespace varphase
