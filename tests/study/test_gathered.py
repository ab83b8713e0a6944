"""What the measurements of a name gave, kept as one: when it is taken, when not, and that it is the same."""

from dataclasses import replace

import pytest
from pandas.testing import assert_frame_equal

from numdiff.study import blocks as blocks_module
from numdiff.study import gathered as module
from numdiff.study.blocks import blocks_of
from numdiff.study.run import Tally, run_named
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep

TINY = Sweep("tiny", ("exp", "square"), ("forward", "centered"), ("float16", "float64"), last_step=3)
OTHER = Sweep("other", ("exp",), ("forward",), ("float64",), last_step=3)
NAMED = [(sweep.name, block) for sweep in (TINY, OTHER) for block in blocks_of(sweep, "arb")]


def named(*sweeps):
    return [(sweep.name, block) for sweep in sweeps for block in blocks_of(sweep, "arb")]


def run(store, *sweeps, **options):
    tally = Tally()
    return run_named(named(*sweeps), store=store, progress=False, tally=tally, **options), tally


def assert_same(left, right):
    assert list(left) == list(right)
    for name, one in left.items():
        for part in ("records", "skips", "values"):
            assert_frame_equal(getattr(one, part), getattr(right[name], part))


@pytest.fixture
def unplanned(monkeypatch):
    """Refuse to plan, to evaluate and to measure."""

    def refuse(*arguments):
        raise AssertionError("nothing is to be looked at")

    for name in ("plan", "values_of", "measure"):
        monkeypatch.setattr(blocks_module, name, refuse)


def test_what_is_kept_is_taken_without_a_look_at_the_blocks(tmp_path, request):
    first, tally = run(Store(tmp_path), TINY, OTHER)
    request.getfixturevalue("unplanned")
    again, other = run(Store(tmp_path), TINY, OTHER)
    assert_same(first, again)
    assert (other.measured, other.reused, other.cells, other.done) == (0, tally.measured, tally.cells, tally.cells)


def test_another_machine_looks_at_the_values(tmp_path, monkeypatch):
    first, _ = run(Store(tmp_path), TINY)
    monkeypatch.setattr(module, "machine", lambda: "another")
    looked = []
    honest = blocks_module.values_of
    monkeypatch.setattr(blocks_module, "values_of", lambda planned: looked.append(planned) or honest(planned))
    again, tally = run(Store(tmp_path), TINY)
    assert len(looked) == 2
    assert_same(first, again)
    assert tally.measured == 0
    run(Store(tmp_path), TINY)
    assert len(looked) == 2  # kept for this machine now


def test_values_that_are_others_are_measured_again_on_another_machine(tmp_path, monkeypatch):
    _, first = run(Store(tmp_path), TINY)
    monkeypatch.setattr(module, "machine", lambda: "another")
    monkeypatch.setattr("numdiff.study.run.unlike", lambda here, there: [("exp", "float64")])
    _, tally = run(Store(tmp_path), TINY)
    assert (tally.measured, tally.outdated) == (first.measured, 2)


def test_a_name_that_asks_for_something_else_is_made_anew_and_the_others_are_not(tmp_path):
    run(Store(tmp_path), TINY, OTHER)
    _, tally = run(Store(tmp_path), TINY, replace(OTHER, last_step=4))
    assert 0 < tally.measured < 20
    _, tally = run(Store(tmp_path), replace(TINY, problems=("square", "exp")), OTHER)  # the order counts
    assert tally.measured == 0


def test_fresh_forgets_what_is_kept(tmp_path, monkeypatch):
    run(Store(tmp_path), TINY)

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(blocks_module, "measure", stop)
        with pytest.raises(KeyboardInterrupt):
            run(Store(tmp_path), TINY, fresh=True)
    _, tally = run(Store(tmp_path), TINY)
    assert tally.reused == 0


def test_a_damaged_file_is_named_and_the_blocks_are_taken(tmp_path):
    first, _ = run(Store(tmp_path), TINY)
    path = tmp_path / "gathered" / "tiny" / "records.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    said = []
    again, tally = run(Store(tmp_path, said.append), TINY)
    assert_same(first, again)
    assert tally.measured == 0
    assert len(said) == 1
    assert "stored gathered/tiny is damaged" in said[0]


def test_what_a_plugin_adds_is_never_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("numdiff.study.run.is_stable", lambda item: False)
    run(Store(tmp_path), TINY)
    assert not (tmp_path / "gathered").exists()
