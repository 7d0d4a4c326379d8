// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fast/rotate.h"
#include "fast/rows.h"

// Rotary embedding, quickly. A case says which axis and which rung of a frequency ladder drives
// each pair; a plan holds its cosines and sines; a kernel applies them to q or k.
namespace plumbline::fast {

enum class Scaling : std::uint8_t {
  default_,
  linear,
  proportional,
  ntk_aware_static,
  ntk_fixed_su,
  dynamic,
  yarn,
  longrope,
  llama3
};

// One ladder of frequencies: inv_freq[r] for r = 0 .. rungs - 1 in radians per position, and the
// attention factor A. Unscaled, inv_freq[r] = base^(-2r / rotary_dim) with rotary_dim / 2 rungs. A
// scaling reads the knobs named beside it and ignores the others. A real-valued knob stands for the
// shortest decimal that reads back as the double it holds, so 0.1 is one tenth. A count of 0 means
// "not given". Source: huggingface/transformers, modeling_rope_utils.py; vllm-project/vllm,
// rotary_embedding/ntk_scaling_rope.py (ntk_fixed_su); Hunyuan's "alpha" (ntk_aware_static).
struct Spectrum {
  Scaling scaling = Scaling::default_;
  double base = 10000;
  int rotary_dim = 0;   // even; for an axial form the lanes of one axis
  int head_dim = 0;     // proportional: replaces rotary_dim, pairs are formed over the whole head
  int rope_angles = 0;  // proportional: rungs from here on do not turn
  // linear, ntk_fixed_su, dynamic, llama3: required; proportional: 1 by default; yarn, longrope: by
  // default the quotient max_position_embeddings / original_max_position_embeddings.
  std::optional<double> factor;
  double alpha = 1;                          // ntk_aware_static
  std::optional<double> mixed_b;             // ntk_fixed_su
  std::int64_t seq_len = 0;                  // dynamic: never below max_position_embeddings
  std::int64_t max_position_embeddings = 0;  // dynamic, yarn, longrope
  std::int64_t original_max_position_embeddings = 0;  // yarn, longrope, llama3; else the line above
  double beta_fast = 32, beta_slow = 1;               // yarn; 0 selects the default, as deployed
  bool truncate = true;                               // yarn: bounds to whole pairs
  std::optional<double> mscale, mscale_all_dim;       // yarn: used only if both are given and not 0
  std::optional<double> attention_factor;             // yarn, longrope: used as it is
  double low_freq_factor = 1, high_freq_factor = 4;   // llama3
  // longrope: the list in force, short_factor or long_factor, one for each rung.
  std::vector<double> factors;
  // Afterwards: every inv_freq to the power 1 / log_freq_scale, finite and above 0; then times 2
  // pi, for frequencies that count turns.
  double log_freq_scale = 1;
  bool turns = false;
};

// Number of rungs of the ladder.
// Throws std::invalid_argument, naming the knob, its value and what is allowed; so do the four
// functions below.
int rungs(const Spectrum& spectrum);

// inv_freq [rungs], rounded to nearest from about 120 bits: within 0.5 ulp of the real number, ties
// apart.
std::vector<double> inv_freq(const Spectrum& spectrum);

// A, rounded as above.
double attention_factor(const Spectrum& spectrum);

// inv_freq [rungs] of the de-facto float32 pipeline: every step in binary32, in the order of the
// source above, with the C library's powf, whose error of up to 1 ulp the later steps pass on:
// beside the same steps with each one correctly rounded up to 2 ulp unscaled, and 1 /
// log_freq_scale times as much where the logarithm is scaled.
std::vector<float> inv_freq_f32(const Spectrum& spectrum);

// A of that pipeline: the scalar formula in binary64, then rounded to binary32.
float attention_factor_f32(const Spectrum& spectrum);

inline constexpr std::uint8_t kNoAxis = 255;

// What turns how, for a batch of tokens that share one head shape. KV head g uses map g if maps >
// 1, else map 0; query head j uses the map of KV head floor(j / (num_heads / num_key_value_heads)).
struct RotaryCase {
  std::vector<Spectrum> spectra;  // one, or one for each axis with equal attention factors
  int head_dim = 0, rotary_dim = 0, num_heads = 0, num_key_value_heads = 0;
  bool neox = true;  // pair i joins lanes (i, i + rotary_dim / 2); false, gptj: (2i, 2i + 1)
  int axes = 1;
  int maps = 1;  // 1 or num_key_value_heads
  // Both [maps][rotary_dim / 2]: an axis, or kNoAxis if the pair does not turn; and the rung of the
  // axis's ladder, ignored beside kNoAxis.
  std::vector<std::uint8_t> axis_map;
  std::vector<std::int32_t> rung;
};

enum class Phase : std::uint8_t {
  // The angle phi is reduced modulo a quarter turn with inv_freq to about 120 bits. A binary32
  // table is correctly rounded at every position up to 2^31, where no value is closer to a tie than
  // those bits tell; for inv_freq <= 1 chance leaves some 2^-60 for that. In a binary64 table cos
  // and sin are good to 1.1 ulp (1.7 where A is not 1) plus 2^-116 |A phi| max(1, factor,
  // 1 / log_freq_scale), which shows beside a zero: from 2^-85 for inv_freq <= 1 and position 2^31
  // to 2^-65 for 2^20. A spectrum in turns is exact at whole quarter turns.
  exact,
  // `hf_f32`: fl(position) * inv_freq_f32 rounded to binary32, cosf and sinf of it, times fl(A).
  // Its angle is off by up to |angle| * 2^-24 * (5 + what the scaling adds), and by ln(base) more
  // where rotary_dim is no power of two and the exponents are rounded.
  f32,
};

// The tables of one case at given positions. All arrays are row-major; pairs = rotary_dim / 2. A
// pair that does not turn has (cos, sin) = (A, 0).
struct RotaryPlan {
  int tokens = 0, head_dim = 0, rotary_dim = 0, num_heads = 0, num_key_value_heads = 0, maps = 1;
  bool neox = true;
  Phase phase = Phase::exact;
  Storage table = Storage::f32;  // f32, or f64 for tensors stored in binary64
  double attention_factor = 1;   // A, as the phase rounds it
  // [maps][pairs], as the phase rounds it; 0 where the pair does not turn.
  std::vector<double> inv_freq;
  // [tokens][maps][2][pairs]: A cos, then A sin, finite. The one that `table` does not name is
  // empty.
  std::vector<float> cos_sin_cache;
  std::vector<double> cos_sin_cache_f64;
};

// Tables for rotating tensors of type `storage`: binary64 for f64, binary32 for the others.
// position_ids [axes][tokens], in positions, finite, at most 2^31 in magnitude; fractions are
// allowed, and the value of the double is what counts. Throws std::invalid_argument for any
// precondition that does not hold.
RotaryPlan make_plan(const RotaryCase& rotary_case, std::span<const double> position_ids,
                     int tokens, Phase phase, Storage storage);

// A tensor [tokens][heads][head_dim] with unit stride in the last index; strides in elements, of
// either sign.
struct View {
  void* data = nullptr;
  std::ptrdiff_t token_stride = 0, head_stride = 0;
};
struct ConstView {
  const void* data = nullptr;
  std::ptrdiff_t token_stride = 0, head_stride = 0;
};

// forward: (x c - y s, y c + x s) for each pair (x, y); adjoint: (x c + y s, y c - x s).
enum class Direction : std::uint8_t { forward, adjoint };

// The arithmetic of a kernel for f32, bf16 and f16 storage. Empty: as good as exact. With f64
// storage `table` and `product` are f64; an f32 phase is then widened.
struct Recipe {
  std::optional<Storage> position, inv_freq, angle;
  // Both products and their sum round to `product`, the sum then to the storage type.
  Storage trig, table, product;
  // Of pow; of A cos and A sin before they are rounded to `table`, in ulps of `trig`, on the
  // recipe's own angle. 0: the table is correctly rounded. The last one is for f64 storage.
  double pow_ulp, trig_ulp, trig_ulp_f64;
  bool contracted = false;  // a product is fused with the sum
  // With bf16 storage, subnormal inputs and results of at most 2^-126 may become zero.
  bool flush_bf16 = false;
};

struct Kernel {
  std::string_view name;  // for example "scalar"
  std::string_view isa;  // what it needs of the machine, for example "avx2"; "baseline" for nothing
  bool (*supported)() noexcept;
  Phase phase;
  Recipe recipe;
  RotateFunction* rotate;  // a NaN or an infinity stays within its pair
  RowFunction* row;        // rows made on the fly, equal to the tables of Phase::exact
  MergeFunction* merge;
  bool merges = false;              // `rotate` takes RotateJob::merged
  TokenFunctions* token = nullptr;  // a step of decoding, with the bits of `rotate`
};

// All kernels of this build, best first; some may lack support on this machine.
std::span<const Kernel> kernels();

// The checked door to kernel.rotate for one of q and k: `heads` is num_heads or
// num_key_value_heads. input and output are the same tensor (equal data and strides) or have no
// byte in common; one of the output's strides must span all that the other walks over.
// plan.tokens may be 0. Throws std::invalid_argument if the plan does not fit the kernel, the
// storage or its own table, and for a view that breaks these rules or spans more than 2^56 bytes.
// Views are apart if their addresses are, or their addresses modulo a stride of either or the
// common divisor of all, as where q, k and v of a token stand side by side; others are refused.
void rotate(const Kernel& kernel, const RotaryPlan& plan, Storage storage, int heads,
            const ConstView& input, const View& output, Direction direction);

// q or k of a batch, as above; in place if the two are equal. Neither output may have a byte of the
// other tensor.
struct InOut {
  ConstView input;
  View output;
};

struct EmbeddingState;

// A case made ready for any number of batches: what an inference engine keeps.
//   q, k [tokens][num_heads or num_key_value_heads][head_dim] are rotated in one pass at
//   position_ids [axes][tokens], row-major, within [-2^31, 2^31].
// Where positions are integers, rows of cos and sin come from a table or are made on the fly, with
// equal bits: A cos and A sin correctly rounded to binary32. Other positions (doubles) and binary64
// tensors take the way of make_plan. Any number of threads may call one object.
class RotaryEmbedding {
 public:
  struct Options {
    // Positions 0 .. ready_positions - 1 are quick at random; others are quick in sequence. Costs
    // rotary_dim / 8 bytes a position and distinct map (rotary_dim * 4 with the table).
    std::int64_t ready_positions = 32768;
    bool table = true;               // keep the rows of these positions
    const Kernel* kernel = nullptr;  // default: the best of phase exact that this machine supports
    // Bytes of q and k that are worth a thread, at least 1: a batch of fewer takes one thread.
    std::size_t thread_bytes = std::size_t{512} << 10;
  };
  // Throws std::invalid_argument, naming the knob.
  explicit RotaryEmbedding(const RotaryCase& rotary_case);
  RotaryEmbedding(const RotaryCase& rotary_case, const Options& options);
  ~RotaryEmbedding();
  RotaryEmbedding(RotaryEmbedding&&) noexcept;
  RotaryEmbedding& operator=(RotaryEmbedding&&) noexcept;

  // On up to `threads` threads, at least 1, the caller's among them; the bits do not depend on it.
  // Throws std::invalid_argument as fast::rotate, and for a position outside the domain, before
  // anything is written.
  void rotate(Storage storage, std::span<const std::int32_t> position_ids, int tokens,
              const InOut& q, const InOut& k, Direction direction = Direction::forward,
              int threads = 1) const;
  void rotate(Storage storage, std::span<const std::int64_t> position_ids, int tokens,
              const InOut& q, const InOut& k, Direction direction = Direction::forward,
              int threads = 1) const;
  void rotate(Storage storage, std::span<const double> position_ids, int tokens, const InOut& q,
              const InOut& k, Direction direction = Direction::forward, int threads = 1) const;

  // cos_sin_cache [tokens][maps][2][rotary_dim / 2], made on the fly.
  std::vector<float> cos_sin(std::span<const std::int64_t> position_ids, int tokens) const;

 private:
  std::unique_ptr<const EmbeddingState> state_;
};

}  // namespace plumbline::fast
