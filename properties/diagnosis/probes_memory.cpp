// SPDX-License-Identifier: Apache-2.0
// Probes of addressing: what is written, in place, through strides, and far away.
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "properties/diagnosis/diagnose.h"

namespace plumbline::diagnosis {
namespace {

using Tuples = std::vector<std::vector<double>>;

double largest(const std::vector<double>& x) {
  double out = 0;
  for (const double v : x) out = std::max(out, std::abs(v));
  return out;
}

// Within twice what the recipe allows for inputs of this size.
bool near(const Contract& c, const std::vector<double>& a, const std::vector<double>& b,
          double size) {
  const double tolerance = 2 * (2 * size * std::max(1.0, c.factor) * c.arithmetic + c.absolute);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](double x, double y) { return alike(x, y, tolerance); });
}
bool near(const Contract& c, const Values& a, const Values& b, const Values& in) {
  return near(c, a.q, b.q, largest(in.q)) && near(c, a.k, b.k, largest(in.k));
}

std::size_t lanes_of(const Contract& c) { return static_cast<std::size_t>(c.shape.head_dim); }

// y_b = x_b c + y_a s: the second member of each pair from the first one's new value.
Values hazard(const Contract& c, const Operator& m, const Values& in, const Values& out) {
  Values wrong = out;
  for (const bool key : {false, true}) {
    const auto heads = static_cast<std::size_t>(c.heads(key));
    for (std::size_t row = 0; row < m.rows(); ++row) {
      for (std::size_t head = 0; head < heads; ++head) {
        const std::size_t base = (row * heads + head) * lanes_of(c);
        for (int pair = 0; pair < c.pairs; ++pair) {
          const int a = c.neox ? pair : 2 * pair, b = c.neox ? pair + c.pairs : 2 * pair + 1;
          const auto ia = base + static_cast<std::size_t>(a),
                     ib = base + static_cast<std::size_t>(b);
          const int h = static_cast<int>(head);
          wrong.of(key)[ib] =
              in.of(key)[ib] * m.at(row, h, key, b, b) + out.of(key)[ia] * m.at(row, h, key, b, a);
        }
      }
    }
  }
  return wrong;
}

std::string outside_name(const Contract& c, const std::vector<std::size_t>& outside,
                         const laws::Strides& s, std::size_t rows, int heads) {
  bool rows_after = true, head_after = true;
  for (const std::size_t flat : outside) {
    if (flat == SIZE_MAX) return "";
    const std::size_t row = flat / static_cast<std::size_t>(s.token),
                      rest = flat % static_cast<std::size_t>(s.token),
                      head = rest / static_cast<std::size_t>(s.head),
                      lane = rest % static_cast<std::size_t>(s.head);
    rows_after =
        rows_after && row >= rows && head < static_cast<std::size_t>(heads) && lane < lanes_of(c);
    head_after =
        head_after && row < rows && head == static_cast<std::size_t>(heads) && lane < lanes_of(c);
  }
  return rows_after ? "M06c" : head_after ? "M16b" : "";
}

// Only lanes that pass through, and all of them.
bool only_pass_through(const Contract& c, const std::vector<bool>& untouched) {
  for (std::size_t i = 0; i < untouched.size(); ++i) {
    const bool passes = i % lanes_of(c) >= static_cast<std::size_t>(c.shape.rotary_dim);
    if (untouched[i] != passes) return false;
  }
  return true;
}

}  // namespace

std::vector<Finding> probe_memory(const Maker& make, const Contract& c) {
  // The last row turns on every axis: a row behind it that copied its angles would show.
  const std::size_t rows = 3;
  const Values in = draw(c, rows, 1);
  const int token_gap = 2 * c.shape.head_dim + 7;
  const Layout layout{5, token_gap, 5, token_gap, false, true};
  const Answer answer = ask(make(), c, table_of(c, few_rows(c, rows)), in, false, layout);
  std::vector<Finding> out;
  const laws::Strides q = Sheet(c, rows, c.shape.num_heads, 5, token_gap).strides,
                      k = Sheet(c, rows, c.shape.num_key_value_heads, 5, token_gap).strides;
  const std::size_t outside = answer.outside_q.size() + answer.outside_k.size();
  if (outside > 0) {
    Finding f{"poison around the output",
              std::to_string(outside) + " elements outside the tensors were written",
              {}};
    const std::string of_q = outside_name(c, answer.outside_q, q, rows, c.shape.num_heads),
                      of_k =
                          outside_name(c, answer.outside_k, k, rows, c.shape.num_key_value_heads);
    if (answer.outside_q.empty() || answer.outside_k.empty() || of_q == of_k) {
      const std::string& name = answer.outside_q.empty() ? of_k : of_q;
      if (!name.empty()) f.names.push_back(name);
    }
    out.push_back(f);
  }
  const auto left = std::count(answer.untouched_q.begin(), answer.untouched_q.end(), true) +
                    std::count(answer.untouched_k.begin(), answer.untouched_k.end(), true);
  if (left > 0) {
    Finding f{"poison in the output", std::to_string(left) + " elements were not written", {}};
    if (only_pass_through(c, answer.untouched_q) && only_pass_through(c, answer.untouched_k))
      f.names = {"M11b"};
    out.push_back(f);
  }
  if (answer.input_written)
    out.push_back({"inputs", "an input of a call not in place was written", {}});
  return out;
}

