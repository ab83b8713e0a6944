"""The core of the suite: error against step for every function, formula and format."""

import numpy as np
import pandas as pd

from experiments.experiment import Experiment
from experiments.frames import formats_of, optima
from experiments.step_sweep import sensitivity
from experiments.step_sweep.figures import figures
from experiments.step_sweep.findings import LIMITS, METHODS_SHOWN, advice, digits_by_format, extremes, findings
from numdiff.problems import CLASSIC, SPECIAL, STEP4
from numdiff.report.tables import Table, wide
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

FUNCTIONS = tuple(problem.name for problem in (*STEP4, *CLASSIC, *SPECIAL))
"""Other families are the matter of their own experiments."""
SWEEP = Sweep("step_sweep", FUNCTIONS, METHODS_SHOWN, given_steps=(1e-4,), neighbourhood=True, predictions=True)


def tables(measured: Measured) -> list[Table]:
    floats = dict.fromkeys(formats_of(measured.records), "g3")
    return [
        Table(
            "digits_by_format",
            "The best step and the correct digits there, by format and formula",
            "Medians over the functions with f′ ≠ 0. Tenth and ninetieth: nine functions of ten have more, or fewer, "
            "digits. Share: of the digits that the format holds, −log₁₀ u.",
            digits_by_format(optima(measured.records)),
            {"share": "percent"},
            headings={"step": "best h", "low": "tenth", "high": "ninetieth"},
            kinds={"step": "platform"},
        ),
        Table(
            "extremes",
            "The functions with the fewest and the most digits: centered difference",
            "In the widest format in which every one of them can be computed; the best step of each.",
            extremes(optima(measured.records)),
            kinds={"*": "platform"},
        ),
        sensitivity.table(measured),
        Table(
            "attained_accuracy",
            "The best accuracy that any step gives",
            "Smallest RMS error over the 33 points x(1 + 2⁻⁸r) on the generic grid, relative to |f′(x)|. Where "
            "f′(x) = 0 there is no relative error; the absolute one is shown.",
            attained(measured.records),
            floats,
        ),
    ]


def attained(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each function and formula: the error at the observed optimum."""
    best = optima(records)
    zero = best["reference"] == 0
    best["error"] = (best["rms_error"] / best["reference"].abs().mask(zero)).mask(zero, best["rms_error"])
    best["measure"] = np.where(zero, "absolute", "relative")
    return wide(best, ["problem", "method", "measure"], "format", "error", None, columns=formats_of(records))


EXPERIMENT = Experiment(
    "step_sweep",
    "Error against step: every function, formula and format",
    "How large is the error of a difference quotient at each step, in each format, and how small can it get?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    measures=sensitivity.CHOICES,
    advice=advice,
    limits=LIMITS,
)
