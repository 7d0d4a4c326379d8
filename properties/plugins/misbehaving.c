// SPDX-License-Identifier: Apache-2.0
// A right kernel that breaks one rule of the contract, chosen by its own file name: misbehaving is
// compiled once, and copied to NAME.so. Or one that keeps the rules and rotates wrongly. Without a
// known name it behaves.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/plumbline_kernel.h"

static char manner[64];
static int calls = 0;

static int is(const char* name) { return strcmp(manner, name) == 0; }

static double position(const plumbline_call* call, int axis, int64_t token) {
  const int64_t i = axis * call->tokens + token;
  if (is("index_as_position")) return (double)token;
  if (call->position_dtype == PLUMBLINE_POSITION_I32) {
    const int32_t p = ((const int32_t*)call->position_ids)[i];
    return is("int32_shifted") ? p + 1.0 : p;
  }
  if (call->position_dtype == PLUMBLINE_POSITION_I64) {
    const int64_t p = ((const int64_t*)call->position_ids)[i];
    return (double)(is("drops_the_sign") && p < 0 ? -p : p);
  }
  return ((const double*)call->position_ids)[i];
}

// A table of an earlier call, kept for later ones of as many tokens: of the last such call, or of
// the very first.
static double kept_position(const plumbline_call* call, int axis, int64_t token) {
  static double* kept;
  static int64_t tokens;
  const int first_only = is("first_table_kept");
  if (!is("stale_table") && !first_only) return position(call, axis, token);
  if (first_only && kept != NULL && tokens != call->tokens) return position(call, axis, token);
  if (kept == NULL || tokens != call->tokens) {
    const int64_t n = call->c->axes * call->tokens;
    free(kept);
    kept = malloc(sizeof(double) * (size_t)n);
    tokens = call->tokens;
    for (int64_t i = 0; i < n; ++i)
      kept[i] = position(call, (int)(i / call->tokens), i % call->tokens);
  }
  return kept[axis * call->tokens + token];
}

static int64_t offset(int64_t elements) {
  return is("offsets_in_32_bits") ? (int32_t)elements : elements;
}

static double frequency(double inv_freq) {
  if (!is("bf16_inv_freq")) return inv_freq;
  const float narrow = (float)inv_freq;
  uint32_t bits;
  memcpy(&bits, &narrow, sizeof bits);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000U;
  float out;
  memcpy(&out, &bits, sizeof out);
  return out;
}

static void turn(const plumbline_call* call, const plumbline_tensor* t) {
  const plumbline_case* c = call->c;
  const int pairs = c->rotary_dim / 2, group = t->heads / c->num_key_value_heads;
  const int64_t first =
      is("packed_wrong") && call->sequences > 1 ? call->cu_seqlens[1] : call->tokens;
  for (int64_t token = 0; token < call->tokens; ++token) {
    for (int head = 0; head < t->heads; ++head) {
      const int64_t stride = is("dense_only") ? c->head_dim : t->in_head_stride;
      const float* in = (const float*)t->in + offset(token * t->in_token_stride + head * stride);
      float* out =
          (float*)t->out + offset(token * t->out_token_stride +
                                  head * (is("dense_output") ? c->head_dim : t->out_head_stride));
      const int map = c->maps == 1 ? 0 : head / group;
      for (int i = 0; i < pairs; ++i) {
        const int slot = map * pairs + i,
                  axis = is("temporal_row_only") || is("temporal_row_forward") ? 0 : c->axis_map[slot];
        double angle = axis == PLUMBLINE_NO_AXIS
                           ? 0
                           : kept_position(call, axis, token) * frequency(c->inv_freq[slot]);
        if (token >= first || (is("alone_wrong") && call->tokens == 1) ||
            (is("many_wrong") && call->tokens > 300) || (is("ninth_head_wrong") && head == 8))
          angle += 1;
        const float cosine = (float)(c->attention_factor * cos(angle));
        const float sine = (float)(c->attention_factor * sin(call->adjoint ? -angle : angle));
        const int neox = c->pairing == PLUMBLINE_NEOX && !is("gptj_pairing");
        const int a = neox ? i : 2 * i, b = neox ? i + pairs : 2 * i + 1;
        if (is("reads_after_writing")) {
          out[a] = in[a] * cosine - in[b] * sine;
          out[b] = in[b] * cosine + in[a] * sine;
          continue;
        }
        const float x = in[a], y = in[b];
        out[a] = x * cosine - y * sine;
        if (is("half_written") && head == 0) continue;
        out[b] = y * cosine + x * sine;
      }
      const float* passes =
          is("tail_of_head_0") ? (const float*)t->in + offset(token * t->in_token_stride) : in;
      memmove(out + 2 * pairs, passes + 2 * pairs, sizeof(float) * (size_t)(c->head_dim - 2 * pairs));
    }
  }
}

static int64_t extent(const plumbline_call* call, const plumbline_tensor* t) {
  return (call->tokens - 1) * t->out_token_stride + (t->heads - 1) * t->out_head_stride +
         call->c->head_dim;
}

static volatile float sink;

