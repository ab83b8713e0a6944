"""Damage stored measurements in every way and look for one that is loaded all the same, with other numbers.

It is the search ``stored_damage`` of ``make campaign``.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from numdiff.study.store import _MARK, Store
from tests.campaign.found import Found

NAMES = ("measured/a", "measured/b")
PARTS = ("records", "skips", "values")
EACH = 5
"""Damages of each kind with one seed."""
HARMLESS = ("refused", "unchanged")
Files = dict[str, bytes]


def some_frames(rng: np.random.Generator, rows: int) -> dict[str, pd.DataFrame]:
    """Return frames with numbers, texts, missing values, and one without rows."""
    numbers = rng.standard_normal((rows, 3)) * 10.0 ** rng.integers(-300, 300, (rows, 3))
    records = pd.DataFrame(numbers, columns=["total", "bound", "x_value"])
    records.loc[:: max(rows // 7, 1), "bound"] = np.nan
    records["k"], records["underflow"] = np.arange(rows), rng.random(rows) < 0.5
    records["x"] = [float(value).hex() for value in records["x_value"]]
    digests = {"subject": ["exp"], "format": ["float64"], "digest": [f"{rng.integers(1 << 62):x}"]}
    return {"records": records, "skips": pd.DataFrame({"reason": []}, dtype="str"), "values": pd.DataFrame(digests)}


class Damager:
    """Two stored measurements, and ways to damage the first one; a way changes some files, or removes them."""

    def __init__(self, root: Path, rng: np.random.Generator, rows: int = 2000) -> None:
        self.rng, self.told = rng, []
        self.store = Store(root, self.told.append)
        self.folder = root / NAMES[0]
        self.frames = some_frames(rng, rows)
        self.store.save_frames(NAMES[0], some_frames(rng, rows))
        self.earlier = self.files(NAMES[0])
        for name, frames in ((NAMES[0], self.frames), (NAMES[1], some_frames(rng, rows))):
            self.store.save_frames(name, frames)
        self.whole, self.foreign = self.files(NAMES[0]), self.files(NAMES[1])
        self.kinds = [name for name in vars(Damager) if name.startswith("_d_")]

    def files(self, name: str) -> Files:
        """Return the bytes of the files of a measurement."""
        return {part: self.store.path(f"{name}/{part}").read_bytes() for part in PARTS}

    def damaged(self, kind: str) -> Files:
        """Return the files of the first measurement after one damage."""
        return getattr(self, kind)(dict(self.whole))

    def write(self, files: Files) -> None:
        """Put files in the place of the measurement, as no store would."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for part, data in files.items():
            (self.folder / f"{part}.parquet").write_bytes(data)

    # --- bytes of one file -----------------------------------------------------------------------------

    def _one(self, files: Files, start: float = 0, stop: float | None = None) -> tuple[str, bytearray, int]:
        """Return a part, its bytes and a place in a range of them, which counts from the end where it is negative."""
        part = self.rng.choice(PARTS)
        data = bytearray(files[part])
        low, high = int(start) % len(data), len(data) if stop is None else int(stop)
        return str(part), data, int(self.rng.integers(low, high))

    def _d_bit(self, files: Files) -> Files:
        part, data, place = self._one(files)
        data[place] ^= 1 << int(self.rng.integers(8))
        return files | {part: bytes(data)}

    def _d_byte(self, files: Files) -> Files:
        part, data, place = self._one(files)
        data[place] = int(self.rng.integers(256))
        return files | {part: bytes(data)}

    def _d_run(self, files: Files) -> Files:
        part, data, place = self._one(files)
        data[place : place + 64] = self.rng.bytes(len(data[place : place + 64]))
        return files | {part: bytes(data)}

    def _d_zeroed_page(self, files: Files) -> Files:
        part, data, place = self._one(files)
        start = place // 4096 * 4096
        data[start : start + 4096] = bytes(len(data[start : start + 4096]))
        return files | {part: bytes(data)}

    def _d_truncated(self, files: Files) -> Files:
        part, data, place = self._one(files)
        return files | {part: bytes(data[:place])}

    def _d_appended(self, files: Files) -> Files:
        part, data, _ = self._one(files)
        return files | {part: bytes(data) + self.rng.bytes(int(self.rng.integers(1, 5000)))}

    def _d_inserted_or_removed(self, files: Files) -> Files:
        part, data, place = self._one(files)
        data[place : place + int(self.rng.integers(2))] = self.rng.bytes(int(self.rng.integers(2)))
        return files | {part: bytes(data)}

    def _d_swapped_pieces(self, files: Files) -> Files:
        part, data, place = self._one(files)
        size = int(self.rng.choice([1, 8, 64, 512]))
        other = int(self.rng.integers(len(data)))
        low, high = sorted((place, other))
        size = min(size, high - low, len(data) - high)
        data[low : low + size], data[high : high + size] = data[high : high + size], data[low : low + size]
        return files | {part: bytes(data)}

    def _d_header(self, files: Files) -> Files:
        part, data, place = self._one(files, 0, 4)
        data[place] ^= int(self.rng.integers(1, 256))
        return files | {part: bytes(data)}

    def _d_footer_length(self, files: Files) -> Files:
        part, data, place = self._one(files, -8)
        data[place] ^= int(self.rng.integers(1, 256))
        return files | {part: bytes(data)}

    def _d_metadata(self, files: Files) -> Files:
        part, data, _ = self._one(files)
        footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
        data[int(self.rng.integers(footer, len(data) - 8))] ^= 1 << int(self.rng.integers(8))
        return files | {part: bytes(data)}

    def _d_checksum(self, files: Files) -> Files:
        part, data, _ = self._one(files)
        data[data.rindex(_MARK) + int(self.rng.integers(len(_MARK) + 64))] ^= 1 << int(self.rng.integers(8))
        return files | {part: bytes(data)}

    def _d_checksum_of_another(self, files: Files) -> Files:
        part, data, _ = self._one(files)
        start, there = data.rindex(_MARK), self.foreign[part].rindex(_MARK)
        data[start : start + len(_MARK) + 64] = self.foreign[part][there : there + len(_MARK) + 64]
        return files | {part: bytes(data)}

    # --- whole files -----------------------------------------------------------------------------------

    def _d_swapped_files(self, files: Files) -> Files:
        left, right = map(str, self.rng.choice(PARTS, 2, replace=False))
        return files | {left: files[right], right: files[left]}

    def _d_files_of_another(self, files: Files) -> Files:
        parts = self.rng.choice(PARTS, int(self.rng.integers(1, 4)), replace=False)
        return files | {str(part): self.foreign[part] for part in parts}

    def _d_file_of_an_earlier_time(self, files: Files) -> Files:
        parts = self.rng.choice(PARTS, int(self.rng.integers(1, 3)), replace=False)
        return files | {str(part): self.earlier[part] for part in parts}

    def _d_missing_file(self, files: Files) -> Files:
        gone = self.rng.choice(PARTS, int(self.rng.integers(1, 4)), replace=False)
        return {part: data for part, data in files.items() if part not in gone}

    def _d_further_file(self, files: Files) -> Files:
        return files | {"more": files[str(self.rng.choice(PARTS))]}


