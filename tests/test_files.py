"""Files and folders: whole or absent, whatever fails in between."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from numdiff import files as module
from numdiff.files import fresh_folder, remove_folder, remove_leftovers, unwritable, write_file

ROOT = Path(__file__).resolve().parents[1]
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("place", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch, place, error):
    path = tmp_path / "sub" / "a.txt"
    write_file(path, b"old")

    def fail(*_):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(module.os, place, fail)
        with pytest.raises(error):
            write_file(path, b"new")
    assert content(tmp_path) == {"sub/a.txt": b"old"}
    write_file(path, b"new")
    assert content(tmp_path) == {"sub/a.txt": b"new"}


def test_error_of_a_full_disk_names_the_place(tmp_path, monkeypatch):
    monkeypatch.setattr(module.os, "fsync", lambda number: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space")))
    with pytest.raises(OSError, match="No space") as of_file:
        write_file(tmp_path / "a.txt", b"new")
    assert of_file.value.filename == str(tmp_path / "a.txt")
    with pytest.raises(OSError, match="No space") as of_folder:
        write_new(tmp_path / "place")
    assert of_folder.value.filename == str(tmp_path / "place")


def test_file_and_its_folder_are_flushed_before_and_after_the_move(tmp_path, monkeypatch):
    events = []
    kind = lambda number: "folder" if os.path.isdir(f"/proc/self/fd/{number}") else "file"
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(module.os, "fsync", lambda number: events.append(kind(number)) or fsync(number))
    monkeypatch.setattr(module.os, "replace", lambda a, b: events.append("move") or replace(a, b))
    write_file(tmp_path / "a.txt", b"new")
    if os.path.isdir("/proc/self/fd"):
        assert events == ["file", "move", "folder"]
    assert len(events) == 3


def write_new(place, **options):
    with fresh_folder(place, **options) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a.txt").write_bytes(b"new")


def test_fresh_folder_takes_the_place_of_the_old_one_and_keeps_other_files(tmp_path):
    place = tmp_path / "deep" / "place"
    write_new(place)
    for name in ("sub/a.txt", "sub/other.txt", "mine/b.txt", ".hidden"):
        write_file(place / name, b"old")
    (place / "link").symlink_to("mine")
    (place / "empty").mkdir()
    write_new(place)
    kept = {"sub/other.txt": b"old", "mine/b.txt": b"old", ".hidden": b"old"}
    assert content(place) == {"sub/a.txt": b"new", **kept}
    assert os.readlink(place / "link") == "mine"
    assert (place / "empty").is_dir()
    write_new(place, keep=lambda name: name.startswith("mine/"))
    assert content(place) == {"sub/a.txt": b"new", "mine/b.txt": b"old"}
    assert [path.name for path in place.parent.iterdir()] == ["place"]


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_folder_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch, exchanges, error):
    if not exchanges:
        monkeypatch.setattr(module, "_swapped", lambda left, right: False)
    place = tmp_path / "place"
    write_new(place)
    write_file(place / "sub" / "a.txt", b"old")

    def fail(*_, **__):
        raise error

    for patched in ("fsync", "link"):
        monkeypatch.setattr(module.shutil, "copy2", fail)
        with monkeypatch.context() as patch:
            patch.setattr(module.os, patched, fail)
            with pytest.raises(error), fresh_folder(place) as folder:
                (folder / "b.txt").write_bytes(b"half")
    with pytest.raises(error), fresh_folder(place):
        fail()
    assert content(tmp_path) == {"place/sub/a.txt": b"old"}
    write_new(place)
    assert content(tmp_path) == {"place/sub/a.txt": b"new"}


def test_where_names_cannot_be_exchanged_a_failed_move_brings_the_old_folder_back(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_swapped", lambda left, right: False)
    place, rename, calls = tmp_path / "place", os.rename, []
    write_new(place)
    write_file(place / "old.txt", b"old")

    def second_fails(left, right):
        calls.append(right)
        if len(calls) == 2:
            full()
        rename(left, right)

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "rename", second_fails)
        with pytest.raises(OSError, match="No space"):
            write_new(place)
    assert content(tmp_path) == {"place/old.txt": b"old", "place/sub/a.txt": b"new"}


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to("target")
    write_new(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "target") == {"sub/a.txt": b"new"}


def test_a_link_to_a_file_stays_a_link_and_its_target_is_written(tmp_path):
    """Caught: the link became a file, and what it stood for kept the old content."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("there/target")
    (tmp_path / "chain").symlink_to("link")
    (tmp_path / "to_new").symlink_to("new/target")
    for name in ("link", "chain", "to_new"):
        write_file(tmp_path / name, name.encode())
        assert (tmp_path / name).is_symlink()
    assert content(tmp_path / "there") == {"target": b"chain"}
    assert content(tmp_path / "new") == {"target": b"to_new"}


def test_links_in_a_circle_cannot_be_written_and_stay(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match=r"links") as error:
        write_file(tmp_path / "loop", b"new")
    assert error.value.errno == errno.ELOOP
    assert os.readlink(tmp_path / "loop") == "loop"
    assert [path.name for path in tmp_path.iterdir()] == ["loop"]


def test_removed_folder_is_gone_and_removing_again_is_no_error(tmp_path):
    write_new(tmp_path / "place")
    for _ in range(2):
        remove_folder(tmp_path / "place")
        assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_or_can_be_made_is_writable_and_stays_as_it_is(tmp_path):
    assert unwritable(tmp_path) == unwritable(tmp_path / "new" / "deep") == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_a_part_of_a_file_and_an_endless_link_are_not_writable(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "file", tmp_path / "file" / "sub"):
        assert unwritable(path) == f"{tmp_path / 'file'} is not a folder"
    assert unwritable(tmp_path / "loop" / "sub")
    assert unwritable(tmp_path / ("n" * 300)) == "File name too long"


def test_a_folder_of_the_system_is_not_writable():
    if sys.platform == "linux":
        assert unwritable(Path("/proc/new"))


KILLED = """
import sys
from pathlib import Path
from numdiff.files import fresh_folder
place = Path(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    with fresh_folder(place) as folder:
        for name in range(20):
            (folder / f"{name}.txt").write_text(str(number))
"""


@needs_signals
def test_a_kill_at_any_moment_leaves_the_old_folder_or_the_new_one(tmp_path, rng):
    place, seen = tmp_path / "place", set()
    write_new(place)
    (place / "sub" / "a.txt").unlink()
    for _ in range(12):
        program = subprocess.Popen(
            [sys.executable, "-c", KILLED, place], cwd=ROOT, stdout=subprocess.PIPE, env=os.environ
        )
        assert program.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.02, 0.2))
        program.send_signal(signal.SIGKILL)
        program.wait()
        program.stdout.close()
        found = content(place)
        assert len(found) in (0, 20)
        assert len(set(found.values())) <= 1
        seen.add(len(found))
    assert 20 in seen


def test_files_of_other_programs_are_no_leftovers(tmp_path):
    ours, ours_of_another = ".report.0123abcd.numdiff-partial", ".other.0123abcd.numdiff-partial"
    others = [".download.iso.partial", ".report.partial", ".report.x.numdiff-partial", "report.numdiff-partial"]
    for name in (ours, ours_of_another, *others):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("words")
        os.utime(tmp_path / name, (time.time() - 7200,) * 2)
    remove_leftovers(tmp_path, "report")
    assert {path.name for path in tmp_path.iterdir()} == {ours_of_another, *others}
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(others)
