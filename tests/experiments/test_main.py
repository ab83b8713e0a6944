"""``python -m experiments``: what it keeps, what it deletes, what it says; and the tables of the overview."""

import errno
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments import command as module
from experiments.overview import reference_state, references_table
from experiments.registry import EXPERIMENTS
from experiments.reproducibility import __main__ as check_results
from numdiff.analysis.reference import ExactFunction
from numdiff.floats.dyadic import dyadic
from numdiff.interruption import BEFORE, Interruption
from numdiff.problems import PROBLEMS
from numdiff.registry import Registry
from numdiff.report import checksums
from numdiff.study import cluster
from numdiff.study.sweep import Sweep
from tests.study.sweeps import run_sweeps

FOREIGN = ("figures/mine.svg", "tables/overview/mine.csv", "tables/mine/notes.md")


def small(name):
    """Return an experiment on one problem and one wide format, without neighbours."""
    experiment = EXPERIMENTS[name]
    (sweep,) = experiment.sweeps
    sweep = replace(sweep, problems=sweep.problems[:1], formats=("float16", "float64"))
    return replace(experiment, sweeps=(sweep,))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Return a checkout of one's own with two small experiments."""
    (tmp_path / "requirements.lock").write_text("")
    known = Registry("experiment", [small("composition"), small("forward_vs_centered")])
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "EXPERIMENTS", known)
    return tmp_path


def strangers(folder):
    """Put files of somebody else into a folder of results, and return them."""
    paths = [folder / name for name in FOREIGN]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    return paths


def command_of(folder):
    report = (folder / "README.md").read_text(encoding="utf-8")
    command = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["command"]
    assert f"`{command}`" in report
    return command


def test_only_the_default_folder_is_cleaned_of_old_figures_and_tables(root):
    elsewhere = strangers(root / "elsewhere")
    assert module.main(["--engine", "arb", "--out", str(root / "elsewhere")]) == 0
    assert all(path.read_text() == "mine" for path in elsewhere)
    assert command_of(root / "elsewhere") == "make experiments"
    stale = strangers(root / "results")
    assert module.main(["composition", "--engine", "arb", "--out", str(root / "results")]) == 0
    assert all(path.exists() for path in stale)
    assert module.main(["--engine", "arb"]) == 0
    assert not any(path.exists() for path in stale)
    assert (root / "results" / "tables" / "overview" / "formats.csv").exists()


def test_a_report_is_made_once_and_again_where_something_has_changed(root, monkeypatch):
    made = []
    honest = module.sections_of
    monkeypatch.setattr(module, "sections_of", lambda *arguments: made.append(arguments) or honest(*arguments))
    files = []
    for words in ((), (), ("--out", "elsewhere")):
        assert (
            module.main(["--engine", "arb", *(str(root / word) if word == "elsewhere" else word for word in words)])
            == 0
        )
        files.append(
            {path.relative_to(root / "results"): path.read_bytes() for path in (root / "results").rglob("*.*")}
        )
    assert len(made) == 1
    assert files[0] == files[1]
    there = {path.relative_to(root / "elsewhere"): path.read_bytes() for path in (root / "elsewhere").rglob("*.*")}
    assert there == files[0]
    assert module.main(["composition", "--engine", "arb"]) == 0
    assert len(made) == 2


def test_workers_draw_the_same_report(root):
    texts = []
    for number in ("1", "2"):
        words = [
            "--engine",
            "arb",
            "--workers",
            number,
            "--records",
            str(root / number),
            "--out",
            str(root / f"r{number}"),
        ]
        assert module.main(words) == 0
        texts.append({path.name: path.read_bytes() for path in (root / f"r{number}").rglob("*.*")})
    assert texts[0] == texts[1]
    assert any(name.endswith(".svg") for name in texts[0])


