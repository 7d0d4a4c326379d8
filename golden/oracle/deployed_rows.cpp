// SPDX-License-Identifier: Apache-2.0
// The rows of deployed models: language models, vision towers and diffusion transformers.
#include "golden/oracle/scheme.h"
#include "golden/oracle/scheme_parameters.h"

namespace plumbline::oracle {
namespace {

constexpr TextRule kOrigin = TextRule::origin;
constexpr DeltaRule kNone = DeltaRule::none;
constexpr Section kLanes = {16, 56, 56};

const Row kRows[] = {
    {.name = "mrope-ernie4.5vl",
     .layout = kGrid,
     .allocate = ernie,
     .section = {22, 22, 20},
     .truncate = true,
     .read = read_position_rule},
    {.name = "tmrope",
     .layout = kSeconds,
     .allocate = chunked,
     .also = Segment::Kind::spoken,
     .read = read_tmrope},
    {.name = "tmrope-qwen3-omni",
     .layout = kGrid,
     .allocate = interleaved,
     .section = {24, 20, 20},
     .also = Segment::Kind::spoken,
     .read = read_tmrope_merged},

    {.name = "vision-qwen2vl",
     .layout = kMergeBlocks,
     .allocate = height_half,
     .text = kOrigin,
     .delta = kNone,
     .axes = 2,
     .read = read_merge_size},
    {.name = "vision-pixtral",
     .layout = kPatches,
     .allocate = pixtral,
     .text = kOrigin,
     .delta = kNone,
     .axes = 2},
    {.name = "vision-moonvit",
     .layout = kPatches,
     .allocate = moonvit,
     .text = kOrigin,
     .delta = kNone,
     .axes = 2},
    {.name = "vision-llama4",
     .layout = kPatchesFromOne,
     .allocate = width_half,
     .text = kOrigin,
     .delta = kNone,
     .axes = 2},
    {.name = "vision-dinov3",
     .layout = kPatchCentres,
     .allocate = height_half_turns,
     .text = kOrigin,
     .delta = kNone,
     .axes = 2},
    {.name = "vision-eva02",
     .layout = kPatchesResized,
     .allocate = height_half,
     .text = kOrigin,
     .delta = kNone,
     .axes = 2,
     .read = read_ref},
    {.name = "vision-rope-vit-axial",
     .layout = kPatches,
     .allocate = width_half,
     .text = kOrigin,
     .delta = kNone,
     .axes = 2},
    {.name = "vision-rope-vit-mixed",
     .layout = kPatches,
     .allocate = nullptr,
     .text = kOrigin,
     .delta = kNone,
     .axes = 2,
     .planes = mixed_banks},

    {.name = "flux",
     .layout = kFlatVolume,
     .allocate = axes_dim,
     .section = kLanes,
     .text = kOrigin,
     .delta = kNone},
    {.name = "qwen-image",
     .layout = kOrdinal,
     .allocate = axes_dim,
     .section = kLanes,
     .delta = kNone,
     .read = read_scale_rope},
    {.name = "wan", .layout = kVolume, .allocate = wan, .text = kOrigin, .delta = kNone},
    {.name = "hunyuan-video",
     .layout = kVolume,
     .allocate = axes_dim,
     .section = kLanes,
     .text = kOrigin,
     .delta = kNone},
    {.name = "cogvideox",
     .layout = kVolume,
     .allocate = cogvideox,
     .text = kOrigin,
     .delta = kNone},
};

}  // namespace

std::span<const Row> deployed_rows() { return kRows; }

}  // namespace plumbline::oracle
