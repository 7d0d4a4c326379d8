// SPDX-License-Identifier: Apache-2.0
// The rows, and what each does behind the angle: table, products, store.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "properties/laws/tuple.h"
#include "properties/pipelines/pipeline.h"

namespace plumbline::pipelines {
namespace {

float to_bfloat16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if (std::isnan(x)) return std::bit_cast<float>(bits | 0x00400000U);
  return std::bit_cast<float>((bits + 0x7fffU + (bits >> 16 & 1U)) & 0xffff0000U);
}

// x rounded to the type of the tensors.
float narrowed(float x, const Format& f) {
  if (f == bfloat16) return to_bfloat16(x);
  return f == binary16 ? static_cast<float>(static_cast<_Float16>(x)) : x;
}

float load(const std::byte* from, const Format& f) {
  if (f == binary32) {
    float x = 0;
    std::memcpy(&x, from, sizeof x);
    return x;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, from, sizeof bits);
  return f == bfloat16 ? std::bit_cast<float>(std::uint32_t{bits} << 16)
                       : static_cast<float>(std::bit_cast<_Float16>(bits));
}

void store(std::byte* to, float x, const Format& f) {
  if (f == binary32) {
    std::memcpy(to, &x, sizeof x);
    return;
  }
  const auto bits =
      f == bfloat16 ? static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(to_bfloat16(x)) >> 16)
                    : std::bit_cast<std::uint16_t>(static_cast<_Float16>(x));
  std::memcpy(to, &bits, sizeof bits);
}

struct Pair {
  float x, y;
};
// The pair turned; the store to the tensors' type follows.
using Turn = Pair (*)(Pair in, float c, float s, const Format& tensors);

Pair rotate_half(Pair p, float c, float s, const Format&) {
  return {p.x * c + -p.y * s, p.y * c + p.x * s};
}
// PyTorch and MLX evaluate each elementwise operation on a 16-bit tensor in float and round it.
Pair rotate_half_in_tensor_type(Pair p, float c, float s, const Format& f) {
  const auto rn = [&f](float x) { return narrowed(x, f); };
  return {rn(rn(p.x * c) + rn(-p.y * s)), rn(rn(p.y * c) + rn(p.x * s))};
}
Pair minus(Pair p, float c, float s, const Format&) {
  return {p.x * c - p.y * s, p.y * c + p.x * s};
}
Pair complex_product(Pair p, float c, float s, const Format&) {
  return {p.x * c - p.y * s, p.x * s + p.y * c};
}
Pair contracted(Pair p, float c, float s, const Format&) {
  return {std::fma(p.x, c, -(p.y * s)), std::fma(p.y, c, p.x * s)};
}

// What distinguishes one pipeline from another.
struct Body {
  std::string_view id;
  Angles (*angles)(const FrequencySpectrum&, const Ladder&);
  bool wide;          // angle, cos and sin in binary64
  bool narrow_table;  // cos and sin in the type of the tensors
  Turn turn;
  std::optional<std::string> (*lacks)(const Case&) = nullptr;
};

Angles in_binary32(const FrequencySpectrum& s, const Ladder& l) {
  return transformers_angles(s, l, false);
}
Angles in_binary64(const FrequencySpectrum& s, const Ladder& l) {
  return transformers_angles(s, l, true);
}
Angles by_recurrence(const FrequencySpectrum& s, const Ladder& l) {
  return ggml_angles(s, l, false);
}
Angles by_step_powers(const FrequencySpectrum& s, const Ladder& l) {
  return ggml_angles(s, l, true);
}

constexpr Body kBodies[] = {
    {"hf_f32", in_binary32, false, true, rotate_half},
    {"hf_bf16", in_binary32, false, true, rotate_half_in_tensor_type},
    {"cache_bf16", in_binary32, false, true, minus},
    {"cache_f32", in_binary32, false, false, minus},
    {"vision_f32", in_binary32, false, false, rotate_half},
    {"complex_f32", in_binary32, false, false, complex_product},
    {"ggml_cpu", by_recurrence, false, false, minus, ggml_lacks},
    {"ggml_cuda", by_step_powers, false, false, minus, ggml_lacks},
    {"ort_fma", in_binary32, false, false, contracted},
    {"mlx_fallback", mlx_angles, false, true, rotate_half_in_tensor_type, mlx_lacks},
    {"f64_table", in_binary64, true, false, complex_product},
};

struct Entry {
  float c, s;
};

