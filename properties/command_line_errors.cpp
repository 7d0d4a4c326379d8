// SPDX-License-Identifier: Apache-2.0
// Malformed input of every kind: exit code 2, one line that names the knob, and nothing else.
#include "properties/process.h"

namespace plumbline {
namespace {

struct Fault {
  const char* knob;  // what the line must name
  const char* text;  // the JSON
};

constexpr const char* kNoSum = "mrope_section = [16, 24, 23]";

// Every command that reads a case must refuse each of these.
constexpr Fault kFaultyCases[] = {
    // Not JSON.
    {"JSON", ""},
    {"JSON", R"({"scheme": "mrope", "sequence": [{"type": "text", "len": 3)"},
    {"JSON", R"({"scheme": "mrope"} x)"},
    {"JSON", "{\"scheme\": \"\xff\"}"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": NaN}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": Infinity}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": 1e999999999}})"},
    {"'scheme'", R"({"scheme": "mrope", "scheme": "mrope-i"})"},
    {"'len'", R"({"scheme": "mrope", "sequence": [{"type": "text", "len": 1, "len": 2}]})"},
    // Fields.
    {"case", "5"},
    {"case", "null"},
    {"case", R"("mrope")"},
    {"case", "[[]]"},
    {"'scheme'", R"({"params": {}})"},
    {"scheme = 'nope'", R"({"scheme": "nope"})"},
    {"scheme", R"({"scheme": 5})"},
    {"scheme = 'mr\\x0aope': must be one of", R"({"scheme": "mr\nope"})"},
    {"model = 'nope'", R"({"model": "nope"})"},
    {"model", R"({"model": ["qwen3-8b"]})"},
    {"'nope'", R"({"scheme": "mrope", "nope": 1})"},
    {"id", R"({"scheme": "mrope", "id": 5})"},
    {"pairing", R"({"scheme": "mrope", "pairing": "halves"})"},
    {"pairing", R"({"scheme": "mrope", "pairing": 1})"},
    {"arithmetic", R"({"scheme": "mrope", "arithmetic": "double"})"},
    {"must be exact for scheme mrope; float32 is known for ",
     R"({"scheme": "mrope", "arithmetic": "float32"})"},
    {"dtypes", R"({"scheme": "mrope", "dtypes": ["f8"]})"},
    {"dtypes", R"({"scheme": "mrope", "dtypes": "f32"})"},
    {"dtypes", R"({"scheme": "mrope", "dtypes": [32]})"},
    {"tensors", R"({"scheme": "mrope", "tensors": ["cosines"]})"},
    {"tensors", R"({"scheme": "mrope", "tensors": ["logits"], "inputs": "special"})"},
    {"inputs", R"({"scheme": "mrope", "inputs": "odd"})"},
    {"seed", R"({"scheme": "mrope", "seed": -1})"},
    {"seed", R"({"scheme": "mrope", "seed": 1.5})"},
    // Parameters.
    {"params", R"({"scheme": "mrope", "params": [1]})"},
    {"params", R"({"scheme": "mrope", "params": "none"})"},
    {"nope", R"({"scheme": "mrope", "params": {"nope": 1}})"},
    {"spatial_reset", R"({"scheme": "mrope", "params": {"spatial_reset": true}})"},
    {"scale_factor: must equal temporal_stride",
     R"({"scheme": "mrope", "params": {"temporal_stride": 1, "scale_factor": 7}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": "NaN"}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": "Infinity"}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": "-inf"}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": "1e999999999"}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": 1e-999999999}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": "1/0"}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": ""}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": 0}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": -1}})"},
    {"temporal_stride", R"({"scheme": "mrope", "params": {"temporal_stride": [1, 2]}})"},
    {"temporal_stride = true: must be one number above 0",
     R"({"scheme": "mrope", "params": {"temporal_stride": true}})"},
    {"temporal_stride = {\"a\": [1.50, null]}: must be a number",
     R"({"scheme": "mrope", "params": {"temporal_stride": {"a": [1.50, null]}}})"},
    {"temporal_stride = '1e-4000000' has an exponent beyond 4096",
     R"({"scheme": "mrope", "params": {"temporal_stride": 1e-4000000}})"},
    {"temporal_stride = '1e99999999999999999999' has an exponent beyond 4096",
     R"({"scheme": "mrope", "params": {"temporal_stride": "1e99999999999999999999"}})"},
    {"written as text", R"({"scheme": "mrope", "params": {"temporal_stride": 1e400}})"},
    {kNoSum, R"({"scheme": "mrope", "params": {"mrope_section": [16, 24, 23]}})"},
    {"mrope_section", R"({"scheme": "mrope", "params": {"mrope_section": 64}})"},
    {"mrope_section", R"({"scheme": "mrope", "params": {"mrope_section": []}})"},
    {"mrope_section = null:",
     R"({"scheme": "mrope", "params": {"mrope_section": [16, null, 48]}})"},
    {"mrope_section = [24]:",
     R"({"scheme": "mrope", "params": {"mrope_section": [16, [24], 24]}})"},
    {"mrope_section", R"({"scheme": "mrope", "params": {"mrope_section": [32, 32]}})"},
    {"mrope_section", R"({"scheme": "mrope", "params": {"mrope_section": [0, 32, 32]}})"},
    {"mrope_section", R"({"scheme": "mrope", "params": {"mrope_section": [16.5, 24, 23.5]}})"},
    {"mrope_section", R"({"scheme": "mrope", "params": {"mrope_section": [16, 24, "x"]}})"},
    {"mrope_section", R"({"scheme": "mrope-i", "params": {"mrope_section": [-1, 32, 33]}})"},
    {"integer_output", R"({"scheme": "mrope", "params": {"integer_output": "floor"}})"},
    {"integer_output", R"({"scheme": "mrope", "params": {"integer_output": 0}})"},
    {"spatial_reset", R"({"scheme": "mrope-interleave", "params": {"spatial_reset": "yes"}})"},
    {"spatial_reset = 1: must be true or false",
     R"({"scheme": "mrope-interleave", "params": {"spatial_reset": 1}})"},
    {"second_per_grid_t", R"({"scheme": "mrope-abs-time", "params": {"second_per_grid_t": -1}})"},
    {"second_per_grid_t", R"({"scheme": "mrope-abs-time", "params": {"second_per_grid": [1, 2]},
                              "sequence": "t1 v2x2x2"})"},
    {"tokens_per_second", R"({"scheme": "mrope-abs-time", "params": {"tokens_per_second": 0}})"},
    {"rope_pos_id_stride = [64, 0]: must be", R"({"scheme": "v2pe-original",
      "params": {"rope_pos_id_stride": [64, 0]}, "sequence": "v1x2x2 t1 v1x2x2"})"},
    {"rope_pos_id_stride has 3 entries", R"({"scheme": "v2pe-original",
      "params": {"rope_pos_id_stride": [64, 1, 2]}, "sequence": "v1x2x2 t1 v1x2x2"})"},
    // Shape.
    {"shape", R"({"scheme": "mrope", "shape": 5})"},
    {"'heads'", R"({"scheme": "mrope", "shape": {"heads": 4}})"},
    {"head_dim", R"({"scheme": "mrope", "shape": {"head_dim": 1}})"},
    {"head_dim", R"({"scheme": "mrope", "shape": {"head_dim": 1e30}})"},
    {"rotary_dim = 6 of head_dim = 7: must sum to rotary_dim / 2 = 3",
     R"({"scheme": "mrope", "shape": {"head_dim": 7}})"},
    {" at head_dim = 8: must sum", R"({"scheme": "mrope", "shape": {"head_dim": 8}})"},
    {" at rotary_dim = 8 of head_dim = 128: must sum",
     R"({"scheme": "mrope-ernie4.5vl", "shape": {"rotary_dim": 8}})"},
    {": head_dim = 12: must be a multiple of 16",
     R"({"scheme": "cogvideox", "shape": {"head_dim": 12}})"},
    {": head_dim = 10: must be a multiple of 4",
     R"({"scheme": "vision-qwen2vl", "shape": {"head_dim": 10}})"},
    {": rotary_dim = 10 of head_dim = 64: must be a multiple of 4",
     R"({"scheme": "vision-llama4", "shape": {"head_dim": 64, "rotary_dim": 10}})"},
    {"rotary_dim = 127", R"({"scheme": "mrope", "shape": {"rotary_dim": 127}})"},
    {"rotary_dim = 128", R"({"scheme": "mrope", "shape": {"head_dim": 64, "rotary_dim": 128}})"},
    {"num_heads = 7", R"({"scheme": "mrope", "shape": {"num_heads": 7,
                          "num_key_value_heads": 2}})"},
    {"num_heads", R"({"scheme": "mrope", "shape": {"num_heads": 0}})"},
    {"num_key_value_heads", R"({"scheme": "mhrope", "params": {"num_key_value_heads": 4},
                                "shape": {"num_key_value_heads": 8}})"},
    {"mrope_section", R"({"scheme": "mhrope", "shape": {"num_heads": 4,
                          "num_key_value_heads": 4}})"},
    {"mrope_section", R"({"scheme": "mhrope", "params": {"mrope_section": [4, 3, 3]}})"},
    // Spectrum.
    {"spectrum", R"({"scheme": "mrope", "spectrum": 5})"},
    {"params", R"({"scheme": "mrope", "spectrum": {"params": [1]}})"},
    {"base = 1:", R"({"scheme": "mrope", "spectrum": {"base": 1}})"},
    {"base = 1/2", R"({"scheme": "mrope", "spectrum": {"base": 0.5}})"},
    {"base = -10", R"({"scheme": "mrope", "spectrum": {"base": -10}})"},
    {"base", R"({"scheme": "mrope", "spectrum": {"base": "ten"}})"},
    {"scaling = 'quadratic'", R"({"scheme": "mrope", "spectrum": {"scaling": "quadratic"}})"},
    {"scaling", R"({"scheme": "mrope", "spectrum": {"scaling": 5}})"},
    {"factor", R"({"scheme": "mrope", "spectrum": {"scaling": "linear"}})"},
    {"factor", R"({"scheme": "mrope", "spectrum": {"scaling": "linear",
                   "params": {"factor": -4}}})"},
    {"gain", R"({"scheme": "mrope", "spectrum": {"scaling": "linear",
                 "params": {"factor": 4, "gain": 1}}})"},
    {"original_max_position_embeddings", R"({"scheme": "mrope", "spectrum": {"scaling": "yarn",
                                             "params": {"factor": 4}}})"},
    {"factor", R"({"scheme": "mrope", "spectrum": {"scaling": "yarn",
                   "params": {"factor": 0, "original_max_position_embeddings": 4096}}})"},
    {"truncate", R"({"scheme": "mrope", "spectrum": {"scaling": "yarn", "params":
         {"factor": 4, "original_max_position_embeddings": 4096, "truncate": 1}}})"},
    {"truncate = [true]:", R"({"scheme": "mrope", "spectrum": {"scaling": "yarn", "params":
         {"factor": 4, "original_max_position_embeddings": 4096, "truncate": [true]}}})"},
    {"rotary_dim = 2", R"({"scheme": "vanilla", "shape": {"rotary_dim": 2, "head_dim": 8},
         "spectrum": {"scaling": "ntk_aware_static", "params": {"alpha": 4}}})"},
    {"rotary_dim = 2", R"({"scheme": "vanilla", "shape": {"rotary_dim": 2, "head_dim": 8},
         "spectrum": {"scaling": "ntk_fixed_su", "params": {"factor": 4}}})"},
    {"rotary_dim = 2", R"({"scheme": "vanilla", "shape": {"rotary_dim": 2, "head_dim": 8},
         "spectrum": {"scaling": "dynamic", "params": {"factor": 4, "seq_len": 100,
         "max_position_embeddings": 10}}})"},
    {"factors", R"({"scheme": "vanilla", "spectrum": {"scaling": "longrope", "params":
         {"factors": [1, 2, 3], "factor": 4, "original_max_position_embeddings": 4096}}})"},
    {"factors = 0", R"({"scheme": "vanilla", "shape": {"head_dim": 4, "rotary_dim": 4},
         "spectrum": {"scaling": "longrope", "params": {"factors": [0, 1], "factor": 4,
         "original_max_position_embeddings": 4096}}})"},
    {"high_freq_factor", R"({"scheme": "vanilla", "spectrum": {"scaling": "llama3", "params":
         {"factor": 8, "low_freq_factor": 4, "high_freq_factor": 1,
         "original_max_position_embeddings": 8192}}})"},
    {"rope_angles = 65", R"({"scheme": "vanilla", "spectrum": {"scaling": "proportional",
         "params": {"head_dim": 128, "rope_angles": 65}}})"},
    {"partial_rotary_factor", R"({"scheme": "vanilla", "spectrum": {"scaling": "proportional",
         "params": {"head_dim": 128, "partial_rotary_factor": 2}}})"},
    {"rotary_dim = 64", R"({"scheme": "mrope", "spectrum": {"params": {"rotary_dim": 64}}})"},
    {"rotary_dim = 128: must equal head_dim x partial_rotary_factor, made even, = 64",
     R"({"scheme": "mrope", "spectrum": {"head_dim": 128, "partial_rotary_factor": 0.5}})"},
    {"partial_rotary_factor = 1/2: needs head_dim",
     R"({"scheme": "mrope", "spectrum": {"partial_rotary_factor": 0.5}})"},
    // Sequence.
    {"sequence", R"({"scheme": "mrope", "sequence": 5})"},
    {"sequence", R"({"scheme": "mrope", "sequence": {"type": "text", "len": 1}})"},
    {"sequence", R"({"scheme": "mrope", "sequence": [5]})"},
    {"'q5'", R"({"scheme": "mrope", "sequence": "t3 q5"})"},
    {"'v1x2'", R"({"scheme": "mrope", "sequence": "v1x2"})"},
    {"'v1x2x3x4'", R"({"scheme": "mrope", "sequence": "v1x2x3x4"})"},
    {"sequence", R"({"scheme": "mrope", "sequence": "t-1"})"},
    {"sequence", R"({"scheme": "mrope", "sequence": "t99999999999999999999"})"},
    {"sequence", R"({"scheme": "mrope", "sequence": "f4000000000x1x1"})"},
    {"'type'", R"({"scheme": "mrope", "sequence": [{"len": 1}]})"},
    {"type = 'sound'", R"({"scheme": "mrope", "sequence": [{"type": "sound", "len": 1}]})"},
    {"tiles", R"({"scheme": "mrope", "sequence": [{"type": "image", "tiles": 2}]})"},
    {"lumos_frame", R"({"scheme": "mrope", "sequence": "l2x2"})"},
    {"columns_including_newline", R"({"scheme": "mmrope-original", "sequence": [{"type":
      "lumos_frame", "grid": [1, 2, 2], "columns_including_newline": 2}]})"},
    {"T = 2", R"({"scheme": "rope-tie", "sequence": "v2x1x1"})"},
    {"temporal_stride_lst", R"({"scheme": "hope", "sequence": "v2x1x1"})"},
    {"radius = 'auto-0'", R"({"scheme": "circlerope", "params": {"radius": "auto-0"}})"},
    {"alpha = '2'", R"({"scheme": "circlerope", "params": {"alpha": 2}})"},
    {"dff_rate", R"({"scheme": "circlerope", "params": {"dff_rate": -1}})"},
    {"a has 3 numbers", R"({"scheme": "grape", "params": {"mode": "mixed", "a": [1, 2, 3]}})"},
    {"'len'", R"({"scheme": "mrope", "sequence": [{"type": "text"}]})"},
    {"len = -1", R"({"scheme": "mrope", "sequence": [{"type": "text", "len": -1}]})"},
    {"len = 3/2", R"({"scheme": "mrope", "sequence": [{"type": "text", "len": 1.5}]})"},
    {"'grid'", R"({"scheme": "mrope", "sequence": [{"type": "text", "len": 1,
                   "grid": [1, 1, 1]}]})"},
    {"grid", R"({"scheme": "mrope", "sequence": [{"type": "image"}]})"},
    {"grid", R"({"scheme": "mrope", "sequence": [{"type": "image", "grid": [4, 6]}]})"},
    {"grid", R"({"scheme": "mrope", "sequence": [{"type": "image", "grid": "1x4x6"}]})"},
    {"grid H = -4", R"({"scheme": "mrope", "sequence": [{"type": "image", "grid": [1, -4, 6]}]})"},
    {"grid T = 0", R"({"scheme": "mrope", "sequence": [{"type": "video", "grid": [0, 4, 6]}]})"},
    {"grid H = 0", R"({"scheme": "mrope", "sequence": [{"type": "image", "grid": [1, 0, 6]}]})"},
    {"grid W = 0", R"({"scheme": "mrope", "sequence": [{"type": "image", "grid": [1, 4, 0]}]})"},
    {"grid 1x0x6", R"({"scheme": "mrope", "sequence": "v1x0x6"})"},
    {"grid W", R"({"scheme": "mrope", "sequence": [{"type": "image", "grid": [1, 4, 1e40]}]})"},
    {"grid T = 2", R"({"scheme": "mrope", "sequence": [{"type": "video_frame",
                       "grid": [2, 4, 6]}]})"},
    {"video = -1", R"({"scheme": "mrope", "sequence": [{"type": "video_frame", "grid": [1, 4, 6],
                       "video": -1}]})"},
    {"2^31", R"({"scheme": "mrope", "sequence": [{"type": "text", "len": 1099511627776}]})"},
    {"2^31", R"({"scheme": "mrope", "sequence": "t2147483647", "padding": {"left": 2}})"},
    {"sequence", R"({"scheme": "mrope", "sequence": [{"type": "image",
                     "grid": [1073741824, 1073741824, 8]}], "window": [0, 1]})"},
    // Two segments, each at the limit: their sum does not fit the counter.
    {"sequence", R"({"scheme": "mrope", "window": [0, 1],
                     "sequence": "t4611686018427387904 t4611686018427387904"})"},
    {"H x W = 8193 x 8192, at most 67108864 cells a frame",
     R"({"scheme": "circlerope", "sequence": "t1 v1x8193x8192 t1", "window": [0, 1]})"},
    {"merge_size = 1/3: must be an integer", R"({"scheme": "vision-qwen2vl", "sequence": [],
                                                 "params": {"merge_size": "1/3"}})"},
    {"merge_size = 2: must divide", R"({"scheme": "vision-qwen2vl", "sequence": "v1x3x2"})"},
    // Padding and windows.
    {"attention_mask", R"({"scheme": "mrope", "sequence": "t3", "attention_mask": [1, 1, 0]})"},
    {"attention_mask", R"({"scheme": "mrope", "sequence": "t3", "attention_mask": [1, 1, 1, 1]})"},
    {"attention_mask = 2", R"({"scheme": "mrope", "sequence": "t3",
                               "attention_mask": [1, 1, 2]})"},
    {"attention_mask", R"({"scheme": "mrope", "sequence": "t3", "attention_mask": "111"})"},
    {"padding", R"({"scheme": "mrope", "sequence": "t3", "attention_mask": [1, 1, 1],
                    "padding": {"left": 1}})"},
    {"padding left = -1", R"({"scheme": "mrope", "sequence": "t3", "padding": {"left": -1}})"},
    {"padding", R"({"scheme": "mrope", "sequence": "t3", "padding": 3})"},
    {"'top'", R"({"scheme": "mrope", "sequence": "t3", "padding": {"top": 3}})"},
    {"window = [2, 5]", R"({"scheme": "mrope", "sequence": "t3", "window": [2, 5]})"},
    {"window first = 4", R"({"scheme": "mrope", "sequence": "t3", "window": [4, 0]})"},
    {"window first = -1", R"({"scheme": "mrope", "sequence": "t3", "window": [-1, 2]})"},
    {"window count = -2", R"({"scheme": "mrope", "sequence": "t3", "window": [0, -2]})"},
    {"window", R"({"scheme": "mrope", "sequence": "t3", "window": 5})"},
    {"window", R"({"scheme": "mrope", "sequence": "t3", "window": []})"},
    {"window", R"({"scheme": "mrope", "sequence": "t3", "window": [[0, 1], 2]})"},
    {"window", R"({"scheme": "mrope", "sequence": "t3", "window": [0, 1, 2]})"},
};

