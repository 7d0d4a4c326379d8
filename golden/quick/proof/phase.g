# SPDX-License-Identifier: Apache-2.0
# The lower part of r in phase_rows() of lane_rows.h, in turns: two sums of a lower and an upper half of 64-bit products
# below 2^33, and less than 2^-128 that the last lower half is worth. Times 2 pi, that is below 2^-113. Run: gappa phase.g
@rnd = float<ieee_64, ne>;

third = fixed<0, dn>(third_);
fourth = fixed<0, dn>(fourth_);
near = fixed<0, dn>(near_);
low = rnd(third * 0x1p-96 + rnd(fourth * 0x1p-128));
exact = third * 0x1p-96 + fourth * 0x1p-128 + dropped;

{ third in [0, 0x1p33] /\ fourth in [0, 0x1p33] /\ dropped in [0, 0x1p-128] /\ |near| <= 0x1p53
  -> |low| <= 0x1p-62 /\ |(low - exact) * 6.2831854| <= 0x1p-113 /\ rnd(near) - near in [0, 0]
  /\ |near * 0x1p-64| <= 0x1p-11 }

low - exact -> (low - (third * 0x1p-96 + rnd(fourth * 0x1p-128))) + (rnd(fourth * 0x1p-128) - fourth * 0x1p-128) - dropped;
