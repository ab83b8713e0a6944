"""Every figure of the report is data and a function of a module: it can be drawn anywhere, and gives the same bytes."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context

import pytest

from experiments.experiment import NOTHING, measure_experiments
from experiments.registry import EXPERIMENTS

FORMATS = ("float16", "float32", "float64")


@cache
def figures(name):
    """Return the figures of an experiment that was measured for a few functions and formats.

    Those that have no figures without their measurements make the quick ones; where these are absent, the gradient
    check would make the whole of its small run.
    """
    experiment = EXPERIMENTS[name].quick()
    few = [sweep if len(sweep.formats) == 1 else replace(sweep, formats=FORMATS) for sweep in experiment.sweeps]
    measures = experiment.measures if name == "gradient_check" else ()
    experiment = replace(experiment, sweeps=tuple(few), measures=measures)
    return experiment.figures(measure_experiments([experiment], "arb", progress=False).get(experiment.source, NOTHING))


def svg_of(pickled):
    return pickle.loads(pickled).to_svg()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_figure_is_drawn_from_a_pickled_copy_with_the_same_bytes(name):
    assert figures(name)
    for figure in figures(name):
        assert svg_of(pickle.dumps(figure)) == figure.to_svg(), figure.name


def test_another_process_draws_a_figure_with_the_same_bytes():
    figure = figures("composition")[0]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(svg_of, pickle.dumps(figure)).result() == figure.to_svg()
