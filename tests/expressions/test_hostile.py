"""Whatever is no formula of x is refused in a second with one line and its place; nothing of it is run."""

import ast
import builtins
import os
import random
import subprocess
import time

import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from numdiff.expressions import ExpressionError, parse_expression
from numdiff.expressions.errors import _columns
from tests.expressions.fuzz import drawn, evaluated, tried

HOSTILE = [
    "", " ", "\n", "\t\t", "\x00", "x\x00", "\x1b[31mx", "x\x7f", "\x0c", "\ufeffx", "\u202ex", "x\u200b",
    "x\u2028+1", "\ud800", "__import__('os')", "__import__(x)", "__import__('os').system('true')", "x.__class__",
    "x.__class__.__mro__[1]", "().__class__.__bases__", "x.__init__.__globals__", "np.__dict__", "np.core",
    "np.load", "np.load(x)", "np.linalg.inv(x)", "np.random.rand()", "numpy.fromfile(x)", "np.ctypeslib",
    "np.exp.__call__(x)", "np.exp.reduce(x)", "np.exp.at(x)", "math.exp.__self__", "scipy.special.erf.types",
    "os.system", "os.system(x)", "sys.exit()", "builtins.eval(x)", "scipy.io.loadmat(x)",
    "scipy.special._ufuncs.erf(x)", "special.orthogonal", "np.special.erf(x)", "a.b.c.d.e(x)", "np.np.exp(x)",
    "np.math.exp(x)", "x.real", "x.T", "x.dtype", "(x).y", "exp.x", "exp(x).real", "1 .real", "1..real", "eval(x)",
    "exec(x)", "compile(x)", "open(x)", "print(x)", "input()", "exit()", "quit()", "breakpoint()", "globals()",
    "locals()", "vars(x)", "dir()", "getattr(x, x)", "setattr(x, x, x)", "type(x)", "id(x)", "help()",
    "memoryview(x)", "lambda: 0", "lambda x: x", "(lambda: x)()", "(x := 3)", "x := 3", "x = 3", "x += 1",
    "x == (y := 2)", "def f(): pass", "import os", "from os import path", "class A: pass", "return x", "del x",
    "pass", "assert x", "raise x", "global x", "while True: pass", "for i in x: i", "with x: x", "try: x", "x; x",
    "x\nx", "@x", "x @ x", "async def f(): x", "[x]", "[]", "[x for x in x]", "{x}", "{}", "{x: x}",
    "{x for x in x}", "(x for x in x)", "exp(x for x in x)", "x[0]", "x[:]", "x[...]", "(x, x)", "(x,)", "()",
    "x, x", "*x", "(*x, x)", "exp(*x)", "exp(**x)", "exp(x=x)", "exp(x, out=x)", "where(x > 0, *x)", "exp(dtype=x)",
    "np.exp(x, where=x > 0)", "await x", "(await x)", "(yield)", "(yield x)", "(yield from x)", "f'{x}'",
    "f\"{x!r}\"", "f'{__import__(\"os\")}'", "'x'", "\"x\"", "b'x'", "r'x'", "'%s' % x",
    "'{0.__class__}'.format(x)", "'a' * 10**9", "`x`", "$x", "$(x)", "${x}", "#x", "x # 1", "x\\\n+1", "?x", "!x",
    "x!", "None", "True", "False", "...", "Ellipsis", "NotImplemented", "__debug__", "__name__", "_",
    "__builtins__", "1j", "x + 2J", "inf", "nan", "-inf", "np.inf", "math.nan", "1e999", "1e-999", "-1e999",
    "9" * 400, "9" * 1999, "0x" + "f" * 1900, "1" + "0" * 309, "10**400", "10**10**10", "9**9**9**9",
    "2**2**2**2**2**2", "(-1)**0.5", "0**-1", "0.0**-1", "1/0", "1%0", "1e308*10", "1e308+1e308", "log(-1)",
    "log(0)", "sqrt(-1)", "gamma(171.7)", "gamma(0)", "exp(710)", "exp(1e300)", "arcsin(2)", "0/0", "zeta(1)",
    "factorial(10**9)", "comb(x, 3)", "x**" * 150 + "x", "x^2", "x^^2", "2x", "x2", "2 x", "2(x)", "x(2)", "x(x)",
    "pi(x)", "(x)(x)", "exp(x)(x)", "exp", "exp + 1", "exp()", "exp(x, x)", "exp(x", "exp x", "x)", "(", ")", "(()",
    "x +", "* x", "x ** ", "x / / x", "x // 2", "x << 2", "x >> 2", "x & 1", "x | 1", "~x", "not x", "x and x",
    "x or 1", "x > 0", "not x > 0", "x > 0 and x < 1", "(x > 0) * x", "(x > 0) + 1", "-(x > 0)", "+(x > 0)",
    "exp(x > 0)", "where(x, x, x)", "where(x > 0)", "where(x > 0, x)", "where(x > 0, x > 1, x)", "x if x else x",
    "x if x > 0", "x is x", "x is not x", "x in x", "x not in x", "x <> x", "x === x", "x => 1", "x =! 1",
    "0 < x < ", "1if x > 0else 2", "0or x", "0777", "1__0", "1_", "0x", "0xg", "0b2", "1e", "1e+", "1.2.3", "1..2",
    "0_x", "1ex", "0x1.8p3", "½", "x²", "√x", "∛x", "πx", "２*x", "ｘ", "ｅxp(x)", "ѕin(x)", "еxp(x)", "𝐱", "𝑥", "ℯ",
    "ﬁ", "x−1", "x·2", "x×2", "x÷2", "x≤2", "∞", "∑x", "x\u00a0+1", "x\u3000", "e\u0301", "x\u0338", "Σ", "ªx",
    "x\N{ZERO WIDTH JOINER}", "sine(x)", "Sin(x)", "EXP(x)", "y", "X", "xx", "foo(x)", "np.max(x, 0)",
    "np.min(x, 0)", "np.sum(x)", "np.mean(x)", "np.diff(x)", "np.erf(x)", "math.erfc2(x)", "special.exp2(x)",
    "math.remainder(x, 2)", "np.where", "np.sinh", "np.", "np", ".x", "x.", "math", "scipy", "scipy.special",
    "np.pi.real", "(" * 100 + "x", "(" * 500 + "x" + ")" * 500, "-" * 1999 + "x", "~" * 500 + "x",
    "not " * 400 + "x", "x" + "+x" * 900, "x" + "**x" * 600, "exp(" * 300 + "x" + ")" * 300, "[" * 300 + "]" * 300,
    "x if " * 300, "x" * 2001, "x" + " " * 2000 + "+1", "abs(" * 101 + "x" + ")" * 101, "x.a" + ".a" * 900,
    "x(" * 400 + ")" * 400, "\x00" * 2001, "é" * 2001, "exp(exp(exp(exp(exp(x)))))", "+".join(["gamma(x)"] * 30),
    "+".join(["k0(x)"] * 3), "*".join(["x**x**x**x"] * 3), "where(0 < " * 12 + "x" + " < 1 < 2 < 3 < 4, x, x)" * 12,
    "where(1 < where(1 < " * 20 + "x",
]  # fmt: skip
"""Attempts to reach what is no formula, to be read for another formula, or to take long."""


