// SPDX-License-Identifier: Apache-2.0
// Written by golden/quick/proof/coefficients.sollya; a test runs it again.
#pragma once

#include "golden/quick/double2.h"

namespace plumbline::quick {

// cos(2 pi r) = 1 + r^2 (c2 + r^2 (c4 + ...)), sin(2 pi r) = r (s1 + r^2 (s3 + ...)).
inline constexpr Double2 kCos2{-0x1.3bd3cc9be45dep4, -0x1.692b71366cc04p-50};
inline constexpr Double2 kCos4{0x1.03c1f081b5ac4p6, -0x1.32b33f87fc145p-48};
inline constexpr double kCos6 = -0x1.55d3c7e3cbffap6;
inline constexpr double kCos8 = 0x1.e1f506891babbp5;
inline constexpr double kCos10 = -0x1.a6d1f2a204a8cp4;
inline constexpr Double2 kSin1{0x1.921fb54442d18p2, 0x1.1a62633145c07p-52};
inline constexpr Double2 kSin3{-0x1.4abbce625be53p5, 0x1.05511c68476a8p-49};
inline constexpr Double2 kSin5{0x1.466bc6775aae2p6, -0x1.6dc0cbddb0fc3p-49};
inline constexpr double kSin7 = -0x1.32d2cce62bd86p6;
inline constexpr double kSin9 = 0x1.50783487ee782p5;
// Proven: the polynomials lose at most this, in exact arithmetic.
inline constexpr double kCosLost = 0x1p-118, kSinLost = 0x1p-116;

}  // namespace plumbline::quick
