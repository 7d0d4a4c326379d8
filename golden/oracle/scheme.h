// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "golden/oracle/allocation.h"
#include "golden/oracle/layouts.h"
#include "golden/oracle/planes.h"

namespace plumbline::oracle {

// The banks of learned planes, of every head or of each KV head.
using Planes = std::vector<std::vector<Bank>> (*)(const Case& c);

// One scheme by name: the parts that it is made of and what a case JSON may leave out.
struct Row {
  std::string_view name = {};
  Layout layout;
  Allocate allocate;
  Section section = {16, 24, 24};
  TextRule text = TextRule::every_axis;
  DeltaRule delta = DeltaRule::every_axis;
  std::size_t axes = 3;
  int stride = 1;         // temporal_stride
  bool truncate = false;  // integer_output
  // Segments other than text and plain grids that the scheme places.
  Segment::Kind also = Segment::Kind::visual;
  void (*read)(const Case& c, Design& design) = nullptr;  // the scheme's own parameters
  Planes planes = nullptr;                                // instead of `allocate`
};
std::span<const Row> rows();           // of the papers
std::span<const Row> deployed_rows();  // of deployed models

// A scheme as far as this oracle knows it; a part that it does not know says why.
struct Scheme {
  std::optional<Design> design;
  std::function<Allocation(const Case&)> allocate;
  std::string why_no_design, why_no_allocation;
  bool irrational = false;  // coordinates may be irrational
  Planes planes = nullptr;  // learned planes instead of an axis map
};

// By the scheme's name, else by the words of `composition`. Throws std::invalid_argument for
// parameters out of range. Source: the scheme specification, which cites the authors' code.
Scheme find_scheme(const Case& c);

}  // namespace plumbline::oracle
