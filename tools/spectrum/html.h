// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/report/text_forms.h"
#include "tools/spectrum/report.h"

// The parts of the page, each a text of HTML with inline SVG.
namespace plumbline::spectrum {

// A number for readers: three or four significant digits, no exponent between 10^-3 and 10^6.
std::string plain(double x);
// The shortest decimal that reads back as the same binary64: what curves are drawn from.
std::string exact(double x);
// Class of an axis by its letter: t, h, w, x for a fourth, n for none.
char axis_class(char letter);
// "0,3,7": the rows that an element speaks of, for the script's switches.
std::string rows_attribute(const std::vector<std::size_t>& rows);
// Names of the rows, comma-separated, escaped.
std::string names(const Report& report, const std::vector<std::size_t>& rows);
// One cell for each pair and head, coloured by axis, drawn in a box of that many pixels.
std::string strip(const std::vector<std::string>& axis_maps, int width, int row_height);

std::string comparison_section(const Report& report);
std::string maps_section(const Report& report);
std::string claims_section(const Report& report);
std::string layouts_section(const Report& report);
std::string motion_section(const Report& report);
std::string extension_section(const Report& report);
std::string conformance_section(const Report& report);

// page.css and page.js, from the tree.
extern const std::string_view kPageStyle, kPageScript;

}  // namespace plumbline::spectrum
