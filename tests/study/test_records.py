"""The schema of the records: documented, complete, and exact where it says so."""

import dataclasses
from typing import Any

import pandas as pd
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.study.measure import measure
from numdiff.study.records import FIELDS, KEYS, PARTS, Record, frame_of, schema_table
from numdiff.study.sweep import Sweep, plan

VALUES: dict[Any, Any] = {str: "0x1p+0", int: 3, float: 0.5, bool: True}


def columns(rows: int = 2) -> dict[str, list[Any]]:
    return {name: [VALUES[field.type]] * rows for name, field in FIELDS.items()}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_line_a_unit_and_a_kind(name: str) -> None:
    metadata = FIELDS[name].metadata
    assert set(metadata) == {"line", "unit", "kind"}
    assert len(metadata["line"]) >= 10
    assert not metadata["line"].endswith(".")
    assert metadata["kind"] in ("key", "portable", "platform")


def test_no_two_fields_are_described_alike() -> None:
    lines = [field.metadata["line"] for field in FIELDS.values()]
    assert len(set(lines)) == len(lines)


def of_kind(kind: str) -> tuple[str, ...]:
    return tuple(name for name, field in FIELDS.items() if field.metadata["kind"] == kind)


def test_kinds_partition_the_fields() -> None:
    assert {field.metadata["kind"] for field in FIELDS.values()} == {"key", "portable", "platform"}
    assert of_kind("key") == KEYS


def test_what_passed_through_the_platform_is_not_called_portable() -> None:
    """Portable columns are compared exactly on other machines: nothing computed in the format may be there."""
    platform = set(of_kind("platform"))
    computed = """
        computed computed_value evaluation combination total roundoff relative_error ulps status underflow rms_error
        median_error max_error failures model_error predicted_step predicted_error closed_form_step prediction
    """
    assert set(computed.split()) <= platform
    assert {"truncation", "abscissa", "reference", "x", "step", "state"} <= set(of_kind("portable"))


def test_four_parts_are_fields() -> None:
    assert set(PARTS) <= set(FIELDS)
    assert PARTS == ("truncation", "abscissa", "evaluation", "combination")


def test_frame_has_the_columns_of_the_record_in_its_order_and_types() -> None:
    shuffled = dict(sorted(columns().items()))
    frame = frame_of(shuffled)
    assert list(frame.columns) == [field.name for field in dataclasses.fields(Record)]
    for name, field in FIELDS.items():
        kind = {"str": str, "object": str, "int64": int, "float64": float, "bool": bool}[str(frame[name].dtype)]
        assert kind is field.type
        assert kind is not str or all(type(value) is str for value in frame[name])


@pytest.mark.parametrize("missing", ["total", "status", "k"])
def test_frame_without_a_field_is_refused(missing: str) -> None:
    given = columns()
    del given[missing]
    with pytest.raises(ValueError, match=rf"missing \['{missing}'\], unknown \[\]"):
        frame_of(given)


def test_frame_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match=r"missing \[\], unknown \['colour'\]"):
        frame_of({**columns(), "colour": ["red", "red"]})


def test_columns_of_different_length_are_refused() -> None:
    given = columns()
    given["total"] = [0.5]
    with pytest.raises(ValueError, match=r"columns must have one length, got .*'total': 1"):
        frame_of(given)


def test_empty_frame_keeps_the_types() -> None:
    empty, full = frame_of(columns(0)), frame_of(columns(1))
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_schema_table_shows_every_field() -> None:
    table = schema_table()
    assert table["field"].tolist() == list(FIELDS)
    assert set(table["type"]) == {"str", "int", "float", "bool"}
    assert (table["meaning"].str.len() > 0).all()


@dataclasses.dataclass(frozen=True)
class Line:
    """f(x) = x/3 at points that no format holds exactly."""

    name: str = "line"
    points: tuple[float, ...] = (1 / 3, -0.1, 1e-3)
    domain: tuple[float, float] = (-10.0, 10.0)

    def f(self, x: Any) -> Any:
        return x / 3.0

    derivative, exact = None, ()


@pytest.mark.parametrize("name", FORMATS)
def test_hexadecimal_columns_are_the_numbers_of_the_format(name: str) -> None:
    fmt = FORMATS[name]
    frame, _ = measure(plan(Line(), Sweep("s", (), formats=(name,), all_points=True, last_step=12)), "arb")
    assert len(frame) > 20
    for text, double in (("x", "x_value"), ("step", "step_value"), ("computed", "computed_value")):
        for written, value in zip(frame[text], frame[double], strict=True):
            number = fmt.from_hex(written)
            assert number.dtype == fmt.dtype
            assert fmt.hex(number) == written
            assert float(number) == value
    for index, x in enumerate(Line().points):
        assert set(frame.loc[frame["point"] == index, "x"]) == {fmt.hex(fmt.as_array(x)[()])}


def test_hexadecimal_text_survives_where_a_double_does_not() -> None:
    if "float80" not in FORMATS:
        pytest.skip("needs a format wider than a double")
    frame, _ = measure(plan(Line(), Sweep("s", (), formats=("float80",))), "arb")
    assert isinstance(frame, pd.DataFrame)
    assert any(
        FORMATS["float80"].lift(FORMATS["float80"].from_hex(text)) != value
        for text, value in zip(frame["computed"], frame["computed_value"], strict=True)
    )
