"""Gradient checkers: their false positives and the bugs that they miss, in every format."""

from functools import cache

import pandas as pd

from experiments.experiment import Experiment
from experiments.frames import frame_beside, rows_of
from experiments.gradient_check.bugs import SIZES
from experiments.gradient_check.drawing import (
    draw_curve,
    draw_errors_by_size,
    draw_found_and_rejected,
    errors_by_size,
    found_and_rejected,
)
from experiments.gradient_check.ours import ours, version
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.tables import (
    bugs_table,
    checkers_table,
    curve_table,
    false_positives,
    left_by_ml,
    limits_table,
    missed,
    missed_by_checker,
    networks_table,
    ratios,
)
from experiments.gradient_check.trials import TrialPlan, counts, jax_trap, scipy_trap, trials_of
from experiments.words import counted, listed, percent, plain
from numdiff.analysis.statistics import binomial_limit
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.run import Measured

NOTE = (
    "Gradients of small networks by hand-written back-propagation, correct ones and wrong ones, loss and gradient "
    "wholly in the format. The large runs, and those of JAX, PyTorch and autograd themselves, come from make "
    "experiments-ml: they are in results/ml/ and are not made again when the results are rebuilt. The small run is."
)
PLAN = TrialPlan(seeds=(0,), checkers=(*ours(), *RULES))
MEASURES = trials_of(PLAN)
OWN = "numdiff"
"""How the names of our checkers begin."""
USABLE = 0.01
"""A checker works in a format if it calls fewer of the correct gradients wrong."""
PLATFORM = {"*": "platform"}


@cache
def here(measured):
    """Return the counts of the small run, which is made when the results are built."""
    return counts(frame_beside(measured, "trials", MEASURES))


def trials(measured):
    """Return the counts of the large runs if they are there, else those of the small one, and whether they are."""
    parts = [left_by_ml(name) for name in ("correct", "wrong")]
    if any(part is None for part in parts):
        return here(measured), False
    return pd.concat(parts, ignore_index=True), True


def tables(measured: Measured) -> list[Table]:
    found, _ = trials(measured)
    result = [
        Table(
            "false_positives",
            "Correct gradients called wrong",
            "Low and high: the interval of Clopper and Pearson at 95 % for the rate; limit: the rate below which it "
            "is with 95 % confidence. Inconclusive: the checker says that it cannot tell. Failed: it raised another "
            "error. Unavailable: it does not take the format.",
            false_positives(found),
            kinds=PLATFORM,
            rows_shown=None,
        ),
        *(
            Table(
                f"mistakes_{name}",
                f"Mistakes missed in {name}",
                "The share of wrong gradients that a checker did not call wrong. Where it calls correct ones wrong "
                "too, in the table above, the share means nothing.",
                missed_by_checker(found, "mistake", name),
                kinds=PLATFORM,
                rows_shown=None,
            )
            for name in reversed(PLAN.formats)
        ),
        Table(
            "errors",
            "Errors of a given relative size missed",
            "In the whole gradient (relative) and in its largest coordinate; inconclusive ones count as missed.",
            pd.concat([missed(found, kind) for kind in ("relative", "coordinate")], ignore_index=True),
            kinds=PLATFORM,
        ),
        checkers_table(PLAN.checkers),
        bugs_table(),
        networks_table(),
        Table(
            "scipy_in_narrow_formats",
            "What scipy.optimize.check_grad returns for a correct gradient",
            "Zeros: coordinates in which the difference of f is 0, because the step 1.49e-8 rounds away; ratio: what "
            "is returned over the norm of the gradient.",
            scipy_trap(),
            kinds=PLATFORM,
        ),
        Table(
            "jax_in_narrow_formats",
            "What jax.test_util.check_grads sees",
            "Moved: coordinates that its step moves at all; numeric and claimed: the slopes that it compares, of "
            "correct gradients.",
            jax_trap(),
            kinds=PLATFORM,
        ),
        Table("small_run", "The small run", "Verdicts of all checkers, one seed.", here(measured), kinds=PLATFORM),
    ]
    return result + _from_ml(measured)


