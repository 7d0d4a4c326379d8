// SPDX-License-Identifier: Apache-2.0
// What follows from a position design: pictures, gaps and overlaps, motion.
#include <fmt/format.h>

#include <algorithm>

#include "tools/spectrum/report.h"

namespace plumbline::spectrum {
namespace {

constexpr Grid kImage{1, 4, 6}, kFrame{1, 2, 4}, kVideo{3, 2, 4};

struct Kind {
  const char* name;
  const char* notation;
  Grid grid;
  Visual block;
};
const Kind kKinds[] = {
    {"image", "t3 v1x4x6 t3", kImage, {kImage, Medium::image}},
    {"native video", "t3 v3x2x4 t3", kVideo, {kVideo, Medium::video}},
    {"split video", "t3 f1x2x4 t1 f1x2x4 t1 f1x2x4 t3", kVideo, {kFrame, Medium::video_frame}},
};

std::string shown(const Coordinate& x) {
  if (const auto* exact = std::get_if<Rational>(&x); exact != nullptr && is_dyadic(*exact))
    return to_decimal(*exact);
  return fmt::format("{:.2f}", to_double(x));
}

Picture picture_of(const Case& given, const Kind& kind) {
  Picture out{kind.name, kind.notation, {}, kind.grid, {}};
  Case c = given;
  c.sequence = parse_notation(kind.notation);
  const PositionDesign& design = design_of(*c.scheme, c.parameters);
  PositionTable ids;
  try {
    ids = positions(c);
  } catch (const std::invalid_argument& e) {
    out.missing = e.what();
    return out;
  }
  const Knobs knobs(c.parameters);
  std::size_t row = 0;
  std::int64_t block = -1;
  for (const Segment& segment : c.sequence) {
    const auto* visual = std::get_if<Visual>(&segment);
    if (visual != nullptr) ++block;
    const std::int64_t count = tokens(segment);
    for (std::int64_t i = 0; i < count; ++i, ++row) {
      Token token;
      if (visual != nullptr) {
        const Grid& g = visual->grid;
        token.block = block;
        const Grid cell = design.layout.cell != nullptr
                              ? design.layout.cell(i, g, knobs)
                              : Grid{i / (g.h * g.w), i / g.w % g.h, i % g.w};
        token.t = cell.t + (visual->medium == Medium::video_frame ? block : 0);
        token.h = cell.h;
        token.w = cell.w;
      }
      for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a) {
        token.exact.push_back(ids.at(a, row));
        token.position.push_back(to_double(ids.at(a, row)));
        token.text.push_back(shown(ids.at(a, row)));
      }
      out.tokens.push_back(std::move(token));
    }
  }
  return out;
}

std::vector<double> step(const Picture& p, const Grid& from, const Grid& to) {
  const auto at = [&](const Grid& cell) -> const Token& {
    return *std::find_if(p.tokens.begin(), p.tokens.end(), [&](const Token& t) {
      return t.block >= 0 && t.t == cell.t && t.h == cell.h && t.w == cell.w;
    });
  };
  const Token &a = at(from), &b = at(to);
  std::vector<double> out;
  for (std::size_t i = 0; i < a.exact.size(); ++i)
    out.push_back(to_double(difference(b.exact[i], a.exact[i])));
  return out;
}

}  // namespace

const std::vector<LargeBlock>& large_blocks() {
  static const std::vector<LargeBlock> kBlocks = {
      {"image 16 x 24", {{1, 16, 24}, Medium::image}},
      {"video 16 x 8 x 12", {{16, 8, 12}, Medium::video}},
  };
  return kBlocks;
}

LayoutClass make_layout(const Case& c) {
  const PositionDesign& design = design_of(*c.scheme, c.parameters);
  LayoutClass out;
  out.layout = design.layout.name;
  out.advance = design.advance.name;
  out.letters = std::string(design.letters.substr(0, static_cast<std::size_t>(design.axes)));
  for (const Kind& kind : kKinds) {
    Picture picture = picture_of(c, kind);
    if (picture.missing.empty()) {
      if (kind.block.medium != Medium::video_frame)
        out.metrics.emplace_back(kind.name, block_metrics(c, kind.block));
      if (kind.grid.t > 1) {
        out.motion.push_back({kind.block.medium == Medium::video_frame ? "split" : "native",
                              step(picture, {0, 0, 0}, {1, 0, 0}),
                              step(picture, {0, 0, 0}, {1, 1, 1})});
      }
    }
    out.pictures.push_back(std::move(picture));
  }
  return out;
}

std::string layout_key(const LayoutClass& layout) {
  std::string key = layout.letters;
  for (const Picture& p : layout.pictures) {
    key += "|" + p.missing;
    for (const Token& t : p.tokens) {
      for (const double x : t.position) key += fmt::format(" {}", x);
    }
  }
  return key;
}

}  // namespace plumbline::spectrum
