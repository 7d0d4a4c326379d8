// SPDX-License-Identifier: Apache-2.0
// M01 to M06: which row of position_ids drives a pair, and from where it is read.
#include <algorithm>
#include <cmath>

#include "properties/mutants/mutant.h"

namespace plumbline::mutants {
namespace {

void each_axis(Work& w, const std::function<int(int)>& change) {
  for (int& a : w.axis) {
    if (a >= 0) a = change(a);
  }
}

// Pairs dealt anew to t, h and w, in every map that holds all three.
void deal(Work& w, const std::function<int(int pair)>& axis_of) {
  if (w.axes < 3 || w.count(0) == 0 || w.count(1) == 0 || w.count(2) == 0) return;
  for (int map = 0; map < w.maps; ++map) {
    for (int pair = 0; pair < w.pairs; ++pair) w.axis[w.slot(map, pair)] = axis_of(pair);
  }
}

void deal_chunks(Work& w, int t, int h) {
  deal(w, [&](int pair) { return pair < t ? 0 : pair < t + h ? 1 : 2; });
}

bool is_chunked(const Work& w) {
  for (int pair = 1; pair < w.pairs; ++pair) {
    if (w.axis[w.slot(0, pair)] < w.axis[w.slot(0, pair - 1)]) return false;
  }
  return true;
}

void temporal_only(Work& w, State&) {
  each_axis(w, [](int) { return 0; });
}
void swap_h_w(Work& w, State&) {
  if (w.axes >= 3) each_axis(w, [](int a) { return a == 1 ? 2 : a == 2 ? 1 : a; });
}
void swap_t_h(Work& w, State&) {
  if (w.axes >= 2) each_axis(w, [](int a) { return a < 2 ? 1 - a : a; });
}
void rotate_axes(Work& w, State&) {
  if (w.axes >= 3) each_axis(w, [](int a) { return a < 3 ? (a + 1) % 3 : a; });
}
void other_map(Work& w, State&) {
  const int t = w.count(0), h = w.count(1), wide = w.count(2);
  if (!is_chunked(w)) return deal_chunks(w, t, h);
  deal(w, [&](int pair) {
    return pair % 3 == 1 && pair < 3 * h ? 1 : pair % 3 == 2 && pair < 3 * wide ? 2 : 0;
  });
}
// Another path for calls of many rows.
void other_map_in_large(Work& w, State& s) {
  if (w.rows >= 16) other_map(w, s);
}
// Dealt by i mod 3 within three times the section, the rest to a fourth row that holds zeros.
void end_of_turns(Work& w, State&) {
  const int h = w.count(1), wide = w.count(2);
  if (w.axes < 3 || w.maps != 1 || is_chunked(w)) return;
  for (int pair = 0; pair < w.pairs; ++pair) {
    const int dealt = pair % 3 == 1 && pair < 3 * h ? 1 : pair % 3 == 2 && pair < 3 * wide ? 2 : 0;
    if (w.axis[w.slot(0, pair)] != dealt) return;
  }
  for (int pair = 0; pair < w.pairs; ++pair) {
    int& a = w.axis[w.slot(0, pair)];
    if (a == 0 && pair % 3 != 0) a = -1;
  }
}
void built_in_triple(Work& w, State&) {
  const int t = w.pairs / 4, h = (w.pairs - t) / 2;
  if (is_chunked(w)) return deal_chunks(w, t, h);
  deal(w, [&](int pair) {
    return pair % 3 == 1 && pair < 3 * h ? 1 : pair % 3 == 2 && pair < 3 * (h - 1) ? 2 : 0;
  });
}
void zero_triple(Work& w, State&) {
  deal(w, [&](int) { return -1; });
}
void in_lanes(Work& w, State&) {
  if (is_chunked(w)) deal_chunks(w, 2 * w.count(0), 2 * w.count(1));
}
void off_by_one(Work& w, State&) {
  if (is_chunked(w)) deal_chunks(w, w.count(0) + 1, w.count(1) - 1);
}
void last_off_by_one(Work& w, State&) {
  if (is_chunked(w)) deal_chunks(w, w.count(0), w.count(1) + 1);
}

// Frequencies by the place of a pair within its axis, over that axis' own width.
void restart(Work& w, State&) {
  const double base = to_double(w.call.c.spectrum.rope_theta);
  for (int map = 0; map < w.maps; ++map) {
    const auto first = w.axis.begin() + map * w.pairs;
    int seen[kMostAxes] = {};
    for (int pair = 0; pair < w.pairs; ++pair) {
      const int a = w.axis[w.slot(map, pair)];
      if (a < 0) continue;
      const auto width = static_cast<double>(std::count(first, first + w.pairs, a));
      w.inv_freq[w.slot(map, pair)] = std::pow(base, -seen[a]++ / width);
    }
  }
}
void go_on(Work& w, State&) {
  const double base = to_double(w.call.c.spectrum.rope_theta);
  for (int map = 0; map < w.maps; ++map) {
    for (int pair = 0; pair < w.pairs; ++pair)
      w.inv_freq[w.slot(map, pair)] = std::pow(base, -1.0 * pair / w.pairs);
  }
}
// Two axes, alternate pairs where the contract has halves.
void alternate(Work& w, State&) {
  if (w.axes != 2 || w.count(0) != w.count(1)) return;
  std::vector<int> axis(w.axis);
  std::vector<double> freq(w.inv_freq);
  for (int map = 0; map < w.maps; ++map) {
    for (int pair = 0; pair < w.pairs; ++pair) {
      const std::size_t from = w.slot(map, pair % 2 == 0 ? pair / 2 : w.pairs / 2 + pair / 2);
      axis[w.slot(map, pair)] = w.axis[from];
      freq[w.slot(map, pair)] = w.inv_freq[from];
    }
  }
  w.axis = axis;
  w.inv_freq = freq;
}

// position_ids as one flat buffer, read at another place.
void read_flat(Work& w, const std::function<std::size_t(std::size_t, std::size_t)>& at) {
  const std::vector<double> flat = w.position;
  for (std::size_t a = 0; a < static_cast<std::size_t>(w.axes); ++a) {
    for (std::size_t n = 0; n < w.rows; ++n)
      w.position[a * w.rows + n] = flat[at(a, n) % flat.size()];
  }
}
void plane_stride(Work& w, State&) {
  if (w.rows > 1) read_flat(w, [&](std::size_t a, std::size_t n) { return a * (w.rows - 1) + n; });
}
void transposed(Work& w, State&) {
  read_flat(w,
            [&](std::size_t a, std::size_t n) { return n * static_cast<std::size_t>(w.axes) + a; });
}
void one_row_more(Work& w, State&) { w.extra_rows = w.axes > 1 && w.rows > 1 ? 1 : 0; }

constexpr Mutant kMutants[] = {
    {"M01a", "temporal row only", "every pair reads row t; rows h and w are never read",
     "sgl-project/sglang#34446", temporal_only},
    {"M02a", "rows h and w swapped", "pairs of h read row w, and the reverse",
     "ggml-org/llama.cpp#13282", swap_h_w},
    {"M02b", "rows t and h swapped", "pairs of t read row h, and the reverse",
     "osaurus-ai/vmlx-swift#225", swap_t_h},
    {"M02c", "rows rotated", "pairs of t read row h, those of h row w, those of w row t",
     "osaurus-ai/vmlx-swift#225", rotate_axes},
    {"M03a", "other axis map",
     "chunked sections where the contract deals them in turn, and the "
     "reverse",
     "alibaba/MNN#4133", other_map},
    {"M03c", "other axis map, many rows", "the same from 16 rows on",
     "vllm-project/vllm-gaudi#1437", other_map_in_large},
    {"M04a", "built-in section", "a section of its own instead of the caller's",
     "vllm-project/vllm-ascend#2677", built_in_triple},
    {"M04z", "zero section", "a section (0, 0, 0), so that no pair turns",
     "vllm-project/vllm-ascend#2677", zero_triple},
    {"M04b", "section in lanes", "section lengths doubled, the last axis cut off",
     "InfiniTensor/InfiniCore#1350", in_lanes},
    {"M04d", "first boundary off by one", "one pair of h read as t", "huggingface/diffusers#12538",
     off_by_one},
    {"M04e", "second boundary off by one", "one pair of w read as h", "huggingface/diffusers#12538",
     last_off_by_one},
    {"M04f", "pairs behind the turns still",
     "pairs that h and w leave to t read a fourth row, which holds zeros",
     "ggml-org/ggml, ggml_rope_multi with sections 24, 20, 20", end_of_turns},
    {"M05a", "ladder restarts per axis", "each axis starts again at frequency 1",
     "vllm-project/vllm-omni#1784", restart},
    {"M05b", "ladder goes on", "one ladder over all pairs where the contract restarts it",
     "meta-pytorch/torchtune#1973", go_on},
    {"M05c", "axes alternate", "pairs of two axes in turn where the contract has halves",
     "vllm-project/vllm-omni#1784", alternate},
    {"M06a", "plane stride of position_ids", "rows of position_ids are taken one element too short",
     "sgl-project/sglang#34446", plane_stride},
    {"M06b", "position_ids transposed", "[tokens][axes] is read where [axes][tokens] is given",
     "vllm-project/vllm#12128", transposed},
    {"M06c", "elements taken for tokens", "rows after the last token are rotated and stored",
     "sgl-project/sgl-kernel-xpu#202", one_row_more},
};

}  // namespace

std::span<const Mutant> axis_mutants() { return kMutants; }

}  // namespace plumbline::mutants
