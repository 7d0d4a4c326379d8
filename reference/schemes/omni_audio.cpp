// SPDX-License-Identifier: Apache-2.0
// TMRoPE: absolute time on the first axis, and videos interleaved with their audio track.
#include <algorithm>

#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

using Offset = std::array<Rational, 3>;  // of a token from the cursor, on t, h, w

// A spoken video laid out token by token: two begin tokens, video and audio as the rule merges
// them, two end tokens.
struct Spoken final : Prepared {
  std::vector<Offset> tokens;
  Rational next, maximum;
};

Rational largest(const Offset& x) { return std::max({x[0], x[1], x[2]}); }
Rational largest(const std::vector<Offset>& piece) {
  Rational most = largest(piece.front());
  for (const Offset& x : piece) most = std::max(most, largest(x));
  return most;
}

// Video tokens in grid order and audio tokens one apart, from `start`.
template <class Rule>
std::vector<Offset> video_of(const Visual& v, const Rational& start, const Rational& seconds,
                             const Rational& rate) {
  std::vector<Offset> out;
  for (std::int64_t t = 0; t < v.grid.t; ++t) {
    const Rational time = start + Rule::steps(Rational(t * seconds * rate));
    for (std::int64_t h = 0; h < v.grid.h; ++h) {
      for (std::int64_t w = 0; w < v.grid.w; ++w) out.push_back({time, start + h, start + w});
    }
  }
  return out;
}
std::vector<Offset> audio_of(const Visual& v, const Rational& start) {
  std::vector<Offset> out;
  for (std::int64_t i = 0; i < v.audio; ++i) out.push_back({start + i, start + i, start + i});
  return out;
}

// Qwen2.5-Omni: begin tokens share a position, end tokens share one; video and audio take turns in
// chunks of seconds_per_chunk. Source: huggingface/transformers models/qwen2_5_omni,
// get_rope_index, get_chunked_index.
struct Chunked {
  static constexpr std::string_view layout = "audio_video_chunks", advance = "past_audio_chunks";
  static Rational steps(const Rational& time) { return Rational(floor(time)); }
  static Rational after_begin() { return 1; }
  static Rational last_end() { return 0; }

  // A new piece starts at the first element that reaches the next multiple of `length`; one
  // multiple a piece, however far the element is.
  static std::vector<std::vector<Offset>> cut(const std::vector<Offset>& list,
                                              const Rational& start, const Rational& length) {
    std::vector<std::vector<Offset>> out;
    std::int64_t reached = 1;
    for (const Offset& x : list) {
      const bool next = !out.empty() && x[0] - start >= length * reached;
      if (out.empty() || next) out.emplace_back();
      if (next) ++reached;
      out.back().push_back(x);
    }
    return out;
  }
  static std::vector<std::vector<Offset>> merge(const std::vector<Offset>& video,
                                                const std::vector<Offset>& audio,
                                                const Rational& start, const Knobs& knobs) {
    const Rational length =
        knobs.get<Rational>("position_id_per_seconds") * knobs.get<Rational>("seconds_per_chunk");
    const auto a = cut(video, start, length), b = cut(audio, start, length);
    std::vector<std::vector<Offset>> out;
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      if (i < a.size()) out.push_back(a[i]);
      if (i < b.size()) out.push_back(b[i]);
    }
    return out;
  }
};

// Qwen3-Omni: begin and end tokens stand one after the other, times keep their fractions, tokens
// are merged one by one. Source: huggingface/transformers models/qwen3_omni_moe, get_rope_index.
struct Merged {
  static constexpr std::string_view layout = "audio_video_merged", advance = "past_audio_merged";
  static Rational steps(const Rational& time) { return time; }
  static Rational after_begin() { return 2; }
  static Rational last_end() { return 1; }
  static std::vector<std::vector<Offset>> merge(const std::vector<Offset>& video,
                                                const std::vector<Offset>& audio, const Rational&,
                                                const Knobs&) {
    std::vector<std::vector<Offset>> out;
    std::size_t v = 0, a = 0;
    while (v < video.size() && a < audio.size())
      out.push_back({video[v][0] <= audio[a][0] ? video[v++] : audio[a++]});
    if (v < video.size())
      out.emplace_back(video.begin() + static_cast<std::ptrdiff_t>(v), video.end());
    if (a < audio.size())
      out.emplace_back(audio.begin() + static_cast<std::ptrdiff_t>(a), audio.end());
    return out;
  }
};

