// SPDX-License-Identifier: Apache-2.0
// One mutant as a plug-in: its id is written over the end of `tag`, the rest is in
// libplumbline_mutants.so, in the folder lib beside its own.
#include "tools/mutants/library.h"

static const volatile char tag[PLUMBLINE_MUTANT_TAG_BYTES] = PLUMBLINE_MUTANT_TAG;

static const char* id(void) {
  static char text[PLUMBLINE_MUTANT_TAG_BYTES];
  const int first = sizeof PLUMBLINE_MUTANT_TAG - 1;
  for (int i = first; i < PLUMBLINE_MUTANT_TAG_BYTES - 1; ++i) text[i - first] = tag[i];
  return text;
}

static int rotate(const plumbline_call* call) { return plumbline_mutant_rotate(id(), call); }

const plumbline_kernel* plumbline_kernel_v1(void) {
  static plumbline_kernel kernel = {
      .size = sizeof kernel, .abi_version = PLUMBLINE_KERNEL_ABI, .rotate = rotate};
  return plumbline_mutant_describe(id(), &kernel) ? &kernel : 0;
}
