import csv
import io
import math
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.report.tables import Table, csv_text, escape_markdown, frame_from_csv, wide


def table(frame, **options):
    return Table("name", "A title", "A caption.", pd.DataFrame(frame), **options)


def read(text):
    return list(csv.reader(io.StringIO(text)))


class Cells(HTMLParser):
    """The cells of a table: (tag, attributes, text)."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.captions, self._open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in ("th", "td", "caption"):
            self._open = (tag, dict(attrs), "")

    def handle_data(self, data):
        if self._open:
            self._open = (*self._open[:2], self._open[2] + data)

    def handle_endtag(self, tag):
        if tag in ("th", "td", "caption"):
            (self.captions if tag == "caption" else self.cells).append(self._open)
            self._open = None

    def body(self):
        return [(attributes, text) for tag, attributes, text in self.cells if attributes.get("scope") != "col"]


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_csv_gives_every_float_back_exactly(values):
    rows = read(table({"k": range(len(values)), "v": values}).to_csv())[1:]
    assert [float(row[1]).hex() for row in rows] == [value.hex() for value in values]


def test_csv_writes_floats_by_repr_nan_as_nan_and_none_as_nothing():
    mixed = pd.Series([0.1, float("nan"), None, "absorbed", math.inf, -0.0, 5e-324], dtype=object)
    written = [row[0] for row in read(csv_text(pd.DataFrame({"v": mixed, "w": 1})))[1:]]
    assert written == ["0.1", "nan", "", "absorbed", "inf", "-0.0", "5e-324"]


def test_csv_of_numpy_scalars_names_no_type():
    mixed = pd.Series([np.float64(0.1), np.float32(0.5), np.int64(3), np.bool_(True)], dtype=object)
    assert read(csv_text(pd.DataFrame({"v": mixed})))[1:] == [["0.1"], ["0.5"], ["3"], ["True"]]


def test_csv_of_a_text_column_writes_missing_as_nothing():
    frame = pd.DataFrame({"word": pd.Series(["ok", None], dtype="str"), "k": [1, 2]})
    assert csv_text(frame) == "word,k\nok,1\n,2\n"


def test_text_with_gaps_is_text_also_where_its_dtype_is_object():
    """As every text column is before pandas 3, where a merge leaves a NaN in it."""
    words = pd.Series(["ok", math.nan, None], dtype=object)
    assert csv_text(pd.DataFrame({"word": words, "k": [1, 2, 3]})) == "word,k\nok,1\n,2\n,3\n"
    assert table({"word": words}).to_markdown().splitlines()[1:] == ["| :--- |", "| ok |", "|  |", "|  |"]


def test_csv_has_all_rows_whatever_the_page_shows():
    assert len(read(table({"k": range(1000)}, rows_shown=3).to_csv())) == 1001


def test_csv_quotes_only_what_needs_it():
    assert csv_text(pd.DataFrame({"a": ['x, "y"', "z"]})) == 'a\n"x, ""y"""\nz\n'


