// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace plumbline {

// Calls use(0) ... use(count - 1), each once, in the order of the numbers but for what runs at the
// same time, on `threads` threads (0: one for each processor), of which this one is one; each frees
// its caches of constants at the end. After a call has thrown no further ones start, and the first
// exception is thrown.
void each_on_all_cores(std::size_t count, const std::function<void(std::size_t)>& use,
                       unsigned threads = 0);

// Calls make(0) ... make(count - 1) the same way, and what each returns one at a time in the order
// of the numbers; at most as many wait as there are threads. Of several failures the one of the
// lowest number is thrown, and nothing is called that comes after it.
void each_in_order(std::size_t count, const std::function<std::function<void()>(std::size_t)>& make,
                   unsigned threads = 0);

}  // namespace plumbline
