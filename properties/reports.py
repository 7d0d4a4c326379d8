# SPDX-License-Identifier: Apache-2.0
"""The forms of one report agree with each other and with their schemas; waivers excuse what they say, until their day.

    PLUMBLINE_BINARY=build/release/tools/plumbline python3 -m pytest properties/reports.py
"""
import datetime
import html.parser
import json
import os
import pathlib
import shutil
import subprocess
import xml.etree.ElementTree as etree

import h5py
import jsonschema
import numpy
import pytest

SCHEMAS = pathlib.Path(__file__).resolve().parents[1] / "tools" / "report" / "schemas"
BINARY = os.environ["PLUMBLINE_BINARY"]
FOREVER = "9999-12-31"


def plumbline(*words, text=""):
    return subprocess.run([BINARY, *map(str, words)], input=text, capture_output=True, text=True)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A golden file of four cases, and a candidate: one right, one wrong, one of NaN, one absent."""
    folder = tmp_path_factory.mktemp("reports")
    names = ["right", "wrong", "nan", "absent"]
    cases = [{"id": name, "scheme": "mrope", "sequence": "t3 v1x2x2", "params": {"mrope_section": [2, 1, 1]},
              "shape": {"head_dim": 10, "rotary_dim": 8, "num_heads": 2, "num_key_value_heads": 1}, "dtypes": ["f32"],
              "tensors": ["rotated"]} for name in names]
    golden = folder / "a golden & <file>.h5"
    assert plumbline("generate", "--cases", "-", "--out", golden, text=json.dumps(cases)).returncode == 0
    with h5py.File(golden) as truth, h5py.File(folder / "mine.h5", "w") as mine:
        mine.attrs["plumbline"] = numpy.bytes_("candidate")
        mine.attrs["schema_version"] = numpy.int64(1)
        for name in names[:3]:
            q = truth[f"cases/{name}/f32/q_out"][()]
            if name == "wrong":
                q[4, 1, 3] = -q[4, 1, 3] + 1
            if name == "nan":
                q[2, 0, 1] = numpy.nan
            mine[f"cases/{name}/f32/q_out"] = q
            mine[f"cases/{name}/f32/k_out"] = truth[f"cases/{name}/f32/k_out"][()]
    return folder, golden


class Forms:
    def __init__(self, room, waivers=None, subject=None):
        folder, golden = room
        self.paths = {form: folder / f"report.{form}" for form in ("json", "junit", "sarif", "markdown", "html")}
        words = [w for form, path in self.paths.items() for w in (f"--{form}", path)]
        if waivers is not None:
            (folder / "waivers.json").write_text(json.dumps(waivers))
            words += ["--waivers", folder / "waivers.json"]
        self.run = plumbline("validate", golden, *(subject or ["--candidate", folder / "mine.h5"]), *words)
        self.code, self.table = self.run.returncode, self.run.stdout
        assert self.code in (0, 1, 4, 5), self.run.stderr
        self.json = json.loads(self.paths["json"].read_text())
        self.sarif = json.loads(self.paths["sarif"].read_text())
        self.junit = etree.parse(self.paths["junit"]).getroot()
        self.markdown, self.html = (self.paths[f].read_text() for f in ("markdown", "html"))
        self.check()

    def check(self):
        """Schemas, and what a schema cannot say."""
        jsonschema.Draft7Validator(json.loads((SCHEMAS / "validate.schema.json").read_text())).validate(self.json)
        jsonschema.Draft7Validator(json.loads((SCHEMAS / "sarif.schema.json").read_text())).validate(self.sarif)
        lint = subprocess.run(["xmllint", "--noout", "--schema", SCHEMAS / "junit.xsd", self.paths["junit"]],
                              capture_output=True, text=True)
        assert lint.returncode == 0, lint.stderr
        assert self.json["exit_code"] == self.code
        for node in [self.junit, *self.junit]:
            cases = node.findall(".//testcase")
            assert int(node.get("tests")) == len(cases)
            for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert int(node.get(count)) == sum(c.find(tag) is not None for c in cases)
        [run] = self.sarif["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert len({r["id"] for r in rules}) == len(rules)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        page = Page()
        page.feed(self.html)
        page.close()
        assert not page.open and not page.loads, (page.open, page.loads)

    def outcome(self, name):
        case = next(c for c in self.junit.iter("testcase") if c.get("name") == name)
        return case[0].tag if len(case) else "passed"

    def results(self):
        return self.sarif["runs"][0]["results"]


class Page(html.parser.HTMLParser):
    """Tags that stay open, and whatever a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.tags = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.loads += [v for k, v in attributes if k in ("src", "href", "data", "srcset")]
        if tag in ("script", "link", "iframe", "object", "img"):
            self.loads.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()


