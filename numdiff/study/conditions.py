"""What a measurement depends on besides what is asked for: the code that measures, and the libraries."""

import ast
import contextlib
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numdiff
from numdiff.study.records import SCHEMA_VERSION

_TRIES = 5
"""How often the tree of a file is tried."""
_LIBRARIES = ("numpy", "scipy", "gmpy2", "mpmath", "python-flint", "ml_dtypes")
_PACKAGE = Path(numdiff.__file__).parent
_PROJECT = {name: _PACKAGE.parent / name for name in ("numdiff", "experiments")}
"""The packages of this project, and where they are."""
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
"""The fields of a statement, a handler and a case that hold statements."""


@cache
def conditions(module: str) -> dict[str, Any]:
    """Return what a measurement depends on besides what is asked for: code and libraries.

    Parameters
    ----------
    module : str
        The module that measures. A change in it, or in any module of this project that it imports, however indirectly,
        makes stored measurements stale.
    """
    return {
        "schema": SCHEMA_VERSION,
        "code": code_of(module),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def code_of(module: str) -> str:
    """Return a digest of a module's source, and of the source and the data of all that it imports of its package."""
    digest = hashlib.sha256()
    for name, path in sorted(sources_of(module).items()):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def sources_of(module: str, packages: bool = True) -> dict[str, Path]:
    """Return by name the files of a module, of all modules of its project that it imports, and the data beside these.

    Read from the source, so that an import inside a function counts too. Data are the JSON files of their folders.
    Without packages what their `__init__.py` imports does not count, where this only gathers names for users.
    """
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if name in found or path is None or (path.name == "__init__.py" and not packages):
            continue
        found[name] = path
        found |= {f"{path.parent.name}/{data.name}": data for data in path.parent.glob("*.json")}
        waiting += [name.rpartition(".")[0], *_imports(path.read_bytes(), name)]
    return found


@cache
def _imports(source: bytes, module: str) -> tuple[str, ...]:
    """Return what a file may import: modules, and the names that are imported from them, which may be modules.

    Kept by the bytes of the file: some thirty modules measure, and each imports most of the others.
    """
    found: list[str] = []
    for node in _statements(_parsed(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                raise ValueError(f"imports must be absolute, got a relative one in {module}")
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(found)


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield all statements, those inside others too; what they are made of, ten times as many nodes, is passed over."""
    waiting: list[Any] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        waiting += (part for name in _BODIES for part in getattr(node, name, ()))


def _parsed(source: bytes) -> ast.Module:
    """Return the tree of a file, tried again where CPython 3.11 lost count of its depth.

    It counts the depth of all trees of a process together: a thread of a cluster's worker that makes one at the same
    time has been seen to end this one with a SystemError.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(SystemError):
            return ast.parse(source)
    return ast.parse(source)


def _file_of(module: str) -> Path | None:
    """Return the file of a module of this project; None for anything else."""
    root, *inner = module.split(".")
    home = _PROJECT.get(root)
    if home is None:
        return None
    path = home.joinpath(*inner)
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
