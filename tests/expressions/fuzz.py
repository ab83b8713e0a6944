"""Throw random texts at `parse_expression`: ``python -m tests.expressions.fuzz N SEED [EXACT]``.

A third are random bytes and tokens, a third sentences of the grammar, a third sentences with damage. What parses is
evaluated at a point, in float64; of those, EXACT (none by default) also by `nd.error_ledger`, which needs the extras.
Anything but an `Expression` or a one-line `ExpressionError`, and anything that takes more than a second of processor
time, ends the run with status 1.
"""

import random
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable

import numpy as np

from numdiff.expressions import Expression, ExpressionError, parse_expression
from numdiff.expressions.functions import CONSTANTS, MACROS, NAMES

LIMIT = 1.0
"""Seconds of processor time."""
_NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "0.5",
    "1e-300",
    "1e300",
    "10**9",
    "1000000007",
    "-1",
    "0x1F",
    "1_0",
    "2.5e-8",
    ".1",
    "7.",
]
_HOSTILE = """
    __import__ __class__ lambda : := [ ] { } ' " \\ # ; @ ! ^ $ ` = == ** *x ** // << >> ~ & | in is not await yield for
    if else async None True ... import exec eval open print 0o17 0b1 1j 1e999 99999999999999999999 \x00 \x1b \u202e ｅ π
    ∞ ² \ud800 \U0001f600 np. math. scipy.special. os.system x.real f"{x}" %s %n {0} x[0] (*x) (x,) (x:=1) \n \t \r
""".split(" ")
_TOKENS = [
    *NAMES,
    *MACROS,
    *CONSTANTS,
    *"x x x + - * / % ** ( ) ( ) , < > <= >= == != and or not if else".split(),
    *_NUMBERS,
]
_TOKENS += [token for token in map(str.strip, _HOSTILE) if token] + [" ", "\n", "\t"]


def noise(draw: random.Random) -> str:
    """Return random bytes, characters or tokens."""
    kind = draw.randrange(4)
    size = int(draw.paretovariate(0.7)) % 3000
    if kind == 0:
        return draw.randbytes(min(size, 300)).decode("utf-8", "surrogateescape")
    if kind == 1:
        return "".join(chr(draw.randrange(0x20, 0x7F)) for _ in range(min(size, 300)))
    if kind == 2:
        return draw.choice(_TOKENS) * (size % 700)
    return draw.choice(["", " "]).join(draw.choice(_TOKENS) for _ in range(size % 60))


def sentence(draw: random.Random, depth: int) -> str:
    """Return a sentence of the grammar that is a number."""
    kind = draw.randrange(12) if depth > 0 else draw.randrange(3)
    inner: Callable[[], str] = lambda: sentence(draw, depth - 1)
    if kind == 0:
        return draw.choice([*_NUMBERS, *CONSTANTS, "constant(2)", "constant(-1/3)"])
    if kind < 3:
        return "x"
    if kind < 6:
        return f"({inner()} {draw.choice('+ - * / % **'.split())} {inner()})"
    if kind == 6:
        return f"{draw.choice('-+')}{inner()}"
    if kind == 7:
        return f"{inner()} if {condition(draw, depth - 1)} else {inner()}"
    if kind == 8:
        return f"where({condition(draw, depth - 1)}, {inner()}, {inner()})"
    name = draw.choice([name for name in NAMES if name != "where"])
    return f"{name}({', '.join(inner() for _ in range(NAMES[name].arity))})"


def condition(draw: random.Random, depth: int) -> str:
    """Return a sentence of the grammar that is a condition."""
    if depth > 0 and draw.random() < 0.3:
        joined = draw.choice(["and", "or"])
        return f"(not {condition(draw, depth - 1)} {joined} {condition(draw, depth - 1)})"
    return f"{sentence(draw, depth)} {draw.choice('< <= > >= == !='.split())} {sentence(draw, depth)}"


def damaged(draw: random.Random, text: str) -> str:
    """Return a text with some characters or tokens taken out, put in or doubled."""
    for _ in range(draw.randrange(1, 4)):
        a = draw.randrange(len(text) + 1)
        b = min(len(text), a + draw.randrange(6))
        part = draw.choice([draw.choice(_TOKENS), text[a:b] * draw.choice([2, 2, 50]), "", chr(draw.randrange(0x3000))])
        text = text[:a] + part + text[b:]
    return text


def drawn(draw: random.Random) -> str:
    """Return a text of one of the three kinds."""
    kind = draw.randrange(3)
    if kind == 0:
        return noise(draw)
    text = sentence(draw, draw.randrange(7))
    return text if kind == 1 else damaged(draw, text)


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """Return what some work returns, and the processor time that it took."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def tried(text: str) -> Expression | None:
    """Return the expression of a text, None for one that is refused as it should be."""
    try:
        return parse_expression(text)
    except ExpressionError as error:
        lines = str(error).split("\n")
        bad = len(lines) not in (1, 3) or not all(map(str.isprintable, lines))
        if bad or any(len(line) > 200 for line in lines) or (len(lines) == 3 and set(lines[2]) != {" ", "^"}):
            raise RuntimeError(f"not a message of one line with the text and carets: {error}") from error
        return None


def evaluated(f: Expression, x: float) -> object:
    """Return the value at a point, with the events of floating point ignored."""
    with np.errstate(all="ignore"):
        y = f(np.array([x]))
    if y.shape != (1,) or y.dtype != np.float64:
        raise RuntimeError(f"{f} gave {y!r}")
    return y


def judged(f: Expression, x: float) -> object:
    """Return the exact ledger at a point; None where f is refused, as a function without an exact evaluation is."""
    import numdiff as nd

    try:
        return nd.error_ledger(f, x, 2.0**-10)
    except (TypeError, ValueError):
        return None


def main(arguments: list[str]) -> int:
    """Run, print the counts and the slowest texts, and return the status."""
    number, seed, exact = (*map(int, arguments), *(0, 0)[: 3 - len(arguments)])[:3]
    draw = random.Random(seed)
    counts: Counter[str] = Counter()
    slowest: dict[str, tuple[float, str]] = {}

    def measure(stage: str, text: str, work: Callable[[], object]) -> object:
        result, seconds = timed(work)
        slowest[stage] = max(slowest.get(stage, (0.0, "")), (seconds, text))
        counts[f"{stage}: over {LIMIT} s"] += seconds > LIMIT
        if seconds > LIMIT:
            print(f"{seconds:9.4f} s, {stage}: {text!r}", flush=True)
        return result

    for _ in range(number):
        text = drawn(draw)
        try:
            f = measure("parsed", text, lambda text=text: tried(text))
            counts["refused" if f is None else "read"] += 1
            if f is None:
                continue
            x = draw.choice([0.5, -0.5, 1.5, 10.0, -3.0, 0.0, 1e3])
            measure("evaluated", text, lambda f=f, x=x: evaluated(f, x))
            if counts["judged"] < exact:
                counts["judged"] += 1
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    made = measure("in exact arithmetic", f"{text} at {x}", lambda f=f, x=x: judged(f, x))
                counts["judged: refused"] += made is None
        except Exception:
            counts["failed"] += 1
            print(f"FAILED on {text!r}")
            traceback.print_exc(file=sys.stdout)
            if counts["failed"] > 20:
                break
    for name, count in sorted(counts.items()):
        print(f"{count:9d} {name}")
    for stage, (seconds, text) in slowest.items():
        print(f"{seconds:9.4f} s at most, {stage}: {text!r:.300}")
    return int(bool(counts["failed"] or any(count for name, count in counts.items() if "over" in name)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
