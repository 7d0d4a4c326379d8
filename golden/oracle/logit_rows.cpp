// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "golden/oracle/evaluation.h"
#include "golden/oracle/logits.h"

namespace plumbline::oracle {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

struct LogitRow {
  std::size_t query, key, head;
};

// The lanes that a logit joins, from the inputs of one format.
struct LogitInputs {
  std::vector<LogitPair> pairs;
  std::vector<std::array<double, 2>> plain;
};

LogitInputs gather(const Evaluation& e, const Comparison& q_in, const Comparison& k_in,
                   const Format& format, const LogitRow& r) {
  const std::size_t n = e.pairs(), D = size(e.given.head_dim);
  const std::size_t group = size(e.given.num_heads / e.given.num_key_value_heads);
  const std::size_t q = (r.query * size(e.given.num_heads) + r.head) * D;
  const std::size_t k = (r.key * size(e.given.num_key_value_heads) + r.head / group) * D;
  const std::size_t map = e.map_of_query_head(r.head);
  const auto value = [&](const Comparison& in, std::size_t index) {
    return decode(in.stored(index), format);
  };
  LogitInputs inputs;
  for (std::size_t i = 0; i < n; ++i) {
    const auto [x, y] = lanes_of(i, n, e.given.gptj);
    LogitPair p{value(q_in, q + x),
                value(q_in, q + y),
                value(k_in, k + x),
                value(k_in, k + y),
                {&e.position(r.query, map, i), e.frequency(map, i), nullptr},
                {&e.position(r.key, map, i), e.frequency(map, i), nullptr}};
    // Only the rules for values that are not finite look at the rows one by one.
    if (!std::isfinite(p.xq) || !std::isfinite(p.yq) || !std::isfinite(p.xk) ||
        !std::isfinite(p.yk)) {
      p.query = e.place(r.query, map, i);
      p.key = e.place(r.key, map, i);
    }
    inputs.pairs.push_back(p);
  }
  for (std::size_t lane = 2 * n; lane < D; ++lane) {
    inputs.plain.push_back({value(q_in, q + lane), value(k_in, k + lane)});
  }
  return inputs;
}

std::vector<LogitRow> logit_rows(const Evaluation& e, Report& report) {
  const auto tensor = e.stored.tensors.find("logits_index");
  const bool sized = tensor != e.stored.tensors.end() && !tensor->second.shape.empty();
  const std::uint64_t count = sized ? tensor->second.shape[0] : 0;
  const Comparison index(e.stored, "logits_index", Dtype::i32, {count, 3}, report);
  std::vector<LogitRow> rows;
  for (std::size_t i = 0; index.usable() && i < count; ++i) {
    const LogitRow row = {index.stored(3 * i), index.stored(3 * i + 1), index.stored(3 * i + 2)};
    if (row.query >= e.rows || row.key >= e.rows || row.head >= size(e.given.num_heads)) {
      report.differs.push_back(fmt::format("logits_index[{}]: is out of range", i));
      return {};
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

void compare_logits(const Evaluation& e, Report& report) {
  const bool listed = lists(e.given.tensors, "logits");
  if (!listed && !e.stored.tensors.contains("logits_index")) return;
  const std::vector<LogitRow> rows = logit_rows(e, report);
  for (const Format& f : kFormats) {
    const bool optional = !listed || !lists(e.given.dtypes, info(f.dtype).name);
    Comparison out(e.stored, below(f.dtype, "logits"), f.dtype, {rows.size()}, report, optional);
    if (!out.usable()) continue;
    const auto input = [&](const char* name, std::int64_t heads) {
      return Comparison(e.stored, below(f.dtype, name), f.dtype,
                        {e.rows, size(heads), size(e.given.head_dim)}, report);
    };
    const Comparison q_in = input("q_in", e.given.num_heads);
    const Comparison k_in = input("k_in", e.given.num_key_value_heads);
    for (std::size_t i = 0; q_in.usable() && k_in.usable() && i < rows.size(); ++i) {
      e.turns.forget_if_many();
      const LogitInputs inputs = gather(e, q_in, k_in, f, rows[i]);
      compare_logit(out, i, inputs.pairs, inputs.plain, e.given.head_dim, f, e.turns);
    }
  }
}

}  // namespace plumbline::oracle
