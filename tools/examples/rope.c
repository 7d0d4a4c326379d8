// SPDX-License-Identifier: Apache-2.0
// A rotary kernel as a plug-in, in C: float32, frequencies as the caller gives them, angles in
// double precision. Copy it and put your own kernel in place of `turn`.
//
//   cc -O2 -shared -fPIC -I path/to/plumbline -o rope.so rope.c -lm
//   plumbline validate smoke.h5 --plugin ./rope.so
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/plumbline_kernel.h"

static double position(const plumbline_call* call, int axis, int64_t token) {
  const int64_t i = axis * call->tokens + token;
  if (call->position_dtype == PLUMBLINE_POSITION_I32)
    return ((const int32_t*)call->position_ids)[i];
  if (call->position_dtype == PLUMBLINE_POSITION_I64)
    return (double)((const int64_t*)call->position_ids)[i];
  return ((const double*)call->position_ids)[i];
}

static void turn(const plumbline_call* call, const plumbline_tensor* t) {
  const plumbline_case* c = call->c;
  const int pairs = c->rotary_dim / 2, group = t->heads / c->num_key_value_heads;
  for (int64_t token = 0; token < call->tokens; ++token) {
    for (int head = 0; head < t->heads; ++head) {
      const float* in = (const float*)t->in + token * t->in_token_stride + head * t->in_head_stride;
      float* out = (float*)t->out + token * t->out_token_stride + head * t->out_head_stride;
      const int map = c->maps == 1 ? 0 : head / group;
      for (int i = 0; i < pairs; ++i) {
        const int slot = map * pairs + i, axis = c->axis_map[slot];
        const double angle =
            axis == PLUMBLINE_NO_AXIS ? 0 : position(call, axis, token) * c->inv_freq[slot];
        const float cosine = (float)(c->attention_factor * cos(angle));
        const float sine = (float)(c->attention_factor * sin(call->adjoint ? -angle : angle));
        const int a = c->pairing == PLUMBLINE_NEOX ? i : 2 * i;
        const int b = c->pairing == PLUMBLINE_NEOX ? i + pairs : 2 * i + 1;
        const float x = in[a], y = in[b];  // both first: in and out may be the same memory
        out[a] = x * cosine - y * sine;
        out[b] = y * cosine + x * sine;
      }
      memmove(out + 2 * pairs, in + 2 * pairs, sizeof(float) * (size_t)(c->head_dim - 2 * pairs));
    }
  }
}

static int rotate(const plumbline_call* call) {
  if (call->dtype != PLUMBLINE_F32) {
    snprintf(call->message, call->message_size, "float32 only");
    return PLUMBLINE_UNSUPPORTED;
  }
  turn(call, &call->q);
  turn(call, &call->k);
  return PLUMBLINE_DONE;
}

const plumbline_kernel* plumbline_kernel_v1(void) {
  // The arithmetic: frequencies, positions and angles in binary64, sine and cosine within an ulp of
  // binary64, stored and multiplied in binary32.
  static const plumbline_kernel kernel = {
      .size = sizeof kernel,
      .abi_version = PLUMBLINE_KERNEL_ABI,
      .name = "rope-c",
      .recipe = {[PLUMBLINE_F32] = "f64_table"},
      .rotate = rotate,
  };
  return &kernel;
}