def test_markdown_escapes_pipes_also_in_code():
    text = table({"f|g": ["x|x|", "`a|b`"]}).to_markdown()
    assert text.splitlines() == ["| f\\|g |", "| :--- |", "| x\\|x\\| |", "| `a\\|b` |"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_markdown_cell_never_splits_a_row(text):
    row = table({"a": [text], "b": ["end"]}).to_markdown().split("\n")[2]
    unescaped = row.replace("\\\\", "").replace("\\|", "")
    assert unescaped.count("|") == 3


def test_markdown_prose_keeps_code_and_names_with_underscores():
    assert escape_markdown("`a|b` of step_sweep *x* <y> $z$") == "`a|b` of step_sweep \\*x\\* \\<y\\> \\$z\\$"


def test_markdown_aligns_numbers_right():
    assert table({"a": ["x"], "b": [1.5], "c": [2]}).to_markdown().splitlines()[1] == "| :--- | ---: | ---: |"


def test_failed_cell_shows_its_status_word_not_nan():
    frame = {"format": ["float16", "float32"], "error": [math.nan, 1e-7], "status": ["overflow", "ok"]}
    assert "| *overflow* | overflow |" in table(frame).to_markdown()
    body = Cells(table(frame).to_html()).body()
    assert ({"class": "status"}, "overflow") in body
    assert all(text != "nan" for _, text in body)


def test_missing_number_is_a_dash_and_a_missing_text_is_nothing():
    frame = {"relative": [math.nan, 0.5], "gap": [None, 2.0], "word": ["", "a"], "status": ["ok", "ok"]}
    assert table(frame).to_markdown().splitlines()[2] == "| – | – |  | ok |"


def test_html_has_scopes_caption_and_right_aligned_numbers():
    cells = Cells(table({"name": ["a<b"], "error": [1.234567e-5]}, display={"error": "g3"}).to_html())
    assert cells.captions == [("caption", {}, "A title")]
    assert cells.cells == [
        ("th", {"scope": "col"}, "name"),
        ("th", {"scope": "col", "class": "number"}, "error"),
        ("th", {"scope": "row"}, "a<b"),
        ("td", {"class": "number"}, "1.23e-05"),
    ]


def test_html_shows_at_most_the_rows_that_are_asked_for():
    assert table({"k": range(50)}, rows_shown=7).to_html().count("<tr>") == 1 + 7
    assert table({"k": range(50)}, rows_shown=None).to_html().count("<tr>") == 1 + 50


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("g3", 1.23456e-5, "1.23e-05"),
        ("g3", 0.5, "0.500"),
        ("g3", 123.0, "123"),
        ("g3", 0.0, "0"),
        ("g6", 0.5, "0.5"),
        ("g6", 3.14159265, "3.14159"),
        ("g17", 0.1, "0.1"),
        ("e3", 0.5, "5.00e-01"),
        ("f1", 11.25, "11.2"),
        ("f1", -0.04, "0.0"),
        ("step", 0.03125, "2⁻⁵"),
        ("percent", 0.1234, "12.3 %"),
        ("int", 3.0, "3"),
        ("hex", "0x1p-4", "0x1p-4"),
        ("g3", math.inf, "∞"),
        ("g3", -math.inf, "−∞"),
    ],
)
def test_display_kinds(kind, value, shown):
    text = table({"v": [value]}, display={"v": kind}).to_markdown().splitlines()[2]
    assert text.strip("| `") == shown


def test_display_never_reaches_the_csv():
    frame = {"v": [0.123456789]}
    assert table(frame, display={"v": "percent"}).to_csv() == table(frame).to_csv()


def test_headings_replace_column_names_on_the_page_only():
    named = table({"best_step": [0.5]}, headings={"best_step": "h*"})
    assert "h\\*" in named.to_markdown()
    assert named.to_csv().startswith("best_step\n")
    assert "best step" in table({"best_step": [0.5]}).to_markdown()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"display": {"b": "g3"}}, "must name its columns"),
        ({"display": {"a": "g9"}}, "must be one of"),
        ({"headings": {"b": "x"}}, "must name its columns"),
    ],
)
def test_wrong_display_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        table({"a": [1]}, **options)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a-b", "ü", "a\n"])
def test_name_that_is_no_file_stem_is_refused(name):
    with pytest.raises(ValueError, match="name of a table"):
        Table(name, "t", "c", pd.DataFrame({"a": [1]}))


def test_repeated_column_is_refused():
    with pytest.raises(ValueError, match="must be unique"):
        Table("n", "t", "c", pd.DataFrame([[1, 2]], columns=["a", "a"]))


def sweep():
    return pd.DataFrame(
        {
            "problem": ["exp"] * 5,
            "k": [0, 0, 1, 1, 2],
            "format": ["f16", "f64", "f16", "f64", "f64"],
            "total": [math.nan, 0.5, -1.0, 0.25, 0.125],
            "status": ["overflow", "ok", "absorbed", "ok", "ok"],
        }
    )


def test_wide_shows_words_for_failures_and_nothing_for_absent_cells():
    frame = wide(sweep(), ["problem", "k"], "format", "total")
    assert list(frame.columns) == ["problem", "k", "f16", "f64"]
    assert frame["f16"].tolist() == ["overflow", "absorbed", ""]
    assert frame["f64"].tolist() == [0.5, 0.25, 0.125]
    assert frame["k"].tolist() == [0, 1, 2]


def test_wide_can_show_values_of_cells_that_failed_otherwise():
    frame = wide(sweep(), ["problem", "k"], "format", "total", shown=("ok", "absorbed", "overflow"))
    assert frame["f16"].tolist() == ["overflow", -1.0, ""]


def test_wide_orders_columns_as_asked():
    frame = wide(sweep(), ["k"], "format", "total", columns=["f64", "f80", "f16"])
    assert list(frame.columns) == ["k", "f64", "f80", "f16"]
    assert frame["f80"].tolist() == ["", "", ""]


def test_wide_refuses_two_cells_in_one_place():
    twice = pd.concat([sweep(), sweep().tail(1)])
    with pytest.raises(ValueError, match="unique"):
        wide(twice, ["problem", "k"], "format", "total")


