"""Files and folders that are whole or absent: written beside their place, flushed to the disk, moved in one step.

Whatever ends the program, and whenever, a place holds what it held before or all of the new content. A file and its
folder are flushed (fsync) before and after the move, so that this also holds when the machine stops.
"""

import ctypes
import errno
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["fresh_file", "fresh_folder", "make_folder", "remove_folder", "remove_leftovers", "unwritable", "write_file"]

_PARTIAL = ".numdiff-partial"
_LEFTOVER_AGE = 3600.0
"""Seconds after which something partial belongs to a program that was killed: writing takes seconds."""
_NO_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)
"""What systems and file systems answer that cannot flush a folder."""


def write_file(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all; its folder is made where it is missing.

    Parameters
    ----------
    path : Path
        A link is followed: its target is written, and it stays a link.
    data : bytes

    Raises
    ------
    OSError
        If it cannot be written, or links lead in a circle; what was there before is still there.
    """
    with fresh_file(path) as partial:
        partial.write_bytes(data)


@contextmanager
def fresh_file(path: Path) -> Iterator[Path]:
    """Give a new file to write into; when all is written, it takes the place of the old one in one step.

    Parameters
    ----------
    path : Path
        Where the file belongs; a link is followed. Its folder is made where it is missing.

    Yields
    ------
    Path
        The new file, beside the place, which does not exist yet.

    Raises
    ------
    OSError
        If it cannot be written, or links lead in a circle; what was there before is still there.
    """
    path = _target(path)
    make_folder(path.parent)
    partial = _beside(path)
    try:
        yield partial
        _flush(partial)
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        _name(error, path)
        raise
    _flush_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and those that it is in, and flush what lists them.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    path.mkdir(exist_ok=True)
    _flush_folder(path.parent)


@contextmanager
def fresh_folder(place: Path, keep: Callable[[str], bool] = lambda name: True) -> Iterator[Path]:
    """Give a new folder to write into; when all is written, it takes the place of the old one in one step.

    Parameters
    ----------
    place : Path
        Where the folder belongs; a link is followed.
    keep : callable
        Whether a file of the old folder that was not written anew goes into the new one, by its name relative to the
        folder, with slashes. By default all of them do: as hard links, which copy nothing.

    Yields
    ------
    Path
        The new folder, beside the place.

    Raises
    ------
    OSError
        If it cannot be written or moved; the old folder is still there, untouched.
    """
    place = place.resolve()
    make_folder(place.parent)
    fresh = _beside(place)
    fresh.mkdir()
    try:
        yield fresh
        if place.is_dir():
            _keep_others(place, fresh, keep)
        _flush_tree(fresh)
        _exchange(fresh, place)
        _flush_folder(place.parent)
    except OSError as error:
        _name(error, place)
        raise
    finally:  # what is there now is the new folder, unfinished, or the old one, no longer needed
        shutil.rmtree(fresh, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder, if it is there; it is gone at once, not file by file."""
    if os.path.lexists(folder):
        gone = _beside(folder)
        os.replace(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Remove what programs that were killed left half written in a folder, an hour ago or more.

    Only what `_beside` names so is removed: of the file or folder `name`, where one is given.
    """
    ours = re.compile(rf"\.{re.escape(name[:100]) if name else '.+'}\.[0-9a-f]{{8}}{re.escape(_PARTIAL)}", re.DOTALL)
    for path in folder.glob(f".*{_PARTIAL}"):
        if not ours.fullmatch(path.name):
            continue
        try:
            if time.time() - path.stat().st_mtime < _LEFTOVER_AGE:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError:
            continue  # another program did it, or it belongs to another user


def unwritable(folder: Path) -> str:
    """Return why nothing can be written into a folder, which need not exist yet; the empty text where it can.

    Found by trying: a folder is made and removed. Nothing stays.
    """
    try:
        folder = folder.resolve()
        known = next(path for path in (folder, *folder.parents) if path.exists())
        if not known.is_dir():
            return f"{known} is not a folder"
        probe = _beside(known / "probe")
        probe.mkdir()
        probe.rmdir()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        return str(getattr(error, "strerror", None) or error)
    return ""


def _target(path: Path) -> Path:
    """Return the file that a link stands for, which need not exist yet; any other path as it is."""
    if not path.is_symlink():
        return path
    try:
        target = path.resolve()
    except RuntimeError:  # links in a circle, before Python 3.13
        target = path
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target


def _beside(path: Path) -> Path:
    """Return a name beside a file or folder that nothing else has."""
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}{_PARTIAL}")


def _name(error: BaseException, path: Path) -> None:
    """Let an error that names no file (a full disk does not) name the one that could not be written."""
    if isinstance(error, OSError) and error.filename is None:
        error.filename = str(path)


def _keep_others(old: Path, new: Path, keep: Callable[[str], bool]) -> None:
    """Put the files of an old folder that have no successor into the new one, and its empty folders."""
    for parent, folders, files in os.walk(old):
        here = Path(parent).relative_to(old)
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in [*files, *links]:
            source, target = Path(parent) / name, new / here / name
            if not os.path.lexists(target) and keep((here / name).as_posix()):
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(source, target)
        if not folders and not files and keep(f"{here.as_posix()}/"):
            (new / here).mkdir(parents=True, exist_ok=True)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name; where the file system has none, or for a link, make a copy."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _exchange(fresh: Path, place: Path) -> None:
    """Move a folder to its place; what was there is then where the new one was."""
    if not place.exists():
        os.rename(fresh, place)
        return
    if _swapped(fresh, place):
        return
    # Where the system cannot exchange two names, a kill between these two lines leaves the old one under another name.
    aside = _beside(place)
    os.rename(place, aside)
    try:
        os.rename(fresh, place)
    except BaseException:
        os.rename(aside, place)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _swapped(left: Path, right: Path) -> bool:
    """Exchange two names in one step, where the system can: renameat2(2) of Linux, renamex_np(2) of macOS."""
    names = os.fsencode(left), os.fsencode(right)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, ctypes.c_uint(_RENAME_SWAP)) == 0)
        here = ctypes.c_int(_AT_FDCWD)
        return bool(library.renameat2(here, names[0], here, names[1], ctypes.c_uint(_RENAME_EXCHANGE)) == 0)
    except (AttributeError, OSError, TypeError):  # no such function; on Windows no such library
        return False


_AT_FDCWD, _RENAME_EXCHANGE, _RENAME_SWAP = -100, 2, 2
"""Of linux/fcntl.h, linux/fs.h and macOS's stdio.h."""


def _flush_tree(folder: Path) -> None:
    """Flush the files and folders of a folder to the disk."""
    for parent, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(parent) / name
            if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:  # the kept ones were flushed
                _flush(path)
        _flush_folder(Path(parent))


def _flush_folder(path: Path) -> None:
    try:
        _flush(path)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise


def _flush(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
