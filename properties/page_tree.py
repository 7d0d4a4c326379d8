# SPDX-License-Identifier: Apache-2.0
"""A page as a tree of elements, and the numbers that people read on it."""
import math
import re
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img", "col"}


class Node:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.parts = tag, attributes, []

    def __getitem__(self, name):
        return self.attributes[name]

    @property
    def classes(self):
        return (self.attributes.get("class") or "").split()

    def walk(self):
        for part in self.parts:
            if isinstance(part, Node):
                yield part
                yield from part.walk()

    def all(self, tag, *classes):
        return [n for n in self.walk() if n.tag == tag and set(classes) <= set(n.classes)]

    def one(self, tag, *classes):
        found = self.all(tag, *classes)
        if len(found) != 1:
            raise ValueError(f"{len(found)} elements {tag} {classes}")
        return found[0]

    def children(self, tag):
        return [p for p in self.parts if isinstance(p, Node) and p.tag == tag]

    @property
    def text(self):
        return "".join(p if isinstance(p, str) else p.text for p in self.parts)


class Tree(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        node = Node(tag, dict(attributes))
        self.open[-1].parts.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attributes):
        self.open[-1].parts.append(Node(tag, dict(attributes)))

    def handle_endtag(self, tag):
        if self.open[-1].tag != tag:
            raise ValueError(f"</{tag}> closes <{self.open[-1].tag}>")
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].parts.append(data)


def number_is(text, value, decimals=None):
    """Whether `text` is `value` as a reader takes it. decimals: as many digits after the point; else as the page
    rounds: three below 10, two below 100, one below 1000, none to a million, then three figures."""
    if value is None or math.isinf(value):
        return text == "∞"
    power = re.fullmatch(r"(-?\d\.\d\d)·10(\d+)", text)
    if power:
        unit = 10.0 ** int(power[2])
        return abs(value) >= 1e6 and abs(float(power[1]) * unit - value) <= .005001 * unit
    size = abs(value)
    if decimals is None and 0 < size < 1e-3:
        return bool(re.fullmatch(r"-?\d\.\de-\d+", text)) and abs(float(text) - value) <= .0501 * 10 ** math.floor(
            math.log10(size))
    if not re.fullmatch(r"-?\d+(\.\d+)?", text) or (decimals is None and size >= 1e6):
        return False
    if decimals is not None and len(text.partition(".")[2]) != decimals:
        return False
    digits = decimals if decimals is not None else 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return abs(float(text) - value) <= .50001 * 10.0 ** -digits


def tuple_is(text, values, decimals):
    parts = text.strip("()").split(", ")
    return text[0] + text[-1] == "()" and len(parts) == len(values) and all(
        number_is(part, value, 0 if value == int(value) else decimals) for part, value in zip(parts, values))
