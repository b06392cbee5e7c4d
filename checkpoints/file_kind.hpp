// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <initializer_list>
#include <span>
#include <string_view>

namespace varphase {

/// A kind of our files, as people know it.
struct FileKind {
  std::string_view kind;  // Document::kind
  std::string_view name;  // "a kappa map"
  std::string_view use;   // which verb reads it: the remedy where another kind was wanted
};

/// Every kind that this program writes; FORMAT.md describes each.
std::span<const FileKind> file_kinds();

/// Refuses a file of another kind by what it is and what it is for.
/// @param kind  of the file @param wanted  those that are taken
/// @throws Error format.
void require_kind(const std::filesystem::path& path, std::string_view kind,
                  std::initializer_list<std::string_view> wanted);

/// What to do with a file that is none of ours, by the ending of its name.
std::string_view remedy_of_foreign(const std::filesystem::path& path);

}  // namespace varphase