static int rotate(const plumbline_call* call) {
  ++calls;
  if (is("crashes")) raise(SIGSEGV);
  if (is("null_read")) sink = *(const volatile float*)(uintptr_t)(16 + calls * 0);
  if (is("aborts")) abort();
  if (is("exits")) exit(0);
  if (is("overflows_stack")) {
    // Grows until the stack ends; the compiler cannot see that it never comes back.
    volatile char room[1 << 16];
    room[0] = (char)calls;
    if (room[0] != 127 || calls > 0) return rotate(call) + room[0];
  }
  if (is("hangs")) {
    for (;;) pause();
  }
  if (is("closes_everything") || is("closes_and_ends")) {
    for (int i = 3; i < 64; ++i) close(i);
    if (is("closes_and_ends")) exit(3);
    for (;;) pause();
  }
  if (is("forks_and_aborts")) {
    if (fork() == 0) {
      for (;;) pause();
    }
    abort();
  }
  if (is("leaves_a_child") && fork() == 0) {
    for (;;) pause();
  }
  // A child in a session of its own whose parent has ended.
  if (is("leaves_an_orphan") && fork() == 0) {
    setsid();
    if (fork() == 0) {
      for (;;) pause();
    }
    _exit(0);
  }
  if (is("child_goes_on") && fork() == 0) {
    usleep(2000);
    return 7;
  }
  if (is("child_aborts") && fork() == 0) abort();
  if (is("kills_its_group")) kill(0, SIGKILL);
  if (is("kills_its_parent") || is("stops_its_parent")) {
    kill(getppid(), is("stops_its_parent") ? SIGSTOP : SIGKILL);
    for (;;) pause();
  }
  if (is("eats_memory")) {
    for (;;) {
      void* more = malloc((size_t)64 << 20);
      if (more == NULL) abort();
    }
  }
  if (is("fails")) return 7;
  if ((is("forward_only") || is("temporal_row_forward")) && call->adjoint)
    return PLUMBLINE_UNSUPPORTED;
  if (is("in_place_only") && call->q.in != call->q.out) return PLUMBLINE_UNSUPPORTED;
  if (is("refuses")) {
    snprintf(call->message, call->message_size, "not today");
    return PLUMBLINE_UNSUPPORTED;
  }
  if (is("writes_input")) ((float*)(uintptr_t)call->q.in)[0] = 1;
  turn(call, &call->q);
  turn(call, &call->k);
  if (is("refuses_late")) return PLUMBLINE_UNSUPPORTED;
  if (is("writes_case")) ((plumbline_case*)(uintptr_t)call->c)->head_dim += 1;
  if (is("writes_call")) ((plumbline_call*)(uintptr_t)call)->tokens += 1;
  if (is("long_message")) memset(call->message, 'x', call->message_size + 1);
  if (is("writes_past_end")) ((volatile char*)call->k.out)[4 * extent(call, &call->k)] = 1;
  if (is("writes_before_start")) ((volatile char*)call->q.out)[-1] = 1;
  if (is("reads_past_end"))
    sink = ((const volatile char*)
                call->q.in)[4 * ((call->tokens - 1) * call->q.in_token_stride +
                                 (call->q.heads - 1) * call->q.in_head_stride + call->c->head_dim)];
  if (is("writes_gap") && call->q.out_head_stride > call->c->head_dim)
    ((float*)call->q.out)[call->c->head_dim] = 0;
  if (is("no_number")) ((float*)call->q.out)[1] = NAN;
  if (is("counts_calls")) ((float*)call->q.out)[0] += (float)calls;
  if (is("wrong_numbers")) ((float*)call->q.out)[0] += 1;
  if (is("remembers_calls") && calls > 6) ((float*)call->k.out)[0] += 1;
  return PLUMBLINE_DONE;
}

static int table(const plumbline_call* call, void* cosines, void* sines) {
  const plumbline_case* c = call->c;
  const int64_t width = (int64_t)c->maps * (c->rotary_dim / 2);
  for (int64_t i = 0; i < call->tokens * width; ++i) {
    const int axis = c->axis_map[i % width];
    const double angle =
        axis == PLUMBLINE_NO_AXIS ? 0 : position(call, axis, i / width) * c->inv_freq[i % width];
    ((float*)cosines)[i] = (float)(c->attention_factor * cos(angle));
    ((float*)sines)[i] = (float)(c->attention_factor * sin(is("table_wrong") ? -angle : angle));
  }
  if (is("table_past_end")) ((volatile char*)sines)[4 * call->tokens * width] = 1;
  return PLUMBLINE_DONE;
}

const plumbline_kernel* plumbline_kernel_v1(void) {
  static plumbline_kernel kernel = {
      .size = sizeof kernel,
      .abi_version = PLUMBLINE_KERNEL_ABI,
      .name = "misbehaving",
      .recipe = {[PLUMBLINE_F32] = "f64_table"},
      .rotate = rotate,
  };
  Dl_info here;
  if (dladdr((const void*)(uintptr_t)&plumbline_kernel_v1, &here) != 0) {
    const char* file = strrchr(here.dli_fname, '/');
    snprintf(manner, sizeof manner, "%s", file == NULL ? here.dli_fname : file + 1);
    char* dot = strrchr(manner, '.');
    if (dot != NULL) *dot = '\0';
  }
  if (strncmp(manner, "table_", 6) == 0) {
    kernel.rotate = NULL;
    kernel.table = table;
  }
  if (is("crashes_on_load")) raise(SIGSEGV);
  if (is("null_kernel")) return NULL;
  if (is("other_version")) kernel.abi_version = 99;
  if (is("small_struct")) kernel.size = 8;
  if (is("offers_nothing")) kernel.recipe[PLUMBLINE_F32] = NULL;
  if (is("bad_recipe")) kernel.recipe[PLUMBLINE_F32] = "hf_f33";
  if (is("bad_name")) kernel.name = "two words";
  if (is("name_of_two_lines")) kernel.name = "two\nlines";
  if (is("bad_alignment")) kernel.alignment = 3;
  return &kernel;
}