class Refusals : public CommandLine {};

TEST_F(Refusals, EveryFaultyCaseByEveryCommandThatReadsOne) {
  for (const Fault& fault : kFaultyCases) {
    SCOPED_TRACE(fault.text);
    const std::string path = spilled("cases.json", fault.text);
    expect_refusal({"positions", "--cases", path}, 2, {fault.knob});
    expect_refusal({"allocation", "--cases", path}, 2, {fault.knob});
    expect_refusal({"generate", "--cases", path, "--out", at("golden.h5")}, 2, {fault.knob});
    ASSERT_EQ(files(), 1U) << "a refused input left a file";
  }
}

// Good cases around the faulty one: the line has its index, and none of them is printed.
TEST_F(Refusals, AFaultInAListNamesItsIndex) {
  const std::string good = R"({"scheme": "mrope", "sequence": "t3"})";
  const std::string faults[] = {R"({"scheme": "mrope", "sequence": "t3", "pairing": "q"})",
                                R"({"scheme": "mrope", "params": {"mrope_section": [1, 2, 3]}})",
                                R"({"scheme": "mrope", "spectrum": {"scaling": "longrope",
                                    "params": {"factors": [1], "factor": 4,
                                    "original_max_position_embeddings": 4096}}})",
                                R"({"scheme": "mrope-abs-time", "sequence": "v2x2x2",
                                    "params": {"second_per_grid_t": [1, 2]}})"};
  for (const std::string& fault : faults) {
    std::string list = "[";
    for (const std::string& one : {good, good, good, fault, good})
      list += (list.size() > 1 ? ", " : "") + one;
    const std::string path = spilled("cases.json", list + "]");
    for (const char* command : {"positions", "allocation"})
      expect_refusal({command, "--cases", path}, 2, {"case 3: "});
    expect_refusal({"generate", "--cases", path, "--out", at("golden.h5")}, 2, {"case 3: "});
    ASSERT_EQ(files(), 1U);
  }
}

