"""What a run cannot take is named before anything is measured, with what is required of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from numdiff.study.blocks import Block
from numdiff.study.run import Tally, run, run_blocks, run_named
from numdiff.study.store import Store
from numdiff.study.stream import stream_blocks
from numdiff.study.sweep import Sweep

BLOCK = Block(Sweep("s", ("exp",), ("centered",), ("float32",), first_step=1, last_step=2), "arb", "exp")
CALLS: list[Callable[..., Any]] = [
    lambda **options: run([BLOCK], progress=False, **options),
    lambda **options: run_blocks([BLOCK], progress=False, **options),
    lambda **options: run_named([("s", BLOCK)], progress=False, **options),
    lambda **options: list(stream_blocks([BLOCK], **options)),
]


@pytest.fixture(autouse=True)
def measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Block, "measure", lambda *_: pytest.fail("something was measured"))


@pytest.mark.parametrize("call", CALLS, ids=["run", "run_blocks", "run_named", "stream_blocks"])
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"store": "records"},
            TypeError,
            r"store must be a Store or None, got str 'records'; write Store\('records'\)",
        ),
        ({"store": Path("records")}, TypeError, r"store must be a Store or None, got .*Path.*; write Store\("),
        ({"store": 3}, TypeError, "store must be a Store or None, got int 3$"),
        ({"workers": "2"}, ValueError, "workers must be an integer of at least 1, got '2'"),
        ({"executor": "pool"}, TypeError, r"executor must be a concurrent\.futures\.Executor, got 'pool'"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_store_and_measures_nothing_is_named(
    call: Callable[..., Any], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(**options)


@pytest.mark.parametrize("call", CALLS[:3], ids=["run", "run_blocks", "run_named"])
def test_what_is_no_tally_is_named(call: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="tally must be a Tally or None, got int 3"):
        call(tally=3)


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        (run, BLOCK, r"measurements must be a list or a tuple, got Block .*; put it into a list"),
        (run, "exp", "measurements must be a list or a tuple, got str 'exp'"),
        (run, None, "measurements must be a list or a tuple, got NoneType None"),
        (run, ["exp"], "measurements must hold blocks of sweeps or other measurements, got str 'exp'"),
        (run, [BLOCK.sweep], "measurements must hold blocks of sweeps .*, got Sweep "),
        (run_named, [BLOCK], r"named must hold pairs \(name, measurement\), got \[Block"),
        (run_named, None, r"named must hold pairs \(name, measurement\), got None"),
        (run_named, [("s", "exp")], "named must hold blocks of sweeps or other measurements, got str 'exp'"),
        (lambda given: list(stream_blocks(given)), BLOCK, "blocks must be a list or a tuple, got Block "),
        (lambda given: list(stream_blocks(given)), ["exp"], "blocks must hold blocks of sweeps .*, got str 'exp'"),
    ],
)
def test_what_is_no_measurement_is_named(call: Callable[[Any], Any], given: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(given)


def test_a_folder_must_be_a_path() -> None:
    with pytest.raises(TypeError, match="root must be the path of a folder, got int 3"):
        Store(3)  # type: ignore[arg-type]


def test_nothing_to_measure_is_no_mistake(tmp_path: Path) -> None:
    assert run([], store=Store(tmp_path), tally=Tally(), progress=False) == []
    assert run_named([], progress=False) == {}
    assert list(stream_blocks(())) == []