def test_there_are_hundreds_of_attempts():
    assert len(set(HOSTILE)) > 300


@pytest.fixture
def guarded(monkeypatch):
    """Fail where anything is run, imported or opened on behalf of a text; SciPy has been loaded before."""
    assert scipy.special.gamma(5) == 24

    def forbidden(*args, **kwargs):
        pytest.fail(f"something was run: {args!r:.200}")

    for name in ("eval", "exec", "open", "input", "breakpoint"):
        monkeypatch.setattr(builtins, name, forbidden)
    for module, name in ((os, "system"), (os, "popen"), (subprocess, "Popen")):
        monkeypatch.setattr(module, name, forbidden)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40].replace("::", ": :"))
def test_it_is_refused_at_once_with_one_line_and_its_place(text, guarded):
    start = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    message = str(caught.value)
    assert time.process_time() - start < 1
    lines = message.split("\n")
    assert lines == message.splitlines()
    assert len(lines) == (3 if text.strip() else 1)
    assert all(line.isprintable() and len(line) <= 200 for line in lines)
    if len(lines) == 3:
        assert set(lines[2]) == {" ", "^"}
        assert max(map(_columns, lines[1:])) <= 80


@pytest.mark.parametrize("name", [name for name in dir(builtins) if name not in ("abs", "max", "min", "pow")])
def test_no_name_of_python_itself_is_known(name, guarded):
    with pytest.raises(ExpressionError):
        parse_expression(f"{name}(x)")
    with pytest.raises(ExpressionError):
        parse_expression(name)


def test_no_letter_outside_ascii_is_read_as_one_of_ascii():
    """Python itself reads each of these as a name of ASCII: NFKC."""
    import unicodedata

    twins = [chr(code) for code in range(0x80, 0x110000) if unicodedata.normalize("NFKC", chr(code)) in ("x", "e")]
    assert len(twins) > 20
    for twin in twins:
        with pytest.raises(ExpressionError, match="is not taken"):
            parse_expression(f"1 + {twin}")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    tried(text)