TEST_F(Refusals, CasesThatOnlyGenerateRefuses) {
  const std::string list = spilled("cases.json", "[]");
  expect_refusal({"generate", "--cases", list, "--out", at("golden.h5")}, 2, {"cases"});
  // Each behind a good case of id "a".
  constexpr Fault kFaults[] = {
      {"id = 'a': must be", R"({"scheme": "vanilla", "sequence": "t1", "id": "a"})"},
      {"id = 'a/b': must be", R"({"scheme": "vanilla", "sequence": "t1", "id": "a/b"})"},
      {"id = '.': must be", R"({"scheme": "vanilla", "sequence": "t1", "id": "."})"},
      {"id = 'caf", R"({"scheme": "vanilla", "sequence": "t1", "id": "caf\u00e9"})"},
      {"id = 'a b': must be", R"({"scheme": "vanilla", "sequence": "t1", "id": "a b"})"},
      {"flags", R"({"scheme": "vanilla", "sequence": "t1", "flags": 5})"},
      {"does not hold of", R"({"scheme": "vanilla", "sequence": "t1", "flags": "nope"})"},
      {"frequencies", R"({"scheme": "vision-rope-vit-mixed", "sequence": "v1x2x3"})"},
      {"no rotation", R"({"scheme": "mmrope-original", "sequence": "t1",
                          "shape": {"head_dim": 24}})"},
      {"inputs: dense planes", R"({"scheme": "grape", "params": {"mode": "mixed", "a": [1, 0],
                                   "b": [0, 1], "axis_weight": [1, 1, 1]}, "inputs": "special",
                                   "shape": {"head_dim": 2}, "sequence": "t9"})"},
  };
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.text);
    const std::string path =
        spilled("cases.json", R"([{"scheme": "vanilla", "sequence": "t1", "id": "a"}, )" +
                                  std::string(fault.text) + "]");
    expect_refusal({"generate", "--cases", path, "--out", at("golden.h5")}, 2,
                   {"case 1: ", fault.knob});
    ASSERT_EQ(files(), 1U);
  }
  const std::string long_id(121, 'x');
  const std::string path =
      spilled("cases.json", R"({"scheme": "vanilla", "sequence": "t1", "id": ")" + long_id + "\"}");
  expect_refusal({"generate", "--cases", path, "--out", at("golden.h5")}, 2, {"id"});
}

