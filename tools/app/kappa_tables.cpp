// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/kappa_tables.hpp"

#include <optional>

namespace varphase {
namespace {

template <class Row, class Visit>
void visit_row(Row& row, const Visit& visit) {
  visit(row.epoch), visit(row.layer), visit(row.label), visit(row.images), visit(row.weights);
  visit(row.negative), visit(row.zeros), visit(row.over), visit(row.smooth), visit(row.method);
  visit(row.factors), visit(row.relative_standard_error), visit(row.samples_for_1_percent);
  visit(row.uncertain);
}

template <class Proof, class Visit>
void visit_proof(Proof& proof, const Visit& visit) {
  visit(proof.entries), visit(proof.worst_relative_error), visit(proof.rows.rows);
  visit(proof.rows.asymmetry), visit(proof.rows.direction_error);
  visit(proof.rows.largest_off_diagonal), visit(proof.rows.diagonal_share);
}

struct Write {
  Json& list;
  template <class T>
  void operator()(const T& value) const {
    list.push_back(value);
  }
  template <class T>
  void operator()(const std::optional<T>& value) const {
    list.push_back(value ? Json(*value) : Json());
  }
};

struct Read {
  Json::const_iterator& next;
  template <class T>
  void operator()(T& value) const {
    value = (next++)->get<T>();
  }
  template <class T>
  void operator()(std::optional<T>& value) const {
    if (!next->is_null()) value = next->get<T>();
    ++next;
  }
};

}  // namespace

std::string to_bytes(const std::vector<KappaTable>& tables) {
  Json all = Json::array();
  for (const KappaTable& table : tables) {
    Json rows = Json::array();
    for (const KappaRow& row : table.rows) {
      Json list = Json::array();
      visit_row(row, Write{list});
      if (row.proof) visit_proof(*row.proof, Write{list});
      rows.push_back(std::move(list));
    }
    all.push_back({table.epoch, std::move(rows), table.histogram});
  }
  // Not as text, which has no NaN.
  std::string bytes;
  Json::to_cbor(all, bytes);
  return bytes;
}

std::vector<KappaTable> kappa_tables_of(const std::string& bytes) {
  std::vector<KappaTable> tables;
  for (const Json& one : Json::from_cbor(bytes)) {
    KappaTable& table = tables.emplace_back();
    table.epoch = one[0].get<std::int64_t>();
    table.histogram = one[2].get<std::string>();
    for (const Json& list : one[1]) {
      KappaRow& row = table.rows.emplace_back();
      auto next = list.begin();
      visit_row(row, Read{next});
      if (next != list.end()) visit_proof(row.proof.emplace(), Read{next});
    }
  }
  return tables;
}

}  // namespace varphase
