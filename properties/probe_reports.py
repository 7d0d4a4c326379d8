# SPDX-License-Identifier: Apache-2.0
"""The JSON of every command but validate: as its schema says, and about the subject that was asked for.

    PLUMBLINE_BINARY=build/release/tools/plumbline python3 -m pytest properties/probe_reports.py
"""
import copy
import json
import os
import pathlib
import shutil
import subprocess

import jsonschema
import pytest

SCHEMAS = pathlib.Path(__file__).resolve().parents[1] / "tools" / "report" / "schemas"
BINARY = os.environ["PLUMBLINE_BINARY"]
CASE = {"id": "small", "scheme": "mrope", "params": {"mrope_section": [2, 1, 1]}, "sequence": "t2 v1x2x3 t2",
        "shape": {"head_dim": 10, "rotary_dim": 8, "num_heads": 2, "num_key_value_heads": 1}, "dtypes": ["f32"]}


def plumbline(*words, text=""):
    return subprocess.run([BINARY, *map(str, words)], input=text, capture_output=True, text=True)


def schema(command):
    return jsonschema.Draft7Validator(json.loads((SCHEMAS / f"{command}.schema.json").read_text()))


def report(code, command, *words, text=""):
    run = plumbline(command, *words, "--json", text=text)
    assert run.returncode == code, run.stderr
    out = json.loads(run.stdout)
    schema(command).validate(out)
    assert out["exit_code"] == code
    return out


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    path = tmp_path_factory.mktemp("probes") / "cases.json"
    path.write_text(json.dumps([CASE]))
    return path


def misbehaving(folder, manner):
    library = os.environ.get("PLUMBLINE_MISBEHAVING")
    if not library:
        pytest.skip("PLUMBLINE_MISBEHAVING does not name the plug-in")
    return shutil.copy(library, folder / f"{manner}.so")


def test_diagnose(cases):
    right = report(0, "diagnose", "--kernel", "scalar", "--cases", cases)
    assert right["verdict"] == "right" and right["kind"] == "kernel" and right["subject"] == "scalar"
    wrong = report(1, "diagnose", "--mutant", "M01a", "--cases", cases)
    assert wrong["verdict"] == "wrong, named" and [n["id"] for n in wrong["names"]] == ["M01a"]
    assert wrong["contracts"][0]["axis_map"] == "TTTT" and wrong["contracts"][0]["axis_map_wanted"] == "TTHW"
    again = plumbline(*wrong["contracts"][0]["replay"].split()[1:])
    assert again.returncode == 1 and "M01a" in again.stdout


def test_diagnose_of_plugins(cases, tmp_path):
    crashed = report(4, "diagnose", "--plugin", misbehaving(tmp_path, "crashes"), "--cases", cases)
    assert crashed["verdict"] == "failed" and "SIGSEGV" in crashed["contracts"][0]["findings"][0]["what"]
    refused = report(77, "diagnose", "--plugin", misbehaving(tmp_path, "refuses"), "--cases", cases)
    assert refused["verdict"] == "refused" and refused["contracts"] == [{"contract": "small", "skipped": "not today"}]


def test_mutants():
    one = report(0, "mutants", "--mutant", "M01a", "--no-laws")
    assert one["mutants"] == one["killed"] == one["named_right"] == 1
    assert "images" in one["results"][0]["killed_by"] and "text" not in one["results"][0]["killed_by"]


def test_identify(cases, tmp_path):
    found = report(0, "identify", "--kernel", "scalar", "--cases", cases)
    case = found["cases"][0]
    assert case["as_asked"] and case["axis_map"] == "TTHW" and case["matches"][0]["scheme"] == "mrope"
    assert case["nearest"] is None and case["differences"] == []
    text_only = report(0, "identify", "--mutant", "M01a", "--cases", cases)["cases"][0]
    assert not text_only["as_asked"] and "vanilla" in [m["scheme"] for m in text_only["matches"]]
    none = report(1, "identify", "--mutant", "sign", "--cases", cases)["cases"][0]
    assert none["matches"] == [] and none["nearest"]["scheme"] == "mrope" and "the other way" in none["differences"][0]
    failed = report(4, "identify", "--plugin", misbehaving(tmp_path, "crashes"), "--cases", cases)
    assert failed["cases"][0]["failed"]
    skipped = report(77, "identify", "--plugin", misbehaving(tmp_path, "refuses"), "--cases", cases)
    assert skipped["cases"][0]["skipped"] == "not today"


def test_identify_a_file(cases, tmp_path):
    golden = tmp_path / "golden.h5"
    assert plumbline("generate", "--cases", cases, "--out", golden).returncode == 0
    case = report(0, "identify", "--candidate", golden)["cases"][0]
    assert case["pairing_seen"] and case["position_design_seen"]
    assert "mrope" in [m["scheme"] for m in case["matches"]]


def test_any_name_fits_into_a_report(cases, tmp_path):
    named = shutil.copy(cases, tmp_path / "\udcff\x1b\n.json")
    wrong = report(1, "diagnose", "--mutant", "M01a", "--cases", named)
    line = wrong["contracts"][0]["replay"].replace("plumbline", '"$0"', 1)
    assert subprocess.run(["bash", "-c", line, BINARY], capture_output=True).returncode == 1
    golden = tmp_path / "\udcff\x1b\n.h5"
    assert plumbline("generate", "--cases", named, "--out", golden).returncode == 0
    assert report(0, "identify", "--candidate", golden)["subject"] == str(golden).replace("\udcff", "\ufffd")


