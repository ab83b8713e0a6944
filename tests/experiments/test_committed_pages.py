"""The committed pages of functions: every row adds up, and numbers are those of NumPy and mpmath alone.

Nothing of the project computes here: functions and formulas are written once more.
"""

import random
import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest

PAGES = Path(__file__).resolve().parents[2] / "results" / "functions"
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="make experiments writes results/functions")

SUMS = {"total": ("truncation", "roundoff"), "roundoff": ("abscissa", "evaluation", "combination")}
FORMATS = {"float16": np.float16, "float32": np.float32, "float64": np.float64}
NUMBERS = 100

mp = mpmath.mp.clone()
mp.prec = 400


def constant(value):
    """The exact value of a Python constant."""
    return mp.mpf(value)


FUNCTIONS = {
    # name: (f in NumPy, f in mpmath, f' in mpmath, x, whether f is correctly rounded step by step on every machine)
    "square": (lambda x: x**2, lambda x: x**2, lambda x: 2 * x, 2.0, True),
    "oliver_reciprocal": (lambda x: 1.0 / x, lambda x: 1 / x, lambda x: -1 / x**2, 0.0078125, True),
    "stepleman_winarsky_sqrt": (np.sqrt, mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), 1.0, True),
    "runge": (
        lambda x: 1.0 / (1.0 + 25.0 * x**2),
        lambda x: 1 / (1 + 25 * x**2),
        lambda x: -50 * x / (1 + 25 * x**2) ** 2,
        0.25,
        True,
    ),
    "saito_parabola": (
        lambda x: 0.01 * x**2 + 0.1 * x,
        lambda x: constant(0.01) * x**2 + constant(0.1) * x,
        lambda x: 2 * constant(0.01) * x + constant(0.1),
        5.0,
        True,
    ),
    "oliver_narrow_peak": (
        lambda x: 1.0 / (x * x + 0.01),
        lambda x: 1 / (x**2 + constant(0.01)),
        lambda x: -2 * x / (x**2 + constant(0.01)) ** 2,
        0.25,
        True,
    ),
    "exp": (np.exp, mp.exp, mp.exp, 0.5, False),
    "composition": (
        lambda x: np.exp(x**2) ** 2,
        lambda x: mp.exp(2 * x**2),
        lambda x: 4 * x * mp.exp(2 * x**2),
        0.5,
        False,
    ),
    "sigmoid": (
        lambda x: 1.0 / (1.0 + np.exp(-x)),
        lambda x: 1 / (1 + mp.exp(-x)),
        lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
        0.5,
        False,
    ),
    "dumontet_vignes_log": (np.log, mp.log, lambda x: 1 / x, 1.0, False),
    "oscillation": (
        lambda x: np.sin(50.0 * x),
        lambda x: mp.sin(50 * x),
        lambda x: 50 * mp.cos(50 * x),
        1.0,
        False,
    ),
    "gsl_gaussian": (
        lambda x: np.exp(-x * x),
        lambda x: mp.exp(-(x**2)),
        lambda x: -2 * x * mp.exp(-(x**2)),
        0.5,
        False,
    ),
}


@cache
def tables(name):
    """The tables of a page: (heading, column names, rows of texts)."""
    found, heading, head = [], "", None
    for line in (PAGES / f"{name}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            head = None
            continue
        row = line.strip("|").split("|")
        if head is None:
            head = row
            found.append((heading, head, []))
        elif not set(line) <= set("|:-"):
            found[-1][2].append([cell.strip("*") for cell in row])
    return found


def is_number(text):
    return re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", text) is not None


def unit(number):
    """The decimal place of the last digit that is printed."""
    return Decimal(1).scaleb(number.as_tuple().exponent)


def names():
    return sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "README")


def test_there_is_a_page_for_every_function_of_the_list():
    listed = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \|", (PAGES / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(name for name, _ in listed) == sorted(link for _, link in listed) == names()
    assert len(names()) >= len(FUNCTIONS)


def test_every_row_of_every_page_adds_up_as_printed():
    """The sum of the printed parts, rounded to the last digit of the printed total, is the printed total."""
    checked = 0
    for name in names():
        for heading, head, rows in tables(name):
            for total, parts in SUMS.items():
                if not {total, *parts} <= set(head):
                    continue
                for row in rows:
                    texts = dict(zip(head, row, strict=True))
                    if not is_number(texts[total]):
                        continue
                    printed = Decimal(texts[total])
                    exact = sum(Decimal(texts[part]) for part in parts)
                    last = (
                        unit(printed) if printed or texts[total] != "0" else max(unit(Decimal(texts[p])) for p in parts)
                    )
                    assert exact.quantize(last, ROUND_HALF_EVEN) == printed, (name, heading, row)
                    checked += 1
    assert checked > 250 * len(names())


