// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "src/base/json.hpp"

namespace varphase {

/// A text as the content of an element or a quoted attribute; bytes that are no UTF-8 become U+FFFD.
std::string escape_html(std::string_view text);

/// Plain text of the terminal as the page sets it: kappa_0 and powers of ten. @param html  escaped already
std::string typeset(std::string html);

/// JSON for the content of a script element: no "<" in it, so no text in it can end the element.
std::string script_json(const Json& json);

/// Fills a template in one pass, so that values are never searched for placeholders. {{name}} becomes the value;
/// {{#flag}}...{{/flag}} stays where the flag is set, {{^flag}}...{{/flag}} where it is not. A block does not nest in a
/// block of the same name.
/// @throws Error format for a placeholder without a value, or a block that does not end.
std::string fill_template(std::string_view text, const std::map<std::string, std::string>& values,
                          const std::set<std::string>& flags);

}  // namespace varphase
