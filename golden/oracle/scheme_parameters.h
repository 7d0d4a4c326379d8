// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/oracle/layouts.h"

// What single schemes read from `params` beyond temporal_stride and integer_output. All throw
// std::invalid_argument for values out of range.
namespace plumbline::oracle {

void read_visual_stride(const Case& c, Design& design);    // visual_stride: span of a segment
void read_tile_stride(const Case& c, Design& design);      // rope_pos_id_stride / num_image_token
void read_padding_two(const Case& c, Design& design);      // padding tokens stand at 2
void read_seconds(const Case& c, Design& design);          // second_per_grid_t tokens_per_second
void read_position_rule(const Case& c, Design& design);    // position_rule
void read_seconds_rule(const Case& c, Design& design);     // read_seconds, by position_rule
void read_spatial_reset(const Case& c, Design& design);    // spatial_reset: kReset for kGrid
void read_always_reset(const Case& c, Design& design);     // spatial_reset may only be true
void read_stride_list(const Case& c, Design& design);      // temporal_stride_lst
void read_advance_extent(const Case& c, Design& design);   // advance: extent, one
void read_advance_typed(const Case& c, Design& design);    // advance: one, max, count
void read_spacing(const Case& c, Design& design);          // spacing: integer, fractional
void read_scale(const Case& c, Design& design);            // position_scale
void read_lumos_stride(const Case& c, Design& design);     // stride
void read_circle(const Case& c, Design& design);           // the keys of CircleParameters
void read_circle_original(const Case& c, Design& design);  // and age_layer
void read_circle_published(const Case& c, Design& design);
void read_circle_paper(const Case& c, Design& design);

// Of deployed models.
void read_tmrope(const Case& c, Design& design);         // the seconds of a video and of a chunk
void read_tmrope_merged(const Case& c, Design& design);  // the seconds of a video
void read_merge_size(const Case& c, Design& design);     // merge_size
void read_ref(const Case& c, Design& design);            // ref
void read_scale_rope(const Case& c, Design& design);     // scale_rope: where rows and text start

// second_per_grid_t of every native video; 1 where a list is shorter.
std::vector<Rational> seconds_of_videos(const Case& c);

}  // namespace plumbline::oracle