def test_what_was_written_is_read_back_digit_by_digit(tmp_path):
    frame = pd.DataFrame(
        {
            "k": [1, -2, 3],
            "x": [0.1, 1e-320, 0.1 + 2**-56],
            "gap": [1.5, math.nan, math.inf],
            "word": ["", "a,b", "nan"],
            "none": ["", "", ""],
        }
    )
    path = tmp_path / "a.csv"
    path.write_text("# made here\n" + csv_text(frame), encoding="utf-8")
    back = frame_from_csv(path, comment="#")
    assert csv_text(back) == csv_text(frame)
    assert back["x"].tolist() == frame["x"].tolist()
    assert [back[name].dtype.kind for name in ("k", "x", "gap")] == ["i", "f", "f"]


def test_column_has_one_notation_and_its_points_below_each_other():
    moderate = table({"v": [0.5, 12.25, 123.0]}).to_markdown().splitlines()[2:]
    assert [line.strip("| ") for line in moderate] == ["0.500", "12.2\u2007\u2007", "123\u2008\u2007\u2007\u2007"]
    wide_range = table({"v": [0.5, 1e-8, 0.0]}).to_markdown().splitlines()[2:]
    assert [line.strip("| \u2007\u2008") for line in wide_range] == ["5.00e-01", "1.00e-08", "0"]


def test_sums_add_up_as_printed_and_are_exact_in_the_csv():
    frame = {"t": [2 / 3, "absorbed", math.nan], "a": [1 / 3, None, None], "b": [1 / 3, 0.5, None]}
    summed = table(frame, sums={"t": ("a", "b")})
    rows = summed.to_markdown().splitlines()[2:]
    assert [cell.strip() for cell in rows[0].strip("|").split("|")] == ["6.67e-01", "3.333e-01", "3.333e-01"]
    assert "*absorbed*" in rows[1]
    assert summed.to_csv().splitlines()[1] == f"{2 / 3!r},{1 / 3!r},{1 / 3!r}"


@pytest.mark.parametrize(
    ("sums", "message"),
    [
        ({"t": ("a", "c")}, "display, headings and sums of table 'name' must name its columns, got \\['c'\\]"),
        ({"t": ("a", "b"), "a": ("b",)}, "sums of table 'name' must not share columns, got \\['a', 'b'\\]"),
    ],
)
def test_wrong_sums_are_refused(sums, message):
    with pytest.raises(ValueError, match=message):
        table({"t": [1.0], "a": [0.5], "b": [0.5]}, sums=sums)


def test_latex_has_booktabs_a_label_and_escapes():
    text = table({"a_b": ["x_1 & 50 %", "y"], "v": [1.5e-8, -2e-3]}, headings={"v": "h²"}).to_latex(label="tab:one")
    assert text.splitlines()[2:7] == [
        r"\caption{A title. A caption.}",
        r"\label{tab:one}",
        r"\begin{tabular}{ll}",
        r"\toprule",
        r"a b & $h^{2}$ \\",
    ]
    assert r"x\_1 \& 50 \% & \phantom{$-$}$1.50 \cdot 10^{-8}$ \\" in text
    assert r"y & $-2.00 \cdot 10^{-3}$ \\" in text


def test_latex_of_a_long_table_shows_one_row_in_so_many_and_says_so():
    long = table({"k": range(100)})
    assert [line for line in long.to_latex().splitlines() if line.startswith("$")][:2] == [r"$0$ \\", r"$3$ \\"]
    assert "One row in 3 is shown." in long.to_latex()
    assert "is shown" not in long.to_latex(rows=None)


def test_widths_are_those_of_the_widest_cells():
    assert table({"a_long_name": ["x"], "v": [1.5e-8]}).widths() == [4, 8]
    assert table({"word": ["a", "abcdefgh"]}, rows_shown=1).widths() == [4]


def test_columns_of_records_have_the_words_of_the_field():
    named = table({"method": ["centered"], "closed_form_step": [1e-5]}, headings={"method": "way"})
    assert (named.heading("method"), named.heading("closed_form_step")) == ("way", "textbook step")


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        ([0.5, 2.0**-5, 1e-4], ["2⁻¹", "2⁻⁵", "10⁻⁴"]),
        ([0.61785, 0.308925], ["1.2357·2⁻¹", "1.2357·2⁻²"]),
        ([0.5, 0.01931762695312500], ["5.00e-01", "1.93e-02"]),
    ],
)
def test_steps_of_a_column_are_all_exact_or_all_rounded(steps, shown):
    for name in ("h", "best_step", "step_value"):
        lines = table({name: steps}).to_markdown().splitlines()[2:]
        assert [line.strip("| \u2007\u2008") for line in lines] == shown


def test_correct_digits_have_one_decimal():
    assert "| 10.8 |" in table({"digits": [10.8123, 3.0]}).to_markdown()
