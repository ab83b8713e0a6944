"""Where a report may go: nothing of anybody else is lost, and no measurement is made for nothing."""

import json
import sys
from pathlib import Path

import pytest

from experiments import command
from experiments.places import FILES, unsuitable_file, unsuitable_folder, unsuitable_report


@pytest.fixture
def root(tmp_path):
    """Return a checkout."""
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


def refused(folder, root, ours=False):
    return unsuitable_report(folder, root, ours)


def test_new_empty_and_earlier_folders_are_taken_and_left_as_they_are(root, tmp_path):
    (tmp_path / "empty").mkdir()
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "provenance.json").write_text(json.dumps({"command": "make experiments", "schema_version": 3}))
    (earlier / "README.md").touch()
    before = sorted(tmp_path.rglob("*"))
    for name in ("empty", "earlier", "new", "new/deep/er"):
        assert refused(tmp_path / name, root) == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", FILES)
def test_folder_whose_files_would_be_replaced_is_refused_and_named(root, tmp_path, name):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").touch()
    assert refused(folder, root) == ""
    (folder / name).write_text('{"name": "of another program"}')
    message = refused(folder, root)
    assert message.startswith("--out must be a new or empty folder or hold an earlier report, got ")
    assert str(folder) in message
    assert name in message
    assert refused(folder, root, ours=True) == ""


def test_file_in_the_way_is_refused(root, tmp_path):
    (tmp_path / "file").touch()
    for name in ("file", "file/sub/deep"):
        assert "is not a folder" in refused(tmp_path / name, root)
        assert "is not a folder" in unsuitable_folder("--records", tmp_path / name)
    assert unsuitable_file("--out", tmp_path) == f"--out must be a file, got the folder {tmp_path}"
    assert "is not a folder" in unsuitable_file("--out", tmp_path / "file" / "times.csv")
    assert unsuitable_file("--out", tmp_path / "file") == ""


def test_checkout_working_directory_and_what_they_are_in_are_refused(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    for folder in (root, tmp_path, Path("."), Path("/")):
        assert refused(folder, root)
    monkeypatch.chdir(tmp_path)
    assert "the checkout" in refused(root, root)
    (tmp_path / "here" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "deep")
    assert "the working directory" in refused(tmp_path / "here", root)


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that no user can write is needed")
@pytest.mark.parametrize("words", [["--out", "/proc/new"], ["--records", "/proc/new/records"], ["--out", "/proc"]])
def test_wrong_place_is_one_line_and_status_2_before_anything_is_measured(words, capsys, monkeypatch, tmp_path):
    measured = []
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "measure_experiments", lambda *given, **named: measured.append(given))
    assert command.main(["composition", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{words[0]} must")
    assert words[1] in line
    assert measured == []
