"""Gradient checkers: right gradients that they reject, wrong ones that they accept, and what stays undecided."""

from functools import cache

from experiments.experiment import Experiment, Later
from experiments.frames import blank, frame_beside, rows_of
from experiments.gradient_check import findings as sentences
from experiments.gradient_check.counts import DECIDED, counts, summed
from experiments.gradient_check.drawing import (
    USABLE,
    draw_curve,
    draw_errors_by_size,
    draw_verdicts,
    errors_by_size,
    verdict_shares,
)
from experiments.gradient_check.lists import bugs_table, checkers_tables, functions_table, networks_table
from experiments.gradient_check.ours import COORDINATES, ours, version
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.schedule import quick_measures, small_measures
from experiments.gradient_check.tables import (
    COMPARED,
    agreement_by_format,
    always_found,
    by_function,
    catalogue,
    contested,
    curve_table,
    found_by,
    left_by_ml,
    own_verdicts,
    ratios,
    rivals,
    smallest_table,
    trials_found,
    usable_pairs,
    wrong_coordinates,
)
from experiments.gradient_check.traps import jax_trap, scipy_trap
from experiments.words import listed, percent, plain
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.run import Measured

NOTE = (
    "Realistic functions with gradients written by hand, right ones and wrong ones, all wholly in the format; rates "
    "are those of functions that were used for no constant of the check. The large runs, and those of JAX, PyTorch and "
    "autograd themselves, come from make experiments-ml: they are in results/ml/ and are not made again when the "
    "results are rebuilt. The small run is."
)
PLATFORM = {"*": "platform"}
SMALL_COUNTED = [*DECIDED, "failed", "unavailable"]
FORMATS = ("float64", "float32", "float16", "bfloat16")
"""The formats that others take, too."""


@cache
def found(measured):
    """Return what the trials gave: the large runs if they are there, else the small one."""
    return trials_found(_small(measured))


@cache
def _small(measured):
    return frame_beside(measured, "trials", list(small_measures()))


def _usable(measured):
    """Return the pairs of checker and format that reject next to no right gradient."""
    return usable_pairs(found(measured).counted, USABLE)


# --- tables ---------------------------------------------------------------------------------------------


def tables(measured: Measured) -> list[Table]:
    """Return the tables of the section, the one to take away first."""
    smallest = left_by_ml("smallest")
    return [
        _own_table(measured),
        _wrong_table(measured),
        _rivals_table(measured),
        *([] if smallest is None else [_like_table(ratios(smallest, _usable(measured)))]),
    ]


def _own_table(measured):
    """Return what our check says of right gradients."""
    shares = ("open_checks", "open_lines", "oracle", "inexact")
    return Table(
        "own_verdicts",
        "What check_gradient says of right gradients",
        "Limit: the rate of rejections is below it with 95 % confidence. Open: checks with anything undecided, and "
        "coordinates or directions that are. Two values: coordinates that perfect steps would leave undecided. "
        "Evaluations: the median for each coordinate, or for a check along directions; and the most.",
        blank(own_verdicts(found(measured), left_by_ml("oracle")).drop(columns=["failed", "of_smooth"])),
        dict.fromkeys(shares, "percent"),
        headings={
            "mode": "compared",
            "open_checks": "open checks",
            "open_lines": "open",
            "oracle": "two values",
        },
        kinds=PLATFORM,
        rows_shown=None,
    )


def _wrong_table(measured):
    """Return what our check says of wrong coordinates."""
    frame = wrong_coordinates(found(measured).counted)
    return Table(
        "wrong_coordinates",
        "What check_gradient says of gradients with one wrong coordinate",
        "Times 2, 1/2, −1, 0 or 1.25. Limit: the rate of accepted ones is below it with 95 % confidence. Open: "
        "undecided. Ten bars: a coordinate is off by ten times its own bar; found: it disagrees, or is inexact.",
        blank(frame),
        {"open": "percent"} | dict.fromkeys(("ten_bars", "ten_found", "ten_open"), "int"),
        headings={"mode": "compared", "ten_bars": "ten bars", "ten_found": "found", "ten_open": "open of these"},
        kinds=PLATFORM,
        rows_shown=None,
    )


def _rivals_table(measured):
    """Return how checkers fare that compare the same thing."""
    frame = rivals(found(measured), COMPARED)
    return Table(
        "like_with_like",
        "Checkers that compare the same thing, on the same gradients",
        "By coordinates, or along directions. Evaluations: the median, for each coordinate or for a check. Open: "
        "undecided. Repeated: along so many directions that the evaluations are as many as ours.",
        blank(frame),
        dict.fromkeys(("rejected", "right_open", "accepted", "wrong_open"), "percent"),
        headings={"mode": "compared", "right_open": "open", "wrong_open": "open of these"},
        kinds=PLATFORM,
        rows_shown=None,
    )


