"""Numbers with closed forms: equality is proved by the form alone, inequality by the ball alone."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from numdiff.arithmetic import series
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.closed_forms import Field, Number, Undecidable


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with working(128, 2):
        yield


def atom(field: Field, name: str, value: float) -> Number:
    """Return a number that only its name is known of, and 100 digits."""
    return field.atom(name, arb(value).exp())


def test_a_ball_without_a_radius_is_a_rational_number() -> None:
    assert Field().atom("one half", arb(0.5)).rational == Fraction(1, 2)
    assert Field().atom("zero", arb(0)).sign() == 0


def test_overlapping_balls_prove_no_equality() -> None:
    field = Field()
    left, right = field.atom("a", arb(1).exp()), field.atom("b", arb(1).exp())
    assert (left - left).sign() == 0
    assert (left - right).sign() is None


def test_disjoint_balls_prove_inequality() -> None:
    field = Field()
    assert (atom(field, "a", 1.0) - atom(field, "b", 1.5)).sign() == -1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 3)), min_size=1, max_size=6))
def test_sums_in_any_order_have_one_form(terms: list[tuple[str, int]]) -> None:
    with working(128, 2):
        field = Field()
        numbers = [atom(field, name, ord(name) / 64).scaled(n) for name, n in terms]
        forward, back = field.rational(Fraction(0)), field.rational(Fraction(0))
        for number in numbers:
            forward = forward + number
        for number in reversed(numbers):
            back = number + back
        assert (forward - back).sign() == 0


@given(st.integers(1, 9), st.integers(1, 9))
def test_products_and_quotients_are_those_of_polynomials(n: int, m: int) -> None:
    with working(128, 2):
        field = Field()
        a, b = atom(field, "a", 0.5).scaled(n), atom(field, "b", 0.25).scaled(Fraction(1, m))
        assert ((a + b) * (a - b) - (a * a - b * b)).sign() == 0
        assert (a / b * b - a).sign() == 0
        assert ((a + b) / (a + b)).rational == 1
        assert (a * b.inverse() * a.inverse()).ball.contains(1 / b.ball.mid())


def test_a_relation_that_no_form_shows_is_not_known() -> None:
    field = Field()
    sine, cosine = (
        field.taylor(name, series.FUNCTIONS[name], field.rational(Fraction(1)), 1)[0] for name in ("sin", "cos")
    )
    assert (sine * sine + cosine * cosine - field.rational(Fraction(1))).sign() is None


def test_derivatives_of_periodic_functions_share_their_closed_forms() -> None:
    field, at = Field(), Field().rational(Fraction(3, 8))
    sine = field.taylor("sin", series.FUNCTIONS["sin"], at, 6)
    cosine = field.taylor("cos", series.FUNCTIONS["cos"], at, 6)
    grown = field.taylor("exp", series.FUNCTIONS["exp"], at, 6)
    for k in range(5):
        assert (sine[k + 1].scaled(k + 1) - cosine[k]).sign() == 0
        assert (cosine[k + 1].scaled(k + 1) + sine[k]).sign() == 0
        assert (grown[k + 1].scaled(k + 1) - grown[k]).sign() == 0
        assert sine[k].ball.overlaps(series.FUNCTIONS["sin"](series.arb_series([at.ball, 1]))[k]) or k > 1


def test_inverse_of_what_may_be_zero_is_refused() -> None:
    field = Field()
    with pytest.raises(Undecidable):
        (field.atom("a", arb(1).exp()) - field.atom("b", arb(1).exp())).inverse()
    with pytest.raises(Undecidable):
        field.rational(Fraction(0)).inverse()


def test_a_long_form_becomes_one_atom_with_the_same_ball() -> None:
    field = Field()
    total = field.rational(Fraction(0))
    for k in range(60):
        total = total + field.atom(k, arb(k + 2).log())
    assert len(total.form) < 60
    assert total.ball.overlaps(sum((arb(k + 2).log() for k in range(60)), arb(0)))