def places():
    """A fixed random choice of printed numbers: (function, method, format, k, column, text)."""
    found = []
    for name in FUNCTIONS:
        for heading, head, rows in tables(name):
            method, _, fmt = heading.lower().partition(" difference, ")
            if fmt in FORMATS and method in ("forward", "centered"):
                for row in rows:
                    texts = dict(zip(head, row, strict=True))
                    columns = {*SUMS["total"], *SUMS["roundoff"], "total", "correct digits"} & set(head)
                    found += [
                        (name, method, fmt, int(texts["k"]), column, texts[column])
                        for column in sorted(columns)
                        if is_number(texts[column])
                    ]
    return random.Random(11).sample(found, NUMBERS)


def rounded(kind, value):
    """The number of a format that is nearest to a number of mpmath, through a double: twice rounded is once here."""
    return kind(float(value))


def ledger(name, method, fmt, k):
    """The parts of the error, and how much a last digit of f would move them."""
    f, exact_f, derivative, point, _ = FUNCTIONS[name]
    kind = FORMATS[fmt]
    x = np.array([point], dtype=kind)
    h = np.array([rounded(kind, mp.mpf(12357) / 10000 / mp.mpf(2) ** k)], dtype=kind)
    nodes = [x + h, x] if method == "forward" else [x + h, x - h]
    values = [f(node) for node in nodes]
    divisor = h if method == "forward" else kind(2) * h
    computed = (values[0] - values[1]) / divisor
    assert computed.dtype == kind
    number, step, width = mp.mpf(point), mp.mpf(float(h[0])), mp.mpf(float(divisor[0]))
    exact_nodes = [number + step, number if method == "forward" else number - step]
    a = (exact_f(exact_nodes[0]) - exact_f(exact_nodes[1])) / width
    b = (exact_f(mp.mpf(float(nodes[0][0]))) - exact_f(mp.mpf(float(nodes[1][0])))) / width
    c = (mp.mpf(float(values[0][0])) - mp.mpf(float(values[1][0]))) / width
    d, t = mp.mpf(float(computed[0])), derivative(number)
    parts = {"truncation": a - t, "abscissa": b - a, "evaluation": c - b, "combination": d - c}
    parts |= {"roundoff": d - a, "total": d - t, "correct digits": -mp.log10(abs((d - t) / t)) if d != t else mp.inf}
    return parts, 4 * mp.mpf(float(np.spacing(abs(values[0][0])))) / width


def test_hundred_printed_numbers_are_those_of_numpy_and_mpmath_alone():
    chosen = places()
    assert len(chosen) == NUMBERS
    assert {place[0] for place in chosen} == set(FUNCTIONS)
    assert {place[2] for place in chosen} == set(FORMATS)
    wrong = []
    for name, method, fmt, k, column, text in chosen:
        parts, slack = ledger(name, method, fmt, k)
        allowed = mp.mpf(str(unit(Decimal(text)))) / 2 * (1 + mp.mpf(2) ** -40)
        # NumPy's elementary functions differ from machine to machine in their last digits.
        if not FUNCTIONS[name][-1] and column not in ("truncation", "abscissa"):
            allowed += slack / abs(parts["total"]) if column == "correct digits" else slack
        expected = parts[column]
        if text == "0":
            allowed = mp.mpf(2) ** -380
        if abs(mp.mpf(text) - expected) > allowed:
            wrong.append((name, method, fmt, k, column, text, mp.nstr(expected, 8)))
    assert not wrong


def test_derivatives_are_printed_to_all_their_digits():
    for name, (_, _, derivative, point, _) in FUNCTIONS.items():
        text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        printed = re.search(r"f′\(x\) = (\S+) \(", text)[1]
        exact = derivative(mp.mpf(point))
        assert abs(mp.mpf(printed) - exact) <= mp.mpf(10) ** -29 * abs(exact), name


def second_and_third(name):
    """f″ and f‴ at the point of a function, by mpmath's own differentiation of f′."""
    derivative, point = FUNCTIONS[name][2:4]
    return mp.diff(derivative, mp.mpf(point)), mp.diff(derivative, mp.mpf(point), 2)


def test_textbook_steps_are_those_of_their_formulas():
    for name in ("exp", "runge", "composition", "oscillation"):
        heading, head, rows = next(table for table in tables(name) if table[0] == "Steps")
        second, third = second_and_third(name)
        value = FUNCTIONS[name][1](mp.mpf(FUNCTIONS[name][3]))
        checked = 0
        for row in rows:
            texts = dict(zip(head, row, strict=True))
            if texts["format"] not in FORMATS:
                continue
            u = mp.mpf(float(np.finfo(FORMATS[texts["format"]]).eps)) / 2
            step = 2 * mp.sqrt(u * abs(value / second))
            if texts["formula"] == "centered":
                step = mp.cbrt(3 * u * abs(value / third))
            assert Decimal(texts["textbook step"]) == Decimal(f"{float(step):.2e}"), (name, heading, row)
            checked += 1
        assert checked == 6