TEST_F(Refusals, FaultyCommandLines) {
  const std::string out = at("golden.h5"), cases = spilled("cases.json", kTinyCase);
  struct Row {
    Arguments arguments;
    std::vector<std::string> words;
  };
  const Row rows[] = {
      {{}, {"subcommand"}},
      {{"frobnicate"}, {"'frobnicate'"}},
      {{"--frobnicate"}, {}},
      {{"positions", "--frobnicate"}, {"--frobnicate"}},
      {{"positions"}, {"--scheme", "--cases"}},
      {{"positions", "--scheme"}, {"--scheme"}},
      {{"positions", "--scheme", "nope"}, {"scheme = 'nope'"}},
      {{"positions", "--scheme", "mr\nope"}, {"scheme = 'mr\\x0aope': must be one of"}},
      {{"positions", "--model", "nope"}, {"model = 'nope'"}},
      {{"positions", "--scheme", "mrope", "--set", "temporal_stride"}, {"--set temporal_stride"}},
      {{"positions", "--scheme", "mrope", "--set", "=2"}, {"--set =2"}},
      {{"positions", "--scheme", "mrope", "--set", "temporal_stride="}, {"temporal_stride"}},
      {{"positions", "--scheme", "mrope", "--set", "temporal_stride=nan"}, {"temporal_stride"}},
      {{"positions", "--scheme", "mrope", "--set", "mrope_section=16,24"}, {"mrope_section"}},
      {{"positions", "--scheme", "mrope", "--set", "rotary_dim=7"}, {"rotary_dim"}},
      {{"positions", "--scheme", "mrope", "--set", "base=0"}, {"base"}},
      {{"positions", "--scheme", "mrope", "--set", "window=0,9"}, {"window"}},
      {{"positions", "--scheme", "mrope", "--set", "nope=1"}, {"nope"}},
      {{"positions", "--scheme", "mrope", "--sequence", "v1x0x2"}, {"sequence"}},
      {{"positions", "--scheme", "mrope", "--sequence", "[{"}, {"JSON"}},
      {{"positions", "--scheme", "mrope", "--cases", cases}, {"--scheme", "--cases"}},
      {{"positions", "--cases", cases, "--csv"}, {"--csv"}},
      {{"positions", "--scheme", "mrope", "--csv", "--json"}, {"--csv", "--json"}},
      {{"positions", "--scheme", "mrope", "--set", "base=5", "--set", "rope_theta=6"},
       {"--set rope_theta=6", "once"}},
      {{"conformance", "--scheme", "mrope", "--set", "temporal_stride=1", "--set",
        "temporal_stride=2"},
       {"--set temporal_stride=2", "once"}},
      {{"conformance", "--scheme", "vanilla", "--scheme", "vanilla-rope"},
       {"--scheme vanilla-rope: is given twice"}},
      {{"allocation"}, {"--scheme", "--cases"}},
      {{"allocation", "--scheme", "mmrope-original", "--set", "head_dim=24"}, {"no rotation"}},
      {{"allocation", "--scheme", "mrope", "--set", "mrope_section=1,2,3"}, {"mrope_section"}},
      {{"frequencies"}, {"--model", "--cases"}},
      {{"frequencies", "--model", "nope"}, {"model = 'nope'"}},
      {{"frequencies", "--model", "qwen3-8b", "--digits", "0"}, {"--digits"}},
      {{"frequencies", "--model", "qwen3-8b", "--digits", "1001"}, {"--digits"}},
      {{"frequencies", "--model", "qwen3-8b", "--digits", "x"}, {"--digits"}},
      {{"bench", "--rounds", "1"}, {"--rounds = '1': must be an integer from 5 to 1000"}},
      {{"bench", "--rounds", "nan"}, {"--rounds = 'nan': must be an integer from 5"}},
      {{"bench", "--rounds", "99999999999999999999"}, {"99': must be an integer from 5 to 1000"}},
      {{"bench", "--certified", "--rounds", "5.5"}, {"--rounds = '5.5'"}},
      {{"bench", "--threads", "0"}, {"--threads = '0': must be an integer from 1"}},
      {{"bench", "--filter", "["}, {"--filter = '['"}},
      {{"bench", "--filter", "no such case"}, {"--filter = 'no such case'"}},
      {{"bench", "--kernel", "nope"}, {"--kernel = 'nope'", "avx512, avx2, scalar"}},
      {{"bench", "--kernel", "scalar-f32phase"}, {"--kernel = 'scalar-f32phase'", "must be one"}},
      {{"bench", "--certified", "--model", "nope"}, {"model = 'nope'"}},
      {{"bench", "--files", out, "--model", "all"}, {"model = 'all'"}},
      {{"list"}, {"what"}},
      {{"list", "nope"}, {"nope"}},
      {{"generate", "--suite", "smoke"}, {"--out"}},
      {{"generate", "--out", out}, {"--suite", "--cases", "--prompt"}},
      {{"generate", "--suite", "medium", "--out", out}, {"--suite"}},
      {{"generate", "--suite", "smoke", "--cases", cases, "--out", out}, {"--suite"}},
      {{"generate", "--suite", "smoke", "--model", "qwen3-8b", "--out", out}, {"--model"}},
      {{"generate", "--suite", "smoke", "--out", "-"}, {"--out = '-': must name a file"}},
      {{"spectrum", "--scheme", "mrope", "--h5", "-"}, {"--h5 = '-': must name a file"}},
      {{"properties", "--law", "gqa", "--timeout", "5"}, {"--timeout", "--plugin"}},
      {{"diagnose", "--kernel", "scalar", "--memory", "64"}, {"--memory", "--plugin"}},
      {{"identify", "--kernel", "scalar", "--timeout", "5"}, {"--timeout", "--plugin"}},
      {{"validate", cases, "--kernel", "scalar", "--timeout", "5"}, {"--timeout", "--plugin"}},
      {{"verify"}, {"file"}},
      {{"diff", cases}, {"second"}},
      {{"validate", cases}, {"--kernel", "--candidate"}},
      {{"validate", "--kernel", "scalar"}, {"golden"}},
      {{"validate", cases, "--kernel", "scalar", "--candidate", cases}, {"--kernel"}},
      {{"validate", cases, "--kernel", "nope"}, {"kernel = 'nope'"}},
      {{"validate", cases, "--kernel", "scalar", "--recipe", "nope"}, {"recipe"}},
      {{"validate", cases, "--kernel", "scalar", "--recipe", "hf_f32,"}, {"recipe = ''"}},
      {{"validate", cases, "--kernel", "scalar", "--recipe", "hf_f32,,flush=1"}, {"recipe = ''"}},
      {{"validate", cases, "--kernel", "scalar", "--recipe", "hf_f32,flush=2"},
       {"flush = '2': must be true or false"}},
      {{"validate", cases, "--kernel", "scalar", "--recipe", "trig_ulp=1,trig_ulp=2"},
       {"trig_ulp = '2'", "once"}},
      {{"validate", cases, "--kernel", "scalar", "--recipe", "f64,table=f64,pow_ulp=0,table=f32"},
       {"table = 'f32'", "once"}},
      {{"mutants", "--seed", "-1"}, {"--seed = '-1': must be an integer from 0"}},
  };
  for (const Row& row : rows) {
    expect_refusal(row.arguments, 2, row.words);
    ASSERT_EQ(files(), 1U) << shown(row.arguments);
  }
}

