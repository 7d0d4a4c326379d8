// SPDX-License-Identifier: Apache-2.0
#include "reference/scheme.h"

namespace plumbline {
namespace {

constexpr ParameterSpec kVanilla[] = {kIgnoredSection};

constexpr Scheme kSchemes[] = {
    {.name = "vanilla",
     .aliases = "vanilla-rope",
     .source =
         "RoFormer, arXiv 2104.09864, section 3.2; JJJYmmm/Multimodal-RoPEs, pos_design/vanilla.py",
     .design = {.layout = layout_of<FlatLayout>(), .advance = advance_of<PastCount>()},
     .allocation = kFirstAxis,
     .parameters = kVanilla,
     .rope_theta = "10000",
     .verdicts = "LIN! DECN. DECF. GROW!"},
};

}  // namespace

std::span<const Scheme> sequential_schemes() { return kSchemes; }

}  // namespace plumbline
