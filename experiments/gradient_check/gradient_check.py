"""Gradient checkers: their false positives and the bugs that they miss, in every format."""

from functools import cache

import pandas as pd

from experiments.experiment import Experiment
from experiments.frames import blank, frame_beside, rows_of
from experiments.gradient_check import findings as sentences
from experiments.gradient_check.bugs import CONTESTED
from experiments.gradient_check.drawing import (
    KINDS,
    USABLE,
    draw_curve,
    draw_errors_by_size,
    draw_verdicts,
    errors_by_size,
    verdict_shares,
)
from experiments.gradient_check.findings import DIRECTIONS, OWN
from experiments.gradient_check.libraries import SUFFIX
from experiments.gradient_check.ours import ours, version
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.tables import (
    bugs_table,
    checkers_tables,
    curve_table,
    false_positives,
    left_by_ml,
    limits_table,
    missed,
    missed_by_checker,
    mistakes_missed,
    networks_table,
    own_verdicts,
    ratios,
)
from experiments.gradient_check.trials import TrialPlan, counts, jax_trap, scipy_trap, trials_of
from experiments.words import listed, percent, plain
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
PLATFORM = {"*": "platform"}
COUNTED = ["checker", "format", "bug", "passed", "rejected", "inconclusive", "failed", "unavailable"]
OURS = {"coordinates": OWN, "directions": DIRECTIONS}
"""Our checker for each thing that can be compared."""
MODES = {rule.name: "coordinates" if rule.mode == "coordinates" else "directions" for rule in RULES}
"""What the others compare."""
LIKE = (
    "like_with_like",
    "The smallest error found, theirs against ours: like with like",
    "Checkers that compare coordinates against ours by coordinates, along directions against ours along four. Median "
    "over networks and seeds of their smallest error over ours: below 1 theirs is smaller. Shape: of the error.",
)
ML_TABLES = {
    "limits": (
        "smallest_found",
        "The smallest error found",
        "‖δ‖/‖g‖ of an error in a random direction, or in the largest coordinate, divided by √2 until it is not found: "
        f"median and largest over networks and seeds. Checkers that reject fewer than {percent(USABLE)} of the correct "
        "gradients of the format.",
    ),
    "curve": ("smallest_by_size", "The smallest error found as the network grows", "In a random direction."),
    "ten_tolerances": (
        "ten_tolerances",
        "Deviations of ten tolerances that check_gradient misses",
        "Trials: wrong gradients whose deviation is at least ten times the tolerance of their check; left: those whose "
        "tolerance came out larger, or not finite.",
    ),
    "agreement": (
        "libraries_and_rules",
        "The libraries and their transcribed rules",
        "Same: gradients, correct or wrong, on which both gave the same verdict.",
    ),
    "large": (
        "one_in_ten_thousand",
        "One wrong element in ten thousand, and correct gradients of that network",
        "How often each verdict was given.",
    ),
}
"""The tables of make experiments-ml: the name, title and caption of each."""


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
    return [
        Table(
            "own_verdicts",
            "What check_gradient says of correct gradients and of mistakes",
            "Undecided: it says that it cannot tell. Limit: the rate of false positives is below it with 95 % "
            "confidence, over all correct gradients, and over the decided ones. The contested mistake is left out.",
            blank(own_verdicts(found, OWN)),
            dict.fromkeys(("undecided", "accepted", "mistakes_undecided"), "percent"),
            headings={"limit_decided": "limit, decided", "mistakes_undecided": "undecided, of mistakes"},
            kinds=PLATFORM,
            rows_shown=None,
        ),
        *_trial_tables(measured, found),
        *_from_ml(measured),
        *checkers_tables(PLAN.checkers),
        bugs_table(),
        networks_table(),
        Table(
            "scipy_in_narrow_formats",
            "What scipy.optimize.check_grad returns for a correct gradient",
            "Zeros: coordinates in which the difference of f is 0, because the step 1.49e-8 rounds away. Ratio: what "
            "is returned, over the norm of the gradient.",
            scipy_trap(),
            kinds=PLATFORM,
        ),
        Table(
            "jax_in_narrow_formats",
            "What jax.test_util.check_grads sees",
            "Moved: coordinates that its step moves at all. Numeric and claimed: the slopes that it compares, of "
            "correct gradients.",
            jax_trap(),
            kinds=PLATFORM,
        ),
        Table(
            "small_run",
            "The small run",
            "Verdicts of all checkers, one seed. It is made anew whenever the results are built.",
            here(measured)[COUNTED],
            kinds=PLATFORM,
        ),
    ]


