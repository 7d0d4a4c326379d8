// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fast/cuda/launch.h"

// The grid of a launch, walked on this processor.
namespace plumbline::fast::cuda {

template <class Visit>
void for_each_thread(const Grid& grid, const Visit& visit) {
  for (int head = 0; head < grid.blocks_of_heads; ++head) {
    for (int block = 0; block < grid.blocks_of_tokens; ++block) {
      for (int token = 0; token < grid.tokens; ++token) {
        for (int piece = 0; piece < grid.pieces; ++piece) {
          visit(Thread{piece, grid.pieces, block * grid.tokens + token,
                       grid.blocks_of_tokens * grid.tokens, head, grid.blocks_of_heads});
        }
      }
    }
  }
}

}  // namespace plumbline::fast::cuda
