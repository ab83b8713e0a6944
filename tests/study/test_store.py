"""The store: what is written comes back, and what is torn, old or half written does not."""

import math
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from numdiff.study import store as module
from numdiff.study.measure import measure, skip_frame
from numdiff.study.store import Store
from numdiff.study.sweep import Skip, Sweep, plan


class Subject:
    """f(x) = x at a point of failure and a point of success."""

    name, domain, derivative, points = "subject", (-math.inf, math.inf), None, (65504.0, 1.0, 70000.0)
    exact = ()

    @staticmethod
    def f(x: Any) -> Any:
        return x


@pytest.fixture(scope="module")
def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    sweep = Sweep("s", (), formats=("float16", "float32"), all_points=True, first_step=-6, last_step=3)
    return measure(plan(Subject(), sweep), "arb")


def test_records_come_back_byte_for_byte(tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    store = Store(tmp_path)
    for name, frame in zip(("a", "a-skips"), frames, strict=True):
        store.save(name, frame)
        back = store.load(name)
        assert back is not None
        pd.testing.assert_frame_equal(back, frame)
        assert back.to_csv() == frame.to_csv()
        assert back.dtypes.to_dict() == frame.dtypes.to_dict()
    assert frames[0]["total"].isna().any()


def test_removed_file_is_gone_and_removing_again_is_no_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save("blocks/a", pd.DataFrame({"v": [1.0]}))
    for _ in range(2):
        store.remove("blocks/a")
        assert store.load("blocks/a") is None


def test_signed_zero_infinity_and_nan_come_back(tmp_path: Path) -> None:
    values = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324]
    Store(tmp_path).save("a", pd.DataFrame({"v": values}))
    back = Store(tmp_path).load("a")
    assert back is not None
    assert [value.hex() for value in back["v"].tolist()] == [value.hex() for value in values]


@pytest.mark.parametrize("skips", [[], [Skip("p", "", "forward", "float16", "why")]])
def test_skips_come_back_even_if_there_are_none(tmp_path: Path, skips: list[Skip]) -> None:
    frame = skip_frame(skips)
    Store(tmp_path).save("a", frame)
    back = Store(tmp_path).load("a")
    assert back is not None
    pd.testing.assert_frame_equal(back, frame)


def test_nothing_is_found_where_nothing_was_saved(tmp_path: Path) -> None:
    assert Store(tmp_path / "missing").load("a") is None
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("left", [0, 1, 10, 0.5, -1])
def test_torn_file_is_none(tmp_path: Path, left: float, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    path = Store(tmp_path).save("blocks/a", frames[0])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * left) if left == 0.5 else int(left)])
    assert Store(tmp_path).load("blocks/a") is None


@pytest.mark.parametrize("place", ["footer", "tail"])
def test_garbled_file_is_none(tmp_path: Path, place: str, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    path = Store(tmp_path).save("a", frames[0])
    data = bytearray(path.read_bytes())
    footer = int.from_bytes(data[-8:-4], "little")
    where = {"footer": len(data) - 8 - footer, "tail": len(data) - 8}[place]
    data[where : where + 8] = b"\xff" * 8
    path.write_bytes(bytes(data))
    try:
        found = Store(tmp_path).load("a")
    except Exception as error:
        raise AssertionError(f"a garbled file must be measured again, got {error!r:.200}") from error
    assert found is None


def test_other_schema_version_is_none(
    tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.save("a", frames[0])
    monkeypatch.setattr(module, "SCHEMA_VERSION", module.SCHEMA_VERSION + 1)
    assert store.load("a") is None
    store.save("a", frames[0])
    assert store.load("a") is not None


def test_file_of_somebody_else_is_none(tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    frames[0].to_parquet(tmp_path / "a.parquet")
    assert Store(tmp_path).load("a") is None


def test_failed_write_leaves_the_old_file_whole(
    tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.save("a", frames[0])

    def torn(table: Any, where: Any) -> None:
        Path(where).write_bytes(b"PAR1 half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(module.pq, "write_table", torn)
    with pytest.raises(KeyboardInterrupt):
        store.save("a", frames[0].head(1))
    back = store.load("a")
    assert back is not None
    assert len(back) == len(frames[0])


def test_names_with_a_suffix_do_not_share_a_partial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[tuple[str, str]] = []
    monkeypatch.setattr(module.os, "replace", lambda a, b: replaced.append((Path(a).name, Path(b).name)))
    for name in ("blocks/key", "blocks/key-skips"):
        Store(tmp_path).save(name, pd.DataFrame({"v": [1.0]}))
    assert len({partial for partial, _ in replaced}) == 2
    assert all(str(os.getpid()) in partial for partial, _ in replaced)
    assert [final for _, final in replaced] == ["key.parquet", "key-skips.parquet"]


# --- the frames of a measurement ---------------------------------------------------------------------------


def test_frames_come_back_together_and_are_forgotten_together(
    tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    store, parts = Store(tmp_path), {"records": frames[0], "skips": frames[1]}
    assert store.load_frames("measured/a") is None
    store.save_frames("measured/a", parts)
    store.save_frames("measured/a", parts)  # over what is there
    found = store.load_frames("measured/a")
    assert found is not None
    assert list(found) == ["records", "skips"]
    for name, frame in parts.items():
        pd.testing.assert_frame_equal(found[name], frame)
    assert [path.name for path in (tmp_path / "measured").iterdir()] == ["a"]
    for _ in range(2):
        store.remove_frames("measured/a")
        assert store.load_frames("measured/a") is None


def test_a_part_that_is_missing_or_of_another_measurement_makes_all_of_them_none(tmp_path: Path) -> None:
    store, frame = Store(tmp_path), pd.DataFrame({"v": [1.0]})
    store.save_frames("a", {"records": frame, "skips": frame})
    store.save_frames("b", {"records": frame})
    (tmp_path / "a" / "skips.parquet").unlink()
    assert store.load_frames("a") is None
    (tmp_path / "b" / "more.parquet").write_bytes((tmp_path / "b" / "records.parquet").read_bytes())
    assert store.load_frames("b") is None


def test_a_measurement_that_was_killed_while_it_was_written_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, frame = Store(tmp_path), pd.DataFrame({"v": [1.0]})
    honest, written = module.pq.write_table, []

    def killed(table: Any, where: Any) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(where)
        honest(table, where)

    monkeypatch.setattr(module.pq, "write_table", killed)
    with pytest.raises(KeyboardInterrupt):
        store.save_frames("measured/a", {"records": frame, "skips": frame})
    assert store.load_frames("measured/a") is None
