"""Fifteen questions of three readers: where on the committed page the answer stands, and how few clicks lead to it.

A click is a link that is seen, or a fold that is opened. Reading on inside a section costs none.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "results" / "report.html"
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the report is not here: make experiments")
MOST_CLICKS = 2
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())

QUESTIONS = [
    # reader, question, the element that holds the answer, words that stand in it
    ("student", "What is the derivative as a limit?", "course-the-limit", ["lim"]),
    ("student", "Why is the centered difference better?", "course-why-centered-is-better", ["Taylor"]),
    ("student", "What does 3.297 say?", "course-a-rate-of-change", ["3.297"]),
    ("student", "How is numerical_diff written in code?", "course-variables-and-functions-in-code", ["numerical_diff"]),
    ("student", "What is back-propagation for?", "course-back-propagation", ["chain rule"]),
    ("engineer", "Which step should I take in float64?", "opening", ["float64", "centered", "max(1, |x|)"]),
    ("engineer", "What does h = 1e-4 cost?", "opening", ["1e-4", "digits"]),
    ("engineer", "How many digits are there in each format?", "opening", ["bfloat16", "float80", "digits"]),
    ("engineer", "When is a higher order worth it?", "higher_order", ["order"]),
    ("engineer", "How do I check a gradient?", "gradient_check", ["check_gradient", "undecided"]),
    (
        "referee",
        "What are the four parts of an error, as formulas?",
        "reading",
        ["truncation", "abscissa", "evaluation"],
    ),
    ("referee", "What is truth computed with?", "reading", ["mpmath", "Arb"]),
    ("referee", "How were the functions chosen?", "step_sweep", ["collected, not drawn at random"]),
    ("referee", "How many cells failed, and why?", "appendix", ["absorbed", "overflow"]),
    ("referee", "Does the grid matter to the result?", "step_sweep", ["1.2357", "neighbours"]),
]


@dataclass
class Node:
    """An element: its names, what holds it, its words."""

    tag: str
    parent: "Node | None"
    name: str = ""
    href: str = ""
    words: list[str] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)

    def text(self) -> str:
        """Return all words inside."""
        return " ".join([*self.words, *(child.text() for child in self.children)])

    def inside(self) -> list["Node"]:
        """Return the element and all in it."""
        return [self, *(node for child in self.children for node in child.inside())]

    def holders(self) -> list["Node"]:
        """Return the elements around it, the nearest first."""
        return [] if self.parent is None else [self.parent, *self.parent.holders()]

    def folds(self) -> int:
        """Return how many closed folds it lies in."""
        return sum(node.tag == "details" for node in self.holders())


class Reader(HTMLParser):
    """Builds the tree of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Node("page", None)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        node = Node(tag, self.here, found.get("id") or "", found.get("href") or "")
        self.here.children.append(node)
        if tag not in _VOID:
            self.here = node

    def handle_startendtag(self, tag, attrs):
        """An element that ends at once, as in a drawing."""

    def handle_endtag(self, tag):
        node = self.here
        while node.tag != tag and node.parent is not None:
            node = node.parent
        if node.parent is not None:
            self.here = node.parent

    def handle_data(self, data):
        self.here.words.append(data)


@pytest.fixture(scope="module")
def page() -> Node:
    reader = Reader()
    reader.feed(PAGE.read_text(encoding="utf-8"))
    return reader.root


def clicks(page: Node, target: Node) -> int:
    """Return the clicks from the top of the page to where an element is read."""
    opening = next(node for node in page.inside() if node.name == "opening")
    around = [target, *target.holders()]
    if opening in around:
        return target.folds()
    ways = []
    for link in page.inside():
        if link.tag == "a" and link.href.startswith("#"):
            end = next((node for node in around if node.name == link.href[1:]), None)
            seen = link.folds() if any(node.tag in ("nav", "details") for node in link.holders()) else None
            if end is not None and (seen is not None or opening in link.holders()):
                # The contents themselves are open on a wide screen.
                ways.append(1 + max(0, (seen or 0) - _contents(link)) + target.folds() - end.folds())
    return min(ways, default=99)


def _contents(link: Node) -> int:
    return any(node.name == "contents" and node.tag == "details" for node in link.holders())


@pytest.mark.parametrize("reader, question, where, words", QUESTIONS, ids=[f"{q[0]}: {q[1]}" for q in QUESTIONS])
def test_an_answer_is_at_most_two_clicks_away(page, reader, question, where, words):
    target = next((node for node in page.inside() if node.name == where), None)
    assert target is not None, where
    assert clicks(page, target) <= MOST_CLICKS
    # A heading stands before its answer: the text is that of what holds it.
    text = target.text() if target.tag in ("section", "footer", "figure") else target.parent.text()
    assert [word for word in words if word not in text] == []


def test_a_page_without_links_is_far_from_everything(page):
    """The measure can fail: what no seen link leads to is 99 clicks away."""
    lonely = Node("section", page, "lonely")
    assert clicks(page, lonely) == 99