def _like_table(frame):
    """Return the smallest errors that others find over ours."""
    return Table(
        "smallest_ratios",
        "The smallest error found, theirs against ours",
        "Median over functions and seeds of their smallest error over ours: below 1 theirs is smaller. Shape: of the "
        "error. Ours is found where it is rejected or called inexact. Where a checker objects to the right gradient, "
        "the pair is left out.",
        frame,
        headings={"mode": "compared", "theirs_over_ours": "theirs / ours"},
        kinds=PLATFORM,
    )


def details(measured: Measured) -> list[Table]:
    """Return the tables of the appendix."""
    trials = found(measured)
    return [
        Table(
            "by_function",
            "Right gradients, function by function",
            "Open: coordinates or directions that check_gradient leaves undecided. Two values: those that perfect "
            "steps would leave.",
            blank(by_function(trials.functions, left_by_ml("oracle"))),
            dict.fromkeys(("open_lines", "oracle", "inexact"), "percent"),
            headings={"mode": "compared", "open_lines": "open", "oracle": "two values"},
            kinds=PLATFORM,
            rows_shown=12,
        ),
        Table(
            "false_positives",
            "Right gradients that are rejected, by all checkers in all formats",
            "Rates; what is undecided beside them. 0 gradients: it does not take the format.",
            blank(rivals(trials, FORMATS)),
            dict.fromkeys(("rejected", "right_open", "accepted", "wrong_open"), "percent"),
            headings={"mode": "compared", "right_open": "open", "wrong_open": "open of these"},
            kinds=PLATFORM,
            rows_shown=10,
        ),
        Table(
            "wrong_by_claim",
            "Wrong coordinates, by what they are multiplied with",
            "Verdicts of check_gradient on the whole gradient.",
            found_by(trials.counted),
            headings={"mode": "compared", "passed": "accepted", "inconclusive": "undecided"},
            kinds=PLATFORM,
            rows_shown=10,
        ),
        Table(
            "contested",
            "Gradients that were computed in the next narrower format",
            "They are right to that format. Called inexact: not rejected, but said to be right to some digits only.",
            contested(trials.counted),
            headings={"mode": "compared", "passed": "accepted", "inconclusive": "undecided"},
            kinds=PLATFORM,
            rows_shown=10,
        ),
        *(_catalogue_table(trials.counted, name) for name in FORMATS),
        *_large_tables(measured),
        *_lists_and_traps(measured),
    ]


def _catalogue_table(counted, name):
    """Return the mistakes that are not found in a format."""
    return Table(
        f"mistakes_{name}",
        f"Mistakes in networks that are not found in {name}",
        "The share of wrong gradients that a checker accepts or leaves undecided. Where it rejects right ones too, the "
        "share means nothing: see the table of right gradients.",
        catalogue(counted, name),
        kinds=PLATFORM,
    )


def _large_tables(measured):
    """Return the further tables that only the large runs can fill."""
    made = {name: left_by_ml(name) for name in ("smallest", "curve", "libraries", "agreement")}
    texts = {
        "smallest": ("smallest_found", "The smallest error found", "‖δ‖/‖g‖, halved until it is not found."),
        "curve": ("smallest_by_size", "The smallest error found as the network grows", "In a random direction."),
        "libraries": ("libraries", "The libraries themselves", "Verdicts on right and wrong gradients."),
        "agreement": (
            "libraries_and_rules",
            "The libraries and their transcribed rules",
            "By format: gradients, right or wrong, on which both gave the same verdict, of how many.",
        ),
    }
    views = {
        "smallest": lambda frame: smallest_table(frame, _usable(measured)),
        "curve": curve_table,
        "libraries": lambda frame: summed(frame, ["checker", "format", "kind"])[
            ["checker", "format", "kind", *SMALL_COUNTED]
        ],
        "agreement": agreement_by_format,
    }
    return [
        Table(*texts[name], views[name](frame), kinds=PLATFORM) for name, frame in made.items() if frame is not None
    ]


def _lists_and_traps(measured):
    """Return what the trials consist of, the two traps, and the small run."""
    small = summed(counts(_small(measured)), ["checker", "mode", "format", "kind"])
    return [
        *checkers_tables((*ours(), *RULES)),
        functions_table(),
        bugs_table(),
        networks_table(),
        Table(
            "scipy_in_narrow_formats",
            "What scipy.optimize.check_grad returns for a right gradient",
            "Zeros: coordinates in which the difference of f is 0, because the step 1.49e-8 rounds away. Ratio: what "
            "is returned, over the norm of the gradient.",
            scipy_trap(),
            kinds=PLATFORM,
        ),
        Table(
            "jax_in_narrow_formats",
            "What jax.test_util.check_grads sees",
            "Moved: coordinates that its step moves at all. Numeric and claimed: the slopes that it compares, of "
            "right gradients.",
            jax_trap(),
            kinds=PLATFORM,
        ),
        Table(
            "small_run",
            "The small run",
            "Verdicts of all checkers, one seed. It is made anew whenever the results are built.",
            small[["checker", "mode", "format", "kind", *SMALL_COUNTED]],
            kinds=PLATFORM,
        ),
    ]


