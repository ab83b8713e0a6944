"""Two commits are compared in turns: a slowdown that was planted is found, and what differs by chance is not."""

import re
import subprocess
from pathlib import Path

import pytest

from bench import compare
from bench.compare import Change, changes

BENCHMARK = """
def test_sum(benchmark):
    benchmark.pedantic(lambda: sum(range({size})), rounds=20, warmup_rounds=2)


def test_other(benchmark):
    benchmark.pedantic(lambda: sum(range(20_000)), rounds=20, warmup_rounds=2)
"""


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run(["git", "-C", str(root), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with two benchmarks."""
    folder = tmp_path / "repository"
    (folder / "bench").mkdir(parents=True)
    (folder / "bench" / "test_bench.py").write_text(BENCHMARK.format(size=20_000))
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Begin")
    return folder


def test_planted_slowdown_is_found(root: Path, capsys: pytest.CaptureFixture[str]):
    """Twenty times the work: no disturbance of a machine hides that, or looks like it."""
    (root / "bench" / "test_bench.py").write_text(BENCHMARK.format(size=400_000))
    assert compare.main(["HEAD", "--rounds", "2"], root) == 1
    header, first, *_, last = capsys.readouterr().out.splitlines()
    assert header.split() == ["benchmark", "new/old", "least", "most"]
    name, ratio, least, most, verdict = first.split()
    assert (name, verdict) == ("bench/test_bench.py::test_sum", "slower")
    assert 1 < float(least) <= float(ratio) <= float(most)
    assert "bench/test_bench.py::test_sum" in last
    listed = subprocess.run(["git", "-C", str(root), "worktree", "list"], check=True, capture_output=True, text=True)
    assert len(listed.stdout.splitlines()) == 1


def test_selected_benchmarks_are_measured_and_what_one_tree_lacks_is_named(
    root: Path, capsys: pytest.CaptureFixture[str]
):
    assert compare.main(["HEAD", "--rounds", "1", "--select", "sum"], root) in (0, 1)
    assert "test_other" not in capsys.readouterr().out
    (root / "bench" / "test_new.py").write_text("def test_new(benchmark):\n    benchmark(int)\n")
    compare.main(["HEAD", "--rounds", "1"], root)
    assert "only in one of the trees: bench/test_new.py::test_new" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "REV must be a commit of .* got 'nowhere'"),
        (["HEAD", "--rounds", "0"], "--rounds must be at least 1, got 0"),
        (["HEAD", "--select", "nothing_of_that_name"], "the benchmarks of .* failed"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    root: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert compare.main(words, root) == 2
    assert re.search(f"^compare: error: {said}", capsys.readouterr().err, re.DOTALL)


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((1.2, 1.3, 1.15, 1.2, 1.25), "slower"),
        ((1.2, 1.3, 0.99, 1.2, 1.25), "slower"),
        ((1.2, 0.98, 0.99, 1.2, 1.25), ""),
        ((1.05, 1.04, 1.06, 1.05, 1.09), ""),
        ((0.8, 0.85, 0.7, 1.2, 0.8), "faster"),
        ((1.0,), ""),
        ((2.0,), "slower"),
    ],
)
def test_verdict_needs_a_size_and_nearly_all_rounds(ratios: tuple[float, ...], verdict: str):
    assert Change("a", ratios).verdict == verdict


def test_changes_are_ratios_of_rounds():
    found, others = changes([{"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 2.0}], [{"a": 2.0, "b": 1.0}, {"a": 2.0, "c": 1.0}])
    assert [(change.name, change.ratios) for change in found] == [("a", (2.0, 1.0))]
    assert others == ["b", "c"]
