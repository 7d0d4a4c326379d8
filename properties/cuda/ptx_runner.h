// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <optional>

#include "properties/cuda/grid_check.h"
#include "properties/cuda/ptx_opcodes.h"

// The grid of a launch, executed in PTX.
namespace plumbline::test {

inline std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The row of kEntries in a mangled name: "...rotaryILi7EE..." is row 7.
inline std::optional<std::size_t> row_of(const std::string& name) {
  const std::string mark = "rotaryILi";
  const auto at = name.find(mark);
  if (at == std::string::npos) return std::nullopt;
  return std::stoul(name.substr(at + mark.size()));
}

// By row. Throws std::runtime_error where a row is missing, doubled or unknown.
inline std::vector<ptx::Function> functions_of(const std::string& text) {
  std::vector<ptx::Function> out(cuda::kEntries.size());
  for (ptx::Function& f : ptx::parse(text)) {
    const auto row = row_of(f.name);
    if (!row || *row >= out.size() || !out[*row].name.empty())
      throw std::runtime_error("unexpected entry " + f.name);
    out[*row] = std::move(f);
  }
  for (std::size_t row = 0; row < out.size(); ++row) {
    if (out[row].name.empty()) throw std::runtime_error("no entry for row " + std::to_string(row));
  }
  return out;
}

// `executed` counts instructions.
inline Runner ptx_runner(const std::vector<ptx::Function>& functions, std::uint64_t& executed) {
  return [&](const cuda::Launch& launch, Watch& watch) {
    static_assert(std::is_trivially_copyable_v<cuda::Parameters>);
    std::string parameters(sizeof launch.parameters, '\0');
    std::memcpy(parameters.data(), &launch.parameters, parameters.size());
    const auto access = [&](std::uint64_t at, std::size_t bytes, bool write) {
      if (!watch.access(reinterpret_cast<const void*>(at), bytes, write))
        throw std::runtime_error(watch.fault());
    };
    ptx::Machine machine(functions[launch.entry], parameters, access);
    const cuda::Grid& g = launch.grid;
    try {
      for (int y = 0; y < g.blocks_of_heads; ++y) {
        for (int x = 0; x < g.blocks_of_tokens; ++x) {
          for (int token = 0; token < g.tokens; ++token) {
            for (int piece = 0; piece < g.pieces; ++piece) {
              const auto n = [](int i) { return static_cast<std::uint32_t>(i); };
              executed += machine.run({n(piece), n(token), n(g.pieces), n(g.tokens), n(x), n(y),
                                       n(g.blocks_of_tokens), n(g.blocks_of_heads)});
            }
          }
        }
      }
    } catch (const std::runtime_error&) {
      if (watch.fault().empty()) throw;  // the book tells of a stray access
    }
    return true;
  };
}

}  // namespace plumbline::test
