# SPDX-License-Identifier: Apache-2.0
# What small_turn() of lane_rows.h loses against its polynomials, the coefficients as coefficients.sollya prints them.
# With kCosLost and kSinLost that is what it loses against cos and sin. Run: gappa polynomial.g
# A fused multiply-add is one rounding of the exact expression. *_o, the error of c + p in step(), is exact: |p| < |c|
# (T. J. Dekker, Numerische Mathematik 18, 1971); that |p| <= |c| is among the claims. Z stands for r^2.
@rnd = float<ieee_64, ne>;

rh = rnd(rh_); rl = rnd(rl_);
R = rh + rl;
Z = R * R;
zh = rnd(rh * rh);
z_g = rnd(-(zh - rh * rh));
twice = 2 * rh;  # exact
zl = rnd(twice * rl + z_g);
kCos2h = -0x1.3bd3cc9be45dep4; kCos2l = -0x1.692b71366cc04p-50;
kCos4h = 0x1.03c1f081b5ac4p6; kCos4l = -0x1.32b33f87fc145p-48;
kSin1h = 0x1.921fb54442d18p2; kSin1l = 0x1.1a62633145c07p-52;
kSin3h = -0x1.4abbce625be53p5; kSin3l = 0x1.05511c68476a8p-49;
kSin5h = 0x1.466bc6775aae2p6; kSin5l = -0x1.6dc0cbddb0fc3p-49;
kCos6 = -0x1.55d3c7e3cbffap6;
kCos8 = 0x1.e1f506891babbp5;
kCos10 = -0x1.a6d1f2a204a8cp4;
kSin7 = -0x1.32d2cce62bd86p6;
kSin9 = 0x1.50783487ee782p5;

# cos
c8 = rnd(zh * kCos10 + kCos8);
c6 = rnd(zh * c8 + kCos6);
c4l = rnd(zh * c6 + kCos4l);
Ec6 = kCos6 + Z * (kCos8 + Z * kCos10);
Ec4 = (kCos4h + kCos4l) + Z * Ec6;

c2_p = rnd(zh * kCos4h);
c2_g = rnd(-(c2_p - zh * kCos4h));
c2_i = rnd(zh * c4l + c2_g);
c2_j = rnd(zl * kCos4h + c2_i);
c2h = rnd(kCos2h + c2_p);
c2_o = -(c2h - (kCos2h + c2_p));
c2_k = rnd(kCos2l + c2_j);
c2l = rnd(c2_o + c2_k);
Ec2 = (kCos2h + kCos2l) + Z * Ec4;
one = 1; zero = 0;

c0_p = rnd(zh * c2h);
c0_g = rnd(-(c0_p - zh * c2h));
c0_i = rnd(zh * c2l + c0_g);
c0_j = rnd(zl * c2h + c0_i);
c0h = rnd(one + c0_p);
c0_o = -(c0h - (one + c0_p));
c0_k = rnd(zero + c0_j);
c0l = rnd(c0_o + c0_k);
Ec0 = (one + zero) + Z * Ec2;

# sin
s7 = rnd(zh * kSin9 + kSin7);
s5l = rnd(zh * s7 + kSin5l);
Es7 = kSin7 + Z * kSin9;
Es5 = (kSin5h + kSin5l) + Z * Es7;

s3_p = rnd(zh * kSin5h);
s3_g = rnd(-(s3_p - zh * kSin5h));
s3_i = rnd(zh * s5l + s3_g);
s3_j = rnd(zl * kSin5h + s3_i);
s3h = rnd(kSin3h + s3_p);
s3_o = -(s3h - (kSin3h + s3_p));
s3_k = rnd(kSin3l + s3_j);
s3l = rnd(s3_o + s3_k);
Es3 = (kSin3h + kSin3l) + Z * Es5;

s1_p = rnd(zh * s3h);
s1_g = rnd(-(s1_p - zh * s3h));
s1_i = rnd(zh * s3l + s1_g);
s1_j = rnd(zl * s3h + s1_i);
s1h = rnd(kSin1h + s1_p);
s1_o = -(s1h - (kSin1h + s1_p));
s1_k = rnd(kSin1l + s1_j);
s1l = rnd(s1_o + s1_k);
Es1 = (kSin1h + kSin1l) + Z * Es3;

