# SPDX-License-Identifier: Apache-2.0
# What add_product() of lane_logits.h loses: the product of two rotated lanes, for |x| + |y| and scale of 1, and its
# addition to a sum whose terms weigh 1 together. The error of the sum of the high parts is exact. Run: gappa logit.g
@rnd = float<ieee_64, ne>;

ah = rnd(ah_); al = rnd(al_); bh = rnd(bh_); bl = rnd(bl_);
p = rnd(ah * bh);
e = rnd(ah * bh - p);
t = rnd(al * bh + e);
pl = rnd(ah * bl + t);
exact = (ah + al + ea) * (bh + bl + eb);
product = p + pl;

h = rnd(h_); l = rnd(l_); ph = rnd(ph_); m = rnd(m_);
s = rnd(h + ph);
error = -(s - (h + ph));
r = rnd(error + m);
low = rnd(l + r);
sum = s + low;

{ |ah| <= 1.000001 /\ |bh| <= 1.000001 /\ |al| <= 0x1p-49 /\ |bl| <= 0x1p-49 /\ |ea| <= 0x1p-97 /\ |eb| <= 0x1p-97 /\
  |h| <= 1.001 /\ |ph| <= 1.001 /\ |h + ph| <= 1.001 /\ |l| <= 0x1p-42 /\ |m| <= 0x1p-42
  -> |product - exact| <= 0x1.6p-96 /\ |pl| <= 0x1p-47 /\ |sum - (h + l + ph + m)| <= 0x1.9p-94 }

product - exact -> (pl - (ah * bl + t)) + (t - (al * bh + e)) + (e - (ah * bh - p))
  - al * bl - ea * (bh + bl + eb) - (ah + al) * eb;
sum - (h + l + ph + m) -> (low - (l + r)) + (r - (error + m));