# --- figures --------------------------------------------------------------------------------------------


def figures(measured: Measured) -> list[Figure]:
    """Return the figures of the section."""
    trials, curve = found(measured), left_by_ml("curve")
    run_of = "Large runs." if trials.is_large else "The small run."
    first = [
        _verdicts_figure(verdict_shares(trials.counted), run_of),
        _errors_figure(errors_by_size(trials.counted), run_of),
    ]
    return first if curve is None else [*first, _curve_figure(curve_table(curve))]


def _verdicts_figure(shares, run_of):
    """Return the picture of right, undecided and wrong verdicts."""
    own = shares[(shares["checker"] == COORDINATES) & (shares["undecided"] > 0)]
    words = {"right": "right", "one coordinate": "wrong"}
    undecided = [f"{percent(e.undecided)} of the {words[e.kind]} gradients in {e.format}" for e in rows_of(own)]
    return Figure(
        "verdicts",
        "Right, undecided and wrong verdicts on right gradients and on those with one wrong coordinate",
        "Good is a plain bar, in both columns. One that is coloured at the left and plain at the right rejects "
        f"everything. A check is undecided if any of its coordinates is. {run_of}",
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
        "Each cell is a stack: found (rejected, or called inexact), undecided, missed. Checkers that reject 1 % or "
        f"more of the right gradients have no cells. {run_of}",
        "Cells that turn from plain to coloured as the error shrinks. In float64 the smallest error that is "
        f"always found is {listed(f'{always_found(sizes, name)} ({name})' for name in checkers)}.",
        sizes,
        draw_errors_by_size,
        (7.6, 7.0),
        kinds=PLATFORM,
        narrow=(3.8, 7.6),
    )


def _curve_figure(data):
    """Return the picture of the smallest errors found as the network grows."""
    ends = data[data["checker"] != COORDINATES].groupby("format", sort=False).tail(1)
    return Figure(
        "smallest_by_size",
        "What is found hardly depends on the size of the network",
        "Median over the seeds of the smallest error that check_gradient finds. Directions take no more evaluations "
        "where n is large; all coordinates, up to 100 parameters here, take more and find smaller errors.",
        "Nearly level curves, the wider the format the lower. At the right end of the first panel: "
        + listed(f"{plain(e.median)} in {e.format}" for e in rows_of(ends))
        + ". Those of float32 and float64 lie far lower in the second panel.",
        data,
        draw_curve,
        (7.6, 4.4),
        kinds=PLATFORM,
    )


# --- words ----------------------------------------------------------------------------------------------


def findings(measured: Measured) -> list[str]:
    """Return what the trials say, the answer first."""
    trials, usable, smallest = found(measured), _usable(measured), left_by_ml("smallest")
    own = own_verdicts(trials, left_by_ml("oracle"))
    others = [rule.name for rule in RULES if not rule.repeats]
    said = [
        sentences.answer(own),
        *sentences.own_sentences(own),
        *sentences.wrong(wrong_coordinates(trials.counted)),
        sentences.usable_in_words(usable, others, FORMATS),
        *([] if smallest is None else sentences.like_with_like(ratios(smallest, usable))),
        *sentences.contested(contested(trials.counted)),
    ]
    if not trials.is_large:
        said.append("The large runs are absent: make experiments-ml makes them.")
    elif (made := _version_of_large_runs()) != version():
        said.append(
            f"The large runs were made with numdiff {made}, this is {version()}: make experiments-ml repeats them."
        )
    return said


def advice(measured: Measured) -> list[str]:
    """Return what to do."""
    return sentences.advice(own_verdicts(found(measured), None))


def _version_of_large_runs():
    """Return the version of our checkers in the large runs."""
    versions = left_by_ml("versions")
    return "unknown" if versions is None else versions.set_index("checker")["version"].get(COORDINATES, "unknown")


EXPERIMENT = Experiment(
    "gradient_check",
    "Checking a gradient",
    "Which checkers reject a right gradient, which mistakes do they accept, and what do they leave undecided?",
    tables,
    figures,
    findings,
    measures=Later(small_measures),
    quick_measures=Later(quick_measures),
    note=NOTE,
    advice=advice,
    limits=sentences.LIMITS,
    details=details,
)
