"""Quantiles of Student's distribution and of Fisher's, against SciPy and known values."""

import math

import numpy as np
import pytest

from numdiff.adaptive.noise import growth
from numdiff.adaptive.student import MOST, quantile, quantiles

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.975, 0.99, 0.999])
def test_quantiles_are_those_of_scipy_to_six_digits(confidence):
    for freedom in range(1, MOST + 1):
        expected = stats.t.ppf((1 + confidence) / 2, freedom)
        assert quantile(freedom, confidence) == pytest.approx(expected, rel=6e-6)


def test_quantiles_have_the_values_of_printed_tables():
    assert quantile(1, 0.5) == 1.0
    assert round(quantile(1, 0.99), 2) == 63.66
    assert round(quantile(4, 0.99), 3) == 4.604
    assert round(quantile(10, 0.95), 3) == 2.228


def test_a_table_of_quantiles_begins_with_no_knowledge_and_cannot_be_written():
    table = quantiles(0.99)
    assert table[0] == math.inf
    assert table.shape == (MOST + 1,)
    assert np.all(np.diff(table[1:]) < 0)
    with pytest.raises(ValueError, match="read-only"):
        table[1] = 0


@pytest.mark.parametrize("each", [1, 2])
def test_growth_is_the_quantile_of_f_for_tails_of_every_length(each):
    for k, limit in enumerate(growth(each), start=1):
        assert limit == pytest.approx(stats.f.ppf(0.975, each, each * k), rel=2e-5)
