// SPDX-License-Identifier: Apache-2.0
// The search: every setting, every sequence, smallest first; then what the answers add up to.
#include <algorithm>
#include <stdexcept>

#include "reference/criteria/settings.h"
#include "reference/criteria/table.h"

namespace plumbline {
namespace {

// Settings other than the subject's own are tried on smaller grids, and so are layouts whose
// coordinates cost an enclosure each; settings of several knobs at once are there for the map.
constexpr Domain kOwn{}, kTurned{.most_extent = 4, .most_flat = 4, .two_text = 1, .random = 0},
    kOwnIrrational{.most_extent = 3, .most_flat_text = 0, .two_text = 1},
    kTurnedIrrational{.most_text = 1,
                      .most_t = 2,
                      .most_extent = 3,
                      .most_flat = 3,
                      .two_extent = 1,
                      .two_text = 1,
                      .random = 0},
    kAlso{.most_text = 1,
          .most_t = 2,
          .most_extent = 2,
          .most_flat = 2,
          .two_extent = 1,
          .two_text = 0,
          .random = 0};

const Domain& domain_of(const Setting& setting, bool own) {
  if (setting.also) return kAlso;
  const bool irrational = design_of(*setting.c.scheme, setting.c.parameters).transcendental();
  return own ? (irrational ? kOwnIrrational : kOwn) : irrational ? kTurnedIrrational : kTurned;
}

// What is known of one criterion so far.
struct Record {
  std::vector<const Condition*> conditions;  // all of them; empty: none is declared
  std::int64_t cases = 0;
  std::optional<Counterexample> refuted;
  bool condition_fails = false;  // a failing instance satisfies the condition
  bool holds_under = false;      // a passing one does, with min(H, W) >= 2
  bool unknown = false;
  // Nothing can change the verdict any more.
  bool closed() const { return refuted && (conditions.empty() || condition_fails); }
};

bool wide(const Prompt& p) {
  for (const Visual& block : p.blocks) {
    if (std::min(block.grid.h, block.grid.w) < 2) return false;
  }
  return true;
}

std::string domain_text(Instances instances, const Domain& domain, int most_fresh) {
  switch (instances) {
    case Instances::sequences:
      return domain.text();
    case Instances::small:
      return "up to " + std::to_string(most_fresh) + " tokens of " + domain.text();
    default:
      return "the map";
  }
}

class Search {
 public:
  explicit Search(const Subject& subject) : subject_(subject), records_(criterion_rows().size()) {
    declared_ = parse_verdicts(subject.verdicts);
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (!declared_[i].condition.empty())
        records_[i].conditions = find_conditions(declared_[i].condition);
    }
  }

  std::vector<Finding> run() {
    bool first = true;
    for (Setting& setting : settings(subject_)) {
      try_setting(setting, domain_of(setting, first), first);
      first = false;
    }
    for (Setting& setting : shape_settings(subject_)) {
      Lab lab(subject_, setting.c);
      params_ = setting.params;
      for (std::size_t i = 0; i < records_.size(); ++i) {
        if (criterion_rows()[i].instances == Instances::map_and_shapes) try_one(i, lab, {{0}, {}});
      }
    }
    return findings();
  }

  Finding run_map(std::string_view criterion) {
    Lab lab(subject_, subject_.base);
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (criterion_rows()[i].info.name != criterion) continue;
      try_one(i, lab, {{0}, {}});
      return findings().at(i);
    }
    throw std::logic_error("no criterion " + std::string(criterion));
  }

