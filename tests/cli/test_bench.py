"""``numdiff bench``: the gates of a checkout, and their verdict."""

import json

import pytest

from numdiff.cli.bench import COLUMNS
from tests.cli.calls import ROOT, names_of, python
from tests.core_environment import needs_everything

BENCH = """
def test_speed(benchmark):
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info.update(gate="fast", ratio={ratio}, limit=1.5, sense="<=")
"""


@pytest.fixture
def root(tmp_path):
    """Return a folder that looks like a checkout with one benchmark of a given ratio."""
    (tmp_path / "numdiff").mkdir()
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "gates.py").write_text(
        (ROOT / "bench" / "gates.py").read_text(encoding="utf-8"), encoding="utf-8"
    )

    def make(ratio):
        (tmp_path / "bench" / "test_it.py").write_text(BENCH.format(ratio=ratio), encoding="utf-8")
        return tmp_path

    return make


@needs_everything
@pytest.mark.parametrize(("ratio", "status"), [(1.25, 0), (2.0, 1)])
def test_the_status_is_whether_every_limit_holds(root, ratio, status):
    done = python("-m", "numdiff", "bench", cwd=root(ratio))
    assert done.status == status
    assert f"{ratio:.3f}" in done.out
    rows = python("-m", "numdiff", "bench", "--json", cwd=root(ratio))
    assert rows.status == status
    assert json.loads(rows.out)["rows"] == [
        {"gate": "fast", "ratio": ratio, "sense": "<=", "limit": 1.5, "holds": status == 0}
    ]
    assert names_of(COLUMNS) == list(rows.rows[0])


@needs_everything
@pytest.mark.parametrize("how", [(), ("--json",)])
@pytest.mark.parametrize("words", ["nothing", "not a name", "plain"])
def test_words_that_select_no_limit_are_a_wrong_call(root, words, how):
    folder = root(1.25)
    plain = "def test_plain(benchmark):\n    benchmark.pedantic(lambda: None, rounds=1)\n"
    (folder / "bench" / "test_plain.py").write_text(plain, encoding="utf-8")
    done = python("-m", "numdiff", "bench", "--select", words, *how, cwd=folder)
    assert done.status == 2
    assert f"--select must be words of pytest -k that a benchmark with a limit has, got {words!r}" in done.err
    assert python("-m", "numdiff", "bench", "--select", "speed", *how, cwd=folder).status == 0


@needs_everything
def test_a_benchmark_that_fails_has_status_1(root):
    folder = root(1.25)
    (folder / "bench" / "test_it.py").write_text("def test_speed():\n    assert False\n", encoding="utf-8")
    assert python("-m", "numdiff", "bench", cwd=folder).status == 1


def test_outside_a_checkout_is_one_line_and_status_2(tmp_path):
    done = python("-m", "numdiff", "bench", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("numdiff: error: the benchmarks live in a checkout")