// (p + steps(t g r), p + h, p + w): g seconds per temporal patch, r positions a second; 1 second
// for a still image.
template <class Rule>
struct OmniLayout {
  static constexpr std::string_view name = Rule::layout;
  static Rational seconds(const Visual& v, std::int64_t video, const Knobs& knobs) {
    return v.medium == Medium::image ? Rational(1)
                                     : knobs.get<Rational>("second_per_grid_t", video);
  }
  template <class S>
  static std::shared_ptr<const Prepared> prepare(const Block<S>& b, const Knobs& knobs) {
    const Visual& v = b.visual;
    if (v.medium != Medium::spoken_video) return nullptr;
    const Rational start = Rule::after_begin();
    const auto pieces = Rule::merge(video_of<Rule>(v, start, seconds(v, b.video, knobs),
                                                   knobs.get<Rational>("position_id_per_seconds")),
                                    audio_of(v, start), start, knobs);
    auto out = std::make_shared<Spoken>();
    const auto mark = [&](const Rational& x) { out->tokens.push_back({x, x, x}); };
    mark(0);
    mark(Rule::last_end());
    for (const auto& piece : pieces)
      out->tokens.insert(out->tokens.end(), piece.begin(), piece.end());
    const Rational end = largest(pieces.back()) + 1;
    mark(end);
    mark(end + Rule::last_end());
    out->next = end + Rule::last_end() + 1;
    out->maximum = largest(out->tokens);
    return out;
  }
  template <class S>
  static S time(const Block<S>& b, const Rational& t, const Knobs& knobs) {
    return Scalar<S>::parameter(
        "time", Rule::steps(Rational(t * seconds(b.visual, b.video, knobs) *
                                     knobs.get<Rational>("position_id_per_seconds"))));
  }
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    if (b.prepared) {
      const auto& all = static_cast<const Spoken&>(*b.prepared).tokens;
      const Offset& at = all.at(static_cast<std::size_t>(c.index));
      const auto on = [&](std::size_t a) { return b.cursor + Scalar<S>::parameter("o", at[a]); };
      return {on(0), on(1), on(2), S{}};
    }
    const Rational t(c.index / (b.visual.grid.h * b.visual.grid.w));
    return {b.cursor + time(b, t, knobs), b.cursor + c.h, b.cursor + c.w, S{}};
  }
  template <class S>
  static S maximum(const Block<S>& b, const Knobs& knobs) {
    using N = Scalar<S>;
    if (b.prepared)
      return b.cursor + N::parameter("m", static_cast<const Spoken&>(*b.prepared).maximum);
    const S one = N::integer(1);
    return b.cursor + N::max(N::max(time(b, Rational(b.visual.grid.t - 1), knobs), b.h_count - one),
                             b.w_count - one);
  }
};
template <class Rule>
struct PastOmni {  // one past the last piece; one past the largest coordinate of a silent block
  static constexpr std::string_view name = Rule::advance;
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    if (b.prepared) {
      return b.cursor + Scalar<S>::parameter("n", static_cast<const Spoken&>(*b.prepared).next);
    }
    return OmniLayout<Rule>::maximum(b, knobs) + Scalar<S>::integer(1);
  }
};

template <class Rule>
constexpr PositionDesign kOmni{.layout = layout_of<OmniLayout<Rule>>(),
                               .advance = advance_of<PastOmni<Rule>>(),
                               .media = kVideo | kSpoken};

constexpr ParameterSpec kQwen25[] = {mrope_section("16,24,24"),
                                     kSecondsPerGrid,
                                     {"position_id_per_seconds", Kind::positive, "25"},
                                     {"seconds_per_chunk", Kind::positive, "2"}};
constexpr ParameterSpec kQwen3[] = {
    mrope_section("24,20,20"), kSecondsPerGrid, {"position_id_per_seconds", Kind::positive, "13"}};

constexpr Scheme kSchemes[] = {
    {.name = "tmrope",
     .source = "Qwen2.5-Omni, arXiv 2503.20215; huggingface/transformers models/qwen2_5_omni",
     .design = kOmni<Chunked>,
     .allocation = kChunked,
     .parameters = kQwen25,
     .rope_theta = "1000000",
     .verdicts = "INJ?seconds_step_at_least_one RINJ?seconds_step_at_least_one "
                 "LIN?seconds_step_is_integer DECF! SYM?equal_extents "
                 "GROW?seconds_step_at_most_one FULL! GRAN!"},
    {.name = "tmrope-qwen3-omni",
     .source = "Qwen3-Omni; huggingface/transformers models/qwen3_omni_moe",
     .design = kOmni<Merged>,
     .allocation = kInterleaved,
     .parameters = kQwen3,
     .rope_theta = "1000000",
     .verdicts = "DECF! SYM?equal_extents GROW?seconds_step_at_most_one "
                 "FULL?sections_reach_the_last_eighth GRAN!"},
};

}  // namespace

std::span<const Scheme> omni_audio_schemes() { return kSchemes; }

}  // namespace plumbline
