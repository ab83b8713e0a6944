"""FPCore benchmarks of one variable are expressions with a domain; the others are named with the reason."""

import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numdiff as nd
from numdiff.arithmetic.as_twin import twin_functions
from numdiff.expressions import parse_expression
from numdiff.expressions.fpcore import FPCoreRefusal, read_fpcore
from numdiff.expressions.fpcore_terms import _CONSTANTS
from numdiff.expressions.s_expressions import read_forms, shown

FILE = Path(__file__).parent / "benchmarks.fpcore"
TAKEN, REFUSED = read_fpcore(FILE)
REASONS = {
    "two": "it has 2 variables (a, b), not one",
    "none": "it has 0 variables (), not one",
    "tensor argument": "its variable (A 3) is a tensor, not a number",
    "loop": "it has a loop",
    "tensor": "it has tensors",
    "fused": "it has fma, which rounds once and is no function of NumPy",
    "unknown operation": "it has frobnicate, which is not known",
    "unknown name": "y is not known",
    "two sides": "its precondition (!= x 0) is no interval of x",
    "outside": "its precondition (or (< x -1) (> x 1)) is no interval of x",
    "nowhere": "its precondition (< 1 x 0) leaves no number",
    "square of x": "its precondition (< (* x x) 1) is no interval of x",
    "condition": "its value is a condition, no number",
    "no number": "it has a number that is not finite",
    "two bodies": "it has 2 bodies, not one",
    "benchmark 20": "it is no FPCore form, but (define (f x) x)",
}


def test_each_benchmark_is_taken_or_named():
    assert len(TAKEN) + len(REFUSED) == len(read_forms(FILE.read_text(encoding="utf-8"))) == 20
    assert {item.title: item.reason for item in REFUSED} == REASONS
    assert [item.name for item in TAKEN] == [
        "difference_of_roots",
        "sigmoid",
        "successive_logarithms",
        "successive_logarithms_2",
    ]


def test_a_precondition_is_the_domain():
    infinity = math.inf
    assert [item.domain for item in TAKEN] == [(0.0, infinity), (-20.0, 20.0), (16.0, infinity), (-infinity, infinity)]
    assert all(item.domain[0] < item.points[0] < item.domain[1] for item in TAKEN)
    assert all(math.isfinite(item.f(item.points[0])) for item in TAKEN)


def test_formulas_are_in_pythons_notation_and_computed_as_written():
    formulas = {item.name: (item.formula, item.f.variable) for item in TAKEN}
    assert formulas == {
        "difference_of_roots": ("sqrt(x + 1) - sqrt(x)", "x"),
        "sigmoid": ("1 / (1 + exp(-t))", "t"),
        "successive_logarithms": ("(log(N + 1) - log(N)) * 0.3333333333333333", "N"),
        "successive_logarithms_2": (
            f"where(-1 < x and x < 1 and x != 0.5, maximum(x - {math.pi!r}, 0), x**3)",
            "x",
        ),
    }
    x = np.array([17.0, 100.0])
    for item in TAKEN:
        assert parse_expression(item.formula, variable=item.f.variable) == item.f
    np.testing.assert_array_equal(TAKEN[0].f(x), np.sqrt(x + 1) - np.sqrt(x))
    np.testing.assert_array_equal(TAKEN[3].f(np.array([-0.5, 0.5, 2.0])), [0.0, 0.125, 8.0])


def test_a_benchmark_becomes_a_problem_beside_a_derivative():
    item = TAKEN[0]
    problem = nd.Problem(
        name=item.name,
        formula=item.formula,
        f=item.f,
        derivative=parse_expression("1/(2*sqrt(x + 1)) - 1/(2*sqrt(x))"),
        points=item.points,
        domain=item.domain,
        source=item.source,
        reason="Cancellation for large x.",
        family="fpcore",
    )
    assert nd.error_ledger(problem, 0.5, 2.0**-8).total == pytest.approx(0, abs=1e-4)
    assert item.source == "FPCore Difference of roots, cites (hamming-1987)"