def _trial_tables(measured, found):
    """Return the tables of false positives and of missed mistakes."""
    usable = _usable(measured)
    right = false_positives(found)
    errors = pd.concat([missed(found, kind) for kind in ("relative", "coordinate")], ignore_index=True)
    return [
        Table(
            "false_positives",
            "Correct gradients that are rejected",
            "Rate: of all gradients with a verdict. Limits as above. 0 gradients: it does not take the format.",
            blank(
                right[["checker", "format", "gradients", "rejected", "inconclusive", "rate", "limit", "limit_decided"]]
            ),
            headings={"inconclusive": "undecided", "limit_decided": "limit, decided"},
            kinds=PLATFORM,
            rows_shown=None,
        ),
        Table(
            "mistakes_missed",
            "Mistakes that are not found, in all",
            f"Checkers that reject fewer than {percent(USABLE)} of the correct gradients of the format. Contested: a "
            "gradient computed in the next narrower format.",
            mistakes_missed(found, usable),
            headings={"contested_accepted": "contested, not found"},
            kinds=PLATFORM,
            rows_shown=None,
        ),
        *(
            Table(
                f"mistakes_{name}",
                f"Mistakes that are not found in {name}",
                "The share of wrong gradients that a checker accepts or leaves undecided. Where it rejects correct "
                "ones too, the share means nothing: see the table of correct gradients.",
                missed_by_checker(found, "mistake", name),
                kinds=PLATFORM,
                rows_shown=None,
            )
            for name in reversed(PLAN.formats)
        ),
        Table(
            "errors",
            "Errors of a given relative size that are not found",
            "In the whole gradient (relative) and in its largest coordinate. Undecided ones count as missed.",
            blank(errors[["checker", "format", "bug", "gradients", "missed", "inconclusive", "rate"]]),
            headings={"inconclusive": "undecided", "bug": "error"},
            kinds=PLATFORM,
        ),
    ]


def _from_ml(measured):
    """Return the tables that only make experiments-ml can fill."""
    usable, frames = _usable(measured), {name: left_by_ml(name) for name in ML_TABLES}
    made = {name: frame for name, frame in frames.items() if frame is not None}
    if "limits" in made:
        made["like_with_like"] = ratios(made["limits"], usable, OURS, MODES)
        made["limits"] = limits_table(made["limits"], usable)
    if "curve" in made:
        made["curve"] = curve_table(made["curve"])
    if "large" in made:
        made["large"] = made["large"][COUNTED]
    headings = {"theirs_over_ours": "theirs / ours"}
    return [
        Table(
            name,
            title,
            caption,
            blank(made[key]),
            headings={column: text for column, text in headings.items() if column in made[key]},
            kinds=PLATFORM,
            rows_shown=None if key in ("limits", "like_with_like", "curve") else 40,
        )
        for key, (name, title, caption) in {**ML_TABLES, "like_with_like": LIKE}.items()
        if key in made
    ]


def _usable(measured):
    """Return the pairs of checker and format that reject next to no correct gradient."""
    right = false_positives(trials(measured)[0])
    quiet = right[(right["rate"] < USABLE) & (right["gradients"] > 0)]
    return set(zip(quiet["checker"], quiet["format"], strict=True))


def figures(measured: Measured) -> list[Figure]:
    found, is_large = trials(measured)
    rules = found[~found["checker"].str.endswith(SUFFIX)]
    run_of = "Large runs." if is_large else "The small run."
    curve = left_by_ml("curve")
    first = [_verdicts_figure(verdict_shares(rules), run_of), _errors_figure(errors_by_size(rules), run_of)]
    return first if curve is None else [*first, _curve_figure(curve_table(curve))]


def _verdicts_figure(shares, run_of):
    """Return the picture of right, undecided and wrong verdicts."""
    own = shares[(shares["checker"] == OWN) & (shares["undecided"] > 0)]
    undecided = [f"{percent(e.undecided)} of the {KINDS[e.kind]} in {e.format}" for e in rows_of(own)]
    return Figure(
        "verdicts",
        "Right, undecided and wrong verdicts on correct and on wrong gradients",
        "Good is a plain bar, in both columns. One that is coloured at the left and plain at the right rejects "
        f"everything. Without the contested mistake. {run_of}",
        "Bars of 100 %, a row for each checker. Undecided by numdiff, by coordinates: "
        + (listed(undecided) if undecided else "nothing")
        + ". In narrow formats most bars of the others are all coloured at the left.",
        shares,
        draw_verdicts,
        (7.6, 9.4),
        kinds=PLATFORM,
        narrow=(3.8, 11.2),
    )