s_p = rnd(rh * s1h);
s_g = rnd(-(s_p - rh * s1h));
s_i = rnd(rh * s1l + s_g);
s_j = rnd(rl * s1h + s_i);
sh = rnd(s_p + s_j);
s_d = rnd(sh - s_p);
sl = rnd(s_j - s_d);
Es = R * Es1;

{ |rh| <= 0x1.0000000000008p-11 /\ |rl| <= 0x1p-61
  -> |c2_p| <= 1 /\ |c0_p| <= 0.5 /\ |s3_p| <= 1 /\ |s1_p| <= 1
  /\ |c0l| <= 0x1p-53 /\ |sl| <= 0x1p-53
  /\ |(c0h + c0l) - Ec0| <= 0x1.2p-106 /\ |(sh + sl) - Es| <= 0x1p-109 }

(zh + zl) - Z -> (zl - (twice * rl + z_g)) + (z_g - -(zh - rh * rh)) - rl * rl;

c6 - Ec6 -> (c6 - (zh * c8 + kCos6)) + zh * (c8 - (zh * kCos10 + kCos8)) + zh * ((zh + zl) - Z) * kCos10 - zh * zl * kCos10
  + ((zh + zl) - Z) * (kCos8 + Z * kCos10) - zl * (kCos8 + Z * kCos10);
(kCos4h + c4l) - Ec4 -> (c4l - (zh * c6 + kCos4l)) + zh * (c6 - Ec6) + ((zh + zl) - Z) * Ec6 - zl * Ec6;

(c2h + c2l) - Ec2 -> (c2l - (c2_o + c2_k)) + (c2_k - (kCos2l + c2_j)) + (c2_j - (zl * kCos4h + c2_i))
  + (c2_i - (zh * c4l + c2_g)) + (c2_g - -(c2_p - zh * kCos4h)) - zl * c4l
  + Z * ((kCos4h + c4l) - Ec4) + ((zh + zl) - Z) * (kCos4h + c4l);

(c0h + c0l) - Ec0 -> (c0l - (c0_o + c0_k)) + (c0_k - (zero + c0_j)) + (c0_j - (zl * c2h + c0_i))
  + (c0_i - (zh * c2l + c0_g)) + (c0_g - -(c0_p - zh * c2h)) - zl * c2l
  + Z * ((c2h + c2l) - Ec2) + ((zh + zl) - Z) * (c2h + c2l);

s7 - Es7 -> (s7 - (zh * kSin9 + kSin7)) + ((zh + zl) - Z) * kSin9 - zl * kSin9;
(kSin5h + s5l) - Es5 -> (s5l - (zh * s7 + kSin5l)) + zh * (s7 - Es7) + ((zh + zl) - Z) * Es7 - zl * Es7;

(s3h + s3l) - Es3 -> (s3l - (s3_o + s3_k)) + (s3_k - (kSin3l + s3_j)) + (s3_j - (zl * kSin5h + s3_i))
  + (s3_i - (zh * s5l + s3_g)) + (s3_g - -(s3_p - zh * kSin5h)) - zl * s5l
  + Z * ((kSin5h + s5l) - Es5) + ((zh + zl) - Z) * (kSin5h + s5l);

(s1h + s1l) - Es1 -> (s1l - (s1_o + s1_k)) + (s1_k - (kSin1l + s1_j)) + (s1_j - (zl * s3h + s1_i))
  + (s1_i - (zh * s3l + s1_g)) + (s1_g - -(s1_p - zh * s3h)) - zl * s3l
  + Z * ((s3h + s3l) - Es3) + ((zh + zl) - Z) * (s3h + s3l);

(sh + sl) - Es -> (sl - (s_j - s_d)) - (s_d - (sh - s_p)) + (s_j - (rl * s1h + s_i)) + (s_i - (rh * s1l + s_g))
  + (s_g - -(s_p - rh * s1h)) - rl * s1l + R * ((s1h + s1l) - Es1);
s_d -> (s_d - (sh - s_p)) + (sh - (s_p + s_j)) + s_j;
