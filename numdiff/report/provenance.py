"""The provenance of a result besides the code: versions, lock, platform. No clock, host, path or user."""

import hashlib
import importlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from numdiff.study.records import SCHEMA_VERSION

PACKAGES = "gmpy2 jinja2 matplotlib ml_dtypes mpmath numpy pandas pyarrow python-flint scipy".split()
"""The packages whose version may change a result; those that are not installed are left out."""
_LONGDOUBLE = {23: "float32", 52: "float64", 63: "float80", 105: "double-double", 112: "float128"}
"""Name of the long double of the machine by the number of its stored fraction bits."""


def collect(
    lock: Path | None, command: str, functions: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Any]:
    """Return the provenance of a result besides the code.

    Parameters
    ----------
    lock : Path or None
        The lock file of the dependencies; its SHA-256 is recorded, never its path.
    command : str
        The command that rebuilds the results.
    functions : mapping, optional
        Fingerprints of the elementary functions by format and name: `numdiff.study.values.fingerprints`.

    Returns
    -------
    dict
        Values of JSON: texts, numbers, lists and mappings.
    """
    libc = " ".join(part for part in platform.libc_ver() if part)
    return {
        "command": command,
        "schema_version": SCHEMA_VERSION,
        "lock_sha256": None if lock is None else hashlib.sha256(Path(lock).read_bytes()).hexdigest(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": _versions(),
        "machine": platform.machine(),
        "system": platform.system(),
        "c_library": libc or "unknown",
        "longdouble": _LONGDOUBLE.get(int(np.finfo(np.longdouble).nmant), "unknown"),
        "simd": _simd(),
        "functions": {name: dict(found) for name, found in (functions or {}).items()},
    }


def _versions() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _simd() -> dict[str, list[str]]:
    """Return NumPy's SIMD features: those it was built for, and those that this machine has and NumPy uses."""
    # Not a public name; it is where np.show_config looks too.
    umath: Any = importlib.import_module("numpy._core._multiarray_umath")
    found: Mapping[str, bool] = umath.__cpu_features__
    return {
        "baseline": sorted(umath.__cpu_baseline__),
        "dispatch_found": sorted(name for name in umath.__cpu_dispatch__ if found.get(name)),
        "found": sorted(name for name, present in found.items() if present),
    }


def to_json(data: Mapping[str, Any]) -> str:
    """Return the data as JSON with sorted keys."""
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(data: Mapping[str, Any], out: Path) -> Path:
    """Write ``provenance.json`` into a folder and return its path."""
    path = Path(out) / "provenance.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(data), encoding="utf-8", newline="\n")
    return path


def rows(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the data as pairs (name, text) for a page.

    The fingerprints of the functions, and all features of the processor beside those that NumPy uses, are in the file
    alone.
    """
    pairs = []
    for key, value in data.items():
        if key == "functions":
            continue
        name = key.replace("_", " ")
        if isinstance(value, Mapping):
            inner = "; ".join(f"{k} {_plain(v)}" for k, v in value.items() if (key, k) != ("simd", "found"))
            pairs.append((name, inner))
        else:
            pairs.append((name, "none" if value is None else _plain(value)))
    return pairs


def _plain(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