def waiver(name, expiry=FOREVER, reason="ticket 7"):
    return {"id": name, "reason": reason, "expiry": expiry}


def test_every_form_says_the_same(room):
    forms = Forms(room)
    assert forms.code == 1
    assert {n: forms.outcome(n) for n in ("right", "wrong", "nan", "absent")} == {
        "right": "passed", "wrong": "failure", "nan": "failure", "absent": "skipped"}
    assert {c["id"]: c["verdict"] for c in forms.json["cases"]} == {"right": "ok", "wrong": "FAIL", "nan": "FAIL"}
    assert forms.json["not_judged"] == ["absent"]
    assert [r["ruleId"] for r in forms.results()] == ["beyond-budget"] * 2
    place = "token 4, q head 1, lane 3, pair 3 (axis W, position 4)"
    assert place in forms.table and place in forms.results()[0]["message"]["text"]
    [wrong] = [c for c in forms.junit.iter("testcase") if c.get("name") == "wrong"]
    assert place in wrong[0].text and place in wrong[0].get("message")
    assert "wrong" in forms.markdown and "does not conform" in forms.markdown and "does not conform" in forms.html
    assert forms.html.count("<circle") > 3, "error against position is plotted"
    assert forms.junit[0].get("name") == str(room[1])
    assert forms.results()[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith(
        "a%20golden%20%26%20%3Cfile%3E.h5")


def test_what_conforms_has_no_result(room):
    forms = Forms(room, subject=["--kernel", "scalar"])
    assert forms.code == 0 and forms.results() == []
    assert all(forms.outcome(n) == "passed" for n in ("right", "wrong", "nan", "absent"))


def test_waivers_excuse_until_their_day(room):
    forms = Forms(room, [waiver("wrong"), waiver("nan")])
    assert forms.code == 0
    assert forms.outcome("wrong") == forms.outcome("nan") == "skipped" and forms.outcome("right") == "passed"
    assert all(r["suppressions"][0]["justification"] == "ticket 7" for r in forms.results())
    assert "ticket 7" in forms.table and "ticket 7" in forms.html and "ticket 7" in forms.markdown
    # The last day counts, in UTC; a run at midnight may see the next one.
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert Forms(room, [waiver("wrong", str(today + datetime.timedelta(1))), waiver("nan")]).code == 0
    for day in (str(today - datetime.timedelta(1)), "1999-12-31"):
        forms = Forms(room, [waiver("wrong", day), waiver("nan")])
        assert forms.code == 1 and forms.outcome("wrong") == "failure" and forms.outcome("waiver 0") == "failure"
        assert f"expired on {day}" in forms.table
        assert "void-waiver" in [r["ruleId"] for r in forms.results()]


def test_an_unexpected_pass_and_a_waiver_of_nothing_fail(room):
    forms = Forms(room, [waiver("wrong"), waiver("nan"), waiver("right")])
    assert forms.code == 1 and forms.outcome("right") == "failure" and "UNEXPECTED PASS" in forms.table
    assert "unexpected-pass" in [r["ruleId"] for r in forms.results()]
    forms = Forms(room, [waiver("wrong"), waiver("nan"), waiver("nine")])
    assert forms.code == 1 and "nine is no case of" in forms.table
    # An expired waiver fails even where the case passes.
    assert Forms(room, [waiver("wrong"), waiver("nan"), waiver("right", "1999-12-31")]).code == 1


def test_faulty_waivers_are_refused_by_entry_and_field(room):
    folder, golden = room
    for waivers, words in [([{"id": "wrong", "reason": "x"}], "waiver 0: expiry"),
                           ([waiver("wrong", "tomorrow")], "YYYY-MM-DD"),
                           ([waiver("wrong", "2026-02-30")], "2026-02-30"),
                           ([waiver("nan"), waiver("wrong", reason="")], "waiver 1: reason"),
                           ([waiver("nan") | {"until": "x"}], "unknown field 'until'"),
                           ([waiver("nan"), waiver("wrong"), waiver("nan", "2999-01-01")], "waiver 2: id = 'nan'"),
                           ({"id": "wrong"}, "must be a list"), ([3], "waiver 0: must be an object")]:
        (folder / "waivers.json").write_text(json.dumps(waivers))
        run = plumbline("validate", golden, "--candidate", folder / "mine.h5", "--waivers", folder / "waivers.json")
        assert run.returncode == 2 and run.stdout == "" and run.stderr.count("\n") == 1, run.stderr
        assert words in run.stderr
    run = plumbline("validate", golden, "--candidate", folder / "mine.h5", "--waivers", folder / "none.json")
    assert run.returncode == 3 and "none.json" in run.stderr


def test_a_crash_is_an_error_and_not_a_failure(room):
    misbehaving = os.environ.get("PLUMBLINE_MISBEHAVING")
    if not misbehaving:
        pytest.skip("PLUMBLINE_MISBEHAVING does not name the plug-in")
    for manner, code, tag, rule in [("crashes", 4, "error", "crashed"), ("reads_past_end", 4, "error", "read-outside"),
                                    ("counts_calls", 1, "failure", "not-repeatable")]:
        library = room[0] / f"{manner}.so"
        shutil.copy(misbehaving, library)
        forms = Forms(room, subject=["--plugin", library])
        assert forms.code == code and forms.outcome("right") == tag
        assert rule in [r["ruleId"] for r in forms.results()]
        assert "--case right" in next(c for c in forms.junit.iter("testcase"))[0].text


def test_a_refusal_is_told_in_the_words_of_the_kernel(room):
    library = room[0] / "refuses.so"
    misbehaving = os.environ.get("PLUMBLINE_MISBEHAVING")
    if not misbehaving:
        pytest.skip("PLUMBLINE_MISBEHAVING does not name the plug-in")
    shutil.copy(misbehaving, library)
    forms = Forms(room, subject=["--plugin", library])
    assert forms.code == 5 and forms.results() == [] and "nothing to judge" in forms.markdown
    assert all(c[0].get("message") == "refused: f32 forward: not today" for c in forms.junit.iter("testcase"))


@pytest.mark.parametrize("name", ["\udcff\x1b(", "two\nlines", "a`b``c", "\u202e <b>&|'\"\\*", "\ufffe\x9b"])
def test_any_name_fits_into_every_form(room, name):
    """Bytes that are no UTF-8, control characters, marks of HTML, XML and Markdown; Forms checks the forms as such."""
    folder, golden = room
    named = shutil.copy(golden, folder / f"{name}.h5")
    mine = shutil.copy(folder / "mine.h5", folder / f"{name}.mine.h5")
    # Nothing but the waiver that matches no case speaks of the file once more.
    forms = Forms((folder, named), [waiver("nine", reason=name.replace("\udcff", ""))], ["--candidate", mine])
    assert forms.code == 1 and forms.outcome("wrong") == "failure"
    plain = Forms((folder, golden), [waiver("nine")])
    assert forms.markdown.count("\n") == plain.markdown.count("\n")
    for text in (forms.table, forms.markdown, forms.html, forms.paths["junit"].read_text()):
        assert not [c for c in text if (c < " " and c not in "\n\t") or "\x7f" <= c < "\xa0" or c == "\ufffe"]
    if "`" in name:
        assert f"Against ```{named}```:" in forms.markdown


def test_a_replay_line_with_any_name_runs(room):
    misbehaving = os.environ.get("PLUMBLINE_MISBEHAVING")
    if not misbehaving:
        pytest.skip("PLUMBLINE_MISBEHAVING does not name the plug-in")
    inner = room[0] / "\udcff\x1b' `"
    inner.mkdir()
    library = shutil.copy(misbehaving, inner / "counts_calls.so")
    forms = Forms(room, subject=["--plugin", library])
    [line] = {c["replay"] for c in forms.json["cases"] if c["id"] == "right"}
    again = subprocess.run(["bash", "-c", line.replace("plumbline", '"$0"', 1), BINARY], capture_output=True, text=True)
    assert again.returncode == forms.code == 1 and "not-repeatable" in again.stdout, again.stderr


def test_the_schemas_bite(room):
    forms = Forms(room)
    sarif = jsonschema.Draft7Validator(json.loads((SCHEMAS / "sarif.schema.json").read_text()))
    report = jsonschema.Draft7Validator(json.loads((SCHEMAS / "validate.schema.json").read_text()))
    for broken in [forms.sarif | {"version": "2.0.0"}, forms.sarif | {"extra": 1}, {"version": "2.1.0"}]:
        assert not sarif.is_valid(broken)
    for broken in [forms.json | {"exit_code": 2}, {k: v for k, v in forms.json.items() if k != "cases"}]:
        assert not report.is_valid(broken)
    text = forms.paths["junit"].read_text()
    for old, new in [('tests="4"', 'tests="many"'), ("<failure message=", "<failure words="), ("testcase", "case")]:
        assert old in text
        bad = room[0] / "bad.xml"
        bad.write_text(text.replace(old, new))
        assert subprocess.run(["xmllint", "--noout", "--schema", SCHEMAS / "junit.xsd", bad],
                              capture_output=True).returncode != 0