// A parser that recurses once for each bracket would lose its stack here.
TEST_F(Refusals, DeepAndLongDocuments) {
  const std::string deep(1000000, '[');
  expect_refusal({"positions", "--cases", "-"}, 2, {"nested"}, deep);
  const std::string digits(1000000, '7');
  expect_refusal({"positions", "--cases", "-"}, 2,
                 {"temporal_stride = '7777777777777777777777777777777777777777...' has more than "},
                 R"({"scheme": "mrope", "params": {"temporal_stride": ")" + digits + "\"}}");
  // What is long is not printed in full.
  std::string ones = "0";
  for (int i = 0; i < 100000; ++i) ones += ", 1";
  const std::string scheme = "{\"scheme\": \"mrope-abs-time\", ";
  for (const std::string& document :
       {"{\"scheme\": \"" + digits + "\"}", scheme + "\"sequence\": \"" + digits + "\"}",
        scheme + "\"sequence\": \"v" + digits + "x1x1\"}",
        scheme + "\"params\": {\"integer_output\": \"" + digits + "\"}}",
        scheme + "\"params\": {\"mrope_section\": [" + ones + "]}}",
        scheme + "\"spectrum\": {\"" + digits + "\": 1}}",
        scheme + "\"spectrum\": {\"scaling\": \"yarn\", \"type\": \"" + digits + "\"}}",
        scheme + "\"spectrum\": {\"scaling\": \"longrope\", \"list\": \"" + digits + "\"}}"}) {
    const Ended ended = run({"positions", "--cases", "-"}, document);
    EXPECT_EQ(ended.code, 2) << document.substr(0, 80);
    EXPECT_LT(ended.err.size(), 1200U) << document.substr(0, 80);
  }
}

}  // namespace
}  // namespace plumbline
