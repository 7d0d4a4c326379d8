// SPDX-License-Identifier: Apache-2.0
#include "reference/criteria/table.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace plumbline {
namespace {

using enum Instances;

constexpr CriterionRow kRows[] = {
    {{"REL", "R(x)^T R(y) = R(y - x) for all tuples x, y"}, map_and_shapes, judge_rel},
    {{"ISO", "|R(x) v| = |v| for every tuple x"}, map_and_shapes, judge_iso},
    {{"TEXT0", "text alone: token i is rotated as the base model rotates position i"},
     sequences,
     judge_text0},
    {{"TEXT1", "every text run is rotated as the base model at x, x + 1, ... for some real x"},
     sequences,
     judge_text1},
    {{"FUT", "every visual coordinate is below every later text coordinate, on every axis"},
     sequences,
     judge_fut},
    {{"PAST", "every visual coordinate is above every earlier text coordinate, on every axis"},
     sequences,
     judge_past},
    {{"TUP", "no visual token has the tuple of a text token"}, sequences, judge_tup},
    {{"INJ", "tokens of one block have pairwise different tuples"}, sequences, judge_inj},
    {{"RINJ", "tokens of one block have pairwise different rotations"}, sequences, judge_rinj},
    {{"POS", "no coordinate is below 0"}, sequences, judge_pos},
    {{"LIN",
      "inside a block, tuples differ by A (dt, dh, dw), A of full rank and the same for all grids; "
      "judged before a final cut to integers"},
     sequences,
     judge_lin},
    {{"DECN", "frames of one native block: tokens of one cell differ on the time axis only"},
     sequences,
     judge_decn},
    {{"DECF", "frames as separate blocks: tokens of one cell differ on the time axis only"},
     sequences,
     judge_decf},
    {{"SHIFT", "text inserted at the start moves everything after it by one common vector"},
     sequences,
     judge_shift},
    {{"SYM", "first visual token - text before it = text after the block - last visual token"},
     sequences,
     judge_sym},
    {{"GROW", "a block moves the text behind it on by at most max(stride (T - 1) + 1, H, W)"},
     sequences,
     judge_grow},
    {{"FULL",
      "every axis has a frequency in the first and the last eighth of the ladder, and no gap above "
      "an eighth"},
     map,
     judge_full},
    {{"GRAN", "every axis has as many distinct frequencies as there are pairs"}, map, judge_gran},
    {{"DELTA", "official rope delta + padded length = cursor"}, sequences, judge_delta},
    {{"PAD", "positions of real tokens do not depend on padding"}, small, judge_pad},
    {{"CAUSAL", "a token's tuple does not depend on later segments"}, small, judge_causal},
};

constexpr std::string_view kVerdicts[] = {"holds", "violated", "conditional", "not_applicable",
                                          "undecided"};

}  // namespace

std::span<const CriterionRow> criterion_rows() { return kRows; }

std::span<const CriterionInfo> criteria() {
  static const std::vector<CriterionInfo> infos = [] {
    std::vector<CriterionInfo> out;
    for (const CriterionRow& row : kRows) out.push_back(row.info);
    return out;
  }();
  return infos;
}

std::string_view name(Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }

std::vector<Declared> parse_verdicts(std::string_view text) {
  std::vector<Declared> out(std::size(kRows));
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const auto mark = word.find_first_of("!?.~");
    const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const CriterionRow& r) {
      return r.info.name == std::string_view(word).substr(0, mark);
    });
    if (mark == std::string::npos || row == std::end(kRows) ||
        (word[mark] != '?' && mark + 1 != word.size()))
      throw std::invalid_argument("verdicts: '" + word +
                                  "' is not a criterion and one of ! ?condition . ~");
    Declared& declared = out[static_cast<std::size_t>(row - std::begin(kRows))];
    declared.verdict = word[mark] == '!'   ? Verdict::violated
                       : word[mark] == '?' ? Verdict::conditional
                       : word[mark] == '.' ? Verdict::not_applicable
                                           : Verdict::undecided;
    if (declared.verdict == Verdict::conditional) {
      declared.condition = word.substr(mark + 1);
      find_conditions(declared.condition);
    }
  }
  return out;
}

}  // namespace plumbline
