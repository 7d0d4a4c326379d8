// SPDX-License-Identifier: Apache-2.0
// A case becomes certified tensors: inputs drawn, truth certified by quick/ and reference/,
// recomputed by the second oracle.
#include <fmt/format.h>
#include <gmp.h>
#include <mpfi.h>
#include <mpfr.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "golden/flags.h"
#include "golden/golden.h"
#include "golden/oracle/oracle.h"
#include "golden/quick/channels.h"
#include "golden/quick/evaluate.h"
#include "reference/evaluate.h"
#include "reference/planes.h"

namespace plumbline {
namespace {

std::uint64_t mix(std::uint64_t x) {  // SplitMix64's finaliser
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

template <class T>
Tensor integers(Dtype dtype, std::vector<std::uint64_t> shape, const std::vector<T>& values) {
  Tensor t{dtype, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(t.bytes.data(), values.data(), t.bytes.size());
  return t;
}

// Row pairs whose logits are kept: each row with itself, with its neighbour, and with the first
// row.
std::vector<LogitIndex> logit_index(std::size_t rows, int heads) {
  std::vector<LogitIndex> out;
  const auto n = static_cast<std::int32_t>(std::min<std::size_t>(rows, 8));
  for (std::int32_t i = 0; i < n; ++i) {
    const std::int32_t row =
        n < 2 ? 0
              : static_cast<std::int32_t>(static_cast<std::size_t>(i) * (rows - 1) /
                                          static_cast<std::size_t>(n - 1));
    for (const std::int32_t key : {row, std::max(row - 1, 0), 0}) {
      const LogitIndex entry{row, key, i % heads};
      if (std::find(out.begin(), out.end(), entry) == out.end()) out.push_back(entry);
    }
  }
  return out;
}

// "p/q", or 40 significant digits of what is irrational.
std::string text_of(const Coordinate& x) {
  if (const auto* exact = std::get_if<Rational>(&x)) return to_text(*exact);
  return at_rising_precision([&] { return std::optional(to_digits(enclose(x), 40)); },
                             "a rope delta");
}

void add_positions(StoredCase& out, const PositionTable& ids) {
  const std::uint64_t axes = static_cast<std::uint64_t>(ids.axes), rows = ids.rows();
  std::vector<std::uint64_t> rounded;
  std::vector<std::int64_t> numerators, denominators;
  bool exact = true;
  for (const Coordinate& x : ids.position_ids) {
    const auto* r = std::get_if<Rational>(&x);
    if (r == nullptr) {
      rounded.push_back(certify([&] { return enclose(x); }, binary64, "position_ids").bits);
      exact = false;
      continue;
    }
    rounded.push_back(round_to(*r, binary64));
    const Integer limit = std::numeric_limits<std::int64_t>::max();
    if (abs(numerator(*r)) > limit || denominator(*r) > limit) {
      exact = false;
    } else {
      numerators.push_back(numerator(*r).convert_to<std::int64_t>());
      denominators.push_back(denominator(*r).convert_to<std::int64_t>());
    }
  }
  out.tensors["token_index"] = integers(Dtype::i64, {rows}, ids.token_index);
  out.tensors["position_ids"] = tensor_of(binary64, {axes, rows}, rounded);
  if (exact) {
    out.tensors["position_numerator"] = integers(Dtype::i64, {axes, rows}, numerators);
    out.tensors["position_denominator"] = integers(Dtype::i64, {axes, rows}, denominators);
  }
  out.text["rope_delta"] = ids.rope_delta ? text_of(*ids.rope_delta) : "null";
  out.text["rope_delta_cursor"] = text_of(ids.rope_delta_cursor);
}

void add_map(StoredCase& out, const FrequencyAllocation& map) {
  std::vector<std::uint8_t> axes;
  std::vector<std::int32_t> rungs;
  for (const Assignment& a : map.of) {
    axes.push_back(static_cast<std::uint8_t>(a.axis));
    rungs.push_back(a.rung);
  }
  const std::vector<std::uint64_t> shape{static_cast<std::uint64_t>(map.maps),
                                         static_cast<std::uint64_t>(map.pairs)};
  out.tensors["axis_map"] = integers(Dtype::u8, shape, axes);
  out.tensors["rung"] = integers(Dtype::i32, shape, rungs);
}

std::string attention_text(const Case& c) {
  const ResolvedSpectrum spectrum(c.spectrum);
  if (const auto& exact = spectrum.exact_attention_factor()) return to_digits(*exact, 40);
  return at_rising_precision(
      [&] { return std::optional(to_digits(spectrum.attention_factor(), 40)); },
      "attention factor of case " + c.id);
}

}  // namespace

Dtype dtype_of(const Format& format) { return dtype_with(format.name); }

const Format& format_of(Dtype dtype) { return quick::format_of_float(dtype); }

Tensor tensor_of(const Format& format, std::vector<std::uint64_t> shape,
                 const std::vector<std::uint64_t>& bits) {
  const auto width = static_cast<std::size_t>(format.bytes);
  Tensor t{dtype_of(format), std::move(shape), std::vector<std::byte>(bits.size() * width)};
  for (std::size_t i = 0; i < bits.size(); ++i)
    std::memcpy(t.bytes.data() + i * width, &bits[i], width);
  return t;
}

std::vector<std::uint64_t> bits_of(const Tensor& tensor) {
  const std::size_t width = info(tensor.dtype).bytes;
  std::vector<std::uint64_t> bits(tensor.bytes.size() / width);
  for (std::size_t i = 0; i < bits.size(); ++i)
    std::memcpy(&bits[i], tensor.bytes.data() + i * width, width);
  return bits;
}

std::vector<std::uint64_t> draw_inputs(std::uint64_t seed, std::string_view tensor,
                                       const Format& format, std::size_t count, bool special) {
  std::uint64_t key = mix(seed);
  for (const char letter : std::string(tensor) + "/" + std::string(format.name)) {
    key = mix(key ^ static_cast<std::uint64_t>(static_cast<unsigned char>(letter)));
  }
  const std::uint64_t fractions = std::uint64_t{1} << (format.precision - 1),
                      one = fractions * static_cast<std::uint64_t>(1 - format.emin);
  const std::uint64_t infinity = infinity_bits(format);
  const std::uint64_t rare[] = {
      0, 1, fractions - 1, fractions, infinity - 1, infinity, infinity + fractions / 2, one};
  std::vector<std::uint64_t> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t random = mix(key ^ mix(i));
    // Magnitudes from 1/8 to 4: five binades around 1, every fraction bit drawn.
    const std::uint64_t binade = one + ((random >> 1) % 5) * fractions - 3 * fractions;
    std::uint64_t bits = binade + ((random >> 4) & (fractions - 1));
    bool negative = (random & 1) != 0;
    if (special && (random >> 60) < 6) {
      bits = rare[(random >> 57) & 7];
      if (bits > infinity) negative = false;
    }
    out[i] = negative ? bits | sign_bit(format) : bits;
  }
  return out;
}

RootAttributes golden_root(std::string_view suite_name) {
  RootAttributes root;
  root.text["plumbline"] = "golden";
  root.text["generator"] = "plumbline " PLUMBLINE_VERSION;
  root.text["libraries"] =
      fmt::format("Boost.Multiprecision {}, MPFI {}, MPFR {}, GMP {}, {}", BOOST_LIB_VERSION,
                  mpfi_get_version(), mpfr_get_version(), gmp_version, oracle::version());
  root.text["suite"] = std::string(suite_name);
  root.numbers["schema_version"] = 1;
  return root;
}

std::vector<Format> table_formats(const Case& c) {
  std::vector<Format> out;
  if (has_planes(c)) return out;
  for (const Format& f : kFormats) {
    const bool own = std::find(c.dtypes.begin(), c.dtypes.end(), f) != c.dtypes.end();
    if (f == binary64 || (c.contents.tables && (own || !c.contents.own_tables))) out.push_back(f);
  }
  return out;
}

GenerateResult generate(const GoldenCase& golden, unsigned threads) {
  const auto start = std::chrono::steady_clock::now();
  const Case& c = golden.c;
  const ThreadCaches caches;
  const PositionTable ids = positions(c);
  const FrequencyAllocation map = allocation(c);
  const bool dense = has_planes(c);
  const HeadShape& shape = c.shape;
  const std::uint64_t rows = ids.rows(), width = static_cast<std::uint64_t>(shape.head_dim);
  const std::uint64_t query_heads = static_cast<std::uint64_t>(shape.num_heads),
                      key_heads = static_cast<std::uint64_t>(shape.num_key_value_heads);

  GenerateResult result;
  StoredCase& out = result.stored;
  out.id = c.id;
  out.text["case"] = case_to_json(c).dump();
  out.text["source"] = std::string(c.scheme->source);
  out.text["attention_factor"] = attention_text(c);
  add_positions(out, ids);
  const Tensor& at = out.tensors.at("position_ids");
  out.text["flags"] = flags_of(c, DatasetView{at.dtype, at.shape, at.bytes});
  check_claims(golden.claims, out.text.at("flags"), c.id);
  if (!dense) add_map(out, map);

  std::vector<Heads> inputs;
  if (c.contents.rotated || c.contents.adjoint || c.contents.logits) {
    for (const Format& f : c.dtypes) {
      inputs.push_back({f,
                        draw_inputs(c.seed, "q", f, rows * query_heads * width, c.special_inputs),
                        draw_inputs(c.seed, "k", f, rows * key_heads * width, c.special_inputs)});
    }
  }
  const bool turned = c.contents.rotated || c.contents.adjoint;
  quick::Evaluation evaluation(c, ids);
  const Tensors truth = evaluation.tensors(table_formats(c), turned ? inputs : std::vector<Heads>{},
                                           c.contents.adjoint, threads);
  unsigned precision = truth.precision;

  const std::uint64_t maps = static_cast<std::uint64_t>(map.maps),
                      pairs = static_cast<std::uint64_t>(map.pairs);
  if (!dense) out.tensors["inv_freq"] = tensor_of(binary64, {maps, pairs}, truth.inv_freq);
  result.certified += truth.inv_freq.size();
  const auto folder = [](const Format& f) { return std::string(info(dtype_of(f)).name) + "/"; };
  for (const Table& t : truth.tables) {
    out.tensors[folder(t.format) + "cos"] = tensor_of(t.format, {rows, maps, pairs}, t.cos);
    out.tensors[folder(t.format) + "sin"] = tensor_of(t.format, {rows, maps, pairs}, t.sin);
    result.certified += t.cos.size() + t.sin.size();
  }
  const std::vector<std::uint64_t> q_shape{rows, query_heads, width},
      k_shape{rows, key_heads, width};
  const auto index = logit_index(rows, shape.num_heads);
  const bool sampled = c.contents.logits && rows > 0 && !dense;
  if (sampled) {
    std::vector<std::int32_t> flat;
    for (const auto& entry : index) flat.insert(flat.end(), entry.begin(), entry.end());
    out.tensors["logits_index"] = integers(Dtype::i32, {index.size(), 3}, flat);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Format& f = inputs[i].format;
    out.tensors[folder(f) + "q_in"] = tensor_of(f, q_shape, inputs[i].q);
    out.tensors[folder(f) + "k_in"] = tensor_of(f, k_shape, inputs[i].k);
    if (c.contents.rotated) {
      out.tensors[folder(f) + "q_out"] = tensor_of(f, q_shape, truth.rotated[i].out.q);
      out.tensors[folder(f) + "k_out"] = tensor_of(f, k_shape, truth.rotated[i].out.k);
      result.certified += truth.rotated[i].out.q.size() + truth.rotated[i].out.k.size();
    }
    if (c.contents.adjoint) {
      out.tensors[folder(f) + "q_adj"] = tensor_of(f, q_shape, truth.rotated[i].adjoint.q);
      out.tensors[folder(f) + "k_adj"] = tensor_of(f, k_shape, truth.rotated[i].adjoint.k);
      result.certified += truth.rotated[i].adjoint.q.size() + truth.rotated[i].adjoint.k.size();
    }
    if (sampled) {
      std::vector<std::uint64_t> bits;
      for (const Certified& value : evaluation.logits(inputs[i], index)) {
        bits.push_back(value.bits);
        precision = std::max(precision, value.precision);
      }
      out.tensors[folder(f) + "logits"] = tensor_of(f, {bits.size()}, bits);
      result.certified += bits.size();
    }
  }
  out.numbers["precision"] = precision;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const oracle::Report report = oracle::recompute(out);
  if (!report.differs.empty()) {
    throw Disagreement("case " + c.id + ": the second oracle disagrees: " + report.differs.front());
  }
  result.agreed = report.values;
  out.text["oracle"] = fmt::format("{} agrees on {} values", oracle::version(), report.values);
  return result;
}

}  // namespace plumbline
