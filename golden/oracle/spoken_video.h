// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "golden/oracle/layouts.h"

namespace plumbline::oracle {

// Where the tokens of a video with a sound track stand: two begin tokens from the cursor on, the
// video tokens (start + time(t), start + h, start + w) and the sound tokens start + i on every axis
// in one merged order, with start = 1 + the last begin token, and two end tokens from 1 + the
// largest coordinate of the last piece of the merge. Exact. Source: the model specification, C.2,
// C.4 and C.5.
class SpokenVideo {
 public:
  // `block` is a spoken video on three axes. Throws std::invalid_argument for more than 2^24
  // tokens.
  SpokenVideo(const SpokenRule& rule, const Block& block);
  Tuple at(std::int64_t index) const;
  const Rational& next() const { return next_; }
  // Of all tokens, on every axis.
  const Rational& largest() const { return largest_; }

 private:
  // A place in the video list, or, behind its end, in the list of sound tokens.
  using Place = std::int64_t;
  bool is_video(Place place) const { return place < video_; }
  Rational time(Place place) const;  // on the first axis, from start_ on
  Tuple tuple(Place place) const;
  Rational last_of(Place place) const;  // the largest coordinate of one token
  void merge_one_by_one();
  void merge_chunks();
  std::vector<Place> chunk_starts(Place first, Place end) const;

  SpokenRule rule_;
  std::array<std::int64_t, 3> grid_;
  Rational step_;
  std::int64_t video_, sound_;
  Rational begin_, start_, end_, next_, largest_;
  std::vector<Place> order_;
  bool video_ends_ = true;  // the last piece of the merge is one of the video
};

}  // namespace plumbline::oracle
