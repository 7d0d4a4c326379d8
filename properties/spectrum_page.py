#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The spectrum page in a real browser, its numbers against the JSON, and a sample of both against Arb.

usage: spectrum_page.py PLUMBLINE [--shots FOLDER] [--seconds N]
Exit 77 where a tool that it needs is missing. --seconds: processor time that a page of all schemes may
take; half of it on two cores.
"""
import ctypes
import ctypes.util
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from html.parser import HTMLParser

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser  # noqa: E402
from spectrum_drawn import Reader  # noqa: E402

SEED = 20261122
MOST_BYTES = 3_000_000
FEW = ["mrope-qwen2vl", "mrope-i", "mhrope:mrope_section=1,1,2", "videorope", "hope",
       "circlerope-published"]
failures, quiet = [], False


def check(condition, what):
    if not condition:
        failures.append(what)
        if not quiet:
            print("FAILED:", what)


class Page(HTMLParser):
    """The drawn numbers: curves[map][(kind, axis)] = [(x, y text)], and what the page points at."""

    def __init__(self, text):
        super().__init__()
        self.map, self.panel, self.layout = None, None, None
        self.curves, self.dots, self.stretch, self.pointers, self.ids = {}, {}, {}, [], []
        self.unknown = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            if name in a and not a[name].startswith("#"):
                self.pointers.append(f"<{tag} {name}={a[name]}>")
        if tag in ("link", "iframe", "object", "embed", "img", "base", "image"):
            self.pointers.append(f"<{tag}>")
        if tag == "article" and "data-map" in a:
            self.map = int(a["data-map"])
        points = lambda: [tuple(p.split(",")) for p in a["points"].split(" ")]
        if tag == "polyline" and "data-curve" in a:
            self.curves.setdefault(self.map, {})[a["data-curve"], a["data-axis"]] = points()
        if tag == "polyline" and a.get("class", "").startswith("stretch"):
            self.stretch.setdefault(self.map, {})[a["data-axis"]] = points()
        if tag == "path" and "data-values" in a:
            drawn = [p.split(" ") for p in a["d"].split("M")[1:]]
            self.dots.setdefault(self.map, {})[a["data-axis"]] = [
                (int(k), float(y.removesuffix("h0")), value)
                for (k, y), value in zip(drawn, a["data-values"].split(" "), strict=True)]


def make(plumbline, folder, name, arguments):
    html, data = os.path.join(folder, name + ".html"), os.path.join(folder, name + ".json")
    start, before = time.monotonic(), os.times()
    subprocess.run([plumbline, "spectrum", *arguments, "--html", html, "--json", data,
                    "--csv", os.path.join(folder, name + ".csv"),
                    "--h5", os.path.join(folder, name + ".h5")],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    seconds = (time.monotonic() - start, after.children_user + after.children_system
               - before.children_user - before.children_system)
    with open(html, encoding="utf-8") as text, open(data, encoding="utf-8") as numbers:
        return html, text.read(), json.load(numbers), seconds


def static_checks(text, page):
    check(not page.pointers, f"the page points outside: {page.pointers[:3]}")
    for word in ("url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket", "import(", "sendBeacon",
                 "http://", "https://"):
        at = text.replace("http://www.w3.org/2000/svg", "").find(word)
        check(at < 0, f"the page holds {word!r}: {text[max(0, at - 40):at + 60]!r}")


def equal_numbers(page, report):
    """Every number of every curve in the SVG is the number in the JSON, and none is missing."""
    offsets = [o for o in report["offsets"] if o > 0]
    skip = len(report["offsets"]) - len(offsets)
    compared = 0
    for index, one in enumerate(report["maps"]):
        if "missing" in one:
            check(index not in page.curves, f"map {index} is drawn although it has no numbers")
            continue
        drawn, wanted = page.curves[index], {}
        for axis in one["axes"]:
            for kind in ("embedded", "restricted", "kernel", "preference"):
                wanted[kind, axis["axis"]] = axis[kind]
        wanted["preference", "*"] = one["preference"]
        check(drawn.keys() == wanted.keys(), f"map {index}: curves {drawn.keys() ^ wanted.keys()}")
        for key in wanted:
            points = drawn[key]
            check(len(points) == len(offsets), f"map {index} {key}: {len(points)} points")
            for (x, y), offset, value in zip(points, offsets, wanted[key][skip:]):
                compared += 1
                check(float(y) == value, f"map {index} {key} at {offset}: drawn {y}, JSON {value}")
                check(abs(float(x) - math.log10(offset)) <= 5.1e-6, f"map {index} {key}: x {x}")
        for axis in one["axes"]:
            turning = [(k, w) for k, w in zip(axis["channels"], axis["wavelength"]) if w is not None]
            dots = page.dots[index][axis["axis"]]
            check(len(dots) == len(turning), f"map {index} {axis['axis']}: {len(dots)} dots")
            for (k, y, text), (channel, w) in zip(dots, turning):
                compared += 1
                check(k == channel and float(text) == w and abs(y - math.log10(w)) <= 1e-6,
                      f"map {index} {axis['axis']} channel {channel}: drawn {y}, {text}, JSON {w}")
        for method in one["extension"]:
            points = page.stretch[index][method["method"]]
            check([(int(x), float(y)) for x, y in points] == list(enumerate(method["ratio"])),
                  f"map {index}: {method['method']} is drawn otherwise")
            compared += len(points)
    return compared


# What is drawn, one pattern for each kind: a digit at the start of a number that the page shows.
DRAWN = [r'class="curve a\w" data-curve=\w+ data-axis="." points="[^"]*? [\d.]+,\d*?(\d)\d*\.', r'd="M\d+ (\d)\.\d+h0',
         r'data-values="(\d)', r'class="stretch s-yarn"[^>]*,\d\.(\d)', r'class="horizon z\d" points="\d+,(\d)',
         r"<path class=context d=\"M26 (\d)", r">context (\d)", r"translate\([\d.]+ (\d)",
         r"scale\((\d)", r"<text class=tick text-anchor=end x=\d+ y=(\d)", r'<path class="f aw" d="M(\d)',
         r"<text x=\d+ y=\d+>(\d)", r'<path class="c3" d="M(\d)', r'<path class=after d="M(\d)',
         r"<rect class=overlap x=(\d)", r"<text x=192 y=13>(\d)", r"gap after</th><td>\((\d)",
         r"per-token distance</th><td>(\d)", r"ids taken</th><td>(\d)", r'class="arrow split still" d="M[^L]*L(\d)',
         r'class="tip still" cx=(\d)', r"split, still</th><td>\((\d)", r"<span class=at>(\d)", r"--p:(\d)",
         r"class=share data-v=(\d)", r"class=share [^>]*>(\d)", r"<title>Δ = (\d)", r'<rect class="f ah" x=(\d)',
         r"up to Δ = (\d)", r"of (\d)\d* offsets", r"</div></td><td>(\d)\.", r"(\d)\.\d+ at \d+</td></tr>",
         r"class=counts><span class=at>T (\d)", r'class=vV title="[^"]*?(\d)', r"<code>\[(\d)",
         r"<th>1000</th><td>(\d)", r"λ max.*?<tr><th class=at>T</th><td>(\d)", r'<article class=map data-map=\d data-rows="(\d)',
         r'class=layout data-layout=\d data-rows="(\d)', r'<figure data-rows="(\d)']


def read_back(text, report):
    """Compares everything that the page draws; how much that was."""
    return equal_numbers(Page(text), report) + Reader(text, report, check).read()


def tampered(text, report):
    """One digit of each kind of drawn thing changed: the comparison notices every one. How many."""
    global quiet
    lottery = random.Random(SEED)
    kept, quiet, told = list(failures), True, []
    for pattern in DRAWN:
        at = lottery.choice([m.start(1) for m in re.finditer(pattern, text, re.S) if m[1]] or [-1])
        failures.clear()
        try:
            read_back(text[:at] + str((int(text[at]) + 5) % 10) + text[at + 1:], report)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, StopIteration):
            continue  # what no reader understands is noticed as well
        if not failures:
            told.append(f"nobody noticed another digit in {text[at - 60:at + 20]!r} ({pattern}), seed {SEED}")
    quiet = False
    failures[:] = kept
    for one in told:
        check(False, one)
    return len(DRAWN) - len(told)


class Arb:
    """Just enough of Arb, through its C library: balls of 200 bits."""

    BITS = 200

    def __init__(self):
        name = ctypes.util.find_library("flint-arb") or ctypes.util.find_library("arb")
        if name is None:
            raise FileNotFoundError("libflint-arb")
        self.lib = ctypes.CDLL(name)
        self.lib.arb_get_str.restype = ctypes.c_void_p
        self.lib.flint_free.argtypes = [ctypes.c_void_p] if hasattr(self.lib, "flint_free") else None

    def new(self, text="0"):
        x = ctypes.create_string_buffer(48)  # sizeof(arb_struct) on 64 bits
        self.lib.arb_init(x)
        if self.lib.arb_set_str(x, str(text).encode(), ctypes.c_long(self.BITS)) != 0:
            raise ValueError(text)
        return x

    def do(self, name, *arguments):
        out = self.new()
        getattr(self.lib, "arb_" + name)(out, *arguments, ctypes.c_long(self.BITS))
        return out

    def contains(self, ball, low, high):
        """Whether the ball lies inside [low, high], two exact decimals."""
        above = self.do("sub", ball, self.new(low))
        below = self.do("sub", self.new(high), ball)
        return bool(self.lib.arb_is_nonnegative(above)) and bool(self.lib.arb_is_nonnegative(below))

    def nearest(self, ball, value):
        """Whether `value` is within half an ulp of every number of the ball."""
        from decimal import Decimal, getcontext
        getcontext().prec = 1200
        half = Decimal(math.ulp(value)) / 2
        return self.contains(ball, str(Decimal(value) - half), str(Decimal(value) + half))


def by_arb(arb, report, samples):
    """A random sample recomputed from the formulas: only the base, the map and the offset are read."""
    lottery = random.Random(SEED)
    plain = [m for m in report["maps"] if "missing" not in m and m["spectrum"]["scaling"] == "default"
             and m["allocation"] in ("chunked", "interleaved", "fixed_interleaved", "per_head",
                                     "videorope_official", "videorope_original", "videorope_paper",
                                     "hope_official", "first_axis", "period_8", "period_16",
                                     "il_rope", "ernie", "four_ways")]
    for _ in range(samples):
        one = lottery.choice(plain)
        axis = lottery.choice(one["axes"])
        at = lottery.randrange(1, len(report["offsets"]))
        kind = lottery.choice(["embedded", "restricted", "kernel", "preference", "wavelength"])
        letters = next(m for m in one["axis_map"] if axis["axis"] in m)
        n = len(letters)
        base = arb.new(one["spectrum"]["params"]["base"])
        one_ball = arb.new(1)

        def theta(i):
            exponent = arb.do("div", arb.new(-i), arb.new(n))
            return arb.do("pow", base, exponent)

        if kind == "wavelength":
            k = lottery.randrange(len(axis["channels"]))
            pi = arb.new()
            arb.lib.arb_const_pi(pi, ctypes.c_long(arb.BITS))
            ball = arb.do("div", arb.do("mul", pi, arb.new(2)), theta(axis["channels"][k]))
            value = axis["wavelength"][k]
        else:
            offset = report["offsets"][at]
            re_all, im_all, re_own, im_own = (arb.new() for _ in range(4))
            embedded, restricted = arb.new(), arb.new()
            m = letters.count(axis["axis"])
            size = lambda re, im: arb.do("sqrt", arb.do("add", arb.do("mul", re, re), arb.do("mul", im, im)))
            for i, letter in enumerate(letters):
                if letter != axis["axis"]:
                    re_all = arb.do("add", re_all, one_ball)
                else:
                    phi = arb.do("mul", theta(i), arb.new(offset))
                    c, s = arb.do("cos", phi), arb.do("sin", phi)
                    re_all, im_all = arb.do("add", re_all, c), arb.do("add", im_all, s)
                    re_own, im_own = arb.do("add", re_own, c), arb.do("add", im_own, s)
                    restricted = arb.do("add", restricted, size(re_own, im_own))
                embedded = arb.do("add", embedded, size(re_all, im_all))
            ball = {"embedded": lambda: arb.do("div", embedded, arb.new(n)),
                    "restricted": lambda: arb.do("div", restricted, arb.new(m * (m + 1) // 2)),
                    "kernel": lambda: arb.do("div", re_own, arb.new(m)),
                    "preference": lambda: arb.do("div", arb.do("add", re_own, arb.new(n - m)), arb.new(n)),
                    }[kind]()
            value = axis[kind][at]
        check(arb.nearest(ball, value),
              f"Arb disagrees: {one['allocation']} {axis['axis']} {kind}, seed {SEED}: {value!r}")


def same_in_other_files(report, folder, name):
    """The CSV and the HDF5 file hold the JSON's curves."""
    import h5py
    wanted = {}
    for index, one in enumerate(report["maps"]):
        for axis in one["axes"]:
            for kind in ("embedded", "restricted", "kernel", "preference"):
                wanted[f"map-{index}", f"{axis['axis']}.{kind}"] = axis[kind]
    seen = {}
    with open(os.path.join(folder, name + ".csv"), encoding="utf-8") as lines:
        check(next(lines) == "group,quantity,index,x,value\n", "the heading of the CSV")
        for line in lines:
            group, quantity, _, _, value = line.rstrip("\n").split(",")
            seen.setdefault((group, quantity), []).append(float(value))
    with h5py.File(os.path.join(folder, name + ".h5")) as file:
        for (group, quantity), values in wanted.items():
            check(seen.get((group, quantity)) == values, f"CSV {group} {quantity}")
            check(list(file[f"cases/{group}/f64/{quantity}"]) == values, f"HDF5 {group} {quantity}")
        check(len(seen) == sum(len(case["f64"]) for case in file["cases"].values()),
              "the CSV and the HDF5 file hold the same lists")


