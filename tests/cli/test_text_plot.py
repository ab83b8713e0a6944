"""The small plot."""

import math

from numdiff.cli.text_plot import Curve, text_plot

V = [(10.0**-k, 1e-16 * 10.0**k + 10.0 ** (-2 * k)) for k in range(1, 12)]


def lines(*curves, width=60, height=14):
    return text_plot(list(curves), width, height).plain.splitlines()


def test_it_has_the_size_that_was_asked_for():
    drawn = lines(Curve(V, "o"), width=50, height=10)
    assert len(drawn) == 12
    assert max(map(len, drawn)) <= 50


def test_a_v_is_drawn_as_one_with_the_optimum_at_the_bottom():
    h, error = min(V, key=lambda point: point[1])
    drawn = lines(Curve(V, "o"), Curve([(h, error)], "#"))
    (row,) = [place for place, line in enumerate(drawn) if "#" in line]
    assert row == 13
    columns = {line.index("o") for line in drawn[:13] if "o" in line}
    assert min(columns) < drawn[13].index("#") < max(line.rfind("o") for line in drawn[:13])
    assert sum(line.count("o") for line in drawn) == len(V) - 1


def test_ticks_are_powers_of_ten_at_their_rows_and_columns():
    drawn = lines(Curve([(1e-4, 1e-8), (1e-2, 1e-2)], "o"), height=7)
    assert drawn[0].startswith("  10⁻² ┤")
    assert drawn[6].startswith("  10⁻⁸ ┤")
    assert drawn[-1].split() == ["10⁻⁴", "10⁻³", "10⁻²", "h"]
    assert drawn[6].index("o") == 8  # the left end of the axis


def test_what_has_no_logarithm_is_left_out():
    assert lines(Curve([(1.0, 0.0), (0.5, math.nan), (0.25, math.inf)], "o")) == [
        "nothing to draw: no error is positive and finite"
    ]
    assert any("o" in line for line in lines(Curve([(0.5, 1e-3)], "o")))