def test_the_schemas_bite(cases):
    good = {"diagnose": report(1, "diagnose", "--mutant", "M01a", "--cases", cases),
            "mutants": report(0, "mutants", "--mutant", "M01a", "--no-laws"),
            "identify": report(0, "identify", "--kernel", "scalar", "--cases", cases)}
    for command, whole in good.items():
        for key in list(whole):
            less = {k: v for k, v in whole.items() if k != key}
            assert not schema(command).is_valid(less), (command, key)
        assert not schema(command).is_valid(whole | {"exit_code": 9})
        assert not schema(command).is_valid(whole | {f"plumbline_{command}": 2})
    for command, path in [("diagnose", ("contracts", 0, "findings", 0, "probe")), ("mutants", ("results", 0, "verdict")),
                          ("identify", ("cases", 0, "matches", 0, "pairing"))]:
        bad = copy.deepcopy(good[command])
        at = bad
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = 7
        assert not schema(command).is_valid(bad), path


MANY = [{"id": "one", "scheme": "mrope", "sequence": "t2 v1x2x3"}, {"scheme": "mhrope", "sequence": "t1"},
        {"scheme": "rope-2d", "sequence": "v1x2x2"}, {"scheme": "vrope-original", "sequence": "t1 v2x2x2"},
        {"scheme": "v2pe", "sequence": "t1 v1x2x2"}, {"scheme": "hope-paper", "sequence": ""}]
ENTRIES = [{"id": "a", "scheme": "yarn", "params": {"base": 10000, "rotary_dim": 64, "factor": 40,
                                                    "original_max_position_embeddings": 4096}},
           {"scheme": "default", "params": {"base": "7/2", "rotary_dim": 8}}]
# Schema, exit code, command line, standard input.
RUNS = [("positions", 0, "positions --scheme mrope --sequence t2", None),
        ("positions", 0, "positions --cases -", MANY),
        ("allocation", 0, "allocation --model qwen3-vl-8b", None),
        ("allocation", 0, "allocation --cases -", MANY),
        ("frequencies", 0, "frequencies --model llama-3.1-8b", None),
        ("frequencies", 0, "frequencies --digits 3 --cases -", ENTRIES),
        *[("list", 0, f"list {what}", None) for what in ("schemes", "models", "cases", "kernels", "mutants")],
        ("conformance", 0, "conformance --scheme mrope --scheme vanilla", None),
        ("conformance", 0, "conformance --scheme grape --set temporal_stride=1/2", None),
        ("properties", 0, "properties --kernel scalar --law lane --cases 1", None),
        ("properties", 0, "properties --law walk --cases 1", None),
        ("properties", 1, "properties --plugin PLUGIN --law gqa --cases 1", None),
        ("cover", 0, "mutants --cover", None),
        ("mutants", 0, "mutants --mutant M01a --no-laws", None),
        ("spectrum", 0, "spectrum --scheme mrope --context 64 --extend 5/2", None),
        ("spectrum", 0, "spectrum --scheme all --context 64 --model qwen3-vl-8b", None),
        ("bench", 0, "bench --kernel scalar --filter ^scalar/f32/q16.k2/T=1/(neox|gptj)$ --rounds 5", None)]
# Keys that may be absent.
OPTIONAL = {"id", "frequency", "parameters", "condition", "counterexample", "missing", "widest", "sequence", "params",
            "reason", "metrics"} | {f"{one}{end}" for one in ("of_limit", "of_products", "times_read", "of_plain")
                                   for end in ("", "_low", "_high")}
# Objects whose keys are the user's, the table's or the library's.
OPEN = {"params", "parameters", "reasons", "growth", "criteria", "counts", "horizon", "metrics", "motion", "killed_by", "context"}


def document(tmp_path, run):
    _, code, line, text = run
    words = [misbehaving(tmp_path, "counts_calls") if word == "PLUGIN" else word for word in line.split()]
    ended = plumbline(*words, "--json", text="" if text is None else json.dumps(text))
    assert ended.returncode == code, ended.stderr
    return json.loads(ended.stdout)


def trimmed(value):
    """The same with no more than two of each list, but for small ones, whose length may matter."""
    if isinstance(value, dict):
        return {k: trimmed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [trimmed(v) for v in (value if len(value) <= 4 else value[:2])]
    return value


def places(value, path=()):
    yield path, value
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, path + (step,))


def with_change(whole, path, change):
    """A copy of what is on the way, the rest shared."""
    if not path:
        return change(whole)
    out = copy.copy(whole)
    out[path[0]] = with_change(out[path[0]], path[1:], change)
    return out


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run[2])
def test_every_document_is_of_its_schema_and_no_broken_one_is(tmp_path, run):
    check = schema(run[0])
    check.check_schema(check.schema)
    whole = document(tmp_path, run)
    check.validate(whole)
    small = trimmed(whole)
    check.validate(small)
    tried = 0
    for path, value in places(small):
        if "context" in path and run[0] == "bench":
            continue
        broken = {"another kind": lambda _: {"x": [None]}}
        if path and path[-1] == "holds":
            broken["the other verdict"] = lambda v: not v
        if isinstance(value, dict):
            broken["a key more"] = lambda v: v | {"unknown key": {"x": [None]}}
            if [step for step in ["", *path] if isinstance(step, str)][-1] not in OPEN:
                for key in value.keys() - OPTIONAL:
                    broken[f"without {key}"] = lambda v, key=key: {k: w for k, w in v.items() if k != key}
        for what, change in broken.items():
            tried += 1
            assert not check.is_valid(with_change(small, path, change)), (path, what)
    assert tried > 5


def test_every_schema_is_tried():
    elsewhere = {"validate", "sarif", "diagnose", "identify"}
    assert {path.name.split(".")[0] for path in SCHEMAS.glob("*.json")} == elsewhere | {run[0] for run in RUNS}