def _errors_figure(sizes, run_of):
    """Return the picture of the errors that are found, by their size."""
    checkers = dict.fromkeys(sizes["checker"])
    return Figure(
        "errors_by_size",
        "How small an error of the whole gradient each checker finds",
        "Each cell is a stack: found, undecided, missed. Checkers that reject 1 % or more of the correct gradients "
        f"have no cells. {run_of}",
        "Cells that turn from plain to coloured as the error shrinks. In float64 the smallest error that is "
        f"always found is {listed(f'{_smallest(sizes, name)} ({name})' for name in checkers)}.",
        sizes,
        draw_errors_by_size,
        (7.6, 7.0),
        kinds=PLATFORM,
        narrow=(3.8, 7.6),
    )


def _curve_figure(data):
    """Return the picture of the smallest errors found as the network grows."""
    ends = data[data["checker"] != OWN].groupby("format", sort=False).tail(1)
    return Figure(
        "smallest_by_size",
        "What is found hardly depends on the size of the network",
        "Median over the seeds of the smallest error that check_gradient finds. Four directions take 20 evaluations "
        "whatever n is; all coordinates, up to 100 parameters here, take more and find smaller errors.",
        "Nearly level curves, the wider the format the lower. At the right end of the first panel: "
        + listed(f"{plain(e.median)} in {e.format}" for e in rows_of(ends))
        + ". Those of float32 and float64 lie far lower in the second panel.",
        data,
        draw_curve,
        (7.6, 4.4),
        kinds=PLATFORM,
    )


def _smallest(sizes, checker):
    """Return the smallest relative error that a checker always finds in float64, as text."""
    rows = sizes[(sizes["checker"] == checker) & (sizes["format"] == "float64") & (sizes["error"] == "miss")]
    smallest = "none"
    for row in rows.sort_values("nominal", ascending=False).itertuples():
        if not row.decided or row.rate > 0:
            break
        smallest = f"{row.nominal:.0e}"
    return smallest


def _own(measured):
    """Return how our checkers treat correct gradients."""
    right = false_positives(trials(measured)[0])
    return right[right["checker"].str.startswith(OWN) & (right["gradients"] > 0)]


def findings(measured: Measured) -> list[str]:
    found, is_large = trials(measured)
    own, usable, limits = _own(measured), _usable(measured), left_by_ml("limits")
    plain_mistakes = missed(found[~found["bug"].isin(CONTESTED)], "mistake")
    all_missed = mistakes_missed(found, usable)
    others = [checker.name for checker in PLAN.checkers if not checker.name.startswith(OWN)]
    said = [
        sentences.answer(own),
        *sentences.rejections(own),
        *sentences.narrow_mistakes(plain_mistakes),
        sentences.usable_in_words(usable, others, list(reversed(PLAN.formats))),
        *sentences.mistakes(all_missed),
        *([] if limits is None else sentences.like_with_like(ratios(limits, usable, OURS, MODES), all_missed)),
        *sentences.ten_tolerances(left_by_ml("ten_tolerances")),
    ]
    if not is_large:
        said.append("The large runs are absent: make experiments-ml makes them.")
    elif (made := _version_of_large_runs()) != version():
        said.append(
            f"The large runs were made with numdiff {made}, this is {version()}: make experiments-ml repeats them."
        )
    return said


def advice(measured: Measured) -> list[str]:
    return sentences.advice(_own(measured), own_verdicts(trials(measured)[0], OWN))


def _version_of_large_runs():
    """Return the version of our checkers in the large runs."""
    versions = left_by_ml("versions")
    return "unknown" if versions is None else versions.set_index("checker")["version"].get(OWN, "unknown")


EXPERIMENT = Experiment(
    "gradient_check",
    "Checking a gradient",
    "Which checkers reject a correct gradient, which bugs do they miss, and how small a bug can be found?",
    tables,
    figures,
    findings,
    measures=MEASURES,
    note=NOTE,
    advice=advice,
    limits=sentences.LIMITS,
)
