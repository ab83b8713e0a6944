"""A gradient check that a person reads: ten lines, the worst comparison first, every comparison in a frame."""

import dataclasses

import numpy as np
import pytest

import numdiff as nd


def loss(w):
    return np.sum(np.tanh(w) ** 2)


def slope(w):
    return 2 * np.tanh(w) * (1 - np.tanh(w) ** 2)


@pytest.fixture(scope="module")
def wrong():
    def bug(w):
        found = slope(w)
        found[3] *= 2
        return found

    return nd.check_gradient(loss, bug, np.linspace(-1, 2, 60))


def test_prompt_shows_the_verdict_and_the_worst_comparisons_in_ten_lines(wrong):
    lines = repr(wrong).splitlines()
    assert len(lines) <= 10
    assert lines[0] == "gradient check: DISAGREE (60 coordinates: 59 agree, 1 disagree)"
    table = [line for line in lines if line.startswith("x[")]
    assert table[0].startswith("x[3]")
    assert table[0].endswith("disagree")
    assert f"… and {60 - len(table)} more" in "\n".join(lines)
    assert max(map(len, lines)) < 160


def test_notes_do_not_make_it_longer_and_the_first_is_read(wrong):
    noted = dataclasses.replace(wrong, notes=("a first note", "a second"), cause="something")
    lines = repr(noted).splitlines()
    assert len(lines) == 10
    assert lines[-1] == "notes: 2, the first: a first note"
    assert "likely cause: something" in lines


def test_small_check_is_shown_whole():
    check = nd.check_gradient(loss, slope, np.array([0.5, -1.0]))
    text = repr(check)
    assert "… and" not in text
    assert {"x[0]", "x[1]"} <= set(text.split())


def test_notebook_shows_the_same_table(wrong):
    page = wrong._repr_html_()
    assert page.count("<table>") == 1
    assert "DISAGREE" in page
    assert "<td>x[3]</td>" in page


def test_frame_has_every_comparison_in_the_order_of_x(wrong):
    pytest.importorskip("pandas")
    frame = wrong.to_pandas()
    assert frame["where"].tolist() == [f"x[{i}]" for i in range(60)]
    assert frame["numeric"].tolist() == [float(c.numeric) for c in wrong.comparisons]
    assert frame["verdict"].tolist() == [str(c.verdict) for c in wrong.comparisons]
    assert frame["excess"].idxmax() == 3


def test_check_still_prints_its_whole_table(wrong):
    assert len(str(wrong).splitlines()) > 10
    assert repr(wrong) != str(wrong)
