"""What the trials of gradient checkers say, in sentences: what is undecided stands beside what is false."""

from collections.abc import Collection, Sequence

import pandas as pd

from experiments.frames import rows_of
from experiments.gradient_check.counts import DECIDED
from experiments.gradient_check.functions import FUNCTIONS
from experiments.gradient_check.ours import COORDINATES, DIRECTIONS
from experiments.words import counted, listed, percent, plain
from numdiff.analysis.statistics import binomial_limit

__all__ = ["LIMITS", "advice", "answer", "contested", "like_with_like", "own_sentences", "usable_in_words", "wrong"]

NARROW = ("float16", "bfloat16")
LIMITS = (
    f"{len(FUNCTIONS)} functions of a few to sixty parameters, drawn at random, and networks of one kind for the "
    "mistakes of the catalogue. Rates on other functions are others.",
    "A function that is smooth and wrong beyond its rounding, as the solution of a differential equation, shows no "
    "check its error: the gradient is then called inexact, which is no rejection, and `noise=` is the cure.",
    "A gradient computed in the next narrower format is contested: it is correct to that format. "
    "It is counted apart from the mistakes.",
    "The other checkers run at their defaults, and JAX's along further directions, too. PyTorch documents that those "
    "of gradcheck are made for double precision; with tolerances chosen by hand, checkers do better in float32.",
    "Others do more: gradcheck also tests complex, batched and second derivatives, and check_grads of JAX forward mode "
    "and higher orders. check_gradient tests first derivatives of a real scalar function.",
)


def answer(own: pd.DataFrame) -> str:
    """Return the headline: right gradients that are rejected, and those that stay undecided.

    Parameters
    ----------
    own : pandas.DataFrame
        From `experiments.gradient_check.tables.own_verdicts`.
    """
    rejected, right = int(own["rejected"].sum()), own["right"].sum()
    share = float((own["open_checks"] * own["right"]).sum() / right)
    most = [name for name, part in _by_format(own).items() if part > 0.5]
    where = f", most of those in {listed(most)}" if most else ""
    return (
        f"`check_gradient` needs no tolerance; it rejects {rejected or 'none'} of the right gradients and leaves "
        f"something undecided in {percent(share)} of their checks{where}."
    )


def _by_format(own: pd.DataFrame) -> dict[str, float]:
    """Return the share of checks with something undecided, by format."""
    sums = own.assign(open=own["open_checks"] * own["right"]).groupby("format", sort=False)[["open", "right"]].sum()
    return {str(name): float(share) for name, share in (sums["open"] / sums["right"]).items()}


def own_sentences(own: pd.DataFrame) -> list[str]:
    """Return what our check says of right gradients in each format: rejected, undecided, and what two values allow."""
    said, rows = [], list(rows_of(own[own["mode"] == "coordinates"]))
    if rows:
        open_lines = listed([f"{percent(row.open_lines)} in {row.format}" for row in rows])
        oracle = [f"{percent(row.oracle)} in {row.format}" for row in rows if _is_told(row)]
        said.append(
            f"By coordinates it rejects {sum(row.rejected for row in rows)} of {sum(row.right for row in rows)} right "
            "gradients, in all formats together."
        )
        said.append(
            f"It leaves undecided of their coordinates: {open_lines}"
            + (f"; two values of f at perfect steps would leave {listed(oracle)}." if oracle else ".")
        )
    along = own[own["mode"] == "directions"]
    if len(along):
        rejected, right = int(along["rejected"].sum()), int(along["right"].sum())
        share = float((along["open_checks"] * along["right"]).sum() / right)
        said.append(
            f"Along directions it rejects {rejected} of {right} right gradients, in all formats together, and leaves "
            f"something undecided in {percent(share)} of the checks."
        )
    rejected = int(own["rejected"].sum())
    if rejected:
        smooth = counted(int(own["of_smooth"].sum()), "is of a smooth function", "are of smooth functions")
        said.append(f"Of the {rejected} rejected ones {smooth}.")
    if (failed := int(own["failed"].sum())) > 0:
        said.append(f"{counted(failed, 'check')} of right gradients ended with an error message.")
    return said


def _is_told(row: object) -> bool:
    return getattr(row, "format", "") in NARROW and pd.notna(getattr(row, "oracle", None))


