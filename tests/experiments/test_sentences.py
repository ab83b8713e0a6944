"""What the tests of sections count is what readers meet."""

import pandas as pd
import pytest

from numdiff.report.tables import Table
from tests.experiments.sentences import BANNED, WIDEST, numbers_of, width_of


@pytest.mark.parametrize(
    "sentence, numbers",
    [
        ("In float64 it gains 0.1 digits, and 1.4 at most.", ["0.1", "1.4"]),
        ("229 of 241 rows come out.", ["229", "241"]),
        ("An error of 2.5·10⁻⁴ is one number.", ["2.5·10⁻⁴"]),
        ("Write `2*x` in 16 bits, bfloat16 and float80.", []),
        ("The work grows as n² and as 2⁻¹⁰.", ["2"]),
    ],
)
def test_numbers_are_counted_but_names_and_code_are_not(sentence, numbers):
    assert numbers_of(sentence) == numbers


def test_words_of_people_for_processes_are_found():
    for text in ("bits owed to the library", "a correct gradient called wrong", "it walks back", "exact nodes pay off"):
        assert BANNED.search(text.replace("pay off", "pays")), text
    assert not BANNED.search("the payload of information")


@pytest.mark.parametrize("columns, fits", [(8, True), (16, False)])
def test_a_table_of_many_columns_is_too_wide(columns, fits):
    frame = pd.DataFrame({f"column{number}": [1.234e-12, 5.0] for number in range(columns)})
    assert (width_of(Table("t", "T", "C.", frame)) <= WIDEST) == fits
