// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "properties/diagnosis/diagnose.h"

// Which registered schemes and parameters a kernel implements: its operator is measured, and every
// composition of the registry that could have made it is compared with what was measured.
namespace plumbline::identity {

// What basis vectors and steps along one axis at a time show, without a scheme in mind.
struct Recovered {
  std::string pairing;      // "neox", "gptj", or what else couples lanes; "" where none is coupled
  int rotary_dim = 0;       // lanes that this pairing covers; as asked, where more never turn
  int maps = 1, pairs = 0;  // maps: 1 where all KV heads turn alike, else one per KV head
  int axes = 0;             // of the rows that were asked for
  // [maps][pairs]. axis -1: never turns; -2: turns on several axes, or is no turn. inv_freq in
  // radians per position, modulo 2 pi, within `error`; a negative one turns backwards.
  std::vector<int> axis;
  std::vector<double> inv_freq, error;
  std::optional<double> gain;  // |y| / |x| of every pair that turns, where it is the same for all
  bool by_pairs() const { return pairing.empty() || pairing == "neox" || pairing == "gptj"; }
  std::size_t slot(int map, int pair) const { return static_cast<std::size_t>(map * pairs + pair); }
};

// Rows of one coordinate each, 1, 2, 4, ... on every axis in turn, then rows that differ on every
// axis.
std::vector<std::vector<double>> rows(int axes);
Recovered recover(const diagnosis::Contract& asked, const diagnosis::Operator& measured);

// A composition of the registry with all its knobs, and where parameters and spectrum are from:
// "asked", "preset NAME", "defaults", "fitted to the shape", "recovered".
struct Candidate {
  Case c;
  std::string origin, spectrum_origin;
};
// Every scheme of the registry with the parameters of its row, of presets, of the case that was
// asked and of `seen`, in the shape and pairing that were seen; the spectrum is still the scheme's.
// Schemes that do not rotate by pairs are left out.
std::vector<Candidate> maps(const Case& asked, const Recovered& seen);
// How many pairs speak against a map, whatever its frequencies. A pair that was not seen to turn
// may have a frequency of zero, unless `strictly`.
int against(const FrequencyAllocation& map, const Recovered& seen, bool strictly = false);
// The same composition with each spectrum worth a try: the asked one, the scheme's own, those of
// presets, and scalings of the registry's presets with base and factor read off `seen`.
std::vector<Candidate> with_spectra(const Candidate& map, const Case& asked, const Recovered& seen);

// What tells a candidate from what was seen, one line each; nothing: the recovered numbers agree.
std::vector<std::string> differences(const diagnosis::Contract& candidate, const Recovered& seen);

struct Match {
  Candidate candidate;
  std::vector<std::string> presets;  // whose scheme, map, spectrum and pairing these are
  int operation = 0;  // matches of one number are one operator, to the last bit of inv_freq
};
struct Identified {
  std::string id;       // of the case that was asked
  std::string skipped;  // why nothing was measured
  bool failed = false;  // a call did not come back; `skipped` says how
  Recovered seen;
  std::string axis_map;  // of `seen`, in the letters of the asked case
  std::vector<Match> matches;
  std::optional<Candidate> nearest;  // where there is no match
  std::vector<std::string> differences;
  bool as_asked = false;  // the case that was asked is among the matches
};
// Measures a kernel under one case, of which shape and axes count, and searches the registry.
Identified identify(const diagnosis::Maker& make, const Case& asked, const Format& format);

}  // namespace plumbline::identity
