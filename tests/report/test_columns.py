"""The kinds of columns: from their names, unless a table says otherwise."""

import json

import pandas as pd
import pytest

from numdiff.report import columns
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.records import FIELDS

FRAME = pd.DataFrame({"problem": ["exp"], "truncation": [1.0], "total": [2.0], "status": ["ok"], "median": [3.0]})


def table(**options):
    return Table("errors", "Errors", "", FRAME, **options)


@pytest.mark.parametrize("name", list(FIELDS))
def test_field_of_a_record_keeps_its_kind(name):
    kind, known = columns.kind_of(name), FIELDS[name].metadata["kind"]
    assert (kind == "portable") == (known in ("key", "portable"))
    assert (kind == name) == (name in columns.BOUNDED)
    if name in columns.BOUNDED:
        assert known == "platform"


def test_whatever_has_another_name_is_of_the_platform():
    assert columns.kind_of("median") == "platform"


def test_table_says_what_its_columns_are_where_the_names_do_not():
    names = list(FRAME.columns)
    assert columns.described(names, {}, {})["columns"] == {
        "problem": "portable",
        "truncation": "portable",
        "total": "total",
        "status": "platform",
        "median": "platform",
    }
    assert columns.described(names, {"*": "platform", "problem": "portable"}, {"grid": "generic"}) == {
        "columns": dict.fromkeys(names, "platform") | {"problem": "portable"},
        "where": {"grid": "generic"},
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": {"error": "portable"}}, "kinds of table 'errors' must name its columns, got 'error'"),
        ({"kinds": {"total": "exact"}}, "kind of column 'total' of table 'errors' must be one of .* got 'exact'"),
        ({"where": {"status": "ok"}}, "where of table 'errors' must name keys or portable fields .* got 'status'"),
    ],
)
def test_unknown_kinds_and_keys_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        table(**options)
    with pytest.raises(ValueError, match=message.replace("table '", "figure '")):
        Figure("errors", "Errors", "See.", "Seen.", FRAME, lambda fig, data: None, **options)


def test_file_has_sorted_names():
    text = columns.to_json({"b.csv": {"columns": {}}, "a.csv": {"columns": {}}})
    assert list(json.loads(text)) == ["a.csv", "b.csv"]
