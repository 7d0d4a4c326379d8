# SPDX-License-Identifier: Apache-2.0
# What rotate() of lane_rotation.h loses in the formats below binary64, which it computes in binary64: a turn whose high
# part alone is used, one product, one fused multiply-add, and the sum with the bound. Run: gappa filter.g
@rnd = float<ieee_64, ne>;

x = rnd(x_); y = rnd(y_); b = rnd(b_); d = rnd(d_);
q = rnd(y * d);
r = rnd(x * b - q);
exact = x * (b + eb) - y * (d + ed);
guarded = rnd(r + bound);

{ |x| <= 1 /\ |y| <= 1 /\ |b| <= 1.0000001 /\ |d| <= 1.0000001 /\ |eb| <= 0x1.2p-53 /\ |ed| <= 0x1.2p-53 /\
  |bound| in [0x1p-60, 0x1p-40]
  -> |r - exact| <= 0x1.6p-51 /\ |guarded - (r + bound)| <= 0x1p-52 }

r - exact -> (r - (x * b - q)) - (q - y * d) - x * eb + y * ed;