 private:
  void try_setting(const Setting& setting, const Domain& domain, bool own) {
    Lab lab(subject_, setting.c);
    params_ = setting.params;
    if (!own) lab.most_fresh = 5;
    const Visual unit = unit_block(lab);
    std::vector<Prompt> prompts;
    const auto add = [&](std::vector<Prompt> more) {
      for (Prompt& p : more) prompts.push_back(std::move(p));
    };
    add(single_prompts(domain, unit));
    add(random_prompts(domain, unit));
    if (subject_.video_only) {
      std::erase_if(prompts, [](const Prompt& p) { return p.blocks.front().grid.t == 1; });
    }
    add(text_prompts());
    add(double_prompts(domain, unit));
    std::sort(prompts.begin(), prompts.end());
    each(Instances::small, lab, prompts);
    const auto causal = std::find_if(criterion_rows().begin(), criterion_rows().end(),
                                     [](const CriterionRow& r) { return r.info.name == "CAUSAL"; });
    lab.share_prefixes(
        !records_[static_cast<std::size_t>(causal - criterion_rows().begin())].refuted);
    each(Instances::sequences, lab, prompts);
    each(Instances::map, lab, {{{0}, {}}});
    each(Instances::map_and_shapes, lab, {{{0}, {}}});
  }

  void each(Instances instances, Lab& lab, const std::vector<Prompt>& prompts) {
    for (const Prompt& p : prompts) {
      if (instances == Instances::sequences && !p.blocks.empty() && lab.accepts(p))
        video_ = video_ || p.blocks.front().grid.t > 1;
      for (std::size_t i = 0; i < records_.size(); ++i) {
        if (criterion_rows()[i].instances == instances) try_one(i, lab, p);
      }
    }
  }

  void try_one(std::size_t i, Lab& lab, const Prompt& p) {
    Record& record = records_[i];
    if (record.closed()) return;
    const Judge judge = criterion_rows()[i].judge;
    const Outcome outcome = judge(lab, p);
    if (outcome.answer == Answer::skip) return;
    record.cases += outcome.cases;
    const auto satisfies = [&](const Prompt& q) {
      return !record.conditions.empty() &&
             std::all_of(record.conditions.begin(), record.conditions.end(),
                         [&](const Condition* c) { return c->holds(lab, q); });
    };
    if (outcome.answer == Answer::unknown) record.unknown = true;
    if (outcome.answer == Answer::pass && !record.conditions.empty() && !record.holds_under)
      record.holds_under = wide(p) && satisfies(p);
    if (outcome.answer != Answer::fail) return;
    const bool inside = satisfies(p);
    if (record.refuted && !inside) return;
    record.condition_fails = inside;
    Prompt least = p;
    std::string why = outcome.why;
    for (bool shrinks = true; shrinks;) {
      shrinks = false;
      for (const Prompt& q : smaller(least)) {
        const Outcome again = judge(lab, q);
        if (again.answer != Answer::fail || satisfies(q) != inside) continue;
        least = q;
        why = again.why;
        shrinks = true;
        break;
      }
    }
    const bool map = least.tokens() == 0;
    record.refuted = Counterexample{map ? "" : notation(least.sequence()), params_,
                                    map ? why : least.label() + ": " + why, least.tokens()};
  }

  // A block that the scheme places: a still image, or what it takes instead.
  Visual unit_block(Lab& lab) const {
    const Visual plain{};
    for (const Grid& grid : {Grid{1, 1, 1}, Grid{1, 2, 2}}) {
      Visual block = plain;
      block.grid = grid;
      if (lab.accepts({{0, 1}, {block}}) || lab.accepts({{1, 1}, {block}})) return plain;
    }
    Visual video{{2, 1, 1}, Medium::video, 0};
    if (lab.accepts({{1, 1}, {video}})) return plain;
    throw std::invalid_argument(subject_.scheme + ": places no block");
  }

