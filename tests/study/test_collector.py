"""The cycle collector is held as long as anybody measures, and left as it was found."""

import gc
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from numdiff.study.blocks import blocks_of
from numdiff.study.collector import collector_held
from numdiff.study.run import run_blocks
from numdiff.study.sweep import Sweep


@pytest.fixture(autouse=True)
def as_found() -> Iterator[None]:
    was = gc.isenabled()
    yield
    (gc.enable if was else gc.disable)()


@pytest.mark.parametrize("was", [True, False])
def test_collector_is_left_as_it_was_found_also_by_an_error(was: bool) -> None:
    (gc.enable if was else gc.disable)()
    frozen = gc.get_freeze_count()
    with pytest.raises(LookupError, match="False"), collector_held():
        raise LookupError(str(gc.isenabled()))
    assert gc.isenabled() == was
    assert gc.get_freeze_count() == frozen == 0


def test_collector_runs_again_when_the_last_one_has_left() -> None:
    gc.enable()
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with collector_held():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with collector_held():
        thread.start()
        assert inside.wait(10)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_cycles_that_a_measurement_leaves_do_not_grow_with_its_cells() -> None:
    """Caught: a cell that left a cycle behind; what is held back would grow with the cells.

    Caught too: an exact function that was part of one, with all that it has stored: numbers, as tuples and balls.
    """
    left = []
    for last in (2, 12):
        sweep = Sweep("cycles", ("exp", "composition"), ("forward", "centered"), ("float32", "float64"), last_step=last)
        run_blocks(blocks_of(sweep, "arb"), progress=False)  # what is made once
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            run_blocks(blocks_of(sweep, "arb"), progress=False)
            gc.collect()
            left.append(Counter(type(item).__name__ for item in gc.garbage if not isinstance(item, tuple)))
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
    assert left[0] == left[1]
    assert not {"ExactFunction", "Lookup", "Ball", "Reference"} & set(left[1])
