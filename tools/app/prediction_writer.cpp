// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/prediction_writer.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fmt/ranges.h>

#include "checkpoints/document.hpp"
#include "checkpoints/provenance.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/csv_table.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/suggest.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Nine digits: what float32 holds.
std::string number_text(double value) { return fmt::format("{:.9g}", value); }

class TextWriter : public PredictionWriter {
 public:
  TextWriter(std::FILE* stream, PredictionHeader header)
      : header_(std::move(header)), stream_(stream) {}
  void add(const PredictionRows& rows) override {
    const ImagePredictions& all = rows.predictions;
    for (std::size_t n = 0; n < rows.index.size(); ++n) {
      std::vector<std::string> probabilities;
      for (std::size_t c = 0; c < static_cast<std::size_t>(all.classes); ++c)
        probabilities.push_back(
            number_text(all.probability[n * static_cast<std::size_t>(all.classes) + c]));
      write(row(rows.index[n], header_.named ? rows.names[n] : "", all.label[n],
                number_text(all.entropy[n]), number_text(all.mutual_information[n]),
                fmt::format("{}", fmt::join(probabilities, ","))));
    }
  }
  void finish() override {
    write(tail());
    VARPHASE_CHECK(std::fflush(stream_) == 0, ErrorKind::io, "{}", std::strerror(errno));
  }

 protected:
  virtual std::string row(std::int64_t index, const std::string& name, std::int64_t label,
                          const std::string& entropy, const std::string& mutual_information,
                          const std::string& probabilities) = 0;
  virtual std::string tail() const { return ""; }

  void write(const std::string& text) const {
    const bool whole = std::fwrite(text.data(), 1, text.size(), stream_) == text.size();
    VARPHASE_CHECK(whole, ErrorKind::io, "{}", std::strerror(errno));
  }

  PredictionHeader header_;

 private:
  std::FILE* stream_;
};

class CsvWriter final : public TextWriter {
 public:
  CsvWriter(std::FILE* stream, const PredictionHeader& header) : TextWriter(stream, header) {
    std::string line =
        fmt::format("index,{}class,{}entropy,mutual_information", header.named ? "file," : "",
                    header.class_names.empty() ? "" : "class_name,");
    for (std::int64_t c = 0; c < header.classes; ++c) line += fmt::format(",p{}", c);
    write(line + "\n");
  }

 private:
  std::string row(std::int64_t index, const std::string& name, std::int64_t label,
                  const std::string& entropy, const std::string& mutual_information,
                  const std::string& probabilities) override {
    return fmt::format(
        "{},{}{},{}{},{},{}\n", index, header_.named ? csv_cell(text_of_bytes(name)) + "," : "",
        label, header_.class_names.empty() ? "" : csv_cell(class_name(header_, label)) + ",",
        entropy, mutual_information, probabilities);
  }
};

/// An object an image: as lines, or as the list of one object that also says how it was made.
class JsonWriter final : public TextWriter {
 public:
  JsonWriter(std::FILE* stream, const PredictionHeader& header, bool lines)
      : TextWriter(stream, header), lines_(lines) {
    if (lines) return;
    std::string about = json_text(header.about, -1);
    about.pop_back();
    write(about + ",\"predictions\":[");
  }

 private:
  std::string row(std::int64_t index, const std::string& name, std::int64_t label,
                  const std::string& entropy, const std::string& mutual_information,
                  const std::string& probabilities) override {
    const std::string file =
        header_.named ? fmt::format("\"file\":{},", Json(text_of_bytes(name)).dump()) : "";
    const std::string called =
        header_.class_names.empty()
            ? ""
            : fmt::format("\"class_name\":{},", Json(class_name(header_, label)).dump());
    const char* before = lines_ ? "" : first_ ? "\n" : ",\n";
    first_ = false;
    return fmt::format(
        "{}{{\"index\":{},{}\"class\":{},{}\"entropy\":{},\"mutual_information\":{},"
        "\"probabilities\":[{}]}}{}",
        before, index, file, label, called, entropy, mutual_information, probabilities,
        lines_ ? "\n" : "");
  }
  std::string tail() const override { return lines_ ? "" : "\n]}\n"; }

  bool lines_;
  bool first_ = true;
};

/// Our own kind "predictions" (checkpoints/FORMAT.md), written at the end: rows wait in memory.
class DocumentWriter final : public PredictionWriter {
 public:
  DocumentWriter(fs::path path, PredictionHeader header)
      : path_(std::move(path)), header_(std::move(header)) {}
  void add(const PredictionRows& rows) override {
    const auto append = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(index_, rows.index);
    append(all_.label, rows.predictions.label);
    append(all_.probability, rows.predictions.probability);
    append(all_.entropy, rows.predictions.entropy);
    append(all_.mutual_information, rows.predictions.mutual_information);
    for (const std::string& name : rows.names) append(names_, text_of_bytes(name) + '\0');
    for (const std::int64_t label : rows.predictions.label)
      if (!header_.class_names.empty()) append(called_, class_name(header_, label) + '\0');
  }
  void finish() override {
    Document document;
    document.kind = "predictions";
    for (const auto& [key, value] : header_.about.items()) {
      if (value.is_number_integer()) {
        document.attributes.emplace_back(key, value.get<std::int64_t>());
      } else if (value.is_string()) {
        document.attributes.emplace_back(key, value.get<std::string>());
      } else if (value.is_array()) {
        document.attributes.emplace_back(key, value.dump());
      }
    }
    for (const auto& [key, value] : header_.about.at("provenance").items())
      document.attributes.emplace_back(std::string(kProvenance) + key, value.get<std::string>());
    const std::int64_t images = all_.count();
    const auto store = [&]<class T>(const char* name, std::vector<std::int64_t> shape,
                                    const std::vector<T>& values, const char* dims,
                                    const char* unit) {
      document.arrays.push_back(make_array<T>(name, std::move(shape), values, dims, unit));
    };
    store("index", {images}, index_, "image", "");
    store("class", {images}, all_.label, "image", "");
    store("probability", {images, header_.classes}, all_.probability, "image,class", "1");
    store("entropy", {images}, all_.entropy, "image", "nats");
    store("mutual_information", {images}, all_.mutual_information, "image", "nats");
    const auto store_texts = [&](const char* name, std::vector<std::uint8_t>& texts) {
      if (texts.size() < 2) return;
      texts.pop_back();  // a zero stands between two
      store(name, {static_cast<std::int64_t>(texts.size())}, texts, "byte", "");
    };
    store_texts("class_name", called_);
    store_texts("files", names_);
    write_document(path_, document);
  }

