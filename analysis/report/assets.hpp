// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace varphase {

/// The files the page is made of, embedded at build.
std::string_view page_template();        // page.html
std::string_view page_style();           // page.css
std::string_view page_script();          // page/*.js as page_script.py joins them
std::string_view comparison_template();  // comparison.html
std::string_view comparison_script();    // the same for several runs
std::string_view live_script();          // live.js
std::string_view font_style();           // of figures that are printed, out of font_style.py
std::string_view plotly_script();        // plotly.min.js

}  // namespace varphase
