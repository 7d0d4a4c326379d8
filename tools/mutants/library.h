// SPDX-License-Identifier: Apache-2.0
#ifndef PLUMBLINE_MUTANTS_LIBRARY_H
#define PLUMBLINE_MUTANTS_LIBRARY_H

// What libplumbline_mutants.so gives the small libraries beside it, one for each mutant: all wrong
// kernels by id, behind the contract of tools/plumbline_kernel.h.

#include "tools/plumbline_kernel.h"

// In a small library the id of its mutant follows this text, NUL-terminated, within as many bytes.
#define PLUMBLINE_MUTANT_TAG "plumbline-mutant-id="
#define PLUMBLINE_MUTANT_TAG_BYTES 64

#ifdef __cplusplus
extern "C" {
#endif

// Fills name and recipes of `kernel`, which live as long as the library. 0 where there is no such
// id. "faultless" is the kernel without a bug.
__attribute__((visibility("default"))) int plumbline_mutant_describe(const char* id,
                                                                     plumbline_kernel* kernel);
// plumbline_kernel.rotate of a mutant.
__attribute__((visibility("default"))) int plumbline_mutant_rotate(const char* id,
                                                                   const plumbline_call* call);

#ifdef __cplusplus
}
#endif

#endif