def test_all_experiments_leave_the_sums_of_their_files_and_records_where_they_are_asked_to(root):
    assert module.main(["composition", "--engine", "arb"]) == 0
    assert not (root / ".cache" / "report" / checksums.NAME).exists()
    records = root / "records"
    assert module.main(["--engine", "arb", "--records", str(records)]) == 0
    assert checksums.broken(root / "results") == []
    assert (records / "composition.parquet").is_file()


def test_check_rebuilds_with_the_other_engine_and_sees_one_digit(root, capsys):
    assert check_results.main(["--results", str(root / "results")]) == 2
    assert "results/ is missing" in capsys.readouterr().err
    assert module.main([]) == 0
    assert check_results.main(["--results", str(root / "results")]) == 0
    assert "all functions returned the same values: every byte counts" in capsys.readouterr().out
    path = root / "results" / "tables" / "composition" / "ledger.csv"
    text = path.read_text(encoding="utf-8")
    digit = next(i for i, letter in enumerate(text) if letter in "12345678" and text[i - 1] == ".")
    path.write_text(text[:digit] + str(int(text[digit]) + 1) + text[digit + 1 :], encoding="utf-8", newline="\n")
    checksums.write(root / "results", [item for item in (root / "results").rglob("*") if item.is_file()])
    assert check_results.main(["--results", str(root / "results")]) == 1
    assert "tables/composition/ledger.csv: must be the same; line " in capsys.readouterr().err


def test_last_line_says_what_was_measured_and_what_was_reused(root, capsys):
    def counts(*words):
        assert module.main([*words, "--engine", "arb"]) == 0
        line = capsys.readouterr().out.splitlines()[-1]
        return tuple(map(int, re.match(r"(\d+) records measured and (\d+) reused in ", line).groups()))

    first, none = counts("composition")
    assert (first > 0, none) == (True, 0)
    assert counts("composition") == (0, first)
    assert counts("composition", "--fresh") == (first, 0)
    assert counts("composition") == (0, first)
    more, reused = counts()
    assert (more > 0, reused) == (True, first)


@pytest.mark.parametrize(
    ("words", "command", "folder"),
    [
        ((), "make experiments", "results"),
        (("composition", "forward_vs_centered"), "make experiments", "results"),
        (("--out", "there"), "make experiments", "there"),
        (("composition",), "python -m experiments composition", ".cache/report"),
        (("composition", "--out", "there", "--fresh"), "python -m experiments composition", "there"),
        (("--quick",), "python -m experiments --quick", ".cache/report"),
        (
            ("forward_vs_centered", "composition", "composition"),
            "python -m experiments forward_vs_centered composition",
            ".cache/report",
        ),
    ],
)
def test_report_records_the_command_that_rebuilds_it(root, monkeypatch, words, command, folder):
    asked = []
    monkeypatch.setattr(
        module, "present", lambda chosen, measured, out, command, **_: asked.append((out, command)) or []
    )
    monkeypatch.chdir(root)
    assert module.main([*words, "--engine", "arb"]) == 0
    ((out, said),) = asked
    assert (out.resolve(), said) == (root / folder, command)


def test_unknown_name_and_bad_workers_are_refused(root, capsys):
    assert module.main(["compositoin"]) == 2
    assert "did you mean 'composition'" in capsys.readouterr().err
    assert module.main(["--workers", "0"]) == 2
    assert not (root / ".cache").exists()


def test_of_many_experiments_the_first_are_named_and_where_the_others_are(capsys):
    assert module.main(["nope"]) == 2
    shown = capsys.readouterr().err
    assert "known: 'secant_to_tangent'" in shown
    assert shown.endswith("more: python -m experiments --help has all\n")


