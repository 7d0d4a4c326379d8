// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "golden/case_file.h"
#include "reference/case.h"

// What a golden file says in words, beside what follows from its cases and tensors; a line a
// difference.
namespace plumbline {

// Whether this version wrote the file: suites, flags and sources are tables of the writer's.
bool is_of_this_version(const RootAttributes& root);
// Why they are not compared otherwise.
std::string words_of_another_version(const RootAttributes& root);

// The case's id and composition; its dtypes and tensors beside the datasets that there are; its
// seed and kind of inputs beside q_in and k_in; with `own_words` its flags and source. Throws
// Refused for a dataset that the case asks for and the file lacks.
std::vector<std::string> differing_words(const CaseView& stored, const Case& c, bool own_words);

// The root's suite beside the cases; with `own_words` each case of a suite beside the suite's own.
std::vector<std::string> differing_suite(const CaseFile& file, bool own_words);

}  // namespace plumbline
