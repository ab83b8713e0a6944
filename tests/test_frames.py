"""A frame in a terminal: its main columns, what is the same everywhere said once, texts whole, and pandas otherwise."""

import numpy as np
import pandas as pd
import pytest

from numdiff.frames import ShownFrame


def frame(rows: int = 3, wide: int = 12) -> ShownFrame:
    return ShownFrame({f"column{i}": np.arange(rows) + 1000.0 * i for i in range(wide)} | {"grid": ["same"] * rows})


def test_first_columns_are_shown_and_the_others_named() -> None:
    text = repr(frame())
    assert max(map(len, text.splitlines())) <= 80
    head = text.splitlines()[1].split()
    assert head == [f"column{i}" for i in range(len(head))]
    assert "in every row: grid=same" in text
    hidden = text.split("not shown: ")[1].split(";")[0].replace("\n", " ").split(", ")
    assert [*head, *map(str.strip, hidden)] == [f"column{i}" for i in range(12)]


def test_width_is_that_of_pandas() -> None:
    with pd.option_context("display.width", 300):
        assert "not shown" not in repr(frame())
        assert "in every row" not in repr(frame())


def test_long_frame_is_cut_and_its_length_named() -> None:
    lines = repr(frame(rows=1000, wide=2)).splitlines()
    assert len(lines) == 13
    assert lines[-1] == "1000 rows"
    assert lines[1].split()[0] == "0"
    assert lines[-2].split()[0] == "999"


def test_long_text_is_wrapped_and_nothing_of_it_lost() -> None:
    text = " ".join(f"word{i}" for i in range(40))
    shown = repr(ShownFrame({"name": ["a", "b"], "reason": [text, "short"]}))
    assert max(map(len, shown.splitlines())) <= 80
    assert text in " ".join(shown.split())


def test_frame_without_rows_names_its_columns() -> None:
    assert repr(ShownFrame({"a": [], "b": []})) == "No rows; columns: a, b"


def test_what_is_made_of_it_is_shown_alike_and_is_a_frame() -> None:
    part = frame()[lambda rows: rows["column1"] > 1000]
    assert isinstance(part, ShownFrame)
    assert repr(part).splitlines()[2].split()[0] == "1"
    pd.testing.assert_frame_equal(pd.DataFrame(part), pd.DataFrame(frame()).iloc[1:])


@pytest.mark.parametrize("made", [lambda f: pd.concat([f, f], axis=1), lambda f: f.set_index(["a", "b"])])
def test_shape_that_it_does_not_know_is_left_to_pandas(made: object) -> None:
    found = made(ShownFrame({"a": [1], "b": [2.0], "c": [3]}))  # type: ignore[operator]
    assert repr(found) == repr(pd.DataFrame(found))


def test_lists_in_a_frame_are_no_error() -> None:
    assert "[1, 2]" in repr(ShownFrame({"a": [[1, 2]] * 2, **{f"column{i}": [0.5, 1.5] for i in range(12)}}))