  std::vector<Finding> findings() const {
    const std::string knobs = knob_domain(subject_);
    const Setting own{subject_.base, {}};
    const Domain &at_own = domain_of(own, true), &at_turned = domain_of(own, false);
    std::vector<Finding> out;
    for (std::size_t i = 0; i < records_.size(); ++i) {
      const CriterionRow& row = criterion_rows()[i];
      const Record& r = records_[i];
      Finding f;
      f.criterion = row.info.name;
      f.declared = declared_[i];
      f.cases = r.cases;
      f.pinned =
          std::find(subject_.pinned.begin(), subject_.pinned.end(), "*") != subject_.pinned.end();
      f.refuted = r.refuted;
      f.domain = domain_text(row.instances, at_own, 10);
      if (!subject_.also.empty())
        f.domain += "; on " + domain_text(row.instances, kAlso, 5) + ": " + subject_.also;
      if (!knobs.empty())
        f.domain += "; on " + domain_text(row.instances, at_turned, 5) + ": " + knobs;
      const bool conditional =
          r.refuted && !r.conditions.empty() && !r.condition_fails && r.holds_under && !r.unknown;
      f.verdict = r.cases == 0  ? Verdict::not_applicable
                  : conditional ? Verdict::conditional
                  : r.refuted   ? Verdict::violated
                  : r.unknown   ? Verdict::undecided
                                : Verdict::holds;
      // Frames as separate blocks say nothing of a scheme that knows still images only.
      if (f.criterion == "DECF" && !video_) {
        f.verdict = Verdict::not_applicable;
        f.cases = 0;
        f.refuted.reset();
      }
      if (f.verdict == Verdict::conditional) {
        for (const Condition* c : r.conditions)
          f.condition += (f.condition.empty() ? "" : "; ") + std::string(c->text);
      }
      out.push_back(std::move(f));
    }
    return out;
  }

  const Subject& subject_;
  std::vector<Declared> declared_;
  std::vector<Record> records_;
  std::string params_;
  bool video_ = false;  // a block of more than one frame was placed
};

}  // namespace

std::vector<Finding> judge(const Subject& subject) { return Search(subject).run(); }

Finding judge_map(const Subject& subject, std::string_view criterion) {
  return Search(subject).run_map(criterion);
}

Subject pinned_subject(const Case& c) {
  Subject out{.scheme = std::string(c.scheme->name),
              .profile = {},
              .base = c,
              .pinned = {"*"},
              .verdicts = std::string(c.scheme->verdicts),
              .also = {}};
  // The criteria read the ladder as it is before any scaling.
  out.base.spectrum.scaling = Unscaled{};
  return out;
}

Case default_case(const Scheme& scheme) {
  Case c;
  c.scheme = &scheme;
  c.shape = scheme.shape;
  c.pairing = scheme.pairing;
  c.spectrum.rope_theta = parse_rational(scheme.rope_theta);
  c.spectrum.rotary_dim = c.shape.rotary_dim;
  c.parameters = Parameters(scheme.parameters);
  for (const ParameterSpec& spec : scheme.parameters) {
    if (spec.name == "num_key_value_heads") {
      c.parameters.set(spec.name, {Rational(c.shape.num_key_value_heads)});
    } else if (!spec.example.empty() && !c.parameters.has(spec.name)) {
      c.parameters.set_text(spec.name, spec.example);
    } else if (spec.kind == Kind::numbers && spec.fit != nullptr) {
      c.parameters.set_text(spec.name, spec.fit(c.shape));
    }
  }
  return c;
}

namespace {

// The key=value words of a profile.
std::vector<std::pair<std::string, std::string>> settings_of(const Profile& profile) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& word : split(profile.params, ';')) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      throw std::invalid_argument("profile " + std::string(profile.label) + ": '" + word +
                                  "' is not key=value");
    out.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return out;
}

}  // namespace

// What a profile sets, the row itself keeps at its own value.
std::vector<Subject> subjects_of(const Scheme& scheme) {
  std::vector<Subject> out{{.scheme = std::string(scheme.name),
                            .profile = {},
                            .base = default_case(scheme),
                            .pinned = {},
                            .verdicts = std::string(scheme.verdicts),
                            .also = {}}};
  for (const Profile& profile : scheme.profiles) {
    Subject subject = out.front();
    subject.profile = std::string(profile.label);
    subject.pinned.clear();
    subject.verdicts = std::string(profile.verdicts);
    subject.video_only = profile.video_only;
    subject.also = std::string(profile.also);
    for (const auto& [knob, value] : settings_of(profile)) {
      const bool stays_free = knob.ends_with('*');
      const std::string name = stays_free ? knob.substr(0, knob.size() - 1) : knob;
      subject.base.parameters.set_text(name, value);
      if (stays_free) continue;
      subject.pinned.push_back(name);
      out.front().pinned.push_back(name);
    }
    out.push_back(std::move(subject));
  }
  return out;
}

}  // namespace plumbline