Entry entry(const Body& body, double angle, double factor, const Format& tensors) {
  Entry e{};
  if (body.wide) {
    e = {static_cast<float>(std::cos(angle) * factor),
         static_cast<float>(std::sin(angle) * factor)};
  } else {
    const auto a = static_cast<float>(factor), phi = static_cast<float>(angle);
    e = {std::cos(phi), std::sin(phi)};
    if (factor != 1) e = {e.c * a, e.s * a};
  }
  if (body.narrow_table) e = {narrowed(e.c, tensors), narrowed(e.s, tensors)};
  return e;
}

// One row's table, [maps][pairs].
class Rows {
 public:
  Rows(const Body& body, const laws::Call& call)
      : body_(body),
        call_(call),
        map_(allocation(call.c)),
        factor_(attention_factor(call.c.spectrum)) {
    for (const Ladder& ladder : map_.ladders)
      angles_.push_back(body.angles(call.c.spectrum, ladder));
  }
  const FrequencyAllocation& map() const { return map_; }
  std::vector<Entry> at(std::size_t row) const {
    std::vector<std::vector<double>> by_axis;
    for (int a = 0; a < call_.ids.axes; ++a) {
      const auto axis = static_cast<std::size_t>(a);
      const double p = laws::nearest_double(call_.ids.position_ids[axis * call_.ids.rows() + row]);
      by_axis.push_back(angles_[angles_.size() == 1 ? 0 : axis](p));
    }
    std::vector<Entry> out;
    for (const Assignment& a : map_.of) {
      const double angle =
          a.axis == Axis::none ? 0 : by_axis[index(a.axis)].at(static_cast<std::size_t>(a.rung));
      out.push_back(entry(body_, angle, factor_, call_.format));
    }
    return out;
  }

 private:
  const Body& body_;
  const laws::Call& call_;
  FrequencyAllocation map_;
  double factor_;
  std::vector<Angles> angles_;
};

void turn_head(const Body& body, const laws::Call& call, const laws::HeadView& view,
               std::ptrdiff_t row, std::ptrdiff_t head, std::span<const Entry> table) {
  const std::ptrdiff_t size = call.format.bytes, pairs = std::ssize(table);
  const std::byte* in =
      view.in + (row * view.in_strides.token + head * view.in_strides.head) * size;
  std::byte* out = view.out + (row * view.out_strides.token + head * view.out_strides.head) * size;
  for (std::ptrdiff_t i = 0; i < pairs; ++i) {
    const bool neox = call.c.pairing == Pairing::neox;
    const std::ptrdiff_t a = neox ? i : 2 * i, b = neox ? i + pairs : 2 * i + 1;
    const Entry e = table[static_cast<std::size_t>(i)];
    const Pair turned =
        body.turn({load(in + a * size, call.format), load(in + b * size, call.format)}, e.c,
                  call.adjoint ? -e.s : e.s, call.format);
    store(out + a * size, turned.x, call.format);
    store(out + b * size, turned.y, call.format);
  }
  if (view.in == view.out) return;
  const std::ptrdiff_t rest = 2 * pairs * size;
  std::memcpy(out + rest, in + rest, static_cast<std::size_t>(call.c.shape.head_dim * size - rest));
}

void run(const Body& body, const laws::Call& call) {
  const Rows rows(body, call);
  const HeadShape& shape = call.c.shape;
  const int group = shape.num_heads / shape.num_key_value_heads;
  const auto pairs = static_cast<std::size_t>(rows.map().pairs);
  for (std::size_t row = 0; row < call.ids.rows(); ++row) {
    const std::vector<Entry> table = rows.at(row);
    const auto of_kv_head = [&](int kv) {
      return std::span(table).subspan(static_cast<std::size_t>(rows.map().map_of(kv)) * pairs,
                                      pairs);
    };
    const auto at = static_cast<std::ptrdiff_t>(row);
    for (int h = 0; h < shape.num_heads; ++h)
      turn_head(body, call, call.q, at, h, of_kv_head(h / group));
    for (int h = 0; h < shape.num_key_value_heads; ++h)
      turn_head(body, call, call.k, at, h, of_kv_head(h));
  }
}

std::optional<std::string> never(const Case&) { return std::nullopt; }
std::optional<std::string> rounds_the_ramp(const Case& c) {
  const auto* y = std::get_if<Yarn>(&c.spectrum.scaling);
  if (y == nullptr || y->truncate) return std::nullopt;
  return "ggml rounds the bounds of the ramp, and the case has truncate = false";
}

