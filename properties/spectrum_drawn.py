# SPDX-License-Identifier: Apache-2.0
"""Everything on the spectrum page that is not a curve, read back and held against the JSON.

Horizon lines, axis strips, scales, context rules, id grids and lines, tables, ribbons, arrows. Positions on the
page must be within what one printed digit of a coordinate is worth; a printed number within half its last digit.
"""
import collections
import math
import re

from page_tree import Tree, number_is, tuple_is

PIXEL = 0.0501  # pixels are written with one digit
POWERS = {"1": 0, "10": 1, **{"10" + digit: at for at, digit in enumerate("²³⁴⁵⁶⁷⁸⁹", 2)}}
TIE = "a tie"


def axis_of(classes):
    """t, h, w, x or n of the class that colours an axis."""
    return next(c[1] for c in classes if re.fullmatch("a[thwxn]", c))


def colour(letter):
    return {"T": "t", "0": "t", "H": "h", "1": "h", "W": "w", "2": "w", "3": "x"}.get(letter, "n")


class Reader:
    """One page against its report. `check(condition, what)` is told of every comparison; `compared` counts them."""

    def __init__(self, text, report, check):
        self.report, self.root, self.compared, self.tell = report, Tree(text).root, 0, check

    def check(self, condition, what):
        self.compared += 1
        self.tell(condition, what)

    def read(self):
        section = {n["id"]: n for n in self.root.all("section")}
        maps, layouts = section["maps"].all("article", "map"), section["layouts"].all("article", "layout")
        self.check(len(maps) == len(self.report["maps"]), "as many maps")
        self.check(len(layouts) == len(self.report["layouts"]), "as many layouts")
        for at, (node, one) in enumerate(zip(maps, self.report["maps"])):
            self.heading(node, one, one["allocation"], f"map {at}")
            if "missing" not in one:
                self.map(node, one, f"map {at}")
        for at, (node, one) in enumerate(zip(layouts, self.report["layouts"])):
            self.heading(node, one, f"{one['layout']}, {one['advance']}", f"layout {at}")
            self.layout(node, one, f"layout {at}")
        self.motion(section["motion"])
        self.comparison(section["compare"])
        self.claims(section["claims"])
        if "extension" in section:
            self.extension(section["extension"])
        self.conformance(section["conformance"])
        return self.compared

    def heading(self, node, one, title, what):
        self.check([int(r) for r in node["data-rows"].split()] == one["schemes"], f"{what}: rows")
        self.check(node.one("h3").text == title, f"{what}: heading {node.one('h3').text}")
        self.names(node.one("header"), one["schemes"], what)

    def names(self, node, rows, what):
        shown = [n.text for n in node.all("span") if "data-rows" in n.attributes]
        self.check(shown == [self.report["schemes"][r]["title"] for r in rows], f"{what}: names {shown}")

    # Maps

    def map(self, node, one, what):
        self.strip(node.all("svg", "strip")[0], one["axis_map"], what)
        for panel in node.all("svg", "panel"):
            self.scales(panel, one, f"{what} {panel['data-kind']}")
        self.channels(node.one("svg", "k-channels"), one, what)
        self.numbers(node.one("details", "numbers"), one, what)

    def strip(self, svg, axis_map, what):
        rows = [row for i, row in enumerate(axis_map) if i == 0 or row != axis_map[i - 1]]
        drawn = {}
        for path in svg.all("path"):
            for x, y, length, back in re.findall(r"M(\d+) (\d+)h(\d+)v\.86h-(\d+)z", path["d"]):
                self.check(length == back, f"{what}: strip {path['d'][:20]}")
                for i in range(int(x), int(x) + int(length)):
                    drawn[int(y), i] = axis_of(path.classes)
        wanted = {(y, i): colour(letter) for y, row in enumerate(rows) for i, letter in enumerate(row)}
        self.check(drawn == wanted, f"{what}: the strip of axes")
        self.check(svg["viewbox"] == f"0 0 {len(rows[0])} {len(rows)}", f"{what}: size of the strip")

    @staticmethod
    def to_pixels(panel):
        sx, sy = 0, 0
        found = re.fullmatch(r"translate\((\S+) (\S+)\) scale\((\S+) (\S+)\)", panel.one("g")["transform"])
        x0, y0, sx, sy = (float(v) for v in found.groups())
        return lambda x: x0 + sx * x, lambda y: y0 + sy * y

    def scales(self, panel, one, what):
        """A tick stands where its label says."""
        px, py = self.to_pixels(panel)
        kind, pairs = panel["data-kind"], len(one["axis_map"][0])
        top = (pairs + 1) / 2 if kind == "embedded" else 1
        lines = panel.one("path", "grid")["d"]
        rules = [float(y) for y in re.findall(r"M26 ([\d.]+)H", lines)]
        marks = [float(x) for x in re.findall(r"M([\d.]+) 122v3", lines)]
        ticks = panel.all("text", "tick")
        left = [t for t in ticks if t["text-anchor"] == "end"]
        below = [t for t in ticks if t["text-anchor"] == "middle"]
        self.check(len(rules) == len(left) and len(marks) == len(below) > 0, f"{what}: ticks")
        for tick, rule in zip(left, rules):
            value = POWERS[tick.text] if kind == "channels" else .5 if tick.text == "½" else float(tick.text)
            if kind == "stretch" and value not in (0, 1):
                value = 1 / self.report["factor"]
                self.check(number_is(tick.text, value), f"{what}: label {tick.text}")
            self.check(abs(py(value * top) - rule) <= PIXEL and abs(float(tick["y"]) - rule - 3) <= 2 * PIXEL,
                       f"{what}: {tick.text} at {rule}")
        for tick, mark in zip(below, marks):
            value = int(tick.text) if kind in ("channels", "stretch") else POWERS[tick.text]
            self.check(abs(px(value) - mark) <= PIXEL and float(tick["x"]) == mark, f"{what}: {tick.text} at {mark}")

    def channels(self, panel, one, what):
        _, py = self.to_pixels(panel)
        context = self.report["context"]
        rule = float(re.fullmatch(r"M26 ([\d.]+)H264", panel.one("path", "context")["d"])[1])
        self.check(abs(py(math.log10(context)) - rule) <= PIXEL, f"{what}: the context's rule at {rule}")
        shade = panel.one("rect", "beyond")
        self.check(abs(float(shade["y"]) + float(shade["height"]) - rule) <= 2 * PIXEL, f"{what}: shade")
        notes = [n.text for n in panel.all("text", "note")]
        silent = [f"{one['unrotated']} pairs never turn"] if one["unrotated"] else []
        self.check(notes == [f"context {context}"] + silent, f"{what}: notes {notes}")
        for at, kind in enumerate(self.report["horizons"]):
            drawn = set()
            for line in panel.all("polyline", "horizon", f"z{at}"):
                drawn |= {tuple(p.split(",")) for p in line["points"].split()}
            wanted = {(str(c), f"{math.log10(max(1, h)):.4f}") for axis in one["axes"]
                      for c, h, w in zip(axis["channels"], axis["horizon"][kind["name"]], axis["wavelength"])
                      if w is not None}
            self.check(drawn == (wanted if at else set()), f"{what}: horizon {kind['name']}: {drawn ^ wanted}")

    def numbers(self, node, one, what):
        axes, decay = node.all("table")
        for row, axis in zip(axes.one("tbody").children("tr"), one["axes"], strict=True):
            cells = [c.text for c in row.children("td")]
            where = f"{what} {axis['axis']}: {cells}"
            self.check(row.one("th").text == axis["axis"], where)
            channels, turning = axis["channels"], axis["first_negative"]
            self.check(cells[0] == str(len(channels)) and cells[1] == f"{channels[0]}–{channels[-1]}", where)
            self.check(cells[2] == str(axis["hole"]) and cells[8] == str(axis["longer_than_context"]), where)
            for cell, key in ((3, "lambda_min"), (4, "lambda_max"), (7, "monotone_range")):
                self.check(number_is(cells[cell], axis[key]), f"{where} {key} {axis[key]}")
            for cell, key in ((5, "exponent_coverage"), (6, "mean_channel")):
                self.check(number_is(cells[cell], axis[key], 4), f"{where} {key} {axis[key]}")
            self.check(cells[9] == (f"none to {one['scanned']}" if turning is None else str(turning)), where)
        shown = [o for o in self.report["offsets"] if o == 0 or math.log10(o) == int(math.log10(o))]
        for row, offset in zip(decay.one("tbody").children("tr"), shown, strict=True):
            at = self.report["offsets"].index(offset)
            values = [axis[k][at] for axis in one["axes"] for k in ("embedded", "restricted", "kernel")]
            cells = [c.text for c in row.children("td")]
            self.check(row.one("th").text == str(offset) and len(cells) == len(values) + 1 and all(
                number_is(c, v, 6) for c, v in zip(cells, values + [one["preference"][at]])),
                f"{what}: decay at {offset}: {cells}")

    # Layouts

    def layout(self, node, one, what):
        figures = node.all("figure")
        drawn = [p for p in one["pictures"] if "missing" not in p]
        missing = [f"{p['name']}: {p['missing']}" for p in one["pictures"] if "missing" in p]
        self.check([n.text for n in node.all("p", "missing")] == missing, f"{what}: missing pictures")
        for figure, picture in zip(figures, drawn, strict=True):
            self.check(figure.one("figcaption").text == f"{picture['name']} {picture['notation']}",
                       f"{what}: caption")
            for axis, row in enumerate(figure.all("div", "axisrow")):
                where = f"{what} {picture['name']} {one['letters'][axis]}"
                self.check(row.one("b").text == one["letters"][axis], where)
                ids = picture["position_ids"][axis]
                self.grid(row.one("svg", "ids"), picture["cells"], ids, where)
                lines = row.all("svg", "idline")
                wanted = picture["name"] == "image" and bool(one.get("metrics"))
                self.check(len(lines) == wanted, f"{where}: line of ids")
                if lines:
                    self.id_line(lines[0], picture["cells"], ids, one["metrics"]["image"]["overlap"][axis], where)
            self.check(len(figure.all("div", "axisrow")) == len(one["letters"]), f"{what}: axes")
        tables = node.all("table", "metrics")
        self.check(len(tables) == bool(one.get("metrics")), f"{what}: table of gaps")
        if tables:
            self.metrics(tables[0], one["metrics"], what)

    def grid(self, svg, cells, ids, what):
        blocks = [(t, h, w, x) for (block, t, h, w), x in zip(cells, ids) if block >= 0]
        frames, columns = 1 + max(b[0] for b in blocks), 1 + max(b[2] for b in blocks)
        size = ((int(svg["width"]) + 6) // frames - 6) // columns
        least, most = min(b[3] for b in blocks), max(b[3] for b in blocks)
        texts = {(int(n["x"]), int(n["y"])): n.text for n in svg.all("text")}
        shades = {}
        for path in svg.all("path"):
            for x, y in re.findall(rf"M(\d+) (\d+)h{size - 1}v13h-{size - 1}z", path["d"]):
                shades[int(x), int(y)] = path["class"]
        self.check(len(texts) == len(shades) == len(blocks), f"{what}: {len(texts)} cells")
        for t, h, w, x in blocks:
            left, top = t * (columns * size + 6) + w * size, h * 14
            text = texts.get((left + size // 2, top + 10), "")
            exact = bool(re.fullmatch(r"-?\d+(\.\d+)?", text)) and (
                float(text) == x or (re.fullmatch(r"-?\d+\.\d\d", text) and abs(float(text) - x) <= .00501))
            self.check(exact, f"{what}: cell {t},{h},{w} says {text!r}, JSON {x}")
            shade = math.floor((x - least) / (most - least) * 5 + .5) if most > least else 0
            self.check(shades.get((left, top)) == f"c{shade}", f"{what}: shade of cell {t},{h},{w}")

    def id_line(self, svg, cells, ids, overlap, what):
        least, most = min(ids), max(ids)
        x = lambda value: 6 + ((value - least) / (most - least) if most > least else 0) * 180  # noqa: E731
        groups = {"before": [], "visual": [], "after": []}
        for (block, *_), value in zip(cells, ids):
            groups["visual" if block >= 0 else "after" if groups["visual"] else "before"].append(value)
        for name, values in groups.items():
            drawn = [float(at) for at, _ in re.findall(r"M(-?[\d.]+) (11v6|9v-6)", svg.one("path", name)["d"])]
            self.check(len(drawn) == len(values) and all(abs(d - x(v)) <= PIXEL for d, v in zip(drawn, values)),
                       f"{what}: ids {name} on the line")
        ends = svg.one("text").text
        self.check(ends == f"{least:.4g}–{most:.4g}", f"{what}: ends {ends}")
        band = svg.all("rect", "overlap")
        self.check(len(band) == (overlap > 0), f"{what}: band of shared ids")
        if band:
            first, last = min(groups["after"]), max(groups["visual"])
            self.check(abs(float(band[0]["x"]) + 2 - x(first)) <= PIXEL, f"{what}: the band's start")
            end = float(band[0]["x"]) + float(band[0]["width"]) - 2
            single = min(groups["after"]) == max(groups["after"])
            self.check(abs(end - x(first if single else last)) <= 2 * PIXEL, f"{what}: the band's end")

    def metrics(self, table, metrics, what):
        rows = [row.children("td") for row in table.one("tbody").children("tr")]
        names = [n.text for n in table.one("thead").all("th")][1:]
        self.check(sorted(names) == sorted(metrics), f"{what}: {names}")
        for column, name in enumerate(names):
            m = metrics[name]
            cell = [row[column].text for row in rows]
            taken = re.fullmatch(r"(\S+) for (\d+) tokens", cell[0])
            self.check(number_is(taken[1], m["growth"]) and int(taken[2]) == m["tokens"], f"{what}: {cell[0]}")
            for at, key in ((1, "gap_before"), (2, "gap_after"), (3, "asymmetry")):
                self.check(tuple_is(cell[at], m[key], 2), f"{what}: {key} {cell[at]}, JSON {m[key]}")
            self.check(tuple_is(cell[4], m["overlap"], 0), f"{what}: shared {cell[4]}")
            self.check(cell[5] == str(m["injectivity_defect"]), f"{what}: lost {cell[5]}")
            self.check(number_is(cell[6], m["token_distance"], 4), f"{what}: distance {cell[6]}")

    def motion(self, section):
        figures = section.all("figure")
        wanted = [(None, pair["title"], pair["motion"]) for pair in self.report["reset_pair"]]
        wanted += [(one["schemes"], None, one["motion"]) for one in self.report["layouts"] if one["motion"]]
        self.check(len(figures) == len(wanted), "as many pictures of motion")
        for figure, (rows, title, motion) in zip(figures, wanted):
            what = f"motion of {title or rows}"
            if title:
                self.check(figure.one("figcaption").text == title, what)
            else:
                self.check([int(r) for r in figure["data-rows"].split()] == rows, what)
                self.names(figure.one("figcaption"), rows, what)
            self.arrows(figure.one("svg", "arrows"), motion, what)
            cells = {row.one("th").text: row.one("td").text for row in figure.one("table").all("tr")}
            self.check(cells.keys() == {f"{n}, {k}" for n in motion for k in ("still", "moving")}, what)
            for name, moves in motion.items():
                for kind, values in moves.items():
                    self.check(tuple_is(cells[f"{name}, {kind}"], values, 2), f"{what}: {name} {kind} {values}")

    def arrows(self, svg, motion, what):
        ends = [v[a] for moves in motion.values() for v in moves.values() for a in range(min(2, len(v)))]
        unit = 92 / (max([1, *ends]) - min([0, *ends]))
        x0, y0 = 20 - min([0, *ends]) * unit, 112 + min([0, *ends]) * unit
        for name, moves in motion.items():
            for kind, values in moves.items():
                path = next(p for p in svg.all("path", "arrow", name) if ("still" in p.classes) == (kind == "still"))
                found = re.fullmatch(r"M(\S+) (\S+)L(\S+) (\S+)", path["d"])
                drawn = [float(v) for v in found.groups()]
                up = values[1] if len(values) > 1 else 0
                right = [x0, y0, x0 + unit * values[0], y0 - unit * up]
                self.check(all(abs(a - b) <= PIXEL for a, b in zip(drawn, right)), f"{what}: {name} {kind} {drawn}")
                tip = svg.parts[svg.parts.index(path) + 1]
                self.check((tip["cx"], tip["cy"]) == found.groups()[2:], f"{what}: tip of {name} {kind}")

    # Tables

    def comparison(self, section):
        rows = section.one("table", "compare").one("tbody").children("tr")
        offsets, maps = self.report["offsets"], self.report["maps"]
        at = offsets.index(1000) if 1000 in offsets else len(offsets) - 1
        yard = self.report["claims"][0]["spread_embedded"]
        yard = yard[at] if yard else 0
        most = {"widest": max((m.get("widest", {}).get("value", 0) for m in maps), default=0),
                "spread": max((m["spread_embedded"][at] for m in maps if m["spread_embedded"]), default=0)}
        growth = list(self.report["schemes"][0]["growth"])
        for name in growth:
            most[name] = max(s["growth"][name] or 0 for s in self.report["schemes"])
        self.check(len(rows) == len(self.report["schemes"]), "a row for each scheme")
        heads = [n.text for n in section.one("thead").all("th")]
        self.check(heads[9:9 + len(growth)] == [h for n in growth for h in heads if h.endswith(", " + n)], "heads")
        for row, scheme in zip(rows, self.report["schemes"]):
            what = f"comparison, {scheme['title']}"
            head, cells = row.one("th"), row.children("td")
            self.check(head.text == scheme["title"] + (" *" if scheme["note"] else ""), what)
            self.check((head.attributes.get("title") or "") == scheme["note"], f"{what}: note")
            one = maps[scheme["map"]]
            if "missing" in one:
                self.check(all(c.text == "–" for c in cells[:8]), f"{what}: no numbers")
            else:
                self.strip(cells[0].one("svg"), one["axis_map"], what)
                self.trios(cells, one, what)
                widest = one.get("widest")
                self.share(cells[6], widest and widest["value"], 3, most["widest"], what)
                spread = one["spread_embedded"][at] / yard if len(one["axes"]) > 1 and yard > 0 else None
                self.share(cells[7], spread, 3, most["spread"] / yard if yard > 0 else 0, what)
            for cell, name in zip(cells[8:], growth):
                self.share(cell, scheme["growth"][name], None, most[name], f"{what}: {name}")
            after = cells[8 + len(growth):]
            image = self.report["layouts"][scheme["layout"]].get("metrics") or {}
            shared = max(image["image"]["overlap"]) if "image" in image else 0 if image else None
            self.check(after[0].text == ("–" if shared is None else str(shared)), f"{what}: shared ids")
            verdicts = [f["verdict"] for f in scheme["criteria"].values()]
            full = scheme["full_spectrum"]
            self.check(after[1].text == full["verdict"] and after[1].attributes.get("title") == full.get("reason"),
                       f"{what}: full spectrum {after[1].text}")
            self.check(after[2].text == f"{verdicts.count('holds')} / {verdicts.count('violated')}",
                       f"{what}: {after[2].text}")

    def trios(self, cells, one, what):
        context, axes = self.report["context"], {a["axis"]: a for a in one["axes"]}
        kinds = [(1, lambda a: len(a["channels"])), (2, lambda a: (a["lambda_max"] or math.inf) / context),
                 (3, lambda a: a["hole"]), (4, lambda a: a["longer_than_context"]), (5, lambda a: a["first_negative"])]
        for column, value in kinds:
            spans = cells[column].all("span")
            shown = dict(zip("THW" if len(spans) == 3 and set(axes) <= set("THW") else axes, spans, strict=True))
            for letter, span in shown.items():
                where = f"{what}: column {column + 1}, axis {letter}, {span.text}"
                self.check(axis_of(span.classes) == colour(letter), where)
                if letter not in axes:
                    self.check(span.text == "–", where)
                elif column == 5 and value(axes[letter]) is None:
                    self.check(span.text == "none", where)
                elif column == 2:
                    self.check(number_is(span.text, value(axes[letter])), where)
                else:
                    self.check(span.text == str(value(axes[letter])), where)

    def share(self, cell, value, decimals, most, what):
        if value is None:
            self.check(cell.text == "–", f"{what}: {cell.text}")
            return
        self.check(number_is(cell.text.replace(" ", ""), value, decimals), f"{what}: {cell.text}, JSON {value}")
        self.check(math.isclose(float(cell["data-v"]), value, rel_tol=1e-15), f"{what}: sorts as {cell['data-v']}")
        bar = re.fullmatch(r"--p:([\d.]+)%", cell.attributes.get("style") or "--p:-1%")
        if most > 0:
            self.check(bar and abs(float(bar[1]) - 100 * abs(value) / most) <= .0501, f"{what}: bar {cell['style']}")

    def claims(self, section):
        rows = iter(section.one("tbody").children("tr"))
        offsets = self.report["offsets"]
        shown = [i for i, o in enumerate(offsets) if o and math.log10(o) == int(math.log10(o))]
        for claim in self.report["claims"]:
            for reading in ("embedded", "restricted"):
                row, what = next(rows), f"claim {claim['title']} {reading}"
                lowest, ratio = claim["lowest_" + reading], claim["ratio_" + reading]
                cells = row.children("td")
                self.check(row.one("th").text == claim["title"] and cells[0].text == reading, what)
                self.ribbon(cells[1].one("svg"), lowest, what)
                self.runs(cells[1].one("div").text, lowest, what)
                for cell, i in zip(cells[2:], shown):
                    self.check(cell.text == "–" if ratio[i] is None else number_is(cell.text, ratio[i], 3),
                               f"{what}: ratio at {offsets[i]} {cell.text}")
                best = max((r for r in ratio[1:] if r is not None), default=None)
                last = cells[-1].text.split(" at ")
                self.check(len(cells) == 3 + len(shown), f"{what}: {len(cells)} cells")
                self.check(last == ["–"] if best is None else number_is(last[0], best, 3) and
                           ratio[offsets.index(int(last[1]))] == best, f"{what}: largest ratio {last}")
        self.check(next(rows, None) is None, "a row for each claim")

    def ribbon(self, svg, lowest, what):
        offsets = self.report["offsets"]
        far = math.log10(offsets[-1]) or 1e-9
        cells = svg.all("rect")
        self.check(len(cells) == len(lowest) - 1 if lowest else not cells, f"{what}: {len(cells)} cells")
        edges = [0.0] + [210 * (math.log10(a) + math.log10(b)) / far
                         for a, b in zip(offsets[1:], offsets[2:])] + [420.0]
        for i, cell in enumerate(cells, 1):
            word = TIE if lowest[i] == "=" else lowest[i]
            self.check(cell.one("title").text == f"Δ = {offsets[i]}: {word}" and
                       axis_of(cell.classes) == colour(lowest[i]), f"{what}: ribbon at {offsets[i]}")
            self.check(abs(float(cell["x"]) - edges[i - 1]) <= PIXEL and
                       abs(float(cell["width"]) - .3 - (edges[i] - edges[i - 1])) <= PIXEL,
                       f"{what}: ribbon's cell at {offsets[i]}")

    def runs(self, text, lowest, what):
        if len(lowest) < 2:
            self.check(text == "", f"{what}: {text}")
            return
        first = next((i for i, c in enumerate(lowest[1:], 1) if c != lowest[1]), len(lowest)) - 1
        word = lambda letter: TIE if letter == "=" else letter  # noqa: E731
        wanted = f"{word(lowest[1])} up to Δ = {self.report['offsets'][first]}"
        if first + 1 < len(lowest):
            counts = collections.Counter(lowest[1:])
            wanted += f"; of {len(lowest) - 1} offsets " + ", ".join(f"{word(c)} {counts[c]}" for c in sorted(counts))
        self.check(text == wanted, f"{what}: {text}, JSON {wanted}")

    def extension(self, section):
        table = section.one("table", "stretch")
        methods = [n.text for n in table.one("thead").all("th")][1:]
        rows = table.one("tbody").children("tr")
        wanted = [m for m in self.report["maps"] if m["extension"]]
        self.check(len(rows) == len(wanted), "a row for each map that is stretched")
        for row, one in zip(rows, wanted):
            what = f"stretch of {one['allocation']}"
            self.names(row.one("th"), one["schemes"], what)
            self.check([e["method"] for e in one["extension"]] == methods, f"{what}: {methods}")
            for cell, method in zip(row.children("td"), one["extension"], strict=True):
                shown = [s.text for s in cell.all("span")]
                counts = [f"{a} {n['untouched']}/{n['mixed']}/{n['interpolated']}" for a, n in method["counts"].items()]
                self.check(sorted(shown) == sorted(counts), f"{what}: {method['method']} {shown}")

    def conformance(self, section):
        table = section.one("table", "matrix")
        names = [n.text for n in table.one("thead").all("th")][1:]
        marks = {"holds": "H", "violated": "V", "conditional": "C"}
        rows, reasons = table.one("tbody").children("tr"), section.all("details", "reasons")
        for row, reason, scheme in zip(rows, reasons, self.report["schemes"], strict=True):
            what, criteria = f"conformance of {scheme['title']}", scheme["criteria"]
            self.check(sorted(names) == sorted(criteria), f"{what}: {names}")
            self.check(row.one("th").text == reason.one("summary").text == scheme["title"], what)
            for name, cell in zip(names, row.children("td"), strict=True):
                finding = criteria[name]
                mark = marks.get(finding["verdict"]) or ("~" if finding["verdict"] == "undecided" else "·")
                self.check(cell.text == mark and cell.attributes.get("title") == finding.get("counterexample"),
                           f"{what}: {name} {cell.text}")
            told = [(t.text, d.one("code").text) for t, d in zip(reason.all("dt"), reason.all("dd"), strict=True)]
            refuted = [(f"{n} {criteria[n]['verdict']}", criteria[n]["counterexample"]) for n in names
                       if "counterexample" in criteria[n]]
            self.check(told == refuted, f"{what}: reasons")
