"""What all results that a person reads have in common: numbers, counts, tables, and where they are cut."""

import math

import ml_dtypes
import numpy as np
import pytest

import numdiff as nd
from numdiff.display import Shown, View, columns_of, counted, few, number
from tests.core_environment import run_with

HEAD = "import numpy as np, numdiff as nd\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (-1.0, "-1"),
        (0.001234, "0.00123"),
        (0.0009876, "9.88e-04"),
        (99999.4, "1.00e+05"),
        (12345.6, "1.23e+04"),
        (1e-8, "1.00e-08"),
        (0.0, "0"),
        (-0.0, "-0"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (np.float32(0.1), "0.1"),
        (ml_dtypes.bfloat16(0.5), "0.5"),
        (5e-324, "4.94e-324"),
    ],
)
def test_numbers_have_three_digits_and_a_decimal_point_only_where_it_helps(value, text):
    assert number(value) == text


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp <= 1024, reason="longdouble is float64 here")
def test_a_longdouble_beyond_the_doubles_keeps_its_exponent():
    assert number(np.longdouble(2) ** 5000) == "1.41e+1505"
    assert number(np.longdouble(2) ** -5000) == "7.08e-1506"


def test_ok_is_counted_first_and_then_the_most_frequent():
    assert counted(["b", "b", "ok", "c", "c", "a"]) == "1 ok, 2 b, 2 c, 1 a"
    assert counted([]) == ""


def test_a_long_table_is_cut_between_its_ends_and_a_short_one_is_whole():
    assert few(6) == [0, 1, 2, 3, 4, 5]
    assert few(7) == [0, 1, 2, None, 5, 6]
    assert len(few(10**6)) == 6


def test_columns_line_up_and_the_outer_ones_are_words():
    view = View(("title",), ("name", "value", "status"), [("a", "1", "ok"), ("long", "1000", "lost")], ("end",))
    assert view.text().splitlines() == ["title", "name  value  status", "a         1  ok", "long   1000  lost", "end"]


def test_html_is_escaped():
    page = View(("f is <lambda>",), ("<a>",), [("<b>",)], ("1 < 2",)).html()
    assert "<lambda>" not in page
    for text in ("<p>f is &lt;lambda&gt;</p>", "<th>&lt;a&gt;</th>", "<td>&lt;b&gt;</td>", "<p>1 &lt; 2</p>"):
        assert text in page


def test_columns_are_doubles_or_words_in_every_format():
    class Result:
        wide = np.array([[1, 2]], dtype=ml_dtypes.bfloat16)
        words = np.array(["ok", None], dtype=object)
        flags = np.array([True, False])

    columns = columns_of(Result(), ("wide", "words", "flags"))
    assert columns["wide"].dtype == np.float64
    assert columns["wide"].tolist() == [1.0, 2.0]
    assert columns["words"] == ["ok", ""]
    assert columns["flags"].dtype == bool


def test_what_a_result_does_not_define_is_an_error():
    with pytest.raises(NotImplementedError):
        repr(Shown())
    with pytest.raises(NotImplementedError):
        Shown()._columns()


def test_a_frame_names_the_package_that_it_needs_and_everything_else_works_without():
    program = (
        "check = nd.check_gradient(lambda w: np.sum(w * w), lambda w: 2 * w, np.ones(2))\n"
        "assert 'AGREE' in repr(check) and '<table' in check._repr_html_()\n"
        "check.to_pandas()"
    )
    done = run_with({"numpy", "ml_dtypes", "numdiff"}, HEAD + program)
    assert done.stderr.splitlines()[-1].startswith(
        "numdiff.extras.MissingExtraError: GradientCheck.to_pandas needs pandas"
    )


def test_a_line_wider_than_a_terminal_is_wrapped_and_its_last_column_too():
    long = " ".join(["word"] * 40)
    lines = View((long,), ("name", "reason"), [("a", long)], (long,)).text().splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).count("word") == 120
    row = next(i for i, line in enumerate(lines) if line.startswith("a "))
    assert lines[row + 1].startswith("      word")  # under its column


OBJECTS = (
    *("nd.PROBLEMS", "nd.METHODS", "nd.FORMATS", "nd.centered(4)", "nd.centered(8)", "nd.PROBLEMS['exp']"),
    *("nd.PROBLEMS['kostyrka_line']", "nd.METHODS['second_centered']", "nd.on_arrays(lambda x: x)"),
)


@pytest.mark.parametrize("text", OBJECTS)
def test_public_objects_are_read_in_ten_lines_of_80_columns(text):
    lines = repr(eval(text, {"nd": nd})).splitlines()
    assert 1 <= len(lines) <= 10
    assert max(map(len, lines)) <= 80
    assert "0x" not in "".join(lines)