def test_scheduler_that_is_not_there_is_told_in_one_line(root, capsys, monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra [cluster]")
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    assert module.main(["composition", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == "no Dask scheduler answers at tcp://127.0.0.1:1 within 1 s\n"
    assert module.main(["composition", "--scheduler", "tcp://127.0.0.1:1", "--workers", "2"]) == 2
    assert capsys.readouterr().err == "--workers must be left out beside --scheduler, which has its own, got 2\n"
    assert not (root / ".cache").exists()


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device", "somewhere")


def files_in(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_full_disk_leaves_the_old_report_and_one_line(root, monkeypatch, capsys):
    words = ["composition", "--engine", "arb"]
    assert module.main(words) == 0
    before = files_in(root / ".cache")
    capsys.readouterr()
    with monkeypatch.context() as patched:
        honest = Path.write_text
        write = lambda path, *given, **named: (full if path.suffix == ".html" else honest)(path, *given, **named)
        patched.setattr(Path, "write_text", write)
        assert module.main(words) == 1
    assert files_in(root / ".cache") == before
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(
        r"cannot write \(somewhere\): No space left on device; what was written before is untouched; "
        r"(\d+) of \1 cells are kept, the same command goes on from here",
        line,
    )
    with monkeypatch.context() as patched:
        patched.setattr(module.Store, "save_frames", full)
        assert module.main([*words, "--fresh"]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "; 0 of " in line
    assert line.endswith(" cells are kept, the same command without --fresh goes on from here")


def test_interruption_says_how_much_is_kept_and_how_to_go_on(root, monkeypatch):
    def line_after(*words):
        interruption = Interruption()
        with pytest.raises(KeyboardInterrupt):
            module.main([*words, "--engine", "arb"], interruption)
        return interruption.line()

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "parser", stop)
        assert line_after() == BEFORE
    with monkeypatch.context() as patched:
        patched.setattr(module, "write_files", stop)
        drawing = re.fullmatch(
            r"interrupted after (\d+) of \1 cells; the same command goes on from here", line_after("composition")
        )
        assert drawing
    with monkeypatch.context() as patched:
        patched.setattr("numdiff.study.blocks.measure", stop)
        assert line_after("composition", "--fresh") == (
            f"interrupted after 0 of {drawing[1]} cells; the same command without --fresh goes on from here"
        )


# --- the references --------------------------------------------------------------------------------------


def test_references_have_the_state_and_the_order_of_their_own():
    sweep = Sweep("s", ("square", "exp"), ("centered", "second_centered"), ("float16", "float64"), last_step=2)
    frame = references_table(run_sweeps([sweep], "arb", progress=False)["s"].records).frame
    assert list(frame.columns) == ["problem", "derivative", "x", "reference_text", "reference_radius", "state"]
    assert len(frame) == 4
    for row in frame.itertuples():
        problem, order = PROBLEMS[row.problem], {"first": 1, "second": 2}[row.derivative]
        # The second derivative comes from automatic differentiation, as in a sweep.
        known = ExactFunction(problem.f, problem.derivative, "arb").reference(dyadic(problem.points[0]), order)
        assert (row.reference_text, row.reference_radius, row.state) == (known.text, known.radius, str(known.state))
    assert set(frame["state"]) == {"exact", "certified"}


@pytest.mark.parametrize(
    ("reference", "radius", "text", "state"),
    [
        (math.nan, 0.0, "pole", "out-of-domain"),
        (math.nan, 0.0, "beyond every format", "out-of-range"),
        (math.nan, 0.0, "undecided", "out-of-domain"),
        (math.nan, 0.0, "the one-sided derivatives differ", "kink"),
        (0.0, 0.0, "0", "exact"),
        (0.0, 1e-300, "0", "unresolved"),
        (2.0, 1e-80, "2.0", "certified"),
    ],
)
def test_state_of_a_reference_is_seen_in_its_value_and_radius(reference, radius, text, state):
    known = {"reference": reference, "reference_radius": radius, "reference_text": text, "state": "out-of-domain"}
    row = SimpleNamespace(problem="exp", **known)
    assert reference_state(row) == state
    twin = replace(PROBLEMS["exp"], name="twin", derivative=None, exact=(PROBLEMS["exp"].f, PROBLEMS["exp"].f))
    with PROBLEMS.holding(twin):
        row.problem = "twin"
        assert reference_state(row) == ("given" if state == "certified" else state)