def test_every_operation_of_the_standard_is_taken_or_refused_by_name():
    standard = """
        fabs exp exp2 expm1 log log10 log2 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh
        erf erfc tgamma lgamma ceil floor trunc nearbyint
    """
    for name in standard.split():
        (item,), _ = read_fpcore(f"(FPCore (x) ({name} x))")
        own = parse_expression(f"{ {'nearbyint': 'rint'}.get(name, name) }(x)".replace(" ", ""))
        x = 1.5 if name == "acosh" else 0.75
        assert item.f(x) == own(x), name
    for name in "pow hypot atan2 fmod fmax fmin fdim copysign + - * /".split():
        (item,), _ = read_fpcore(f"(FPCore (x) ({name} x 2))")
        assert math.isfinite(item.f(0.75)), name
    kinds = {"isnan": "the kind of a number", "while": "loop", "for*": "loop", "array": "tensors"}
    for name in ("round", "fma", "remainder", *kinds):
        _, (refusal,) = read_fpcore(f"(FPCore (x) ({name} x 2))")
        assert kinds.get(name, name) in refusal.reason, name


def test_constants_are_the_doubles_nearest_to_them():
    with mpmath.workprec(200):
        pi, e = mpmath.pi(), mpmath.e()
        exact = {
            "E": e,
            "LOG2E": 1 / mpmath.log(2),
            "LOG10E": 1 / mpmath.log(10),
            "LN2": mpmath.log(2),
            "LN10": mpmath.log(10),
            "PI": pi,
            "PI_2": pi / 2,
            "PI_4": pi / 4,
            "M_1_PI": 1 / pi,
            "M_2_PI": 2 / pi,
            "M_2_SQRTPI": 2 / mpmath.sqrt(pi),
            "SQRT2": mpmath.sqrt(2),
            "SQRT1_2": mpmath.sqrt(0.5),
        }
        assert {name: float(value) for name, value in exact.items()} == dict(_CONSTANTS)


@pytest.mark.parametrize(
    ("number", "value"),
    [("9007199254740993", 2.0**53), ("-36028797018963971", -(2.0**55)), ("0x1p-1074", 5e-324), ("0x0.0p-3", 0.0)],
)
def test_a_number_is_the_double_nearest_to_it_in_truth_too(number, value):
    ((item,), _) = read_fpcore(f"(FPCore (x) (+ x {number}))")
    with mpmath.workprec(200):
        truth = twin_functions(item.f, 1)[0](mpmath.mpf(1))
        assert truth == mpmath.mpf(value) + 1


@pytest.mark.parametrize("number", ["0x1p-2000", "-0x.0001p-1100", "1e-400"])
def test_a_number_below_all_doubles_does_not_become_zero(number):
    _, (refusal,) = read_fpcore(f"(FPCore (x) (* x {number}))")
    assert refusal.reason.startswith(f"{number} is below the range of float64")


def test_a_mark_of_byte_order_before_the_text_is_left_out(tmp_path):
    file = tmp_path / "marked.fpcore"
    file.write_text('(FPCore (x) :name "a" (+ x 1))', encoding="utf-8-sig")
    ((item,), _) = read_fpcore(file)
    assert item.name == "a"


def test_no_two_benchmarks_have_the_same_name_and_a_refused_one_takes_none():
    titles = ["n", "n 2", "n", "N-2", "n", "n"]
    cores = [f'(FPCore (x) :name "{title}" x)' for title in titles]
    cores.insert(3, '(FPCore (x) :name "n" :pre (< 1 x 0x1.0000000000001p+0) x)')
    taken, refused = read_fpcore("\n".join(cores))
    assert [item.name for item in taken] == ["n", "n_2", "n_3", "n_2_2", "n_4", "n_5"]
    assert len(refused) == 1


@pytest.mark.parametrize(
    ("condition", "point"),
    [
        ("(< 1e10 x)", 2e10),
        ("(< x -1e10)", -2e10),
        ("(< 3 x 3.5)", 3.25),
        ("(< 1.5e308 x 1.7e308)", 1.6e308),
        ("(< -1.7e308 x 1.7e308)", 0.5),
    ],
)
def test_the_point_is_inside_of_the_domain(condition, point):
    ((item,), _) = read_fpcore(f"(FPCore (x) :pre {condition} x)")
    assert item.points == (point,)
    assert item.domain[0] < point < item.domain[1]


