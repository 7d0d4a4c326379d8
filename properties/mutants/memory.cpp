// SPDX-License-Identifier: Apache-2.0
// M12 to M18: which angles a row and a head get, and where they are read and stored.
#include <algorithm>
#include <cmath>

#include "properties/mutants/mutant.h"

namespace plumbline::mutants {
namespace {

void first_batch_row(Work& w, State&) {
  // Two packed rows of equal length; an odd token belongs to the first.
  const std::size_t length = (w.rows + 1) / 2;
  if (w.rows > 1) w.row_of = [length](std::size_t row, int, bool) { return row % length; };
}
void running_counter(Work& w, State&) {
  if (w.rows == 0) return;
  for (int a = 0; a < w.axes; ++a) {
    const double first = w.at(a, 0);
    for (std::size_t n = 0; n < w.rows; ++n) w.at(a, n) = first + static_cast<double>(n);
  }
}
void first_angles(Work& w, State&) {
  w.row_of = [](std::size_t, int, bool) { return std::size_t{0}; };
}
void token_index(Work& w, State&) {
  for (int a = 0; a < w.axes; ++a) {
    for (std::size_t n = 0; n < w.rows; ++n) w.at(a, n) = static_cast<double>(n);
  }
}
void head_index(Work& w, State&) {
  const std::size_t all = w.rows + static_cast<std::size_t>(w.shape.num_heads), rows = w.rows;
  std::vector<double> longer(static_cast<std::size_t>(w.axes) * all);
  for (std::size_t a = 0; a < static_cast<std::size_t>(w.axes); ++a) {
    for (std::size_t n = rows; n < all; ++n) longer[a * all + n] = static_cast<double>(n - rows);
  }
  w.position = std::move(longer);
  w.table_rows = all;
  w.row_of = [rows](std::size_t, int head, bool) { return rows + static_cast<std::size_t>(head); };
}
void offset_by_one(Work& w, State&) {
  w.each_position([](double p) { return p + 1; });
}

void first_key_only(Work& w, State&) {
  w.turns_of = [](int head, bool key) { return key && head > 0 ? 0 : 1; };
}
void keys_per_query(Work& w, State&) {
  const int group = w.shape.num_heads / w.shape.num_key_value_heads;
  w.turns_of = [group](int, bool key) { return key ? group : 1; };
}
void first_of_group(Work& w, State&) {
  w.row_of = [](std::size_t row, int head, bool) { return head % 2 == 0 ? row : 0; };
}
void large_calls_only(Work& w, State& s) {
  if (w.rows >= 16) first_of_group(w, s);
}
void map_by_remainder(Work& w, State&) {
  if (w.maps == 1) return;
  const int kv = w.shape.num_key_value_heads;
  w.map_of = [kv](int head, bool) { return head % kv; };
}

void packed_tokens(Work& w, State&) {
  w.q.in_strides.token = w.shape.num_heads * w.q.in_strides.head;
  w.k.in_strides.token = w.shape.num_key_value_heads * w.k.in_strides.head;
}
void packed_heads(Work& w, State&) { w.q.in_strides.head = w.k.in_strides.head = w.shape.head_dim; }
void packed_keys(Work& w, State&) {
  w.k.in_strides.token = w.shape.num_key_value_heads * w.k.in_strides.head;
}
void packed_output(Work& w, State&) {
  w.q.out_strides.head = w.k.out_strides.head = w.shape.head_dim;
}

void offsets_in_32_bits(Work& w, State&) { w.narrow_offsets = true; }
void head_block(Work& w, State&) {
  // Blocks of two heads, the last one not cut.
  if (w.shape.num_key_value_heads % 2 == 1 && w.rows > 0) {
    w.extra_heads = 1;
    const int kv = w.shape.num_key_value_heads, all = w.maps,
              group = w.shape.num_heads / w.shape.num_key_value_heads;
    w.map_of = [=](int head, bool key) {
      return all == 1 ? 0 : std::min(key ? head : head / group, kv - 1);
    };
    const int heads = w.shape.num_heads;
    // Only the keys have an odd count here.
    w.turns_of = [=](int head, bool key) {
      return !key && head >= heads && heads % 2 == 0 ? 0 : 1;
    };
  }
}
void reads_past_table(Work& w, State&) {
  // Masked lanes: what is read is dropped.
  volatile double dropped = w.inv_freq.empty() ? 0 : w.inv_freq.back();
  (void)dropped;
}

void write_first(Work& w, State&) { w.write_first = true; }
void race(Work& w, State& s) {
  // Loses on some runs only.
  w.write_first = s.calls % 3 == 1;
}

constexpr double kLength = 32768;
void clamp(Work& w, State&) {
  w.each_position([](double p) { return std::min(p, kLength - 1); });
}
void wrap(Work& w, State&) {
  w.each_position([](double p) { return p >= kLength ? std::fmod(p, kLength) : p; });
}
void zeros_past_end(Work& w, State&) {
  w.each_position([](double p) { return p >= kLength ? 0 : p; });
}

// Built for the context before it was scaled.
void clamp_unscaled(Work& w, State&) {
  const RopeScaling& scaling = w.call.c.spectrum.scaling;
  std::optional<double> length;
  if (const auto* y = std::get_if<Yarn>(&scaling))
    length = to_double(y->original_max_position_embeddings);
  if (const auto* l = std::get_if<Llama3>(&scaling))
    length = to_double(l->original_max_position_embeddings);
  if (const auto* l = std::get_if<LongRope>(&scaling))
    length = to_double(l->original_max_position_embeddings);
  if (length) w.each_position([&](double p) { return std::min(p, *length - 1); });
}

void stale_length(Work& w, State& s) {
  for (const double p : w.position) s.longest = std::max(s.longest, std::abs(p));
  if (s.longest < 4096) return;
  for (double& f : w.inv_freq) f /= 2;
}
void stale_table(Work& w, State& s) {
  // The first call's positions are kept for every call of as many rows.
  auto& kept = s.kept[w.position.size()];
  if (kept.empty()) kept = w.position;
  w.position = kept;
}

constexpr Mutant kMutants[] = {
    {"M12a", "angles of the first batch row", "the second half of the rows gets those of the first",
     "linkedin/Liger-Kernel#464", first_batch_row},
    {"M12b", "one start, then counting", "position of the first row plus the row's index",
     "turboderp/exllama#101", running_counter},
    {"M12c", "angles of the first token", "every row gets the angles of row 0",
     "unslothai/unsloth#3699", first_angles},
    {"M13a", "token index for position", "the values of position_ids are never read",
     "NVIDIA-NeMo/Automodel#2377", token_index},
    {"M13b", "head index for position", "axes of the tensor taken in the wrong order",
     "mlfoundations/open_lm#4", head_index},
    {"offset", "position offset by one", "every coordinate is one too large", kNoThread,
     offset_by_one},
    {"M14a", "keys beyond the first left", "only KV head 0 is rotated", "tile-ai/TileOPs#1234",
     first_key_only},
    {"M14b", "keys rotated per query head", "each KV head is rotated once per query head of it",
     "PaddlePaddle/Paddle#60979", keys_per_query},
    {"M14c", "first head of a group", "heads of odd index get the angles of row 0",
     "vllm-project/vllm#51049", first_of_group},
    {"M14d", "first head of a group, many rows", "the same from 16 rows on",
     "vllm-project/vllm#51049", large_calls_only},
    {"M14e", "KV head by remainder", "query head j reads the map of KV head j mod KV heads",
     kNoThread, map_by_remainder},
    {"M15a", "token stride ignored", "tokens are read as if packed", "vllm-project/vllm#17091",
     packed_tokens},
    {"M15b", "head stride ignored", "heads are read as if packed", "ROCm/aiter#4531", packed_heads},
    {"M15c", "token stride of k ignored", "tokens of k are read as if packed",
     "ggml-org/llama.cpp#14582", packed_keys},
    {"M15d", "head stride of the output ignored", "heads are stored as if packed",
     "ROCm/aiter#4531", packed_output},
    {"M16a", "offsets in 32 bits", "element offsets wrap at 2^31", "vllm-project/vllm#52416",
     offsets_in_32_bits},
    {"M16b", "last block of heads not cut", "a head past the last one is stored",
     "NVIDIA/Megatron-LM#7103", head_block},
    {"M16c", "masked read past the table", "a value past the end is read and dropped",
     "sgl-project/sglang#30123", reads_past_table, nullptr, Kind::equivalent,
     "nothing that is read reaches an output; only a guard page can see it"},
    {"M17a", "reads after writing", "in place, the second member is computed from the new first",
     "flagos-ai/FlagGems#5142", write_first},
    {"M17b", "race of two writers", "the same on some runs only", "vllm-project/vllm#48872", race},
    {"M18a", "clamped to the table", "positions from 32768 on take the last row",
     "vllm-project/vllm#55910", clamp},
    {"M18b", "wrapped into the table", "positions from 32768 on start again",
     "microsoft/onnxruntime#28277", wrap},
    {"M18c", "zeros past the table", "positions from 32768 on do not turn",
     "tenstorrent/tt-metal#43790", zeros_past_end},
    {"M18d", "table of the unscaled length",
     "positions beyond the original context take its last row", "tenstorrent/tt-metal#43790",
     clamp_unscaled},
    {"M25a", "long frequencies kept", "after a position of 4096 every call has the long ladder",
     "huggingface/transformers#25306", stale_length},
    {"M25d", "table of the first call kept", "calls of one size share the first one's positions",
     "huggingface/transformers#27226", stale_table},
};

}  // namespace

std::span<const Mutant> memory_mutants() { return kMutants; }

}  // namespace plumbline::mutants