 private:
  fs::path path_;
  PredictionHeader header_;
  std::vector<std::int64_t> index_;
  std::vector<std::uint8_t> names_,
      called_;  // texts of files, of classes: each with a zero behind it
  ImagePredictions all_;
};

std::unique_ptr<PredictionWriter> csv_writer(std::FILE* stream, const PredictionHeader& header) {
  return std::make_unique<CsvWriter>(stream, header);
}
std::unique_ptr<PredictionWriter> jsonl_writer(std::FILE* stream, const PredictionHeader& header) {
  return std::make_unique<JsonWriter>(stream, header, true);
}
std::unique_ptr<PredictionWriter> json_writer(std::FILE* stream, const PredictionHeader& header) {
  return std::make_unique<JsonWriter>(stream, header, false);
}

}  // namespace

std::string class_name(const PredictionHeader& header, std::int64_t label) {
  const auto at = static_cast<std::size_t>(label);
  return at < header.class_names.size() ? header.class_names[at] : "";
}

const std::vector<PredictionFormat>& prediction_formats() {
  static const std::vector<PredictionFormat> formats{
      {"csv", {".csv"}, csv_writer},
      {"jsonl", {".jsonl", ".ndjson"}, jsonl_writer},
      {"json", {".json"}, json_writer},
      {"hdf5", {".h5", ".hdf5"}, nullptr},
  };
  return formats;
}

const PredictionFormat& prediction_format(const std::string& name, const std::string& out) {
  VARPHASE_CHECK(!out.empty(), ErrorKind::usage, "--out: wants the file that is to be written");
  const std::string wanted = name != "auto" ? name : out == "-" ? "csv" : "";
  const std::string ending = fs::path(out).extension().string();
  std::vector<std::string> names, endings;
  for (const PredictionFormat& format : prediction_formats()) {
    if (!wanted.empty() ? wanted == format.name
                        : std::find(format.endings.begin(), format.endings.end(), ending) !=
                              format.endings.end()) {
      VARPHASE_CHECK(out != "-" || format.to_stream != nullptr, ErrorKind::usage,
                     "--format {} wants a file, not stdout", format.name);
      return format;
    }
    names.emplace_back(format.name);
    endings.insert(endings.end(), format.endings.begin(), format.endings.end());
  }
  VARPHASE_CHECK(wanted.empty(), ErrorKind::usage, "unknown format '{}'{}", wanted,
                 suggestion(wanted, names));
  fail(ErrorKind::usage, "--out {}: the ending says no format, wants one of {}, or --format {}",
       out, fmt::join(endings, ", "), fmt::join(names, "|"));
}

namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

void write_predictions(const PredictionFormat& format, const std::string& out,
                       const PredictionHeader& header, const FillPredictions& fill) {
  if (format.to_stream == nullptr) {
    DocumentWriter writer(out, header);
    fill(writer);
    writer.finish();
    return;
  }
  write_atomically(out, [&](const fs::path& temporary) {
    std::unique_ptr<std::FILE, Close> file(std::fopen(temporary.c_str(), "wb"));
    VARPHASE_CHECK(file != nullptr, ErrorKind::io, "{}", std::strerror(errno));
    const std::unique_ptr<PredictionWriter> writer = format.to_stream(file.get(), header);
    fill(*writer);
    writer->finish();
    VARPHASE_CHECK(std::fclose(file.release()) == 0, ErrorKind::io, "{}", std::strerror(errno));
  });
}

void stream_predictions(const PredictionFormat& format, const PredictionHeader& header,
                        const FillPredictions& fill,
                        const std::function<void(std::string_view)>& take) {
  // A prediction that fails gives no row at all.
  const std::unique_ptr<std::FILE, Close> waiting(std::tmpfile());
  VARPHASE_CHECK(waiting != nullptr, ErrorKind::io,
                 "no temporary file for the rows that go to stdout: {}", std::strerror(errno));
  const std::unique_ptr<PredictionWriter> writer = format.to_stream(waiting.get(), header);
  try {
    fill(*writer);
    writer->finish();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io) throw;
    fail(ErrorKind::io, "temporary file of the rows that go to stdout: {}", error.what());
  }
  std::rewind(waiting.get());
  std::vector<char> piece(1 << 16);
  for (std::size_t n = 0; (n = std::fread(piece.data(), 1, piece.size(), waiting.get())) > 0;)
    take({piece.data(), n});
  VARPHASE_CHECK(std::ferror(waiting.get()) == 0, ErrorKind::io,
                 "temporary file of the rows that go to stdout: cannot be read again");
}

}  // namespace varphase
