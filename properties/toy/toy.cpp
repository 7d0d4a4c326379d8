// SPDX-License-Identifier: Apache-2.0
// A scheme added as one row from known parts, and nothing else edited: rows and columns of MRoPE,
// but a cursor that counts tokens.
#include "reference/scheme.h"

namespace plumbline {
namespace {

constexpr ParameterSpec kKnobs[] = {temporal_stride("1"), mrope_section("24,20,20")};

constexpr Scheme kSchemes[] = {
    {.name = "toy",
     .source = "properties/toy/toy.cpp",
     .design = {.layout = layout_of<GridLayout>(), .advance = advance_of<PastCount>()},
     .allocation = kInterleaved,
     .parameters = kKnobs,
     .rope_theta = "1000000",
     .verdicts =
         "FUT?stride_at_most_one DECF! SYM! GROW! FULL?sections_reach_the_last_eighth GRAN! "
         "DELTA!"},
};

}  // namespace

std::span<const Scheme> toy_schemes() { return kSchemes; }

}  // namespace plumbline