@given(st.text(alphabet="x0123456789.+-*/%()<>=!&|~, eanpdorifls_", max_size=60))
def test_any_text_of_the_characters_of_formulas_is_read_or_refused(text):
    if f := tried(text):
        evaluated(f, 0.5)


@given(st.integers(0, 2**64))
def test_any_sentence_of_the_grammar_is_read_and_evaluated_or_refused(seed):
    if f := tried(drawn(random.Random(seed))):
        evaluated(f, 0.5)


@pytest.mark.parametrize("raised", [MemoryError, RecursionError, SystemError, ValueError, AssertionError])
def test_whatever_the_parser_raises_is_a_refusal_of_one_line(raised, monkeypatch):
    def failing(*_, **__):
        raise raised("parser stack overflowed")

    monkeypatch.setattr(ast, "parse", failing)
    with pytest.raises(ExpressionError, match=r"^the expression is nested too deeply") as error:
        parse_expression("x + 1")
    assert len(str(error.value).splitlines()) == 3


def balanced(count):
    """Return a sum of so many x whose tree is as low as it can be."""
    if count == 1:
        return "x"
    return f"({balanced(count // 2)}+{balanced(count - count // 2)})"


@pytest.mark.parametrize(
    ("allowed", "refused", "message"),
    [
        ("abs(" * 99 + "x" + ")" * 99, "abs(" * 100 + "x" + ")" * 100, "it may have 100 levels"),
        (balanced(250), balanced(251), "it may have 500 numbers, names and operations"),
        ("x" + " " * 1997 + "+1", "x" + " " * 1998 + "+1", "it may have 2000"),
        ("2**1023*x", "2**1024*x", "beyond the range of float64"),
        # The largest double is (2**53 - 1) * 2**971; from half a last place above it on an integer is none.
        (f"{2**1024 - 2**970 - 1}*x", f"{2**1024 - 2**970}*x", "beyond the range of float64"),
        ("(2**1023 + 2**1022)*x", "(2**1023 + (2**1023 - 1))*x", "beyond the range of float64"),
        ("+".join(["sin(exp(x**16))"] * 3), "+".join(["sin(exp(x**17))"] * 3), "one of a number as large as"),
    ],
    ids=["depth", "size", "length", "range", "integer", "sum", "far"],
)
def test_the_limits_are_where_they_are_said_to_be(allowed, refused, message):
    assert parse_expression(allowed)(0.5) is not None
    with pytest.raises(ExpressionError, match=message):
        parse_expression(refused)


def test_the_message_points_at_the_fault():
    cases = {
        "exp(sine(x))": "sine is not known; did you mean sin?\n  exp(sine(x))\n      ^^^^",
        "x^2": "^ is not taken; write ** for a power\n  x^2\n   ^",
        "é + x": "é is not taken; write letters, digits and operators of ASCII\n  é + x\n  ^",
        "x + 漢": "漢 is not taken; write letters, digits and operators of ASCII\n  x + 漢\n      ^^",
        "e\u0301": "\\u0301 is not taken; write letters, digits and operators of ASCII\n  e\\u0301\n   ^^^^^^",
        "x\x00": "\\x00 is not taken; write letters, digits and operators of ASCII\n  x\\x00\n   ^^^^",
        "1e400*x": "1e400 is beyond the range of float64; write a smaller number\n  1e400*x\n  ^^^^^",
        "x + log(-1)": "a constant has no real value\n  x + log(-1)\n      ^^^^^^^",
    }
    for text, message in cases.items():
        with pytest.raises(ExpressionError) as caught:
            parse_expression(text)
        assert str(caught.value) == message


@pytest.mark.parametrize("place", [0, 100, 290])
@pytest.mark.parametrize("filler", ["x+", "é漢", "\x00\x01"])
def test_a_long_text_is_cut_around_the_fault(place, filler):
    text = filler * 150
    error = ExpressionError("no", text[:place] + "FAULT" + text[place:], place, place + 5)
    _, shown, carets = str(error).split("\n")
    assert "FAULT" in shown
    assert carets.count("^") == 5
    assert shown.startswith("  …") == (place > 0)
    assert shown.endswith("…") == (place + 60 < len(text))
    assert _columns(shown) <= 80


def test_an_error_pickles_as_it_crosses_processes():
    import pickle

    error = ExpressionError("no", "x + y", 4, 5)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert (again.text, again.start, again.end) == ("x + y", 4, 5)
