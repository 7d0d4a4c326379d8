// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/spoken_video.h"

#include <algorithm>
#include <stdexcept>

namespace plumbline::oracle {

SpokenVideo::SpokenVideo(const SpokenRule& rule, const Block& block)
    : rule_(rule),
      grid_(block.segment.grid),
      step_(block.step),
      video_(grid_[0] * grid_[1] * grid_[2]),
      sound_(block.segment.tokens - video_ - kMarks),
      begin_(block.cursor.rational()),
      start_(begin_ + (rule.one_by_one ? 2 : 1)) {
  if (block.segment.tokens > std::int64_t{1} << 24) {
    throw std::invalid_argument("grid: too many tokens for a video with a sound track");
  }
  if (rule_.one_by_one) {
    merge_one_by_one();
  } else {
    merge_chunks();
  }
  // In either list the last token is the largest on every axis, and a piece that ends the merge
  // ends its list.
  const Rational of_video = last_of(video_ - 1);
  const Rational of_sound = sound_ > 0 ? last_of(video_ + sound_ - 1) : begin_;
  end_ = (video_ends_ ? of_video : of_sound) + 1;
  next_ = end_ + (rule_.one_by_one ? 2 : 1);
  largest_ = max(next_ - 1, max(of_video, of_sound));
}

Rational SpokenVideo::time(Place place) const {
  if (!is_video(place)) return place - video_;
  const Rational t = step_ * (place / (grid_[1] * grid_[2]));
  return rule_.one_by_one ? t : floor(t);
}

Tuple SpokenVideo::tuple(Place place) const {
  if (!is_video(place)) return Tuple(3, start_ + time(place));
  const std::int64_t h = place / grid_[2] % grid_[1], w = place % grid_[2];
  return {start_ + time(place), start_ + h, start_ + w};
}

Rational SpokenVideo::last_of(Place place) const {
  const Tuple at = tuple(place);
  return max(at[0].rational(), max(at[1].rational(), at[2].rational()));
}

void SpokenVideo::merge_one_by_one() {
  Place video = 0, sound = video_;
  const Place end = video_ + sound_;
  while (video < video_ && sound < end) {
    const bool later = time(sound) < time(video);
    order_.push_back(later ? sound++ : video++);
  }
  video_ends_ = video < video_;
  while (video < video_) order_.push_back(video++);
  while (sound < end) order_.push_back(sound++);
}

// A chunk starts at the first token at or behind the next multiple of the chunk length. One token
// starts one chunk at most, so that behind a gap of several lengths every token does until the
// count has caught up. The end of the list is the last entry.
std::vector<SpokenVideo::Place> SpokenVideo::chunk_starts(Place first, Place end) const {
  std::vector<Place> starts;
  if (first < end) starts.push_back(first);
  for (Place place = first; place < end; ++place) {
    const Rational boundary = rule_.chunk * static_cast<std::int64_t>(starts.size());
    if (!(time(place) < boundary)) starts.push_back(place);
  }
  starts.push_back(end);
  return starts;
}

void SpokenVideo::merge_chunks() {
  const std::vector<Place> video = chunk_starts(0, video_);
  const std::vector<Place> sound = chunk_starts(video_, video_ + sound_);
  const auto append = [&](const std::vector<Place>& starts, std::size_t chunk) {
    if (chunk + 1 >= starts.size()) return;
    for (Place place = starts[chunk]; place < starts[chunk + 1]; ++place) order_.push_back(place);
  };
  for (std::size_t chunk = 0; chunk + 1 < std::max(video.size(), sound.size()); ++chunk) {
    append(video, chunk);
    append(sound, chunk);
  }
  video_ends_ = video.size() > sound.size();
}

Tuple SpokenVideo::at(std::int64_t index) const {
  const std::int64_t tokens = video_ + sound_ + kMarks;
  if (index < 2) return Tuple(3, begin_ + (rule_.one_by_one ? index : 0));
  if (index < tokens - 2) return tuple(order_[static_cast<std::size_t>(index - 2)]);
  return Tuple(3, end_ + (rule_.one_by_one ? index - (tokens - 2) : 0));
}

}  // namespace plumbline::oracle