def _from_ml(measured):
    """Return the tables that only make experiments-ml can fill."""
    limits, curve = left_by_ml("limits"), left_by_ml("curve")
    agreement, large = left_by_ml("agreement"), left_by_ml("large")
    result = []
    if limits is not None:
        result.append(
            Table(
                "smallest_found",
                "The smallest error found",
                "‖δ‖/‖g‖ of an error in a random direction, or in the "
                "largest coordinate, divided by √2 until it is not found: median and largest over networks and seeds. "
                f"Only checkers that call fewer than {percent(USABLE)} of the correct gradients of the format wrong.",
                limits_table(limits, _usable(measured)),
                kinds=PLATFORM,
                rows_shown=None,
            )
        )
    if curve is not None:
        result.append(
            Table(
                "smallest_by_size",
                "The smallest error found as the network grows",
                "In a random direction.",
                curve_table(curve),
                kinds=PLATFORM,
                rows_shown=None,
            )
        )
    if (ten := left_by_ml("ten_tolerances")) is not None:
        result.append(
            Table(
                "ten_tolerances",
                "Deviations of ten tolerances that check_gradient misses",
                "Trials: wrong gradients whose deviation is at least ten times the tolerance of their "
                "check; left: those whose tolerance came out larger, or not finite.",
                ten,
                kinds=PLATFORM,
            )
        )
    if agreement is not None:
        result.append(
            Table(
                "libraries_and_rules",
                "The libraries and their transcribed rules",
                "Same: gradients, correct or wrong, on which both gave the same verdict.",
                agreement,
                kinds=PLATFORM,
            )
        )
    if large is not None:
        result.append(
            Table(
                "one_in_ten_thousand",
                "One wrong element in ten thousand, and correct gradients of that network",
                "Verdicts.",
                large,
                kinds=PLATFORM,
            )
        )
    return result


def _usable(measured):
    """Return the pairs of checker and format that reject next to no correct gradient."""
    rejections = false_positives(trials(measured)[0])
    quiet = rejections[(rejections["rate"] < USABLE) & (rejections["gradients"] > 0)]
    return set(zip(quiet["checker"], quiet["format"], strict=True))


def figures(measured: Measured) -> list[Figure]:
    found, is_large = trials(measured)
    rules = found[~found["checker"].str.endswith("(library)")]
    sizes, both = errors_by_size(rules), found_and_rejected(rules)
    run_of = "Large runs." if is_large else "The small run."
    own = both[both["checker"] == OWN]
    drawn = [
        Figure(
            "found_and_rejected",
            "Called wrong: correct gradients and mistakes",
            f"A good checker has its ring at the left and its square at the right. {run_of}",
            listed(
                f"numdiff calls {percent(e.rejected)} of the correct ones and {percent(e.found)} of the mistakes "
                f"wrong in {e.format}"
                for e in rows_of(own)
            )
            + ".",
            both,
            draw_found_and_rejected,
            (7.6, 6.0),
            kinds=PLATFORM,
        ),
        Figure(
            "errors_by_size",
            "False positives, and errors missed by their size",
            f"First column: correct gradients called wrong; the others: relative errors missed. {run_of}",
            f"In float64 the smallest of the errors down to {min(SIZES):.0e} that is found in all trials is "
            + listed(f"{_smallest(sizes, name)} ({name})" for name in dict.fromkeys(sizes["checker"]))
            + ".",
            sizes,
            draw_errors_by_size,
            (7.6, 7.0),
            kinds=PLATFORM,
        ),
    ]
    if (curve := left_by_ml("curve")) is not None:
        data = curve_table(curve)
        ends = data[(data["checker"] != OWN)].groupby("format", sort=False).tail(1)
        drawn.append(
            Figure(
                "smallest_by_size",
                "The smallest error found as the network grows",
                "Four random directions cost 20 evaluations whatever n is, and what they find hardly depends on n; "
                "coordinates, up to 100 parameters, find smaller errors.",
                listed(f"{plain(e.median)} in {e.format} at {e.n} parameters" for e in rows_of(ends)) + ".",
                data,
                draw_curve,
                (7.2, 4.4),
                kinds=PLATFORM,
            )
        )
    return drawn


def _smallest(sizes, checker):
    """Return the smallest relative error that a checker always finds in float64, as text."""
    rows = sizes[(sizes["checker"] == checker) & (sizes["format"] == "float64") & (sizes["error"] == "miss")]
    smallest = "none"
    for row in rows.sort_values("nominal", ascending=False).itertuples():
        if not row.decided or row.rate > 0:
            break
        smallest = f"{row.nominal:.0e}"
    return smallest


