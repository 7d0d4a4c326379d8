# SPDX-License-Identifier: Apache-2.0
# What rotate() of lane_rotation.h loses in binary64, and the test after it: difference() of product.g for binary64 x and
# y, which are what they are, and a turn that is good to twice kBound, since it was normalised. Run: gappa rotation.g
@rnd = float<ieee_64, ne>;

x = rnd(x_); y = rnd(y_); b = rnd(b_); d = rnd(d_);
bl = rnd(bl_); dl = rnd(dl_);

p = rnd(x * b);
pl = rnd(-(p - x * b));
q = rnd(y * d);
nq = rnd(q - y * d);
s = rnd(p - q);
rest = -(s - (p - q));
t1 = rnd(x * bl + pl);
t2 = rnd(t1 - y * dl);
u = rnd(t2 + nq);
low = rnd(u + rest);

exact = x * (b + bl + eb) - y * (d + dl + ed);
computed = s + low;
guarded = rnd(low + bound);

{ |x| <= 1 /\ |y| <= 1 /\ |b| <= 1.0000001 /\ |d| <= 1.0000001 /\ |bl| <= 0x1.1p-53 /\ |dl| <= 0x1.1p-53 /\
  |eb| <= 0x1p-100 /\ |ed| <= 0x1p-100 /\ |bound| in [0x1p-102, 0x1p-90]
  -> |computed - exact| <= 0x1.3p-99 /\ |low| <= 0x1p-50 /\ |guarded - (low + bound)| <= 0x1p-103 }

computed - exact -> (low - (u + rest)) + (u - (t2 + nq)) + (t2 - (t1 - y * dl)) + (t1 - (x * bl + pl))
  + (pl - -(p - x * b)) + (nq - (q - y * d)) - x * eb + y * ed;
