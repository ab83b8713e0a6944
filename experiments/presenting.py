"""Sections of the report, made in worker processes where there are several: what takes long is their figures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from experiments.experiment import NOTHING, Experiment
from numdiff.report.pages import Section
from numdiff.study.run import Measured
from numdiff.study.workers import results

__all__ = ["sections_of"]

Drawn = list[list[Element]]
"""The drawings of each figure of a section."""


def sections_of(chosen: Sequence[Experiment], measured: Mapping[str, Measured], workers: int = 1) -> list[Section]:
    """Return the sections of experiments in their order.

    Parameters
    ----------
    chosen : sequence of Experiment
    measured : mapping
        What was measured, by `Experiment.source`.
    workers : int
        Processes that make them; with several, they draw the figures too.
    """
    work = {one.name: (one, measured.get(one.source, NOTHING)) for one in chosen}
    if min(workers, len(work)) < 2:
        return [experiment.section(own) for experiment, own in work.values()]
    # Those with most to read first, so that no worker is left with one at the end.
    order = dict(sorted(work.items(), key=lambda item: _size(item[1][1]), reverse=True))
    made: dict[str, Section] = {}
    for name, (section, drawn) in results(_presented, order, min(workers, len(order)), (_ready, ()), _untold):
        for figure, drawings in zip(section.figures, drawn, strict=True):
            figure.adopt(drawings)
        made[name] = section
    return [made[name] for name in work]


def _size(measured: Measured) -> int:
    return len(measured.records) + sum(map(len, measured.frames.values()))


def _presented(work: tuple[Experiment, Measured], done: Callable[[int], Any]) -> tuple[Section, Drawn]:
    experiment, measured = work
    section = experiment.section(measured)
    return section, [figure.drawings() for figure in section.figures]


def _ready() -> None:
    """Do nothing when a worker starts."""


def _untold(number: int) -> None:
    """Leave untold how much is done: it takes seconds."""
