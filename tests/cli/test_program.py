"""The list of commands, and how a call ends."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

import numdiff
from numdiff.cli import main, program
from numdiff.cli.program import COMMANDS, PROGRAM
from numdiff.interruption import SIGNALS
from tests.cli.calls import ROOT, call, python

HEAVY = ("numpy", "rich", "pandas", "pyarrow", "matplotlib", "mpmath", "gmpy2", "flint", "scipy", "jinja2")


def test_version_is_that_of_the_library():
    assert call("--version").out == f"numdiff {numdiff.__version__}\n"


def test_help_names_every_command_and_every_exit_status():
    done = call("--help")
    assert done.status == 0
    listed = {line.split()[0] for line in done.out.splitlines() if line.startswith("  ") and line.strip()}
    assert set(COMMANDS) <= listed
    assert {"0", "1", "2", "130"} <= listed
    assert {f"{128 + number}" for number in SIGNALS} <= set(re.findall(r"\b1\d\d\b", done.out))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_page_of_help_has_examples_that_fit_a_terminal(name):
    done = call(name, "--help")
    assert done.status == 0
    examples = [line for line in done.out.splitlines() if line.startswith(f"    numdiff {name}")]
    assert len(examples) >= 2
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_the_list_says_what_the_command_is(name):
    command = PROGRAM.get_command(click.Context(PROGRAM), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(limit=64) == COMMANDS[name].line
    assert len(COMMANDS[name].line) <= 64


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_nothing_heavy(words):
    code = (
        f"import sys\nfrom numdiff.cli import main\nmain({words!r})\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = python("-c", code)
    assert (done.status, done.err.split()) == (0, [])


def test_no_words_print_the_help_and_are_a_wrong_call():
    done = call()
    assert done.status == 2
    assert "Commands:" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["derivativ"], "no such command 'derivativ'; did you mean 'derivative'?"),
        (["formats"], "no such command 'formats'; did you mean 'list formats'?"),
        (["help"], "no such command 'help'; write numdiff --help, or numdiff COMMAND --help"),
        (["zzz"], "no such command 'zzz'; there are advise, derivative, "),
        (["derivative", "x"], "--at must name the points"),
        (["derivative", "x", "--at", "1", "--nonsense"], "no such option"),
        (["list", "nonsense"], "invalid value for 'KIND': 'nonsense' is not one of 'problems', 'formats'"),
        (["list"], "missing argument 'KIND'. Choose from: problems, formats, formulas, rules, peers"),
    ],
)
def test_a_wrong_call_is_one_line_and_how_to_call(words, message):
    done = call(*words)
    assert done.status == 2
    first, usage = done.err.splitlines()
    assert first.startswith(f"numdiff: error: {message}")
    assert usage.startswith("usage: numdiff ")
    assert "--help has examples" in usage


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("step must be positive,\n  got -1"), "step must be positive, got -1"),
        (KeyError("no problem 'expp'"), "no problem 'expp'"),
        (ImportError("No module named 'flint'"), "No module named 'flint'"),
        (ValueError(), "ValueError"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero; with NUMDIFF_TRACEBACK=1"),
        (AssertionError(), "AssertionError; with NUMDIFF_TRACEBACK=1"),
        (SystemExit(0), "SystemExit: 0; with NUMDIFF_TRACEBACK=1"),
    ],
)
def test_errors_are_one_line_and_status_2(monkeypatch, error, message):
    def fail(words):
        raise error

    monkeypatch.setattr(program, "_called", fail)
    monkeypatch.setattr(program, "_is_ours", lambda error: True)
    done = call("list", "formats")
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith(f"numdiff: error: {message}")


def test_an_unknown_name_is_told_of_the_list_that_has_all():
    done = call("derivative", "--problem", "zzzz")
    assert done.err.strip().endswith("more: numdiff list has all")
    assert len(done.err) < 400


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["derivative", "x", "--at", "nan"], "invalid value for '--at': 'nan' is no finite number"),
        (["derivative", "x", "--at", "1", "--dtype", "float63"], "--dtype must be one of float16"),
        (["derivative", "x", "--at", "1", "--confidence", "2"], "--confidence must be"),
        (["derivative", "--problem", "expp"], "--problem must be a registered name, got 'expp'; did you mean 'exp'"),
    ],
)
def test_an_error_names_the_option_that_was_written(words, message):
    assert call(*words).err.startswith(f"numdiff: error: {message}")


def test_the_traceback_is_shown_on_request(monkeypatch):
    monkeypatch.setenv("NUMDIFF_TRACEBACK", "1")
    with pytest.raises(ImportError, match="cannot be imported"):
        call("derivative", "no_such_module:f", "--at", "1")


def test_a_refused_expression_keeps_the_lines_that_show_the_place():
    done = call("derivative", "sin(x) + y", "--at", "1")
    assert done.status == 2
    first, text, marks = done.err.splitlines()
    assert first.startswith("numdiff: error: ")
    assert text.strip() == "sin(x) + y"
    assert text[marks.index("^")] == "y"


def test_a_warning_is_one_line_without_a_path(tmp_path, monkeypatch):
    (tmp_path / "warning_module.py").write_text(
        "import warnings\ndef f(x):\n    warnings.warn('beware\\n of f')\n    return x * x\n", encoding="utf-8"
    )
    done = python("-m", "numdiff", "derivative", "warning_module:f", "--at", "1", cwd=tmp_path)
    assert done.status == 0
    assert done.err == "numdiff: warning: beware of f\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reports a closed pipe as another error")
@pytest.mark.parametrize("words", [["list", "problems"], ["list", "problems", "--json"], ["--help"]])
def test_reader_that_stops_early_is_no_error(words):
    code = (
        "import subprocess, sys\n"
        f"writer = subprocess.Popen([sys.executable, '-m', 'numdiff', *{words!r}],\n"
        "                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "writer.stdout.close()\n"
        "message = writer.stderr.read().decode()\n"
        "sys.exit(message or writer.wait())\n"
    )
    done = python("-c", code)
    assert (done.status, done.err) == (0, "")


def test_console_without_mathematical_symbols_gets_a_replacement():
    done = python("-m", "numdiff", "list", "problems", PYTHONIOENCODING="ascii")
    assert (done.status, done.err) == (0, "")
    assert "  composition:" in done.out
    said = python("-m", "numdiff", "derivative", "exp(x)", "--at", "1", PYTHONIOENCODING="ascii").out
    assert said.splitlines()[1].startswith("f'(1) = 2.71828182845")
    assert " +/- " in said
    text = "f⁽¹²⁾ 10⁻¹⁶ h² x̂ⱼ 漢"
    assert program._in_ascii(UnicodeEncodeError("ascii", text, 0, len(text), ""))[0] == "f^(12) 10^-16 h^2 xj ?"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_rows_for_programs_are_utf_8_whatever_the_console_has(form, encoding):
    words = ("-m", "numdiff", "explain", "abscissa", form)
    assert "x̂ⱼ" in python(*words).out
    assert python(*words, PYTHONIOENCODING=encoding).out == python(*words).out


SLOW = "import time\ndef f(x):\n    print('started', flush=True)\n    time.sleep(60)\n    return x\n"


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (1, 129)])
def test_an_interruption_ends_it_within_two_seconds_with_a_line_and_its_status(tmp_path, number, status):
    (tmp_path / "slow_module.py").write_text(SLOW, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "numdiff", "derivative", "slow_module:f", "--at", "1"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # in the background a shell has them ignored
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "started\n"  # what f prints is no part of the answer
    start = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (status, "numdiff: interrupted\n")
    assert time.monotonic() - start < 10  # 2 on an idle machine


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_set_up(shell):
    done = python("-m", "numdiff", _NUMDIFF_COMPLETE=f"{shell}_source")
    assert done.status == 0
    assert "_NUMDIFF_COMPLETE" in done.out
    assert f"_NUMDIFF_COMPLETE={shell}_source" in call("--help").out


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("numdiff adv", "advise"),
        ("numdiff derivative x --dtype bfl", "bfloat16"),
        ("numdiff derivative x --dtype float32,bfl", "float32,bfloat16"),
        ("numdiff ledger --formula centered4", "centered4"),
        ("numdiff derivative --problem compos", "composition"),
        ("numdiff explain trunc", "truncation"),
        ("numdiff list form", "formulas"),
    ],
)
def test_names_are_completed(words, name):
    count = len(words.split()) - 1
    done = python("-m", "numdiff", _NUMDIFF_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(count))
    assert f"plain,{name}" in done.out.split()


def test_the_command_of_the_distribution_is_this_one():
    text = (Path(ROOT) / "pyproject.toml").read_text(encoding="utf-8")
    assert 'numdiff = "numdiff.cli:main"' in text


needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")


@needs_full
@pytest.mark.parametrize("words", [["--help"], ["explain", "truncation"], ["list", "formats", "--json"]])
def test_a_full_disk_is_one_line_and_status_2(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "numdiff", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (2, "numdiff: error: no space left on device\n")


@needs_full
def test_a_wrong_call_has_status_2_where_nothing_can_be_said_of_it():
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "numdiff", "derivative", "x", "--at", "y"]
        assert subprocess.run(words, stderr=full, check=False).returncode == 2


def test_an_error_is_not_written_into_the_answer_where_standard_error_is_closed(monkeypatch):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        monkeypatch.setattr(sys, "stderr", None)
        status = main(["derivative", "x", "--at", "y"])
    assert (status, out.getvalue()) == (2, "")
