"""What the trials of gradient checkers say, in sentences: one number each where possible."""

import pandas as pd

from experiments.frames import rows_of
from experiments.words import listed, percent, plain
from numdiff.analysis.statistics import binomial_limit

OWN = "numdiff"
"""How the names of our checkers begin; the one of that name compares coordinates."""
DIRECTIONS = "numdiff, 4 directions"
LIMITS = (
    "Undecided here: whether a check in 16 bits can be had that decides more and stays right, and how these rates "
    "change with other networks. The trials are to be made again.",
    "Four networks of a few dozen parameters, and one of ten thousand for one kind of error; smooth activations and "
    "two losses, data and parameters drawn at random. The mistakes are those of a catalogue made from public reports.",
    "A gradient computed in the next narrower format is contested: it is correct to that format. "
    "It is counted apart from the other mistakes.",
    "All checkers run at their defaults. PyTorch documents that those of gradcheck are made for double precision; with "
    "tolerances chosen by hand, checkers do better in float32 than is shown here.",
    "Others do more: gradcheck also tests complex, batched and second derivatives, and check_grads of JAX forward mode "
    "and higher orders. check_gradient tests first derivatives of a real scalar function.",
)


def answer(own: pd.DataFrame) -> str:
    """Return the headline: false positives, and in which formats much is undecided."""
    gradients, rejected = int(own["gradients"].sum()), int(own["rejected"].sum())
    open_ = undecided_in_words(own)
    return f"`check_gradient` needs no tolerance and rejected {rejected} of {gradients} correct gradients" + (
        f", but it left {open_} undecided." if open_ else ", and left next to none undecided."
    )


def undecided_in_words(own: pd.DataFrame) -> str:
    """Return in which formats most or many of the verdicts on correct gradients are open."""
    sums = own.groupby("format", sort=False)[["inconclusive", "gradients"]].sum()
    shares = sums["inconclusive"] / sums["gradients"]
    words = {
        "most": [str(name) for name, share in shares.items() if share > 0.5],
        "many": [str(name) for name, share in shares.items() if 0.1 < share <= 0.5],
    }
    return " and ".join(f"{word} of those in {listed(names)}" for word, names in words.items() if names)


def rejections(own: pd.DataFrame) -> list[str]:
    """Return what so few rejections prove, over all gradients and over those that were decided."""
    return [
        "With 95 % confidence it rejects fewer than "
        f"{plain(100 * own['limit'].max())} % of the correct gradients in each format.",
        "Of the gradients that it decides, that limit is "
        f"{plain(100 * own['limit_decided'].max())} %: where little is decided, little is known.",
    ]


def narrow_mistakes(missed: pd.DataFrame) -> list[str]:
    """Return how many mistakes our checker does not find in 16 bits, and which it finds least.

    Parameters
    ----------
    missed : pandas.DataFrame
        From `experiments.gradient_check.tables.missed`, without the contested mistakes.
    """
    said = []
    for name in ("bfloat16", "float16"):
        part = missed[(missed["checker"] == OWN) & (missed["format"] == name) & (missed["gradients"] > 0)]
        share = part["missed"].sum() / part["gradients"].sum() if len(part) else 0.0
        if share > 0:
            worst = part.nlargest(1, "rate").iloc[0]
            said.append(
                f"In {name} it does not find {percent(share)} of the mistakes, which it accepts or leaves undecided; "
                f"the worst is “{worst['bug'].replace('_', ' ')}” with {percent(worst['rate'])}."
            )
    return said


def named(checker: str) -> str:
    """Return the name of a checker in a list."""
    return {OWN: "numdiff (coordinates)", DIRECTIONS: "numdiff (4 directions)"}.get(checker, checker)


def usable_in_words(usable: set[tuple[str, str]], names: list[str], formats: list[str]) -> str:
    """Return which other checkers can be used in which format."""
    fits = {form: [name for name in names if (name, form) in usable] for form in formats}
    there = [f"{'all of them' if found == names else listed(found)} in {form}" for form, found in fits.items() if found]
    none = [form for form, found in fits.items() if not found]
    text = "Of the other checkers, at their defaults, these can be used: " + (listed(there) if there else "none")
    return text + (f"; none in {listed(none)}." if none and there else ".")


