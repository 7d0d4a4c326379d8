// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <cstdint>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// PTX text as a list of instructions. Reads what nvcc writes for kernels without calls, shared
// memory and debug lines; throws std::runtime_error with the line for anything else.
namespace plumbline::ptx {

enum class Kind { none, reg, immediate, special, symbol, label, vector, address };

// address: [reg + value], or [symbol + value] with reg -1.
struct Operand {
  Kind kind = Kind::none;
  int reg = -1;
  std::uint64_t value = 0;
  std::string text;
  std::vector<int> lanes;  // vector
};

struct Instruction {
  int guard = -1;  // register of the predicate
  bool negated = false;
  std::string opcode;
  std::vector<Operand> operands;
  std::string line;
};

struct Function {
  std::string name;
  std::size_t parameter_bytes = 0;
  int registers = 0;
  std::vector<Instruction> code;
  std::map<std::string, std::size_t> labels;
  std::string text;
};

inline std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string::npos
             ? ""
             : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

class Reader {
 public:
  explicit Reader(const std::string& text) : lines_(text) {}

  std::vector<Function> functions() {
    std::vector<Function> out;
    for (std::string line; next(line);) {
      if (line.starts_with(".visible .entry")) {
        out.push_back(function(line));
      } else if (!line.starts_with(".version") && !line.starts_with(".target") &&
                 !line.starts_with(".address_size 64")) {
        throw std::runtime_error("PTX outside a kernel: " + line);
      }
    }
    return out;
  }

 private:
  // The next line that is not empty, without its comment.
  bool next(std::string& line) {
    while (std::getline(lines_, line)) {
      line = trimmed(line.substr(0, line.find("//")));
      if (!line.empty()) return true;
    }
    return false;
  }

  Function function(const std::string& head) {
    Function f;
    registers_.clear();
    f.name = trimmed(head.substr(15, head.find('(') - 15));
    std::string line;
    while (next(line) && line != "{") {
      if (line.starts_with(".param"))
        f.parameter_bytes = std::stoul(line.substr(line.rfind('[') + 1));
      else if (line != ")" && !line.starts_with(".maxntid") && !line.starts_with(".minnctapersm"))
        throw std::runtime_error("PTX of a kernel's head: " + line);
    }
    while (next(line) && line != "}") {
      f.text += line + "\n";
      if (line.starts_with(".reg") || line.starts_with(".pragma \"used_bytes_mask")) continue;
      if (line.back() == ':') {
        f.labels[line.substr(0, line.size() - 1)] = f.code.size();
      } else if (line.front() == '{' && line.back() == '}') {
        block(line, f);
      } else if (line.back() == ';') {
        f.code.push_back(instruction(line));
      } else {
        throw std::runtime_error("PTX line: " + line);
      }
    }
    f.registers = static_cast<int>(registers_.size());
    return f;
  }

  // "{ .reg .b16 tmp; one instruction; }": the register lives in the block alone.
  void block(const std::string& line, Function& f) {
    static const std::regex kBlock(R"(\{\s*\.reg \.b(?:16|32) (\w+);\s*([^;]*;)\s*\})");
    std::smatch m;
    if (!std::regex_match(line, m, kBlock)) throw std::runtime_error("PTX line: " + line);
    const std::regex name("\\b" + m[1].str() + "\\b");
    f.code.push_back(instruction(std::regex_replace(m[2].str(), name, "%block_" + m[1].str())));
  }

  int register_of(const std::string& name) {
    return registers_.emplace(name, static_cast<int>(registers_.size())).first->second;
  }

  Instruction instruction(const std::string& line) {
    Instruction out;
    out.line = line;
    std::string rest = line.substr(0, line.size() - 1);
    if (rest.front() == '@') {
      out.negated = rest[1] == '!';
      const auto end = rest.find_first_of(" \t");
      out.guard = register_of(rest.substr(out.negated ? 2 : 1, end - (out.negated ? 2 : 1)));
      rest = trimmed(rest.substr(end));
    }
    const auto end = rest.find_first_of(" \t");
    out.opcode = rest.substr(0, end);
    if (end != std::string::npos) {
      for (const std::string& word : split(rest.substr(end))) out.operands.push_back(operand(word));
    }
    return out;
  }

  // At commas outside braces.
  static std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out(1);
    int depth = 0;
    for (const char c : text) {
      depth += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (c == ',' && depth == 0)
        out.emplace_back();
      else
        out.back() += c;
    }
    for (std::string& word : out) word = trimmed(word);
    return out;
  }

  Operand operand(const std::string& text) {
    Operand out;
    out.text = text;
    const char first = text.empty() ? ' ' : text.front();
    if (first == '{') {
      out.kind = Kind::vector;
      for (const std::string& lane : split(text.substr(1, text.size() - 2))) {
        if (lane.front() != '%') throw std::runtime_error("PTX operand: " + text);
        out.lanes.push_back(register_of(lane));
      }
    } else if (first == '[') {
      out.kind = Kind::address;
      const std::string inside = text.substr(1, text.size() - 2);
      const auto plus = inside.find('+');
      const std::string base = inside.substr(0, plus);
      if (plus != std::string::npos)
        out.value = static_cast<std::uint64_t>(std::stoll(inside.substr(plus + 1)));
      if (base.front() == '%') out.reg = register_of(base);
      if (std::isdigit(static_cast<unsigned char>(base.front())) != 0)
        out.value += std::stoull(base);
    } else if (first == '%' && text.find('.') != std::string::npos) {
      out.kind = Kind::special;
    } else if (first == '%') {
      out.kind = Kind::reg;
      out.reg = register_of(text);
    } else if (first == '$') {
      out.kind = Kind::label;
    } else if (text.starts_with("0f") || text.starts_with("0d")) {
      out.kind = Kind::immediate;
      out.value = std::stoull(text.substr(2), nullptr, 16);
    } else if (std::isdigit(static_cast<unsigned char>(first)) != 0 || first == '-') {
      out.kind = Kind::immediate;
      out.value = first == '-' ? static_cast<std::uint64_t>(std::stoll(text)) : std::stoull(text);
    } else {
      out.kind = Kind::symbol;
    }
    return out;
  }

  std::istringstream lines_;
  std::map<std::string, int> registers_;
};

inline std::vector<Function> parse(const std::string& text) { return Reader(text).functions(); }

}  // namespace plumbline::ptx