def in_browser(browser, path, report, shots, name):
    browser.media("light")
    browser.open(path)
    requests = browser.requests()
    check(requests == ["file://" + os.path.abspath(path)], f"requests: {requests}")
    count = len(report["schemes"])

    # Switches: a hidden scheme takes with it what only it spoke of, and nothing else.
    browser.evaluate("document.querySelector('details.chooser').open = true; 0")
    for index in (0, count - 1):
        browser.evaluate(f"document.querySelector('[data-scheme=\"{index}\"]').click()")
        off = browser.evaluate("[...document.querySelectorAll('.compare tbody tr')].filter("
                               "r => r.classList.contains('off')).map(r => +r.dataset.rows)")
        check(off == [index], f"{name}: hiding scheme {index} hid rows {off}")
        for kind, list_name in (("map", "maps"), ("layout", "layouts")):
            gone = browser.evaluate(f"[...document.querySelectorAll('article.{kind}.off')].map("
                                    f"e => +e.dataset.{kind})")
            wanted = [i for i, one in enumerate(report[list_name]) if one["schemes"] == [index]]
            check(gone == wanted, f"{name}: hiding scheme {index} hid {kind}s {gone}, not {wanted}")
        browser.evaluate(f"document.querySelector('[data-scheme=\"{index}\"]').click()")
    browser.evaluate("document.getElementById('none').click()")
    shown = browser.evaluate("[...document.querySelectorAll('[data-rows]')].filter("
                             "e => e.getClientRects().length).length")
    check(shown == 0, f"{name}: {shown} elements stay when no scheme is on")
    browser.evaluate("document.getElementById('all').click()")
    check(browser.evaluate("document.querySelectorAll('[data-rows].off').length") == 0,
          f"{name}: all brings everything back")
    browser.evaluate("document.querySelector('[data-hide-axis=t]').click()")
    check(browser.evaluate("getComputedStyle(document.querySelector('polyline.curve.at')).display") ==
          "none", f"{name}: the switch of axis T")
    browser.evaluate("document.querySelector('[data-hide-axis=t]').click()")

    # A pointer over a panel reads the JSON's number for the nearest offset.
    index = next(i for i, one in enumerate(report["maps"]) if "missing" not in one)
    where = browser.evaluate(
        "(() => { document.documentElement.style.scrollBehavior = 'auto';"
        f"const p = document.querySelector('[data-map=\"{index}\"] .k-kernel');"
        "p.scrollIntoView({block: 'center'}); const frame = () => new Promise(requestAnimationFrame);"
        "return frame().then(frame).then(() => { const r = p.getBoundingClientRect();"
        "return [r.left + .6 * r.width, r.top + r.height / 2, r.left + .4 * r.width]; }); })()")
    for x in (where[0], where[2]):
        browser.mouse("mouseMoved", x, where[1])
        text = browser.evaluate("document.getElementById('tip').hidden ? '' : "
                                "document.getElementById('tip').textContent")
        lines = text.split("\n")
        check(lines[0].startswith("Δ = "), f"{name}: the tip says {text!r}")
        if not lines[0].startswith("Δ = "):
            continue
        at = report["offsets"].index(int(lines[0][4:]))
        rule = browser.evaluate("document.querySelector('[data-map=\"%d\"] .k-kernel .cross')"
                                ".getBoundingClientRect().left" % index)
        check(abs(rule - x) < 8 or len(report["offsets"]) < 20,
              f"{name}: the rule is at {rule}, the pointer at {x}")
        for line, axis in zip(lines[1:], report["maps"][index]["axes"], strict=True):
            letter, value = line.split()
            check(letter == axis["axis"] and
                  abs(float(value) - axis["kernel"][at]) <= 1e-5 * abs(axis["kernel"][at]) + 1e-12,
                  f"{name}: the tip says {line!r}, the JSON {axis['kernel'][at]}")
    marks = browser.evaluate("document.querySelectorAll('.mark').length")
    check(marks > 1, f"{name}: {marks} panels are marked, not all in sight")

    # The same by keyboard, then the panel enlarged, zoomed and closed.
    browser.evaluate(f"document.querySelector('[data-map=\"{index}\"] .k-kernel').focus()")
    before = browser.evaluate("document.getElementById('tip').textContent")
    if len(report["offsets"]) > 2:
        browser.key("ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
        check(browser.evaluate("document.getElementById('tip').textContent") != before,
              f"{name}: the arrow key moves the reading")
    browser.key("Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    check(browser.evaluate("document.getElementById('zoom').open"), f"{name}: Enter enlarges a panel")
    width = "document.querySelector('#zoom svg').viewBox.baseVal.width"
    full = browser.evaluate(width)
    browser.key("+", text="+")
    check(browser.evaluate(width) < full, f"{name}: + zooms")
    if shots:
        browser.screenshot(os.path.join(shots, f"{name}-zoom.png"))
    browser.evaluate("document.getElementById('zoom').close()")

    # Sorting by a number orders by that number.
    order = browser.evaluate(
        "(() => { const t = document.querySelector('.compare'), n = t.tHead.rows[0].cells.length - 1;"
        "t.tHead.rows[0].cells[n].click(); return [...t.tBodies[0].rows].map(r => +r.cells[n].dataset.v); })()")
    check(order == sorted(order, reverse=True), f"{name}: sorted {order}")

    # Nothing is cut off or runs over: no page-wide scrolling, and labels of curves stay apart.
    check(browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name}: too wide")
    close = browser.evaluate(
        "[...document.querySelectorAll('.panel')].filter(p => { const ys = [...p.querySelectorAll('.end')]"
        ".map(t => +t.getAttribute('y')).sort((a, b) => a - b);"
        "return ys.some((y, i) => i && y - ys[i - 1] < 9); }).length")
    check(close == 0, f"{name}: labels of {close} panels overlap")
    unnamed = browser.evaluate("[...document.querySelectorAll('svg[role=img]')].filter("
                               "s => !s.getAttribute('aria-label') && !s.querySelector('title')).length")
    check(unnamed == 0, f"{name}: {unnamed} pictures have no name")

    for scheme in ("light", "dark"):
        browser.media(scheme)
        colours = browser.evaluate("[getComputedStyle(document.body).backgroundColor,"
                                   "getComputedStyle(document.body).color]")
        light = [sum(map(int, re.findall(r"\d+", c)[:3])) for c in colours]
        check((light[0] > light[1]) == (scheme == "light"), f"{name}: {scheme} is {colours}")
        if shots:
            for section in ("compare", "claims", "maps", "extension", "layouts", "motion", "conformance"):
                browser.evaluate(f"document.getElementById('{section}').scrollIntoView()")
                browser.screenshot(os.path.join(shots, f"{name}-{scheme}-{section}.png"))
    browser.media("light", "print")
    bar = browser.evaluate("getComputedStyle(document.querySelector('nav')).display")
    check(bar == "none", f"{name}: the bar is printed")
    if shots:
        browser.print(os.path.join(shots, f"{name}.pdf"))
    complaints = browser.complaints()
    check(not complaints, f"{name}: the console says {complaints[:3]}")
    check(len(browser.requests()) == 1, f"{name}: requests {browser.requests()}")


def main():
    plumbline = sys.argv[1]
    options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
    shots, limit = options.get("--shots"), options.get("--seconds")
    print("seed", SEED)
    try:
        arb, browser = Arb(), Browser()
    except FileNotFoundError as missing:
        print(f"skipped: {missing} is not installed")
        return 77
    try:
        with tempfile.TemporaryDirectory() as folder:
            few = [word for scheme in FEW for word in ("--scheme", scheme)]
            for name, arguments in (("few", ["--model", "qwen2-vl-7b", *few]),
                                    ("all", ["--model", "qwen2-vl-7b", "--scheme", "all"]),
                                    ("small", ["--scheme", "mrope-i", "--set", "head_dim=6", "--set",
                                               "mrope_section=1,1,1", "--context", "1"])):
                path, text, report, seconds = make(plumbline, folder, name, arguments)
                page = Page(text)
                static_checks(text, page)
                compared = read_back(text, report)
                check(compared > 0, f"{name}: nothing compared")
                if name == "few":
                    print(f"{tampered(text, report)} of {len(DRAWN)} changed digits noticed")
                size = len(text.encode())
                print(f"{name}: {len(report['schemes'])} schemes, {size} bytes in {seconds[0]:.1f} s "
                      f"({seconds[1]:.1f} s of processor time), {compared} comparisons of what is drawn with the JSON")
                check(size < MOST_BYTES, f"{name}: {size} bytes")
                if limit:
                    check(seconds[1] < float(limit), f"{name}: {seconds[1]} s of processor time")
                in_browser(browser, path, report, shots, name)
                same_in_other_files(report, folder, name)
                if name != "small":
                    by_arb(arb, report, 60)
    finally:
        browser.close()
    print("failed" if failures else "passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
