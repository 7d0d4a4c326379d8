// SPDX-License-Identifier: Apache-2.0
// M19 to M24 and M26: roundings, frequencies, the factor on cos and sin, and the way back.
#include <cmath>
#include <numbers>

#include "properties/mutants/mutant.h"

namespace plumbline::mutants {
namespace {

void inv_freq_bf16(Work& w, State&) { w.recipe.inv_freq = bfloat16; }
void inv_freq_f16(Work& w, State&) { w.recipe.inv_freq = binary16; }
void position_bf16(Work& w, State&) { w.recipe.position = bfloat16; }
void position_f16(Work& w, State&) {
  w.each_position([](double p) { return narrow(p, binary16); });
  w.recipe.position = binary64;
}
void angle_bf16(Work& w, State&) { w.phase = bfloat16; }
void angle_f16(Work& w, State&) { w.phase = binary16; }
// Both factors of the outer product in the type of a matrix unit.
void product_tf32(Work& w, State&) {
  constexpr Format kTf32{"tf32", 11, -125, 128, 4};
  w.recipe.inv_freq = w.recipe.position = kTf32;
}
void position_integer(Work& w, State&) {
  w.each_position([](double p) { return std::trunc(p); });
}
void table_bf16(Work& w, State&) { w.recipe.table = bfloat16; }
void table_f16(Work& w, State&) { w.recipe.table = binary16; }

// The period in three decimals: each turn taken off leaves an error behind.
void short_period(Work& w, State&) {
  const auto reduced = [](double x) {
    return x - std::nearbyint(x / (2 * std::numbers::pi)) * 6.28318;
  };
  w.cosine = [reduced](double x) { return std::cos(reduced(x)); };
  w.sine = [reduced](double x) { return std::sin(reduced(x)); };
}
// A Taylor sum that is good near zero, its argument reduced by no more than eight turns.
void short_sum(Work& w, State&) {
  const auto reduced = [](double x) {
    const double turns = std::nearbyint(x / (2 * std::numbers::pi));
    return x - std::clamp(turns, -8.0, 8.0) * 2 * std::numbers::pi;
  };
  const auto sum = [](double x, int first) {
    double term = first == 0 ? 1 : x, total = term;
    for (int n = first + 2; n < first + 24; n += 2) {
      term *= -x * x / (n * (n - 1));
      total += term;
    }
    return std::clamp(total, -2.0, 2.0);
  };
  w.cosine = [=](double x) { return sum(reduced(x), 0); };
  w.sine = [=](double x) { return sum(reduced(x), 1); };
}

void storage_products(Work& w, State&) {
  if (w.call.format.bytes == 2) w.recipe.product = w.call.format;
}
void fused(Work& w, State&) { w.fused = true; }

std::vector<double> with_spectrum(const Work& w, const FrequencySpectrum& spectrum) {
  Case other = w.call.c;
  other.spectrum = spectrum;
  return frequencies(other);
}
void base_ignored(Work& w, State&) {
  FrequencySpectrum s = w.call.c.spectrum;
  if (w.call.c.spectrum.rope_theta == 10000) return;
  s.rope_theta = 10000;
  w.inv_freq = with_spectrum(w, s);
}
void other_base(Work& w, State&) {
  FrequencySpectrum s = w.call.c.spectrum;
  if (!std::holds_alternative<Unscaled>(s.scaling)) return;
  s.rope_theta = 250000;
  w.inv_freq = with_spectrum(w, s);
}
void scaling_ignored(Work& w, State&) {
  FrequencySpectrum s = w.call.c.spectrum;
  if (std::holds_alternative<Unscaled>(s.scaling)) return;
  s.scaling = Unscaled{};
  w.inv_freq = with_spectrum(w, s);
}
void scaling_and_factor_ignored(Work& w, State& s) {
  scaling_ignored(w, s);
  w.factor = 1;
}
void factor_squared(Work& w, State&) { w.factor *= w.factor; }
void factor_dropped(Work& w, State&) { w.factor = 1; }
void logarithm_twice(Work& w, State&) {
  // The factor is 1 + ln(f) / 10.
  if (w.factor > 1) w.factor = 1 + 0.1 * std::log(1 + 10 * (w.factor - 1));
}

void adjoint_is_forward(Work& w, State&) { w.adjoint = false; }
void adjoint_flips_pairing(Work& w, State&) {
  if (w.adjoint) w.neox = !w.neox;
}
void no_gradient(Work& w, State&) { w.zero = w.adjoint; }

constexpr Mutant kMutants[] = {
    {"M19a", "inv_freq in bfloat16", "inv_freq is rounded before the product",
     "Modalities/modalities#462", inv_freq_bf16},
    {"M19b", "inv_freq in binary16", "inv_freq is rounded before the product",
     "NVIDIA/Megatron-LM#744", inv_freq_f16},
    {"M19c", "position in bfloat16", "the position is rounded before the product",
     "nkalyanv99/UNI-D2#6", position_bf16},
    {"M19d", "position in binary16", "the position is rounded before the product",
     "NVIDIA/Megatron-LM#535", position_f16},
    {"M19e", "angle in bfloat16", "position x inv_freq is rounded", "huggingface/diffusers#13922",
     angle_bf16},
    {"M19f", "angle in binary16", "position x inv_freq is rounded", "EleutherAI/gpt-neox#1003",
     angle_f16},
    {"M19g", "outer product in TF32", "position and inv_freq keep 11 bits", kNoThread,
     product_tf32},
    {"integer", "position truncated", "the fraction of a position is dropped", kNoThread,
     position_integer},
    {"M20a", "table in bfloat16", "cos and sin are rounded", "Dao-AILab/flash-attention#823",
     table_bf16},
    {"M20b", "table in binary16", "cos and sin are rounded", "flashinfer-ai/flashinfer#585",
     table_f16},
    {"M21a", "period in few digits", "range reduction by a rounded 2 pi", "kekzl/imp#1316",
     short_period},
    {"M21b", "reduced by few turns", "angles beyond a limit reach a sum that is good near zero",
     "tenstorrent/tt-metal#51845", short_sum},
    {"M22a", "products in the storage type", "each product is rounded before the sum",
     "NVIDIA/TransformerEngine#1245", storage_products, nullptr, Kind::legal,
     "the recipe of 16-bit stores allows it, and no other store has a narrower type"},
    {"M22b", "fused multiply-add", "one product and the sum share a rounding",
     "vllm-project/vllm#57112", fused, nullptr, Kind::legal, "one rounding fewer than the recipe"},
    {"M23a", "base 10000", "the base of the contract is never read", "sgl-project/SpecForge#265",
     base_ignored},
    {"M23b", "scaling ignored", "the unscaled frequencies are used", "lablup/mlxcel#1355",
     scaling_ignored},
    {"M23c", "scaling and factor ignored", "the whole scaling block is never read",
     "unslothai/unsloth#6197", scaling_and_factor_ignored},
    {"M23d", "another base", "plain ladders have base 250000, whatever the contract's", kNoThread,
     other_base},
    {"M24a", "factor squared", "cos and sin are multiplied twice", "sgl-project/sglang#33558",
     factor_squared},
    {"M24b", "factor dropped", "cos and sin are not multiplied", "sgl-project/sglang#22711",
     factor_dropped},
    {"M24c", "logarithm twice", "the factor is made from a logarithm of a logarithm",
     "ml-explore/mlx-lm#1507", logarithm_twice},
    {"M26a", "adjoint is forward", "the way back turns as the way there", "NVIDIA/apex#1750",
     adjoint_is_forward},
    {"M26b", "adjoint in the other pairing", "the pairing is not passed to the way back",
     "Dao-AILab/flash-attention#569", adjoint_flips_pairing},
    {"M26c", "no gradient", "the way back gives zeros", "huggingface/candle#3612", no_gradient},
};

}  // namespace

std::span<const Mutant> arithmetic_mutants() { return kMutants; }

}  // namespace plumbline::mutants