def test_let_binds_at_once_and_let_star_one_after_the_other():
    bound = "([x (* x x)] [y x]) (+ y 1)"
    (at_once, in_turn), _ = read_fpcore(f"(FPCore (x) (let {bound})) (FPCore (x) (let* {bound}))")
    assert (at_once.formula, in_turn.formula) == ("x + 1", "x * x + 1")
    _, (refusal,) = read_fpcore("(FPCore (x) (let ([y x] [z y]) z))")
    assert refusal.reason == "y is not known"


def test_a_domain_without_a_double_inside_is_refused():
    taken, (refusal,) = read_fpcore("(FPCore (x) :pre (< 1 x 1.0000000000000002) x)")
    assert not taken
    assert "has no point in its middle" in refusal.reason


def test_a_wrong_number_of_operands_is_said():
    for term, reason in (
        ("(+ x)", "its + has 1 operand"),
        ("(if x x)", "its if has 2 operands"),
        ("(<)", "its < has 0"),
    ):
        _, (refusal,) = read_fpcore(f"(FPCore (x) {term})")
        assert refusal.reason.startswith(reason)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(FPCore (x) x", "line 1 opens a ( that nothing closes"),
        ("(FPCore (x) x))", "line 1 has a ) that nothing opened"),
        ("(FPCore [x) x)", "line 1 has a ) that nothing opened"),
        ('(FPCore (x)\n :name "a x)', "line 2 opens a text in quotes that nothing closes"),
        ("x (FPCore (x) x)", "line 1 has 'x' outside of all parentheses"),
    ],
)
def test_a_malformed_text_is_refused_with_its_line(text, message):
    with pytest.raises(ValueError) as caught:
        read_fpcore(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "body",
    [
        "(" * 5000 + ")" * 5000,
        "(- " * 3000 + "x" + ")" * 3000,
        "(+ 1 " * 200 + "x" + ")" * 200,
        "9" * 5000,
        "1/0",
        "",
        ":",
        "(let* (" + "".join("[x (* x x)]" for _ in range(40)) + ") x)",
        "(let x x)",
        "(let ([x]) x)",
        "(exp x x)",
        "(if x x x)",
        "1e999",
        "0x1p9999",
        "(!)",
        '"x"',
        "(x x)",
        "((x) x)",
        "__import__",
        "x.__class__",
        "(+ x (< x 1))",
        "1e-999",
    ],
)
def test_a_hostile_body_is_refused_with_a_reason(body):
    taken, refused = read_fpcore(f"(FPCore (x) {body})")
    assert not taken
    assert isinstance(refused[0], FPCoreRefusal)
    assert len(str(refused[0])) < 250
    assert "\n" not in str(refused[0])


def test_a_form_is_shown_as_it_looked():
    assert shown(read_forms('(a (b "c") [d])')[0]) == '(a (b "c") (d))'


def test_what_is_shown_of_a_file_is_printable():
    _, (refusal,) = read_fpcore('(FPCore (x) :name "a\x1b[31m\u202eb\n  c" (g\x00 x))')
    assert refusal.title == "a\\x1b[31m\\u202eb c"
    assert str(refusal).isprintable()


WORDS = """
    ( ( ( ( ) ) ) ) [ ] FPCore x x y 1 2.5 1/3 0x1p4 :name :pre "a" ; + - * / < <= and or not let let* ! cast sin
    exp pow fdim PI INFINITY TRUE ' , : () (x) (FPCore (x) (sin x)) [a x] ([a x]) (and (< 0 x)
""".split(" ")


@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)))
def test_any_text_is_read_or_refused(text):
    try:
        taken, refused = read_fpcore(f"(FPCore (x) {text}")
    except ValueError:
        return
    assert taken or refused
    assert all(str(item).isprintable() for item in refused)
    for item in taken:
        with np.errstate(all="ignore"):
            assert np.shape(item.f(np.array(item.points))) == (1,)
