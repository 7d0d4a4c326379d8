// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "reference/frequency_allocation.h"
#include "reference/position_design.h"

namespace plumbline {

// Which lanes form pair i, n = rotary_dim / 2: halves (i, i + n), or neighbours (2i, 2i + 1).
enum class Pairing : std::uint8_t { neox, gptj };
constexpr std::string_view name(Pairing p) { return p == Pairing::neox ? "neox" : "gptj"; }

// A position design that replaces the row's own where a flag or word knob has this value.
struct DesignVariant {
  std::string_view knob, word;
  const PositionDesign* design;
};

struct PlaneBank;

// A scheme with some knobs set, where that keeps or breaks other criteria than the row does.
struct Profile {
  std::string_view label;
  std::string_view params;    // "key=value;key*=value"; with * the knob is still turned
  std::string_view verdicts;  // as Scheme::verdicts
  bool video_only = false;    // judged on native blocks of more than one frame only
  // Settings of several knobs at once to judge as well, "key=value;key=value|...", rotary_dim among
  // them.
  std::string_view also = {};
};

// The composition. Text compatibility is judged from it, not built.
struct Scheme {
  std::string_view name;
  std::string_view aliases = {};  // comma-separated
  std::string_view source;        // paper and section, or repository and path
  PositionDesign design;
  Allocation allocation;
  std::span<const ParameterSpec> parameters;
  std::string_view rope_theta;  // used where neither the case nor a model gives a base
  HeadShape shape = {};
  int lane_multiple = 2;  // rotary_dim that the source's code can carry is a multiple of this
  Pairing pairing = Pairing::neox;
  std::span<const DesignVariant> variants = {};
  // Rotations in dense planes instead of an allocation, for one KV head; nullptr, or an empty
  // result: there are none. See planes.h.
  std::vector<PlaneBank> (*planes)(const HeadShape&, const Parameters&, int kv_head) = nullptr;
  // Criteria that it breaks, "FUT! SYM?equal_extents DELTA."; criteria.h says how to read it.
  // Judged, never believed.
  std::string_view verdicts = {};
  std::span<const Profile> profiles = {};
};

// The position design that these parameters choose.
inline const PositionDesign& design_of(const Scheme& s, const Parameters& p) {
  for (const DesignVariant& v : s.variants) {
    const bool is_flag = p.find(v.knob)->kind == Kind::flag;
    if (is_flag ? p.flag(v.knob) == (v.word == "true") : p.word(v.knob) == v.word) return *v.design;
  }
  return s.design;
}

// Every row of every file in schemes/, in the order of the file names; names and aliases are
// unique.
std::span<const Scheme> schemes();
// Throws std::invalid_argument naming the schemes there are.
const Scheme& find_scheme(std::string_view name_or_alias);

}  // namespace plumbline
