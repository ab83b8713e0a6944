"""The store: what is written comes back, and what is torn, old or half written does not."""

import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from numdiff.study import store as module
from numdiff.study.measure import measure, skip_frame
from numdiff.study.store import Store
from numdiff.study.sweep import Skip, Sweep, plan
from tests.study.damage_search import Damager, search


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


def test_a_folder_may_be_given_as_text(tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    Store(str(tmp_path)).save("a", frames[0])
    assert Store(tmp_path).load("a") is not None


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


def test_damaged_file_is_named_and_kept_under_another_name(
    tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path)
    for ending in (".damaged", ".damaged-2"):
        path = store.save("blocks/a", frames[0])
        damaged = path.read_bytes()[:-100]
        path.write_bytes(damaged)
        assert store.load("blocks/a") is None
        assert not path.exists()
        assert path.with_name(f"a.parquet{ending}").read_bytes() == damaged
        (line,) = capsys.readouterr().err.splitlines()
        assert line == (
            f"stored blocks/a.parquet is damaged (its checksum is wrong); it is not used, kept as a.parquet{ending}"
        )


def test_file_stays_a_parquet_file_that_pandas_reads(tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    pd.testing.assert_frame_equal(pd.read_parquet(Store(tmp_path).save("a", frames[0])), frames[0])


def test_file_under_another_name_is_none(tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    told: list[str] = []
    store = Store(tmp_path, told.append)
    store.save("a", frames[0]).rename(store.path("b"))
    assert store.load("b") is None
    assert "it was written as a" in told[0]


def test_failed_write_leaves_the_old_file_whole(
    tmp_path: Path, frames: tuple[pd.DataFrame, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.save("a", frames[0])
    for place in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, place, interrupted)
            with pytest.raises(KeyboardInterrupt):
                store.save("a", frames[0].head(1))
        assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
    back = store.load("a")
    assert back is not None
    assert len(back) == len(frames[0])


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


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
    honest, written = module._sealed, []

    def killed(*given: Any) -> bytes:
        if written:
            raise KeyboardInterrupt
        written.append(given)
        return honest(*given)

    monkeypatch.setattr(module, "_sealed", killed)
    with pytest.raises(KeyboardInterrupt):
        store.save_frames("measured/a", {"records": frame, "skips": frame})
    assert store.load_frames("measured/a") is None
    assert list((tmp_path / "measured").iterdir()) == []


def test_a_measurement_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, old, new = Store(tmp_path), pd.DataFrame({"v": [1.0]}), pd.DataFrame({"v": [2.0]})
    store.save_frames("a", {"records": old, "skips": old})
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.save_frames("a", {"records": new, "skips": new})
    found = store.load_frames("a")
    assert found is not None
    assert found["records"].equals(old)
    store.save_frames("a", {"records": new})
    found = store.load_frames("a")
    assert found is not None
    assert list(found) == ["records"]
    assert found["records"].equals(new)


def test_a_file_in_the_place_of_a_measurement_is_set_aside(tmp_path: Path) -> None:
    told: list[str] = []
    store, frame = Store(tmp_path, told.append), pd.DataFrame({"v": [1.0]})
    (tmp_path / "a").write_text("no folder")
    assert store.load_frames("a") is None
    assert told == ["stored a is damaged (it cannot be read: Not a directory); it is not used, kept as a.damaged"]
    store.save_frames("a", {"records": frame})
    assert store.load_frames("a") is not None


def test_what_was_left_half_written_long_ago_is_removed(tmp_path: Path) -> None:
    frame = pd.DataFrame({"v": [1.0]})
    for name, age in ((".old.0123abcd.numdiff-partial", 4000), (".new.0123abce.numdiff-partial", 10)):
        (tmp_path / "measured" / name).mkdir(parents=True)
        os.utime(tmp_path / "measured" / name, (time.time() - age,) * 2)
    Store(tmp_path).save_frames("measured/a", {"records": frame})
    assert sorted(path.name for path in (tmp_path / "measured").iterdir()) == [".new.0123abce.numdiff-partial", "a"]


def test_no_damage_is_loaded_and_each_is_named_and_kept(tmp_path: Path, rng: np.random.Generator) -> None:
    """A sample of the search that ``python -m tests.study.damage_search`` makes with 10⁴ damages."""
    damager = Damager(tmp_path, rng, rows=500)
    outcomes = list(search(damager, 20 * len(damager.kinds)))
    assert {kind for kind, outcome in outcomes if outcome == "refused"} == set(damager.kinds)
    assert [pair for pair in outcomes if pair[1] not in ("refused", "unchanged")] == []


def test_a_store_without_checksums_would_be_found_out(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    damager = Damager(tmp_path, rng, rows=500)
    monkeypatch.setattr(module, "_read", lambda path, name: module.pq.read_table(path))
    assert {"loaded, other numbers", "loaded, the same numbers"} & {
        outcome for _, outcome in search(damager, 20 * len(damager.kinds))
    }
