// SPDX-License-Identifier: Apache-2.0
// A kernel of fast/ as a candidate. Only inputs cross over: position_ids, the axis map and the
// spectrum's parameters; fast/ makes its own frequencies and tables.
#include "tools/subject.h"

#include <fmt/format.h>

#include <cstring>

#include "golden/truth.h"
#include "reference/planes.h"

namespace plumbline {
namespace {

const fast::Kernel& find_kernel(const std::string& name) {
  std::string known;
  for (const fast::Kernel& k : fast::kernels()) {
    if (k.name == name) return k;
    known += (known.empty() ? "" : ", ") + std::string(k.name);
  }
  throw std::invalid_argument("kernel = '" + name.substr(0, 60) + "': must be one of " + known);
}

fast::Storage storage_of(Dtype d) {
  switch (d) {
    case Dtype::f64:
      return fast::Storage::f64;
    case Dtype::bf16:
      return fast::Storage::bf16;
    case Dtype::f16:
      return fast::Storage::f16;
    default:
      return fast::Storage::f32;
  }
}

std::string_view name_of(fast::Storage s) {
  constexpr std::string_view kNames[] = {"f64", "f32", "bf16", "f16"};
  return kNames[static_cast<std::size_t>(s)];
}

fast::Spectrum spectrum_of(const FrequencySpectrum& from, const Ladder& ladder) {
  fast::Spectrum to;
  const auto number = [](const Rational& r) { return to_double(r); };
  const auto maybe = [&](const std::optional<Rational>& r) {
    return r ? std::optional(number(*r)) : std::nullopt;
  };
  const auto count = [](const Rational& r) {
    if (denominator(r) != 1)
      throw std::invalid_argument("a context length of " + to_text(r) +
                                  ": kernels of fast/ take integers");
    return numerator(r).convert_to<std::int64_t>();
  };
  to.base = number(ladder.rope_theta.value_or(from.rope_theta));
  to.rotary_dim = ladder.dim == 0 ? from.rotary_dim : ladder.dim;
  to.log_freq_scale = number(1 / ladder.exponent);
  to.turns = ladder.turns;
  struct Visitor {
    fast::Spectrum& to;
    const FrequencySpectrum& from;
    decltype(number)& number_;
    decltype(maybe)& maybe_;
    decltype(count)& count_;
    void operator()(const Unscaled&) const { to.scaling = fast::Scaling::default_; }
    void operator()(const Linear& s) const {
      to.scaling = fast::Scaling::linear;
      to.factor = number_(s.factor);
    }
    void operator()(const Proportional& s) const {
      to.scaling = fast::Scaling::proportional;
      to.head_dim = to.rotary_dim;
      to.rope_angles = static_cast<int>(s.angles);
      to.factor = number_(s.factor);
    }
    void operator()(const NtkAware& s) const {
      to.scaling = fast::Scaling::ntk_aware_static;
      to.alpha = number_(s.alpha);
    }
    void operator()(const NtkFixed& s) const {
      to.scaling = fast::Scaling::ntk_fixed_su;
      to.factor = number_(s.factor);
      to.mixed_b = maybe_(s.mixed_b);
    }
    void operator()(const DynamicNtk& s) const {
      to.scaling = fast::Scaling::dynamic;
      to.factor = number_(s.factor);
      to.seq_len = count_(s.seq_len);
      to.max_position_embeddings = count_(s.max_position_embeddings);
    }
    void operator()(const Yarn& s) const {
      to.scaling = fast::Scaling::yarn;
      to.factor = number_(s.factor);
      to.original_max_position_embeddings = count_(s.original_max_position_embeddings);
      to.beta_fast = number_(s.beta_fast);
      to.beta_slow = number_(s.beta_slow);
      to.truncate = s.truncate;
      to.mscale = maybe_(s.mscale);
      to.mscale_all_dim = maybe_(s.mscale_all_dim);
      to.attention_factor = maybe_(s.attention_factor);
    }
    void operator()(const LongRope& s) const {
      to.scaling = fast::Scaling::longrope;
      to.factor = number_(s.extension);
      to.original_max_position_embeddings = count_(s.original_max_position_embeddings);
      to.attention_factor = maybe_(s.attention_factor);
      for (const Rational& f : s.factors) to.factors.push_back(number_(f));
    }
    void operator()(const Llama3& s) const {
      to.scaling = fast::Scaling::llama3;
      to.factor = number_(s.factor);
      to.low_freq_factor = number_(s.low_freq_factor);
      to.high_freq_factor = number_(s.high_freq_factor);
      to.original_max_position_embeddings = count_(s.original_max_position_embeddings);
    }
  };
  std::visit(Visitor{to, from, number, maybe, count}, from.scaling);
  return to;
}

// The plan's own cos_sin_cache, [tokens][maps][2][pairs], as the two tables of a candidate.
void add_tables(StoredCase& out, const std::string& folder, const std::vector<std::uint64_t>& shape,
                const fast::RotaryPlan& plan) {
  const std::size_t pairs = shape[2], rows = shape[0] * shape[1], width = pairs * sizeof(float);
  Tensor cos{Dtype::f32, shape, std::vector<std::byte>(rows * width)}, sin = cos;
  for (std::size_t row = 0; row < rows; ++row) {
    std::memcpy(cos.bytes.data() + row * width, plan.cos_sin_cache.data() + 2 * row * pairs, width);
    std::memcpy(sin.bytes.data() + row * width, plan.cos_sin_cache.data() + (2 * row + 1) * pairs,
                width);
  }
  out.tensors[folder + "cos"] = std::move(cos);
  out.tensors[folder + "sin"] = std::move(sin);
}

}  // namespace

fast::RotaryCase rotary_case(const Case& c, const FrequencyAllocation& map, int axes) {
  fast::RotaryCase out;
  for (const Ladder& ladder : map.ladders) out.spectra.push_back(spectrum_of(c.spectrum, ladder));
  out.head_dim = c.shape.head_dim;
  out.rotary_dim = c.shape.rotary_dim;
  out.num_heads = c.shape.num_heads;
  out.num_key_value_heads = c.shape.num_key_value_heads;
  out.neox = c.pairing == Pairing::neox;
  out.axes = axes;
  out.maps = map.maps;
  for (const Assignment& a : map.of) {
    out.axis_map.push_back(static_cast<std::uint8_t>(a.axis));
    out.rung.push_back(a.rung);
  }
  return out;
}

void check_kernel(const std::string& kernel) { find_kernel(kernel); }

std::string kernel_recipe(const std::string& kernel, Dtype output) {
  const fast::Recipe& r = find_kernel(kernel).recipe;
  const auto or_exact = [](const std::optional<fast::Storage>& s) {
    return std::string(s ? name_of(*s) : "f64");
  };
  return "inv_freq=" + or_exact(r.inv_freq) + ",position=" + or_exact(r.position) +
         ",angle=" + or_exact(r.angle) +
         ",table=" + std::string(output == Dtype::f64 ? "f64" : name_of(r.table)) +
         ",product=" + std::string(output == Dtype::f64 ? "f64" : name_of(r.product)) +
         ",pow_ulp=" + fmt::format("{:g}", r.pow_ulp) +
         ",trig_ulp=" + fmt::format("{:g}", output == Dtype::f64 ? r.trig_ulp_f64 : r.trig_ulp) +
         (r.flush_bf16 && output == Dtype::bf16 ? ",flush=1" : "");
}

bool has_dense_planes(const StoredCase& golden) {
  const auto text = golden.text.find("case");
  if (text == golden.text.end()) return false;
  try {
    return has_planes(case_from_json(parse_json(text->second)));
  } catch (const std::invalid_argument&) {
    return false;
  }
}

StoredCase run_kernel(const std::string& name, const StoredCase& golden) {
  const fast::Kernel& kernel = find_kernel(name);
  const Truth truth(golden);
  const HeadShape& shape = truth.c.shape;
  // The map as the file says it, not as the scheme would.
  FrequencyAllocation map = allocation(truth.c);
  map.maps = truth.maps;
  map.pairs = truth.pairs;
  map.of.resize(truth.axis_map.size());
  for (std::size_t i = 0; i < map.of.size(); ++i) {
    map.of[i].axis = static_cast<Axis>(truth.axis_map[i]);
    map.of[i].rung = truth.rung[i];
  }
  const auto tokens = static_cast<int>(truth.rows());
  const int axes = tokens == 0 ? 1 : static_cast<int>(truth.position_ids.size() / truth.rows());
  const fast::RotaryCase rotary = rotary_case(truth.c, map, axes);

  StoredCase out;
  out.id = golden.id;
  for (const DtypeInfo& d : kDtypes) {
    const std::string folder = std::string(d.name) + "/";
    if (d.dtype == Dtype::f32 && golden.tensors.contains(folder + "cos")) {
      add_tables(
          out, folder, golden.tensors.at(folder + "cos").shape,
          fast::make_plan(rotary, truth.position_ids, tokens, kernel.phase, fast::Storage::f32));
    }
    if (!golden.tensors.contains(folder + "q_in")) continue;
    const auto plan =
        fast::make_plan(rotary, truth.position_ids, tokens, kernel.phase, storage_of(d.dtype));
    for (const char which : {'q', 'k'}) {
      const Tensor& input = golden.tensors.at(folder + which + "_in");
      const int heads = which == 'q' ? shape.num_heads : shape.num_key_value_heads;
      const std::ptrdiff_t head_stride = shape.head_dim, token_stride = head_stride * heads;
      for (const auto& [suffix, direction] : {std::pair("_out", fast::Direction::forward),
                                              std::pair("_adj", fast::Direction::adjoint)}) {
        if (!golden.tensors.contains(folder + which + suffix)) continue;
        Tensor& output = out.tensors[folder + which + suffix];
        output = {input.dtype, input.shape, std::vector<std::byte>(input.bytes.size())};
        fast::rotate(kernel, plan, storage_of(d.dtype), heads,
                     {input.bytes.data(), token_stride, head_stride},
                     {output.bytes.data(), token_stride, head_stride}, direction);
      }
    }
  }
  return out;
}

}  // namespace plumbline
