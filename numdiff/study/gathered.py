"""What all measurements of a name gave, kept as one.

A run that finds everything need not plan, evaluate and read a thousand blocks to say so. What is kept is taken only
where the keys of the measurements and the machine (`numdiff.study.machine`) are the same: then f returns what it
returned. On any other machine the blocks are looked at one by one, as after a change of the code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from numdiff.study.blocks import Measurement, digest_of
from numdiff.study.machine import machine
from numdiff.study.store import Store

__all__ = ["Gathered", "Gathering"]

Frames = dict[str, pd.DataFrame]
_PARTS = "parts of the run"
"""The name of the frame of the parts, which no measurement gives."""
_KEY = "key"


@dataclass(frozen=True)
class Gathered:
    """What the measurements of a name gave.

    Parameters
    ----------
    frames : dict
        By name, joined.
    parts : dict
        Of the parts that were measured the cells and the records, by key.
    """

    frames: Frames
    parts: Mapping[str, tuple[int, int]]


class Gathering:
    """The results of names in a store.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, name: str, items: Sequence[Measurement]) -> Gathered | None:
        """Return what is kept of measurements; None where that is nothing, or of others, or of another machine."""
        frames = self._store.load_frames(_place(name))
        if frames is None or _PARTS not in frames:
            return None
        parts = frames.pop(_PARTS)
        if parts.empty or parts[_KEY].iloc[0] != _key(items):
            return None
        rows = parts.iloc[1:]
        sizes = zip(rows["cells"].tolist(), rows["records"].tolist(), strict=True)
        return Gathered(frames, dict(zip(rows[_KEY].tolist(), sizes, strict=True)))

    def save(self, name: str, items: Sequence[Measurement], gathered: Gathered) -> None:
        """Keep what measurements gave, in place of what was kept under the name."""
        keys = [_key(items), *gathered.parts]
        cells, records = zip((0, 0), *gathered.parts.values(), strict=True)
        parts = pd.DataFrame({_KEY: keys, "cells": cells, "records": records})
        self._store.save_frames(_place(name), {**gathered.frames, _PARTS: parts})

    def forget(self, name: str) -> None:
        """Forget what is kept under a name."""
        self._store.remove_frames(_place(name))


def _place(name: str) -> str:
    return f"gathered/{name}"


def _key(items: Sequence[Measurement]) -> str:
    return digest_of([machine(), *(item.key() for item in items)])
