#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Operator-level mutation of reference/: how strong is the property suite?

Changes one operator, comparison, constant or index at a time in layouts, advance rules, allocations
and scalings, rebuilds the command line and the quick tests, and asks whether any of them notices.

  properties/mutate.py [--sample N] [--seed N] [--file PATH ...] [--build DIR] [--report FILE]

Works on a copy of the source tree beside the build folder, so that a killed run leaves nothing behind.
Prints one line a mutant and the share killed; a survivor is printed with its line.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILES = ["reference/position_design.h", "reference/position_design.cpp", "reference/layouts.h",
         "reference/frequency_allocation.cpp", "reference/frequency_maps.cpp",
         "reference/frequency_spectrum.cpp"]
# What replaces what. Each pattern matches one token in its surroundings; group 1 is replaced.
RULES = [
    (re.compile(r"(?<=[\w\)\]] )(\+)(?= [\w\(])"), ["-"]),
    (re.compile(r"(?<=[\w\)\]] )(-)(?= [\w\(])"), ["+"]),
    (re.compile(r"(?<=[\w\)\]] )(\*)(?= [\w\(])"), ["+"]),
    (re.compile(r"(?<=[\w\)\]] )(/)(?= [\w\(])"), ["*"]),
    (re.compile(r"(?<=[\w\)\]] )(%)(?= [\w\(])"), ["/"]),
    (re.compile(r"(?<=[\w\)\]] )(<)(?= [\w\(\-])"), ["<=", ">"]),
    (re.compile(r"(?<=[\w\)\]] )(<=)(?= [\w\(\-])"), ["<"]),
    (re.compile(r"(?<=[\w\)\]] )(>)(?= [\w\(\-])"), [">="]),
    (re.compile(r"(?<=[\w\)\]] )(>=)(?= [\w\(\-])"), [">"]),
    (re.compile(r"(?<=[\w\)\]] )(==)(?= [\w\(\-])"), ["!="]),
    (re.compile(r"(?<=[\w\)\]] )(&&)(?= [\w\(!])"), ["||"]),
    (re.compile(r"(?<![\w.\"#])(\d+)(?![\w.\"])"), ["+1"]),
    (re.compile(r"\b(ceil)\("), ["floor"]),
    (re.compile(r"\b(floor)\("), ["ceil"]),
    (re.compile(r"Axis::(t|h|w)\b"), ["next"]),
    (re.compile(r"\b[bc]\.(t|h|w|t_count|h_count|w_count)\b"), ["next"]),
]
NEXT = {"t": "h", "h": "w", "w": "t", "t_count": "h_count", "h_count": "w_count",
        "w_count": "t_count"}


def mutable(line):
    """Lines of arithmetic; not messages, includes, templates, tables of words or loops over text."""
    code = line.split("//")[0]
    skip = ("#include", "throw ", "std::string", "string_view", "template", "static_assert", "need(",
            "<<", "namespace", "to_text", "refuse", ".source", ".name", "kNames", "operator")
    return code.strip() and not any(word in code for word in skip)


def mutants_of(path):
    out = []
    with open(os.path.join(ROOT, path)) as source:
        lines = source.read().split("\n")
    for number, line in enumerate(lines):
        if not mutable(line):
            continue
        code = line.split("//")[0]
        for pattern, replacements in RULES:
            for match in pattern.finditer(code):
                old = match.group(1)
                for new in replacements:
                    if new == "+1":
                        new = str(int(old) + 1)
                    elif new == "next":
                        new = NEXT[old]
                    changed = line[:match.start(1)] + new + line[match.end(1):]
                    out.append((path, number, line, changed))
    return out


def run(command, folder, seconds, env=None):
    try:
        done = subprocess.run(command, cwd=folder, timeout=seconds, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=env)
        return done.returncode
    except subprocess.TimeoutExpired:
        return -1


# Cheapest first: the first that fails ends the mutant.
def checks(build):
    binary = os.path.join(build, "tools", "plumbline")
    tests = ["vectors", "worked_examples", "vectors_tables", "symbolic"]
    for name in tests:
        yield [os.path.join(build, "properties", "test_" + name)]
    yield [binary, "properties", "--law", "oracle", "--cases", "12"]
    for family in ("walk", "block", "split", "relative", "lane", "group", "text", "identity"):
        yield [binary, "properties", "--law", family, "--cases", "2"]
    yield [binary, "generate", "--suite", "smoke", "--out", os.path.join(build, "mutant.h5")]
    yield [os.path.join(build, "properties", "test_conformance")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sample", type=int, default=0, help="this many mutants, drawn; 0: all")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--file", action="append", help="file to mutate; default: the listed ones and schemes/")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "mutation"))
    parser.add_argument("--report", help="file that receives every line")
    options = parser.parse_args()
    schemes = sorted("reference/schemes/" + f for f in os.listdir(os.path.join(ROOT, "reference/schemes")))
    mutants = [m for path in (options.file or FILES + schemes) for m in mutants_of(path)]
    if options.sample:
        mutants = sorted(random.Random(options.seed).sample(mutants, min(options.sample, len(mutants))))

    tree = options.build + ".tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git"))
    build = options.build
    targets = ["plumbline", "test_vectors", "test_worked_examples", "test_vectors_tables",
               "test_symbolic", "test_conformance"]
    compile_ = ["cmake", "--build", build, "--target"] + targets
    configure = ["cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 "-DCMAKE_CXX_FLAGS_RELEASE=-O1"]
    if run(configure, tree, 600) != 0 or run(compile_, tree, 7200) != 0:
        sys.exit("the tree does not build as it is")
    for check in checks(build):
        if run(check, tree, 600) != 0:
            sys.exit("the suite fails without a mutant: " + " ".join(check))

    report = open(options.report, "w") if options.report else None
    killed, survivors, stillborn = 0, [], 0
    for i, (path, number, line, changed) in enumerate(mutants):
        target = os.path.join(tree, path)
        with open(target) as source:
            text = source.read()
        lines = text.split("\n")
        lines[number] = changed
        with open(target, "w") as out:
            out.write("\n".join(lines))
        if run(compile_, tree, 1200) != 0:
            verdict = "stillborn"
            stillborn += 1
        else:
            verdict = "survived"
            for check in checks(build):
                if run(check, tree, 300) != 0:
                    verdict = "killed by " + " ".join(os.path.basename(w) for w in check[:4])
                    killed += 1
                    break
            else:
                survivors.append((path, number, line, changed))
        with open(target, "w") as out:
            out.write(text)
        shown = f"{i + 1}/{len(mutants)} {path}:{number + 1} {verdict}: {changed.strip()}"
        print(shown, flush=True)
        if report:
            print(shown, file=report, flush=True)
    tried = killed + len(survivors)
    summary = f"{killed} of {tried} mutants killed ({100 * killed / max(1, tried):.1f} %), {stillborn} did not compile"
    print(summary)
    for path, number, line, changed in survivors:
        print(f"survivor {path}:{number + 1}\n  - {line.strip()}\n  + {changed.strip()}")
    return 0 if tried and killed >= 0.9 * tried else 1


if __name__ == "__main__":
    sys.exit(main())