def search(damager: Damager, number: int) -> Iterator[tuple[str, str]]:
    """Yield kind and outcome of damages, all kinds in turn.

    An outcome is ``"refused"``, ``"unchanged"`` (the damage changed no byte), or what went wrong.
    """
    for turn in range(number):
        kind = damager.kinds[turn % len(damager.kinds)]
        files = damager.damaged(kind)
        damager.write(files)
        damager.told.clear()
        try:
            found = damager.store.load_frames(NAMES[0])
        except Exception as error:
            yield kind, f"uncaught {type(error).__name__}"
            continue
        if files == damager.whole:
            yield kind, "unchanged" if same(found, damager.frames) else "whole and refused"
        elif found is not None:
            yield kind, "loaded, the same numbers" if same(found, damager.frames) else "loaded, other numbers"
        else:
            aside = damager.folder.with_name(f"{damager.folder.name}.damaged")
            (line,) = damager.told or [""]
            named = line.startswith(f"stored {NAMES[0]} is damaged (") and aside.name in line
            kept = aside.is_dir() and {p.stem: p.read_bytes() for p in aside.iterdir()} == files
            shutil.rmtree(aside, ignore_errors=True)
            yield kind, "refused" if named and kept else "refused, but not named or not kept"


def same(found: dict[str, pd.DataFrame] | None, frames: dict[str, pd.DataFrame]) -> bool:
    """Whether all frames are there, equal to the last bit."""
    return found is not None and all(found[name].equals(frame) for name, frame in frames.items())


def damages(seed: int) -> Found:
    """Make some damages of each kind; a miss is one that is not refused, although it changed something."""
    with tempfile.TemporaryDirectory() as folder:
        damager = Damager(Path(folder), np.random.default_rng(seed), rows=500)
        outcomes = list(search(damager, EACH * len(damager.kinds)))
    wrong = [f"damage {n}, {kind}: {what}" for n, (kind, what) in enumerate(outcomes) if what not in HARMLESS]
    return Found(len(outcomes), wrong)
