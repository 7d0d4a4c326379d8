#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Operator-level mutation of reference/: how strong is the property suite?

Changes one operator, comparison, constant, axis or index at a time in layouts, advance rules, allocations and
scalings, compiles what the change reaches, links the command line and the formula tests, and asks whether any of
them notices. The sources stay as they are; only the mutated copy is compiled.

  cmake --preset release && cmake --build --preset release
  properties/mutate.py --sample 8              a look: about three minutes
  properties/mutate.py --sample 300            the figure: about an hour
  properties/mutate.py                         all mutants: about five hours
  properties/mutate.py --again REPORT          the survivors of an earlier run

One core, at low priority. The suite runs once on the sources as they are, 100 seconds; a mutant then takes 3 to 8
seconds until a test notices it, 60 where none does; three times that on a busy machine.
Prints one line a mutant, the share killed of each file, and the survivors. equivalent_mutants.json lists the mutants
that no test can kill, each with the reason; they are left out of the share. Exit code 1 below 90 %.
"""
import argparse
import collections
import json
import os
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCHEMES = "reference/schemes"
FILES = ["reference/position_design.h", "reference/position_design.cpp", "reference/layouts.h",
         "reference/frequency_allocation.cpp", "reference/frequency_maps.cpp", "reference/frequency_maps.h",
         "reference/frequency_spectrum.cpp"]
NEXT = {"t": "h", "h": "w", "w": "t", "t_count": "h_count", "h_count": "w_count", "w_count": "t_count",
        "T": "H", "H": "W", "W": "T"}
BEFORE, AFTER = r"(?<=[\w\)\]] )", r"(?= [\w\(\-!\*])"
# What replaces what: group 1 of each pattern, by each of the replacements.
RULES = [(re.compile(BEFORE + "(" + re.escape(old) + ")" + AFTER), new) for old, new in [
    ("+", ["-"]), ("-", ["+"]), ("*", ["+"]), ("/", ["*"]), ("%", ["/"]), ("<", ["<=", ">"]), ("<=", ["<"]),
    (">", [">="]), (">=", [">"]), ("==", ["!="]), ("!=", ["=="]), ("&&", ["||"]), ("||", ["&&"])]] + [
    (re.compile(r"(?<![\w.#])(\d+)(?![\w.])"), ["+1"]),
    (re.compile(r"\b(ceil)\("), ["floor"]),
    (re.compile(r"\b(floor)\("), ["ceil"]),
    (re.compile(r"\b(max)\("), ["min"]),
    (re.compile(r"\b(min)\("), ["max"]),
    (re.compile(r"Axis::(t|h|w)\b"), ["next"]),
    (re.compile(r"\b(?:b|c|grid|g)\.(t|h|w|t_count|h_count|w_count)\b(?!\()"), ["next"]),
    (re.compile(r"([THW])(?=[THW]*\")"), ["next"]),
]
# Refusals and what suites and searches draw from are no formulas; other tests hold them.
SKIPPED = ("#include", "throw ", "need(", "to_string", "static_assert", "refuse(", ".domain", ".example", "<<")
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')


def code_of(line):
    """The line without its comment and without text: of literals only numbers and axis maps stay."""
    def masked(match):
        inner = match.group(0)[1:-1]
        formula = re.fullmatch(r"[\d,./-]+|[THW]{3,}", inner)
        return match.group(0) if formula else '"' + "\0" * len(inner) + '"'
    line = LITERAL.sub(masked, line)
    return line.split("//")[0]


def mutants_of(path):
    with open(os.path.join(ROOT, path)) as source:
        lines = source.read().split("\n")
    out = []
    for number, line in enumerate(lines):
        code = code_of(line)
        if any(word in line for word in SKIPPED) or code.lstrip().startswith(("template", "namespace")):
            continue
        for pattern, replacements in RULES:
            for match in pattern.finditer(code):
                old = match.group(1)
                for new in replacements:
                    new = str(int(old) + 1) if new == "+1" else NEXT[old] if new == "next" else new
                    out.append((path, number, line, line[:match.start(1)] + new + line[match.end(1):]))
    return out


def draw(mutants, count, seed):
    """A sample in which every file has its share."""
    by_file = collections.defaultdict(list)
    for mutant in mutants:
        by_file[mutant[0]].append(mutant)
    spread = []  # (place in its file, mutant): cutting the sorted list anywhere takes the same share of every file
    for path, own in by_file.items():
        dice = random.Random(f"{seed} {path}")
        dice.shuffle(own)
        spread += [((i + dice.random()) / len(own), mutant) for i, mutant in enumerate(own)]
    return [mutant for _, mutant in sorted(spread)[:count]]


def read_sources(*folders):
    out = {}
    for folder in folders:
        for name in os.listdir(os.path.join(ROOT, folder)):
            if name.endswith((".cpp", ".h")):
                with open(os.path.join(ROOT, folder, name)) as source:
                    out[f"{folder}/{name}"] = source.read()
    return out


def reached(path, number, sources):
    """The sources to compile for a mutant: the file itself, or whatever names the type that a header changed."""
    if path.endswith(".cpp"):
        return [path]
    lines = sources[path].split("\n")
    above = [re.match(r"(?:struct|class|enum) (\w+)|[\w:<>]+ (\w+)\(", line) for line in lines[:number + 1]]
    found = next(match for match in reversed(above) if match)
    names, grown = set(), {found.group(1) or found.group(2)}
    while grown:
        names |= grown
        grown = set()
        for header, text in sources.items():
            if not header.endswith(".h"):
                continue
            owner = None
            for line in text.split("\n"):
                match = re.match(r"(?:struct|class) (\w+)", line)
                owner = match.group(1) if match else owner
                if owner and owner not in names and any(re.search(rf"\b{n}\b", line) for n in names):
                    grown.add(owner)
    return sorted(file for file, text in sources.items()
                  if file.endswith(".cpp") and any(re.search(rf"\b{name}\b", text) for name in names))


def schemes_in(sources, path):
    """Names of the schemes of one file in schemes/."""
    if not path.startswith(SCHEMES):
        return []
    text = sources[path]
    return re.findall(r'\.name = "([\w./-]+)",\s*(?:\.aliases.*\s*)?\.source', text) + \
        re.findall(r'\brow\("([\w.-]+)"', text)


class Checks:
    """What may notice a mutant, the quickest and the most telling first."""

    def __init__(self, folder, thorough):
        self.folder, self.thorough = folder, thorough
        self.seconds = {}
        self.environment = dict(os.environ, RC_PARAMS="seed=20261122 max_success=100")

    def of(self, schemes):
        def tests(words):
            return ["./formula_tests", "--gtest_filter=" + words, "--gtest_brief=1", "--gtest_fail_fast"]

        def law(name, cases, *more):
            return ["./plumbline", "properties", "--law", name, "--cases", str(cases), *more]
        yield tests("Vectors.*:Official/*:Original/*:Regression/*:WorkedExamples.*:Defaults.*:Knobs.*:Readme.*")
        yield law("oracle", 12, "--kernel", "reference")
        yield ["./plumbline", "generate", "--suite", "smoke", "--out", "smoke.h5"]
        yield ["./plumbline", "verify", "smoke.h5"]
        for name in ("walk", "block", "identity", "text"):
            yield law(name, 2)
        yield tests("Results.*:Prompts.*")
        if schemes:
            yield ["./plumbline", "conformance"] + [word for name in schemes for word in ("--scheme", name)]
        yield tests("Symbolic.*:Criteria.*:Positions.*")
        yield tests("Refusals.*")
        if self.thorough:
            for name in ("group", "relative", "lane", "split"):
                yield law(name, 2)
            yield tests("Agreement.*")
            yield ["./plumbline", "generate", "--suite", "full", "--out", "full.h5"]
            yield ["./plumbline", "verify", "full.h5"]
            yield tests("Conformance.*:RotationGroup.*:RoundTrip.*")

    def run(self, command, limit):
        def bounded():
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            return subprocess.run(command, cwd=self.folder, timeout=limit, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, env=self.environment, preexec_fn=bounded).returncode
        except subprocess.TimeoutExpired:
            return "no end"

    def accept_original(self, schemes):
        for command in self.of(schemes):
            if tuple(command) in self.seconds:
                continue
            start = time.time()
            if self.run(command, 600) != 0:
                sys.exit("the suite fails without a mutant: " + shlex.join(command))
            self.seconds[tuple(command)] = time.time() - start

    def killer(self, schemes, link_rest):
        """The command that notices; None: the mutant survives. A run ten times as long as usual is noticed too."""
        linked = False
        for command in self.of(schemes):
            if command[0] == "./plumbline" and not linked:
                if not link_rest():
                    sys.exit("a mutant compiles and passes tests, but the command line does not link")
                linked = True
            usual = self.seconds[tuple(command)]
            if self.run(command, 10 + 10 * usual) != 0:
                return shlex.join(command)
        return None


def plain(command):
    """A compile command without its cache, its output and the files of its build system."""
    words = command[1:] if os.path.basename(command[0]) == "ccache" else list(command)
    for option, length in (("-o", 2), ("-MF", 2), ("-MT", 2), ("-MD", 1)):
        if option in words:
            del words[words.index(option):words.index(option) + length]
    return words


class Build:
    def __init__(self, folder, scratch):
        self.folder, self.scratch = folder, scratch
        if not os.path.exists(os.path.join(folder, "compile_commands.json")):
            sys.exit(f"{folder} is not configured: cmake --preset release")
        targets = ["plumbline", "formula_tests"]
        if self.quiet(["cmake", "--build", folder, "--target", *targets, "--", "-j1"]) != 0:
            sys.exit("the tree does not build as it is")
        with open(os.path.join(folder, "compile_commands.json")) as commands:
            self.compile = {os.path.relpath(c["file"], ROOT): plain(shlex.split(c["command"]))
                            for c in json.load(commands) if c["file"].startswith(ROOT + "/reference/")}
        self.links = {}
        for target in targets:
            lines = subprocess.run(["ninja", "-t", "commands", target], cwd=folder, capture_output=True, text=True,
                                   check=True).stdout.splitlines()
            words = shlex.split(next(line for line in reversed(lines) if " -o " in line))
            words = words[words.index("&&") + 1:len(words) - 2]
            words[words.index("-o") + 1] = os.path.join(scratch, target)
            if shutil.which("ld.gold"):
                words.append("-fuse-ld=gold")
            self.links[target] = words
        self.prefix = self.precompile()

    def precompile(self):
        """Options for a compiler that has read the headers already; none where it cannot."""
        header = os.path.join(self.scratch, "headers.h")
        with open(header, "w") as out:
            out.write("".join(f'#include "reference/{name}.h"\n' for name in ("frequency_maps", "layouts", "scheme")))
        words = list(next(iter(self.compile.values())))
        words[words.index("-c") + 1] = header
        made = self.quiet(words + ["-O1", "-x", "c++-header", "-o", header + ".gch"]) == 0
        return ["-include", header] if made else []

    def quiet(self, command):
        return subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode

    def make(self, path, text, sources):
        """Links the formula tests and returns what links the command line, which most mutants do not live to need;
        False where the compiler refuses the mutant."""
        copy = os.path.join(self.scratch, path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        with open(copy, "w") as out:
            out.write(text)
        objects = []
        try:
            for source in sources:
                words = list(self.compile[source])
                at = words.index("-c") + 1
                words[at] = copy if source == path else words[at]
                objects.append(os.path.join(self.scratch, source.replace("/", "_") + ".o"))
                words += ["-o", objects[-1], "-O1"]
                words[1:1] = self.prefix if path.endswith(".cpp") else ["-I" + self.scratch]
                if self.quiet(words) != 0:
                    return False
        finally:
            os.remove(copy)
        return self.link("formula_tests", objects) and (lambda: self.link("plumbline", objects))

    # Mutated objects first: their copy of an inline function is the one that is taken, and an archive is never asked
    # for the member that they replace.
    def link(self, target, objects):
        words = self.links[target]
        first = next(i for i, word in enumerate(words) if word.endswith(".o"))
        return self.quiet(words[:first] + objects + words[first:]) == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0, help="this many mutants, drawn from every file; 0: all")
    parser.add_argument("--skip", type=int, default=0, help="leave out the first of them: an earlier run stopped there")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--file", action="append", help="file to mutate; default: the listed ones and schemes/")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), help="a configured build folder")
    parser.add_argument("--report", help="file that receives every line")
    parser.add_argument("--again", help="only the survivors of this report")
    parser.add_argument("--thorough", action="store_true", help="the full suite and all verdicts too: 80 seconds more")
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    options = parser.parse_args()
    files = options.file or FILES + sorted(f"{SCHEMES}/{f}" for f in os.listdir(os.path.join(ROOT, SCHEMES)))
    mutants = [mutant for path in files for mutant in mutants_of(path)]
    with open(os.path.join(ROOT, "properties", "equivalent_mutants.json")) as known:
        equivalent = {(e["file"], e["from"], e["to"]): e["why"] for e in json.load(known)}

    def key(mutant):
        return mutant[0], mutant[2].strip(), mutant[3].strip()
    for gone in equivalent.keys() - {key(m) for path in {e[0] for e in equivalent} for m in mutants_of(path)}:
        sys.exit("equivalent_mutants.json: no such mutant: " + " | ".join(gone))
    if options.again:
        with open(options.again) as report:
            survived = set(re.findall(r"^\S+ \S+ (\S+):\d+ survived: (.*)$", report.read(), re.M))
        mutants = [m for m in mutants if (m[0], m[3].strip()) in survived]
    elif options.sample:
        mutants = draw(mutants, options.sample, options.seed)[options.skip:]
    if options.list:
        for path, number, _, changed in mutants:
            print(f"{path}:{number + 1}: {changed.strip()}")
        return 0

    os.nice(max(0, 10 - os.nice(0)))
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sources = read_sources("reference", SCHEMES, "reference/criteria")
    report = open(options.report, "w") if options.report else None

    def say(line):
        print(line, flush=True)
        if report:
            print(line, file=report, flush=True)
    say(f"{len(mutants)} mutants, seed {options.seed}")
    with tempfile.TemporaryDirectory() as scratch:
        build, checks = Build(options.build, scratch), Checks(scratch, options.thorough)
        if not all(build.link(target, []) for target in build.links):
            sys.exit("the tree does not link as it is")
        for path in {mutant[0] for mutant in mutants}:
            checks.accept_original(schemes_in(sources, path))
        counts, survivors = collections.Counter(), []
        start = time.time()
        for i, mutant in enumerate(mutants):
            path, number, line, changed = mutant
            lines = sources[path].split("\n")
            lines[number] = changed
            if key(mutant) in equivalent:
                verdict = "equivalent"
            elif not (link_rest := build.make(path, "\n".join(lines), reached(path, number, sources))):
                verdict = "stillborn"
            else:
                command = checks.killer(schemes_in(sources, path), link_rest)
                verdict = "killed by " + command if command else "survived"
                if not command:
                    survivors.append(mutant)
            counts[path, verdict.split()[0]] += 1
            say(f"{i + 1}/{len(mutants)} {time.time() - start:.0f}s {path}:{number + 1} {verdict}: {changed.strip()}")
    for path in sorted({p for p, _ in counts}):
        say(path + ": " + ", ".join(f"{counts[path, v]} {v}" for v in ("killed", "survived", "equivalent", "stillborn")))
    killed = sum(n for (_, verdict), n in counts.items() if verdict == "killed")
    tried = killed + len(survivors)
    say(f"{killed} of {tried} mutants killed ({100 * killed / max(1, tried):.1f} %)")
    for path, number, line, changed in survivors:
        say(f"survivor {path}:{number + 1}\n  - {line.strip()}\n  + {changed.strip()}")
    return 0 if tried and killed >= 0.9 * tried else 1


if __name__ == "__main__":
    sys.exit(main())
