// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "reference/frequency_spectrum.h"

// Rotations in planes that are not pairs of lanes: learned GRAPE and mixed-direction towers. They
// have no cos_sin_cache, so they live beside the one-hot path.
namespace plumbline {

struct Case;

// The plane of u = a / |a| and w = (b - (b.u) u) / |...| in lanes [first_lane, first_lane +
// a.size()), turned by the angle frequency * sum_k direction[k] position[k] radians; a unit
// direction is used after normalisation to length 1. The frequency is the rung of the case's
// ladder, raised to `exponent`; rung -1: 1.
struct Plane {
  int first_lane = 0;
  std::vector<Rational> a, b;
  std::vector<Rational> direction;  // one entry per axis
  bool unit_direction = false;
  int rung = -1;
  Rational exponent{1};
  friend bool operator==(const Plane&, const Plane&) = default;
};

// Planes that act at the same time, on the same input x: y = x + sum_j (rot_j(x) - x), with
//   rot(x) = x + [(x.u)(cos psi - 1) - (x.w) sin psi] u + [(x.u) sin psi + (x.w)(cos psi - 1)] w.
// A rotation only where the planes are orthogonal to each other. Source: JJJYmmm/Multimodal-RoPEs,
// freq_allocation/grape.py.
struct PlaneBank {
  std::vector<Plane> planes;
  friend bool operator==(const PlaneBank&, const PlaneBank&) = default;
};

// The banks of a case for one KV head; empty where its scheme has none.
std::vector<PlaneBank> planes_of(const Case& c, int kv_head);
// The case turns vectors in dense planes: no tables, no map.
bool has_planes(const Case& c);

// The banks at one position, ready for many vectors: cosines and sines made once.
class PlaneRotation {
 public:
  // Enclosures at the working precision. Throws std::invalid_argument for a plane whose two
  // vectors span none.
  PlaneRotation(const std::vector<PlaneBank>& banks, const std::vector<Interval>& position,
                const FrequencySpectrum& spectrum);
  // The banks applied to x in order; or the transpose of that map.
  std::vector<Interval> apply(const std::vector<Interval>& x, bool transposed) const;

 private:
  struct Turned {
    int first_lane;
    std::vector<Interval> u, w;
    Interval cosine_less_one, sine;
  };
  std::vector<std::vector<Turned>> banks_;
};

}  // namespace plumbline
