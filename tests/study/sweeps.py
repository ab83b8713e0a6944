"""Sweeps over registered problems, measured in one run: what `experiments.experiment` does for experiments."""

from collections.abc import Sequence
from typing import Any

from numdiff.analysis.reference import Engine
from numdiff.study.blocks import blocks_of
from numdiff.study.run import Measured, run_named
from numdiff.study.sweep import Sweep


def run_sweeps(sweeps: Sequence[Sweep], engine: Engine, **options: Any) -> dict[str, Measured]:
    """Return what the sweeps of each name gave, in the order of `sweeps`; the options are those of `run_named`."""
    named = [(sweep.name, block) for sweep in sweeps for block in blocks_of(sweep, engine)]
    done = run_named(named, **options)
    return {sweep.name: done.get(sweep.name, Measured()) for sweep in sweeps}