def findings(measured: Measured) -> list[str]:
    found, is_large = trials(measured)
    rejections = false_positives(found)
    own = rejections[rejections["checker"].str.startswith(OWN)]
    said = [_rejections(own), _undecided(own), *_others(rejections), *_mistakes(measured), *_limits(measured)]
    if not is_large:
        said.append("The large runs are absent: make experiments-ml makes them.")
    elif (made := _version_of_large_runs()) != version():
        said.append(
            f"The large runs were made with numdiff {made}, this is {version()}: make experiments-ml repeats them."
        )
    return said


def _version_of_large_runs():
    """Return the version of our checkers in the large runs."""
    versions = left_by_ml("versions")
    return "unknown" if versions is None else versions.set_index("checker")["version"].get(OWN, "unknown")


def _rejections(own):
    """Return how our checkers treat correct gradients."""
    gradients, rejected = int(own["gradients"].min()), int(own["rejected"].sum())
    sure = own.loc[own["limit"].idxmax(), "limit"]
    return (
        f"check_gradient calls {rejected} of {int(own['gradients'].sum())} correct gradients wrong, by coordinates and "
        f"along four directions, in {counted(own['format'].nunique(), 'format')} with at least {gradients} in each: "
        f"with 95 % confidence the rate is below {plain(sure)} in each. No tolerance was given."
    )


def _undecided(own):
    """Return how often our checkers cannot tell, of correct gradients."""
    shares = [
        f"{percent(e.inconclusive / e.gradients)} in {e.format} ({'coordinates' if e.checker == OWN else 'directions'})"
        for e in rows_of(own[own["gradients"] > 0])
        if e.inconclusive
    ]
    if not shares:
        return "None of these verdicts is inconclusive."
    return f"Inconclusive, since rounding hides some slope, are {listed(shares)}; all others are agreements."


def _others(rejections):
    """Return which other checkers can be used in which format."""
    other = rejections[~rejections["checker"].str.startswith(OWN) & (rejections["gradients"] > 0)]
    usable = other[other["rate"] < USABLE].groupby("format", sort=False)["checker"].agg(list)
    wild = other[other["rate"] > 0.5].groupby("checker", sort=False)["format"].agg(list)
    fits = listed(f"{listed(names)} in {name}" for name, names in usable.items())
    lines = [
        f"Of the others, at their defaults, these reject fewer than {percent(USABLE)} of the correct gradients: {fits}."
    ]
    if len(wild):
        lines.append(
            "More than half of the correct gradients are called wrong by "
            + listed(f"{name} in {listed(formats)}" for name, formats in wild.items())
            + "."
        )
    return lines


def _mistakes(measured):
    """Return which mistakes are missed in float64 and float32."""
    (found, _), lines, usable = trials(measured), [], _usable(measured)
    for name in ("float64", "float32"):
        table = missed(found, "mistake")
        table = table[(table["format"] == name) & (table["gradients"] > 0)]
        table = table[[(checker, name) in usable for checker in table["checker"]]]
        sums = table.groupby("checker", sort=False)[["missed", "gradients"]].sum()
        lines.append(
            f"Mistakes missed in {name} by those that can be used there: "
            + listed(f"{int(e.missed)} of {int(e.gradients)} ({e.checker})" for e in rows_of(sums.reset_index()))
            + "."
        )
    return lines


def _limits(measured):
    """Return how much smaller errors are found than by others that work in float32."""
    limits = left_by_ml("limits")
    if limits is None:
        return []
    compared = ratios(limits, _usable(measured), OWN, "float32")
    said = []
    if (ten := left_by_ml("ten_tolerances")) is not None:
        sums = ten.groupby("mode", sort=False)[["trials", "missed"]].sum().reset_index()
        shares = [(e.mode, int(e.missed), int(e.trials)) for e in rows_of(sums)]
        said.append(
            "Of deviations of at least ten times its tolerance check_gradient misses "
            + listed(
                f"{missed} of {trials} ({mode}: below {plain(binomial_limit(missed, trials))} with 95 % confidence)"
                for mode, missed, trials in shares
            )
            + ", over all formats."
        )
    return said + [
        f"In float32, by coordinates, check_gradient finds errors in the largest coordinate that are "
        f"{plain(row.median)} times smaller (median; at least {plain(row.smallest)} times) than the smallest that "
        f"{row.checker} finds, over {row.pairs} pairs of network and seed."
        for row in rows_of(compared)
    ]


EXPERIMENT = Experiment(
    "gradient_check",
    "Checking a gradient",
    "Which checkers reject a correct gradient, which bugs do they miss, and how small a bug can be found?",
    tables,
    figures,
    findings,
    measures=MEASURES,
    note=NOTE,
)
