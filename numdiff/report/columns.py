"""The kinds of columns: equal on every machine, dependent on the platform, or within a proved bound.

``columns.json`` beside the tables holds for each file the kind of each column,

- ``portable``: pure arithmetic, equal on every machine;
- ``platform``: computed with the elementary functions of the platform;
- the name of a field of `Record` with a proved bound: on another platform it may differ within that bound.

The kind follows from the name where it is that of a field of `Record`; other columns are of the platform. A table
declares its kinds where a name has another meaning: the step of an optimum is not the step of a cell.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from numdiff.study.records import FIELDS

PORTABLE, PLATFORM = "portable", "platform"
BOUNDED = ("evaluation", "combination", "total", "roundoff", "computed_value", "relative_error")
"""The fields of the platform for which every cell has a proved bound."""
KINDS = (PORTABLE, PLATFORM, *BOUNDED)
NOTHING: Mapping[str, str] = MappingProxyType({})
NAME = "columns.json"
VALUES = "values.json"


def kind_of(column: str) -> str:
    """Return the kind of a column by its name."""
    if column in BOUNDED:
        return column
    if column in FIELDS and FIELDS[column].metadata["kind"] in ("key", "portable"):
        return PORTABLE
    return PLATFORM


def described(
    columns: list[str], declared: Mapping[str, str], where: Mapping[str, str], made_of: str = ""
) -> dict[str, Any]:
    """Return the entry of a file: the kinds of its columns, the keys that all its cells share, what it is made of.

    Parameters
    ----------
    columns : list of str
    declared : mapping of str to str
        Kinds that differ from those of the names; ``"*"`` stands for all columns that are not named.
    where : mapping of str to str
        Keys of `Record` that no column shows, with their value.
    made_of : str
        The name in ``values.json`` whose blocks the columns of the platform are made of.
    """
    rest = declared.get("*")
    kinds = {name: declared.get(name) or rest or kind_of(name) for name in columns}
    entry: dict[str, Any] = {"columns": kinds}
    if where:
        entry["where"] = dict(where)
    if made_of and set(kinds.values()) != {PORTABLE}:
        entry["made_of"] = made_of
    return entry


def values_to_json(values: Mapping[str, Any]) -> str:
    """Return ``values.json`` from frames of digests by name of the sweep: for each subject and format what f returned.

    Parameters
    ----------
    values : mapping of str to DataFrame
        Columns subject, format, digest; several digests of one pair are joined by blanks, in their order.
    """
    found: dict[str, Any] = {}
    for name, frame in values.items():
        for subject, format_name, digest in frame.itertuples(index=False):
            formats = found.setdefault(name, {}).setdefault(subject, {})
            formats[format_name] = f"{formats.get(format_name, '')} {digest}".strip()
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def check(what: str, columns: list[str], declared: Mapping[str, str], where: Mapping[str, str]) -> None:
    """Raise ValueError unless the declared kinds are kinds of columns that exist, and `where` names keys."""
    for name, kind in declared.items():
        if name not in (*columns, "*"):
            raise ValueError(f"kinds of {what} must name its columns, got {name!r}")
        if kind not in KINDS:
            raise ValueError(f"kind of column {name!r} of {what} must be one of {', '.join(KINDS)}, got {kind!r}")
    for name in where:
        if name not in FIELDS or FIELDS[name].metadata["kind"] not in ("key", "portable"):
            raise ValueError(f"where of {what} must name keys or portable fields of Record, got {name!r}")


def to_json(entries: Mapping[str, Any]) -> str:
    """Return ``columns.json``: a line for each column, so that a change of a kind is seen in a diff."""
    return json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