def wrong(table: pd.DataFrame) -> list[str]:
    """Return what becomes of wrong coordinates, and of deviations of ten bars.

    Parameters
    ----------
    table : pandas.DataFrame
        From `experiments.gradient_check.tables.wrong_coordinates`.
    """
    said = []
    for mode, part in table.groupby("mode", sort=False):
        total, accepted = int(part["wrong"].sum()), int(part["accepted"].sum())
        share = float((part["open"] * part["wrong"]).sum() / total)
        how = "by coordinates" if mode == "coordinates" else "along directions"
        said.append(
            f"Of {total} gradients with one wrong coordinate it accepts {accepted} {how}, and leaves {percent(share)} "
            "undecided."
        )
    ten = table.dropna(subset="ten_bars")
    tried = int(ten["ten_bars"].sum()) if len(ten) else 0
    if tried:
        missed = tried - int(ten["ten_found"].sum())
        said.append(
            f"Of {tried} deviations of ten bars it does not find {missed}, of which {int(ten['ten_open'].sum())} are "
            f"undecided: the share that is not found is below {plain(100 * binomial_limit(missed, tried))} % with 95 % "
            "confidence."
        )
    return said


def named(checker: str) -> str:
    """Return the name of a checker in a list."""
    return {COORDINATES: "numdiff (coordinates)", DIRECTIONS: "numdiff (directions)"}.get(checker, checker)


def usable_in_words(usable: Collection[tuple[str, str]], names: Sequence[str], formats: Sequence[str]) -> str:
    """Return which other checkers can be used in which format."""
    fits = {form: [name for name in names if (name, form) in usable] for form in formats}
    there = [f"{'all of them' if found == names else listed(found)} in {form}" for form, found in fits.items() if found]
    none = [form for form, found in fits.items() if not found]
    text = "Of the other checkers, at their defaults, these can be used: " + (listed(there) if there else "none")
    return text + (f"; none in {listed(none)}." if none and there else ".")


def like_with_like(compared: pd.DataFrame) -> list[str]:
    """Return whose smallest errors are smaller in float32, of checkers that compare the same.

    Parameters
    ----------
    compared : pandas.DataFrame
        From `experiments.gradient_check.tables.ratios`.
    """
    said = []
    chosen = compared[(compared["format"] == "float32") & (compared["shape"] == "one coordinate")]
    for row in rows_of(chosen):
        is_worse = row.theirs_over_ours < 1
        factor = plain(1 / row.theirs_over_ours if is_worse else row.theirs_over_ours)
        how = "along directions" if row.mode == "directions" else "by coordinates"
        cost = ", which is given as many evaluations" if row.checker.endswith("(repeated)") else ""
        said.append(
            f"In float32, {how}, the smallest error of a coordinate that check_gradient finds is {factor} times "
            f"{'larger' if is_worse else 'smaller'} than that of {row.checker}{cost} (median)."
        )
    return said


def contested(table: pd.DataFrame) -> list[str]:
    """Return what becomes of gradients that were computed in float32 where float64 was asked for.

    Parameters
    ----------
    table : pandas.DataFrame
        From `experiments.gradient_check.tables.contested`.
    """
    part = table[(table["format"] == "float64") & (table["checker"] == COORDINATES)]
    if part.empty:
        return []
    share = int(part["rejected"].sum()) / int(part[list(DECIDED)].to_numpy().sum())
    return [
        f"A gradient computed in float32 is counted apart: in float64 {percent(share)} of the "
        "checks by coordinates reject it, and the others call it inexact or agree."
    ]


def advice(own: pd.DataFrame) -> list[str]:
    """Return what to do.

    Parameters
    ----------
    own : pandas.DataFrame
        From `experiments.gradient_check.tables.own_verdicts`.
    """
    least = _by_format(own)
    best = min(least, key=lambda name: least[name])
    return [
        f"Check gradients in {best} where you can, whatever the format of the training is: there the least was left "
        "undecided.",
        "An undecided verdict is no verdict. Check again in a wider format; do not read it as accepted.",
        "Compare every coordinate of a small copy of the model: a direction cannot promise what a coordinate does.",
        "Do not take a fixed tolerance to a narrow format: most checkers then reject every right gradient.",
    ]
