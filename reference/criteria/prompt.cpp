// SPDX-License-Identifier: Apache-2.0
#include "reference/criteria/prompt.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <tuple>

namespace plumbline {
namespace {

Visual with_grid(Visual unit, const Grid& grid) {
  unit.grid = grid;
  if (unit.medium == Medium::image && grid.t > 1) unit.medium = Medium::video;
  return unit;
}

auto key(const Prompt& p) {
  std::vector<std::int64_t> extents;
  for (const Visual& v : p.blocks) extents.insert(extents.end(), {v.grid.t, v.grid.h, v.grid.w});
  return std::tuple(p.tokens(), p.blocks.size(), p.text_tokens(), p.text, extents);
}

void sort(std::vector<Prompt>& prompts) { std::sort(prompts.begin(), prompts.end()); }

}  // namespace

bool operator<(const Prompt& a, const Prompt& b) { return key(a) < key(b); }

std::int64_t Prompt::text_tokens() const {
  return std::accumulate(text.begin(), text.end(), std::int64_t{0});
}

std::int64_t Prompt::tokens() const {
  std::int64_t sum = text_tokens();
  for (const Visual& v : blocks) sum += plumbline::tokens(Segment(v));
  return sum;
}

std::int64_t Prompt::text_start(std::size_t i) const {
  std::int64_t first = 0;
  for (std::size_t k = 0; k < i; ++k) first += text[k] + plumbline::tokens(Segment(blocks[k]));
  return first;
}

Sequence Prompt::sequence() const {
  Sequence out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] > 0) out.push_back(Text{text[i], {}});
    if (i < blocks.size()) out.push_back(blocks[i]);
  }
  return out;
}

std::string Prompt::label() const {
  std::string out = "[";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool last = i + 1 == text.size();
    if (last && text[i] == 0 && !blocks.empty()) break;
    out += (i == 0 ? "" : "; ") + std::to_string(text[i]) + (blocks.empty() ? " text" : "");
    if (last) break;
    const Grid& g = blocks[i].grid;
    out += "; " + std::to_string(g.t) + "x" + std::to_string(g.h) + "x" + std::to_string(g.w);
  }
  return out + "]";
}

std::string Domain::text() const {
  const auto upto = [](std::int64_t n) { return " <= " + std::to_string(n); };
  std::string out = "[a; TxHxW; b] with a" + upto(most_text) + ", T" + upto(most_t) + ", H, W" +
                    upto(most_extent) + ", b" + upto(1);
  if (most_flat > most_extent)
    out += " (T = 1, a" + upto(most_flat_text) + ": H, W" + upto(most_flat) + ")";
  out += "; [a; 1xHxW or 2x1x1 twice, m between; b] with a" + upto(two_text) + ", m" +
         upto(two_text + 1) + ", H, W" + upto(two_extent);
  if (random > 0)
    out += "; " + std::to_string(random) + " shapes to 64, seed " + std::to_string(kShapeSeed);
  return out;
}

std::vector<Prompt> text_prompts() {
  std::vector<Prompt> out;
  for (const std::int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 64}) out.push_back({{n}, {}});
  return out;
}

std::vector<Prompt> single_prompts(const Domain& d, const Visual& unit) {
  std::vector<Prompt> out;
  for (std::int64_t t = 1; t <= d.most_t; ++t) {
    const std::int64_t most = t == 1 ? std::max(d.most_extent, d.most_flat) : d.most_extent;
    for (std::int64_t h = 1; h <= most; ++h) {
      for (std::int64_t w = 1; w <= most; ++w) {
        const bool far = std::max(h, w) > d.most_extent;
        for (std::int64_t a = 0; a <= (far ? d.most_flat_text : d.most_text); ++a) {
          for (std::int64_t b = 0; b <= 1; ++b)
            out.push_back({{a, b}, {with_grid(unit, {t, h, w})}});
        }
      }
    }
  }
  sort(out);
  return out;
}

std::vector<Prompt> double_prompts(const Domain& d, const Visual& unit) {
  std::vector<Prompt> out;
  std::vector<Visual> blocks;
  for (std::int64_t h = 1; h <= d.two_extent; ++h) {
    for (std::int64_t w = 1; w <= d.two_extent; ++w) blocks.push_back(with_grid(unit, {1, h, w}));
  }
  blocks.push_back(with_grid(unit, {2, 1, 1}));
  for (const Visual& first : blocks) {
    for (const Visual& second : blocks) {
      for (std::int64_t a = 0; a <= d.two_text; ++a) {
        for (std::int64_t m = 0; m <= d.two_text + 1; ++m) {
          for (std::int64_t b = 0; b <= 1; ++b) out.push_back({{a, m, b}, {first, second}});
        }
      }
    }
  }
  sort(out);
  return out;
}

std::vector<Prompt> random_prompts(const Domain& d, const Visual& unit) {
  // Remainders of the raw engine: distributions differ between libraries.
  std::mt19937_64 engine(kShapeSeed);
  const auto upto = [&](std::int64_t n) {
    return static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(n)) + 1;
  };
  std::vector<Prompt> out;
  while (out.size() < static_cast<std::size_t>(d.random)) {
    Prompt p{{upto(16) - 1, upto(4) - 1}, {with_grid(unit, {upto(4), upto(64), upto(64)})}};
    if (p.tokens() <= d.random_tokens) out.push_back(std::move(p));
  }
  sort(out);
  return out;
}

std::vector<Prompt> smaller(const Prompt& prompt) {
  std::vector<Prompt> out;
  const auto lower = [&](auto field, std::int64_t least) {
    for (const bool half : {true, false}) {
      Prompt p = prompt;
      std::int64_t& x = field(p);
      if (x <= least) return;
      x = half ? std::max(least, x / 2) : x - 1;
      out.push_back(std::move(p));
    }
  };
  for (std::size_t i = 0; i < prompt.blocks.size(); ++i) {
    lower([i](Prompt& p) -> std::int64_t& { return p.blocks[i].grid.t; }, 1);
    lower([i](Prompt& p) -> std::int64_t& { return p.blocks[i].grid.h; }, 1);
    lower([i](Prompt& p) -> std::int64_t& { return p.blocks[i].grid.w; }, 1);
  }
  for (std::size_t i = 0; i < prompt.text.size(); ++i)
    lower([i](Prompt& p) -> std::int64_t& { return p.text[i]; }, prompt.blocks.empty() ? 1 : 0);
  return out;
}

}  // namespace plumbline