const std::vector<Pipeline>& rows() {
  static const std::vector<Pipeline> kRows{
      {"exact",
       "the real numbers, rounded once",
       "the reference of this project",
       {"f64,pow_ulp=0,trig_ulp=0.5", "f64,pow_ulp=0,trig_ulp=0.5", "f64,pow_ulp=0,trig_ulp=0.5",
        "f64,pow_ulp=0,trig_ulp=0.5"},
       never},
      {"hf_f32",
       "fl throughout; fl(x c) + fl(-y s)",
       "huggingface/transformers, float32 model",
       {"", "hf_f32", "", ""},
       never},
      {"hf_bf16",
       "fl(cos), RN; RN of each product and of the sum",
       "huggingface/transformers, eager, 16-bit model",
       {"", "", "hf_bf16", "hf_f16"},
       never},
      {"cache_bf16",
       "RN(fl(cos)); RN of fl(fl(x c) - fl(y s))",
       "vllm-project/vllm",
       {"", "", "cache_bf16", "cache_f16"},
       never},
      {"cache_f32",
       "fl(cos); RN of fl(fl(x c) - fl(y s))",
       "sgl-project/sglang, Dao-AILab/flash-attention",
       {"", "cache_f32", "cache_f32", "cache_f32"},
       never},
      {"vision_f32",
       "as hf_f32, RN at the end",
       "huggingface/transformers, vision towers",
       {"", "cache_f32", "cache_f32", "cache_f32"},
       never},
      {"complex_f32",
       "(x + iy)(c + is) in fl, RN at the end",
       "meta-llama/llama-models, models/llama4",
       {"", "cache_f32", "cache_f32", "cache_f32"},
       never},
      {"ggml_cpu",
       "theta_(k+1) = fl(theta_k fl(base^fl(-2/d)))",
       "ggml-org/ggml, CPU",
       {"", "ggml_cpu", "", "ggml_cpu"},
       rounds_the_ramp},
      {"ggml_cuda",
       "theta_k = fl(fl(p) fl(s^k)), s = fl(base^fl(-2/d))",
       "ggml-org/ggml, CUDA",
       {"", "ggml_cuda", "", "ggml_cuda"},
       rounds_the_ramp},
      {"ort_fma",
       "fma(x, c, -fl(y s)), fma(y, c, fl(x s))",
       "microsoft/onnxruntime, x64 CPU",
       {"", "cache_f32", "", ""},
       never},
      {"mlx_fallback",
       "inv_freq = fl(exp(fl(k fl(-ln base / (d/2))))), then as hf_bf16",
       "ml-explore/mlx without a Metal kernel",
       {"", "mlx_f32", "mlx_bf16", "mlx_f16"},
       never},
      {"f64_table",
       "inv_freq and angle in binary64, fl(cos), then as complex_f32",
       "huggingface/diffusers, FLUX and Wan",
       {"", "f64_table", "f64_table", "f64_table"},
       never},
  };
  return kRows;
}

}  // namespace

std::string_view Pipeline::recipe_of(const Format& format) const {
  for (std::size_t i = 0; i < recipe.size(); ++i) {
    if (kFormats[i] == format) return recipe[i];
  }
  return {};
}

std::span<const Pipeline> pipelines() { return rows(); }

laws::Subject subject_of(const Pipeline& p) {
  const auto declared = [&p](const Format& f) -> std::optional<Recipe> {
    const std::string_view text = p.recipe_of(f);
    return text.empty() ? default_recipe(f) : parse_recipe(text);
  };
  if (p.id == "exact") {
    laws::Subject reference = laws::find_subject(laws::subjects(), "reference");
    reference.recipe = declared;
    return reference;
  }
  const auto* body = std::find_if(std::begin(kBodies), std::end(kBodies),
                                  [&](const Body& b) { return b.id == p.id; });
  if (body == std::end(kBodies)) throw std::logic_error("a pipeline without its body");
  return {std::string(p.id),
          plumbline::positions,
          [&p, body](const laws::Call& call) {
            if (p.recipe_of(call.format).empty())
              throw std::invalid_argument(std::string(p.id) + " stores no " +
                                          std::string(call.format.name));
            run(*body, call);
          },
          declared,
          [body](const Case& c) {
            const auto reason = laws::not_by_pairs(c);
            return reason || body->lacks == nullptr ? reason : body->lacks(c);
          },
          false};
}

}  // namespace plumbline::pipelines