std::vector<Finding> probe_in_place(const Maker& make, const Contract& c) {
  for (const bool adjoint : {false, true}) {
    const std::size_t rows = 6;
    const Tuples tuples = few_rows(c, rows);
    const PositionTable ids = table_of(c, tuples);
    const Values in = draw(c, rows, 2);
    // A kernel need not know the way back.
    if (adjoint && refuses(make(), c, true, false)) return {};
    const Answer apart = ask(make(), c, ids, in, adjoint, {.watch = true});
    if (std::count(apart.untouched_q.begin(), apart.untouched_q.end(), true) > 0) return {};
    const laws::Subject one = make();
    int wrong = 0, hazards = 0;
    const int runs = 6;
    const Operator m(make(), c, tuples, adjoint);
    for (int run = 0; run < runs; ++run) {
      const Answer placed = ask(one, c, ids, in, adjoint, {.in_place = true});
      if (near(c, placed.out, apart.out, in)) continue;
      ++wrong;
      const Values expected = hazard(c, m, in, placed.out);
      bool first_right = true;
      for (const bool key : {false, true}) {
        for (std::size_t i = 0; i < in.of(key).size(); ++i) {
          const auto lane = static_cast<int>(i % lanes_of(c));
          const bool first = c.neox ? lane < c.pairs : lane % 2 == 0;
          if (!first && lane < c.shape.rotary_dim) continue;
          first_right = first_right && near(c, {placed.out.of(key)[i]}, {apart.out.of(key)[i]},
                                            largest(in.of(key)));
        }
      }
      if (first_right && near(c, placed.out, expected, in)) ++hazards;
    }
    if (wrong == 0) continue;
    Finding f{"in place",
              std::to_string(wrong) + " of " + std::to_string(runs) +
                  " calls in place differ from the call with a separate output",
              {}};
    if (hazards == wrong) f.names.emplace_back(wrong == runs ? "M17a" : "M17b");
    // Nothing wrong with room between the heads: a store beyond a head reached the next one.
    const int gap = 2 * c.shape.head_dim + 7;
    const Answer roomy =
        ask(make(), c, ids, in, adjoint, {.head_gap = 5, .token_gap = gap, .in_place = true});
    if (near(c, roomy.out, apart.out, in)) {
      for (const Finding& other : probe_memory(make, c)) {
        if (other.names == std::vector<std::string>{"M16b"}) f.names = other.names;
      }
    }
    return {f};
  }
  return {};
}

std::vector<Finding> probe_strides(const Maker& make, const Contract& c) {
  const std::size_t rows = 4;
  const PositionTable ids = table_of(c, few_rows(c, rows));
  const Values in = draw(c, rows, 3);
  const laws::Subject subject = make();
  const Answer packed = ask(subject, c, ids, in, false);
  std::vector<Sheet> from, to;
  for (const bool key : {false, true}) {
    from.emplace_back(c, rows, c.heads(key), 3, 11);
    to.emplace_back(c, rows, c.heads(key), 1, 5);
    from.back().put(in.of(key));
  }
  subject.rotate({c.c,
                  ids,
                  c.format,
                  false,
                  {from[0].data(), to[0].data(), from[0].strides, to[0].strides},
                  {from[1].data(), to[1].data(), from[1].strides, to[1].strides}});
  const Values strided{to[0].get(), to[1].get()};
  // Elements that the packed call leaves alone hold poison in both.
  if (near(c, strided, packed.out, in)) return {};
  Finding f{"strided views", "a padded layout gives other numbers than the packed one", {}};
  const auto packed_heads = [&](std::size_t i, const std::vector<Sheet>& of) {
    laws::Strides s = of[i].strides;
    s.head = c.shape.head_dim;
    return s;
  };
  const auto packed_tokens = [&](std::size_t i, const std::vector<Sheet>& of) {
    laws::Strides s = of[i].strides;
    s.token = s.head * c.heads(i == 1);
    return s;
  };
  struct View {
    const char* id;
    laws::Strides q, k;
  };
  const View views[] = {
      {"M15a", packed_tokens(0, from), packed_tokens(1, from)},
      {"M15a", packed_tokens(0, from), from[1].strides},
      {"M15b", packed_heads(0, from), packed_heads(1, from)},
      {"M15c", from[0].strides, packed_tokens(1, from)},
      {"M15b", from[0].strides, packed_heads(1, from)},
      {"M15b", packed_heads(0, from), from[1].strides},
  };
  for (const View& r : views) {
    const Values seen{from[0].get(r.q), from[1].get(r.k)};
    if (near(c, ask(subject, c, ids, seen, false).out, strided, in)) {
      f.names.emplace_back(r.id);
      break;
    }
  }
  if (c.shape.rotary_dim < c.shape.head_dim) {
    // Turned lanes as they are, the others from where they would lie in a packed input.
    Values expected = packed.out;
    for (const bool key : {false, true}) {
      laws::Strides s = packed_heads(key ? 1 : 0, from);
      s.token = s.head * c.heads(key);
      const std::vector<double> read = from[key ? 1 : 0].get(s);
      for (std::size_t i = 0; i < read.size(); ++i) {
        if (i % lanes_of(c) >= static_cast<std::size_t>(c.shape.rotary_dim))
          expected.of(key)[i] = read[i];
      }
    }
    if (near(c, expected, strided, in)) f.names.emplace_back("M11d");
  }
  if (near(c, {to[0].get(packed_heads(0, to)), to[1].get(packed_heads(1, to))}, packed.out, in))
    f.names.emplace_back("M15d");
  if (near(c, {to[0].get(packed_tokens(0, to)), to[1].get(packed_tokens(1, to))}, packed.out, in))
    f.names.emplace_back("M15e");
  return {f};
}

