// SPDX-License-Identifier: Apache-2.0
#include "fast/row_maker.h"

#include <algorithm>

namespace plumbline::fast {

template <class Position>
void RowMaker::merge(const Position* ids, std::ptrdiff_t stride, int row, float* space) {
  for (int a = 0; a < state_.c.axes; ++a) ready_[a] = state_.table_row(ids[a * stride]);
  const int groups = state_.padded / kColumnGroup;
  state_.kernel->merge(state_.seeds, ready_, row * groups, (row + 1) * groups, space);
}

template <class Position>
void RowMaker::make(const Position* ids, std::ptrdiff_t stride, float* space) {
  my_.doubtful.resize(state_.of.size() / kColumnGroup);
  bool one_index = true;
  for (int a = 0; a < state_.c.axes; ++a) {
    const std::int64_t p = ids[a * stride];
    position_[a] = p;
    index_[a] = p >> 6;  // rounds down below zero too
    fine_[a] = state_.fine.data() + (p & (kFineRows - 1)) * 2 * state_.seeds.columns;
    one_index = one_index && index_[a] == index_[0];
  }
  static_assert(kFineRows == 1 << 6);
  if (state_.kernel->row(state_.seeds, coarse_row(one_index), fine_, space, my_.doubtful.data()))
    settle(space);
}

const double* RowMaker::coarse_row(bool one_index) {
  const std::int64_t ready = state_.ready / kFineRows;
  if (one_index && index_[0] >= 0 && index_[0] < ready) return state_.coarse_row(index_[0]);
  if (made_ && std::equal(index_, index_ + state_.c.axes, made_of_)) return my_.made.data();
  const std::size_t n = state_.of.size();
  my_.made.resize(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t index = index_[state_.axis[i]];
    if (index >= 0 && index < ready) {
      my_.made[i] = state_.coarse_row(index)[i];
      my_.made[n + i] = state_.coarse_row(index)[n + i];
    } else {
      const CosSin value =
          state_.in_f64(static_cast<int>(i), static_cast<double>(index * kFineRows));
      my_.made[i] = value.cos;
      my_.made[n + i] = value.sin;
    }
  }
  std::copy(index_, index_ + state_.c.axes, made_of_);
  made_ = true;
  return my_.made.data();
}

void RowMaker::settle(float* space) const {
  const std::size_t n = state_.of.size();
  for (std::size_t group = 0; group < my_.doubtful.size(); ++group) {
    for (unsigned bits = my_.doubtful[group], i = 0; bits != 0; bits >>= 1, ++i) {
      if ((bits & 1U) == 0) continue;
      const std::size_t column = group * kColumnGroup + i;
      const auto position = static_cast<double>(position_[state_.axis[column]]);
      const CosSinF32 value = state_.in_f32(static_cast<int>(column), position);
      space[column] = value.cos;
      space[n + column] = value.sin;
    }
  }
}

void RowMaker::exact(const double* ids, std::ptrdiff_t stride, float* space) const {
  const std::size_t n = state_.of.size();
  for (std::size_t i = 0; i < n; ++i) {
    const CosSinF32 value = state_.in_f32(static_cast<int>(i), ids[state_.axis[i] * stride]);
    space[i] = value.cos;
    space[n + i] = value.sin;
  }
}

void RowMaker::exact(const double* ids, std::ptrdiff_t stride, double* space) const {
  const std::size_t n = state_.of.size();
  for (std::size_t i = 0; i < n; ++i) {
    const Driver& d = state_.of[i];
    const CosSin value =
        d.turns ? state_.in_f64(static_cast<int>(i), ids[d.axis * static_cast<std::size_t>(stride)])
                : CosSin{state_.phases.front().attention_factor(), 0};
    space[i] = value.cos;
    space[n + i] = value.sin;
  }
}

template void RowMaker::merge(const std::int32_t*, std::ptrdiff_t, int, float*);
template void RowMaker::merge(const std::int64_t*, std::ptrdiff_t, int, float*);
template void RowMaker::make(const std::int32_t*, std::ptrdiff_t, float*);
template void RowMaker::make(const std::int64_t*, std::ptrdiff_t, float*);

}  // namespace plumbline::fast
