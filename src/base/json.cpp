// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/json.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Whether the library takes it as UTF-8.
bool dumps(const Json& value) {
  try {
    return !value.dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::string utf8(const std::string& text) { return dumps(Json(text)) ? text : text_of_bytes(text); }

Json with_utf8(const Json& value) {
  if (value.is_string()) return utf8(value.get<std::string>());
  if (!value.is_structured()) return value;
  Json copy = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, item] : value.items()) {
    if (value.is_array()) {
      copy.push_back(with_utf8(item));
    } else {
      copy[utf8(key)] = with_utf8(item);
    }
  }
  return copy;
}

constexpr std::size_t kBriefBytes = 200;

/// Builds the value while it is read; objects keep the order of their keys without a search of all keys for each.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const std::string& origin) : origin_(origin) {}

  Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    VARPHASE_CHECK(open_.back().keys.insert(name).second, ErrorKind::format,
                   "{}: not valid JSON: an object has the key {} twice", origin_, brief(name));
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const std::string_view what = error.what();
    fail(ErrorKind::format, "{}: not valid JSON: {}{}", origin_, what.substr(0, 2 * kBriefBytes),
         what.size() > 2 * kBriefBytes ? "..." : "");
  }

 private:
  struct Open {
    Json* value;
    std::unordered_set<std::string> keys;  // of an object
  };

  Json* place(Json value) {
    VARPHASE_CHECK(++values_ <= kMaxJsonValues, ErrorKind::format,
                   "{}: more than the {} values that are read of JSON", origin_, kMaxJsonValues);
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& around = *open_.back().value;
    if (around.is_array()) return &around.get_ref<Json::array_t&>().emplace_back(std::move(value));
    Json::object_t::Container& entries = around.get_ref<Json::object_t&>();
    return &entries.emplace_back(std::move(key_), std::move(value)).second;
  }

  bool put(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json empty) {
    VARPHASE_CHECK(open_.size() < kMaxJsonDepth, ErrorKind::format,
                   "{}: JSON nested deeper than the {} levels that are read", origin_,
                   kMaxJsonDepth);
    open_.push_back({place(std::move(empty)), {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& origin_;
  Json root_;
  std::vector<Open> open_;
  std::string key_;
  std::size_t values_ = 0;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& origin) {
  Builder builder(origin);
  Json::sax_parse(text, &builder, Json::input_format_t::json, /*strict=*/true,
                  /*ignore_comments=*/true);
  return builder.take();
}

std::string brief(const Json& json) {
  std::string text = json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  if (text.size() <= kBriefBytes) return text;
  std::size_t end = kBriefBytes;
  while ((static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;  // not within a letter
  return text.substr(0, end) + "...";
}

Json read_json_file(const fs::path& path) {
  return parse_json(read_text_file(path), path.string());
}

void write_json_file(const fs::path& path, const Json& json) {
  write_text_atomically(path, json_text(json) + "\n");
}

std::string json_text(const Json& json, int indent) {
  try {
    return json.dump(indent);
  } catch (const nlohmann::json::type_error&) {
    return with_utf8(json).dump(indent);
  }
}

void print_json(const Json& json) {
  const std::string text = json_text(json);
  std::string shown;
  shown.reserve(text.size() + 1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool second = byte == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0;
    if (byte == 0x7f) {
      shown += "\\u007f";
    } else if (second) {
      shown += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++at]));
    } else {
      shown += text[at];
    }
  }
  shown += '\n';
  write_out_bytes(shown);
}

std::string read_text_file(const fs::path& path, std::size_t limit_bytes) {
  std::error_code error;
  VARPHASE_CHECK(fs::exists(path, error), ErrorKind::io, "{}: no such file", path.string());
  VARPHASE_CHECK(fs::is_regular_file(path, error), ErrorKind::io, "{}: not a regular file",
                 path.string());
  const std::uintmax_t size = fs::file_size(path, error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: {}", path.string(), error.message());
  VARPHASE_CHECK(size <= limit_bytes, ErrorKind::format, "{}: {} bytes, at most {} are read",
                 path.string(), size, limit_bytes);
  std::ifstream file(path, std::ios::binary);
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  VARPHASE_CHECK(file.good() || size == 0, ErrorKind::io, "{}: cannot be read: {}", path.string(),
                 std::strerror(errno));
  return text;
}

}  // namespace varphase
