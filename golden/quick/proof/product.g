# SPDX-License-Identifier: Apache-2.0
# What two product() and their difference() of lane_rows.h lose, and the test after it: |high + low - exact| for operands
# that stand for real numbers within `off` of them. sum() is the same with the sign of c. Run: gappa product.g
# A fused multiply-add is one rounding of the exact expression. The product errors are taken as rounded once more, so
# that nothing needs to be said of underflow. The three roundings left out of `rest` are exact: the sum of errors of
# two binary64 is one (D. Knuth, TAOCP 2, 4.2.2, theorem B).
@rnd = float<ieee_64, ne>;

a = rnd(a_); b = rnd(b_); c = rnd(c_); d = rnd(d_);
al = rnd(al_); bl = rnd(bl_); cl = rnd(cl_); dl = rnd(dl_);

p = rnd(a * b);
pl = rnd(-(p - a * b));
q = rnd(c * d);
ql = rnd(-(q - c * d));
s = rnd(p - q);
rest = -(s - (p - q));
t1 = rnd(a * bl + pl);
t2 = rnd(al * b + t1);
t3 = rnd(c * dl + ql);
t4 = rnd(cl * d + t3);
u = rnd(t2 - t4);
low = rnd(u + rest);

exact = (a + al + ea) * (b + bl + eb) - (c + cl + ec) * (d + dl + ed);
computed = s + low;
guarded = rnd(low + bound);

{ |a| <= 1.0000001 /\ |b| <= 1.0000001 /\ |c| <= 1.0000001 /\ |d| <= 1.0000001 /\
  |al| <= 0x1.1p-53 /\ |bl| <= 0x1.1p-53 /\ |cl| <= 0x1.1p-53 /\ |dl| <= 0x1.1p-53 /\
  |ea| <= 0x1p-105 /\ |ec| <= 0x1p-105 /\ |eb| <= 0x1p-105 /\ |ed| <= 0x1p-105 /\
  |bound| in [0x1p-102, 0x1p-90]
  -> |computed - exact| <= 0x1.2p-101 /\ |guarded - (low + bound)| <= 0x1p-103 }

computed - exact -> (low - (u + rest)) + (u - (t2 - t4)) + (t2 - (al * b + t1)) + (t1 - (a * bl + pl))
  - (t4 - (cl * d + t3)) - (t3 - (c * dl + ql)) + (pl - -(p - a * b)) - (ql - -(q - c * d))
  - al * bl + cl * dl - ea * (b + bl + eb) - (a + al) * eb + ec * (d + dl + ed) + (c + cl) * ed;