def mistakes(table: pd.DataFrame) -> list[str]:
    """Return who finds the mistakes in float64, and what becomes of the contested one."""
    part = table[table["format"] == "float64"]
    if part.empty:
        return []
    shares = (part["accepted"] + part["undecided"]) / part["mistakes"]
    none = [named(name) for name in part[shares == 0]["checker"]]
    said = [
        f"In float64 no checker that can be used misses more than {percent(shares.max())} of the mistakes"
        + (f"; {listed(none)} miss{'es' if len(none) == 1 else ''} none." if none else ".")
    ]
    contested = part[part["contested"] > 0]
    if len(contested):
        total = int(contested["contested_accepted"].sum())
        said.append(
            f"A gradient computed in float32 is counted apart: {percent(total / contested['contested'].sum())} of "
            "those checks accept it, and it is correct to float32."
        )
    return said


def like_with_like(compared: pd.DataFrame, missed: pd.DataFrame) -> list[str]:
    """Return whose smallest errors are smaller in float32, of checkers that compare the same, and who misses more.

    Parameters
    ----------
    compared : pandas.DataFrame
        From `experiments.gradient_check.tables.ratios`.
    missed : pandas.DataFrame
        From `experiments.gradient_check.tables.mistakes_missed`.
    """
    said = []
    part = missed[missed["format"] == "float32"].set_index("checker")
    shares = (part["accepted"] + part["undecided"]) / part["mistakes"]
    chosen = compared[(compared["format"] == "float32") & (compared["shape"] == "random direction")]
    for row in rows_of(chosen):
        own = DIRECTIONS if row.mode == "directions" else OWN
        is_worse = row.theirs_over_ours < 1
        factor = plain(1 / row.theirs_over_ours if is_worse else row.theirs_over_ours)
        said.append(
            f"In float32, {'along' if own == DIRECTIONS else 'by'} {row.mode}, the smallest error that check_gradient "
            f"finds is {factor} times {'larger' if is_worse else 'smaller'} than that of {row.checker} (median)."
        )
        if own in shares.index and row.checker in shares.index:
            said.append(
                f"Of the mistakes it then does not find {percent(shares[own])}, and {row.checker} "
                f"{percent(shares[row.checker])}."
            )
    return said


def ten_tolerances(ten: pd.DataFrame | None) -> list[str]:
    """Return how often deviations of ten tolerances are missed."""
    if ten is None:
        return []
    sums = ten.groupby("mode", sort=False)[["trials", "missed"]].sum().reset_index()
    return [
        f"By {e.mode} it misses {int(e.missed)} of {int(e.trials)} deviations of at least ten times its tolerance: "
        f"below {plain(100 * binomial_limit(int(e.missed), int(e.trials)))} % with 95 % confidence."
        for e in rows_of(sums)
    ]


def advice(own: pd.DataFrame, verdicts: pd.DataFrame) -> list[str]:
    """Return what to do.

    Parameters
    ----------
    own : pandas.DataFrame
        From `experiments.gradient_check.tables.false_positives`, our checkers alone.
    verdicts : pandas.DataFrame
        From `experiments.gradient_check.tables.own_verdicts`.
    """
    open_ = own.groupby("format", sort=False)[["inconclusive", "gradients"]].sum()
    closed = [str(name) for name in open_.index[open_["inconclusive"] == 0]]
    said = []
    if closed:
        said.append(
            f"Check gradients in {listed(reversed(closed))}, whatever the format of the training is: there nothing was "
            "left undecided."
        )
    said.append("An undecided verdict is no verdict. Check again in a wider format; do not read it as accepted.")
    by = verdicts.set_index(["format", "compared"])["accepted"]
    pair = [("float32", "coordinates"), ("float32", "4 directions")]
    if all(key in by.index for key in pair) and by[pair[1]] > by[pair[0]]:
        said.append(
            f"In float32 compare every coordinate of a small copy of the network: along 4 directions "
            f"{percent(by[pair[1]])} of the mistakes were accepted, by coordinates {percent(by[pair[0]])}."
        )
    said.append("Do not take a fixed tolerance to a narrow format: most checkers then reject every correct gradient.")
    return said