std::vector<Finding> probe_long_strides(const Maker& make, const Contract& c,
                                        std::vector<std::string>& left_out) {
  // Two rows, the second 2^32 elements and a little further on: an offset of 32 bits, with a sign
  // or without, comes back to that little, where other numbers lie.
  const std::ptrdiff_t past = (c.shape.num_heads + 64) * c.shape.head_dim,
                       stride = (std::ptrdiff_t{1} << 32) + past, size = c.format.bytes;
  const std::size_t rows = 2, heads = static_cast<std::size_t>(c.shape.num_heads);
  const std::size_t row_bytes = heads * lanes_of(c) * static_cast<std::size_t>(size);
  // Nothing is paid for pages that are never touched.
  const std::size_t bytes =
      static_cast<std::size_t>(stride * size) + row_bytes + (std::size_t{1} << 20);
  struct Mapping {
    explicit Mapping(std::size_t n)
        : length(n),
          start(mmap(nullptr, n, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
    ~Mapping() {
      if (start != MAP_FAILED) munmap(start, length);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    std::size_t length;
    void* start;
  };
  const Mapping in_map(bytes), out_map(bytes);
  if (in_map.start == MAP_FAILED || out_map.start == MAP_FAILED) {
    left_out.push_back("strides above 2^32: no two mappings of " + std::to_string(bytes >> 20) +
                       " MiB");
    return {};
  }
  std::byte* const in = static_cast<std::byte*>(in_map.start);
  std::byte* const out = static_cast<std::byte*>(out_map.start);
  const PositionTable ids = table_of(c, few_rows(c, rows));
  const Values data = draw(c, rows, 4), other = draw(c, rows, 5);
  Sheet dense(c, rows, c.shape.num_heads, 0, 0), foreign(c, rows, c.shape.num_heads, 0, 0),
      keys(c, rows, c.shape.num_key_value_heads, 0, 0),
      keys_out(c, rows, c.shape.num_key_value_heads, 0, 0);
  dense.put(data.q);
  foreign.put(other.q);
  keys.put(data.k);
  std::memcpy(in, dense.data(), row_bytes);
  std::memcpy(in + stride * size, dense.data() + row_bytes, row_bytes);
  std::memcpy(in + past * size, foreign.data() + row_bytes, row_bytes);
  const laws::Subject subject = make();
  const Values wanted = ask(subject, c, ids, data, false).out,
               wrong = ask(subject, c, ids, other, false).out;
  const laws::Strides far{stride, c.shape.head_dim};
  subject.rotate({c.c,
                  ids,
                  c.format,
                  false,
                  {in, out, far, far},
                  {keys.data(), keys_out.data(), keys.strides, keys_out.strides}});
  const auto second_row = [&](const std::byte* at) {
    Sheet copy(c, rows, c.shape.num_heads, 0, 0);
    std::memcpy(copy.data() + row_bytes, at, row_bytes);
    const std::vector<double> all = copy.get();
    return std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(heads * lanes_of(c)),
                               all.end());
  };
  const auto half = static_cast<std::ptrdiff_t>(heads * lanes_of(c));
  const std::vector<double> expected(wanted.q.begin() + half, wanted.q.end()),
      moved(wrong.q.begin() + half, wrong.q.end());
  if (near(c, second_row(out + stride * size), expected, largest(data.q))) return {};
  Finding f{"strides above 2^32", "the second row is wrong", {}};
  if (near(c, second_row(out + past * size), moved, largest(other.q))) f.names = {"M16a"};
  return {f};
}

}  // namespace plumbline::diagnosis
