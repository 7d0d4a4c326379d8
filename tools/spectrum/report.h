// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/coverage.h"
#include "reference/criteria.h"
#include "reference/decay.h"
#include "reference/kernel_scan.h"
#include "reference/layout_metrics.h"

// Every number of a spectrum report, computed once; the page, the JSON, the CSV and the HDF5 file
// are four ways to write it.
namespace plumbline::spectrum {

struct Request {
  // "name" or "name:key=value;key=value"; "all": every scheme. Empty: the model's own.
  std::vector<std::string> schemes;
  std::string model;
  std::vector<std::string> set;  // key=value, for every scheme
  std::int64_t context = 0;      // positions; 0: the model's, else 32768
  Rational factor{4};            // of context extension
};

// How far a recipe's phase stays below a limit on one channel: the longest integer position up to
// which its bound (golden/recipe.h) does, within [0, 2^31].
struct HorizonKind {
  std::string name, recipe, limit;  // "float32", "hf_f32", "bf16"
  double radians;
};
const std::vector<HorizonKind>& horizon_kinds();

struct Channel {
  int pair = 0;
  double wavelength = 0;               // infinity where it never turns
  std::vector<std::int64_t> horizons;  // by horizon_kinds()
};

// Channels of one axis after a stretch of the context by `factor`.
struct StretchCount {
  int untouched = 0, mixed = 0, interpolated = 0;  // ratio 1; between; 1 / factor
};
struct Stretch {
  std::string method;
  std::vector<double> ratio;         // by pair of the first map: inv_freq after / before
  std::vector<StretchCount> counts;  // by MapClass::axes
};

struct AxisReport {
  AxisCoverage coverage;
  AxisDecay decay;
  std::vector<Channel> channels;  // as coverage.channels
  int longer_than_context = 0;
  std::optional<std::int64_t> first_negative;  // smallest offset up to scanned with K < 0
};

// A map on a spectrum, with all that follows from the two; schemes that share both share it.
struct MapClass {
  std::vector<std::size_t> rows;       // of Report::rows
  std::string allocation;              // its name
  std::vector<std::string> axis_maps;  // one, or one for each KV head
  std::string letters;
  int pairs = 0, unrotated = 0;  // pairs of the first map that no axis turns
  Json spectrum;
  std::string missing;  // why there are no numbers: dense planes, no rotation
  std::vector<AxisReport> axes;
  std::vector<double> preference;  // Decay::preference
  std::int64_t scanned = 0;        // last offset of first_negative and widest
  std::optional<std::int64_t> widest_at;
  double widest = 0;                              // max |K_h - K_w|
  std::optional<double> mean_channel_difference;  // |mean_h - mean_w| / n
  std::vector<Stretch> stretches;
  // By offset: largest minus smallest of the axes, embedded and restricted.
  std::vector<double> spread_embedded, spread_restricted;
};

struct Token {
  std::int64_t block = -1;           // of the sequence; -1: text
  std::int64_t t = 0, h = 0, w = 0;  // cell of its block
  std::vector<Coordinate> exact;     // by axis
  std::vector<double> position;      // rounded once
  std::vector<std::string> text;     // as a picture shows it
};
struct Picture {
  std::string name, notation, missing;  // why there is none
  Grid grid;
  std::vector<Token> tokens;
};
// Coordinates of a patch one frame later minus those of the patch now.
struct Motion {
  std::string name;                   // "native", "split"
  std::vector<double> still, moving;  // same cell; one row and column further
};
struct LayoutClass {
  std::vector<std::size_t> rows;
  std::string layout, advance, letters;
  std::vector<Picture> pictures;                              // image, native video, split video
  std::vector<std::pair<std::string, BlockMetrics>> metrics;  // of the image, of the native video
  std::vector<Motion> motion;
};

struct Row {
  std::string title, note;  // what had to be changed to fit the model
  Case c;
  std::size_t map = 0, layout = 0;
  std::vector<Finding> findings;
  // Ids that a block of these tokens takes, by large_blocks(); nothing where it cannot be placed.
  std::vector<std::optional<double>> growth;
  const Finding& finding(std::string_view criterion) const;
};
struct LargeBlock {
  std::string name;
  Visual block;
};
const std::vector<LargeBlock>& large_blocks();

// The paper's statements on one spectrum: chunked, interleaved and whole heads at the same offsets.
struct ClaimCurve {
  std::string title;
  std::string letters;                                   // of the axes
  std::vector<char> lowest_embedded, lowest_restricted;  // axis that has fallen furthest; '=' a tie
  std::vector<double> spread_embedded, spread_restricted;
};

struct Report {
  std::string model, model_title;
  std::int64_t context = 0;
  Rational factor;
  std::vector<std::int64_t> offsets;
  std::vector<Row> rows;
  std::vector<MapClass> maps;
  std::vector<LayoutClass> layouts;
  // One scheme without and with spatial reset: what the reset does to motion.
  std::vector<std::pair<std::string, std::vector<Motion>>> reset_pair;
  std::vector<ClaimCurve> claims;  // the first is the yardstick of ratios
  unsigned precision = 0;          // bits that decided the hardest value of a curve
};

// Throws std::invalid_argument naming the knob.
Report make_report(const Request& request);

// report_maps.cpp and report_layouts.cpp
class Ladders;
MapClass make_map(const Case& c, const Ladders& ladders, const Report& report, unsigned& precision);
LayoutClass make_layout(const Case& c);
std::string layout_key(const LayoutClass& layout);

// The report as JSON, version 2; every number is the binary64 nearest to the exact one:
//   {"plumbline_spectrum": 2, "model", "context", "factor", "offsets": [integer ...],
//    "horizons": [{"name", "recipe", "limit", "radians"}],
//    "schemes": [{"scheme", "title", "note", "params", "map": index, "layout": index,
//                 "growth": {block: number or null}, "criteria": {NAME: {"verdict", "sequence"?,
//                 "params"?, "counterexample"?}}, "full_spectrum": {"verdict", "reason"?}}],
//    "maps": [{"schemes": [index], "allocation", "axis_map": [letters], "spectrum", "unrotated",
//              "missing"?, "axes": [{"axis", "channels", "wavelength", "horizon": {name: [...]},
//              "hole", "lambda_min", "lambda_max", "exponent_coverage", "mean_channel",
//              "monotone_range", "longer_than_context", "embedded", "restricted", "kernel",
//              "preference": [by offset], "first_negative"}], "preference", "scanned",
//              "widest": {"at", "value"}, "mean_channel_difference", "spread_embedded",
//              "spread_restricted", "extension": [{"method", "ratio", "counts": {axis: {...}}}]}],
//    "layouts": [{"schemes", "layout", "advance", "letters", "pictures": [{"name", "notation",
//                 "cells": [[block, t, h, w]], "position_ids": [axis][token]}], "metrics": {name:
//                 {...}}, "motion": {name: {"still", "moving"}}}],
//    "reset_pair": [{"title", "motion"}],
//    "claims": [{"title", "lowest_embedded", "lowest_restricted", "spread_...", "ratio_..."}]}
// null stands for a wavelength that is infinite and for what does not exist.
Json report_json(const Report& report);
// quantity,scheme,map,axis,index,x,value: one line a number, in the order of the JSON.
std::string report_csv(const Report& report);
// A file of kind "spectrum" (golden/FORMAT.md): one group a map and a layout.
void write_report_hdf5(const Report& report, const std::string& path);
// One self-contained page.
std::string report_html(const Report& report);

}  // namespace plumbline::spectrum
