"""The league of step rules and libraries: how accurate, at how many evaluations, and how often without a result."""

from fractions import Fraction

import numpy as np
import pandas as pd

from experiments.experiment import Experiment, Later
from experiments.frames import rows_of
from experiments.league.cases import DEVELOPMENT, JUDGEMENT
from experiments.league.results import HEAD, column_of, common, digests, rows, title_of
from experiments.league.schedule import THINNED, league_measures, quick_measures
from experiments.step_rules.drawing import NAMED, draw_costs, draw_profiles, draw_regrets
from experiments.step_rules.findings import advice, findings
from experiments.step_rules.scores import NOISY, league
from experiments.step_rules.tables import details, tables
from experiments.words import listed, percent, plain
from numdiff.analysis.scores import performance_profile
from numdiff.report.figures import Figure
from numdiff.rules.textbook import nth_root
from numdiff.study.run import Measured

FACTORS = tuple(float(f"{float(nth_root(Fraction(10**power), 8)):.6g}") for power in range(65))
"""The factors of the performance profiles, 1 to 10⁸."""
PROFILES = 3
"""The rules and libraries whose profiles are named beside ours and the default of SciPy: those of the largest area."""
EQUAL = 1e-6
"""Errors below so many yardsticks count as equal in the profiles: an exact result is no infinite lead."""
LIMITS = (
    "The functions are those of the suite, at their own points and at random ones beside them: most are smooth, and of "
    "order 1. The set of adversarial problems is counted apart.",
    f"Rules and libraries meet the first of {THINNED} cases of each function, since they are run point by point; "
    "`numdiff` is compared with them on these cases alone.",
    "Rules whose first step is the user's (Ridders, Romberg, GSL) begin as their files in `numdiff/rules/` say; with "
    "another first step they do better or worse.",
    "The complex step needs an f of complex numbers: methods with it are listed, and they are no rivals of a method "
    "for black boxes.",
    "For functions that can be traced, automatic differentiation has no step at all; JAX, PyTorch and CasADi do it.",
)


def figures(measured: Measured) -> list[Figure]:
    """The figures of the section, the one that answers first."""
    scores = league(measured)
    return [costs_figure(scores), profiles_figure(measured), regrets_figure(scores)]


def costs_figure(scores: pd.DataFrame) -> Figure:
    """Accuracy against evaluations."""
    columns = ["format", "noise", "contestant", "kind", "complex", "evaluations", "median"]
    parts = [column_of(scores, JUDGEMENT, column) for column in (HEAD, NOISY)]
    data = pd.concat(parts, ignore_index=True)
    data = data[~data["told"].astype(bool)][columns].reset_index(drop=True)
    data["title"] = [title_of(*pair) for pair in zip(data["format"], data["noise"], strict=True)]
    data["front"] = [is_on_front(row, data) for row in rows_of(data)]
    named_ones = data[data["front"] & (data["median"] < NAMED)]
    best = listed([f"{row.contestant} ({plain(row.evaluations)})" for row in rows_of(named_ones)] or ["none"])
    return Figure(
        "accuracy_and_cost",
        "What accuracy costs",
        "Median error over that of the best centered difference against the median number of evaluations, functions of "
        "the judgement half. Named are those below "
        f"{NAMED:g} that no other beats in both; at the top edge are those without "
        "a result in half of the cases.",
        f"Dots in two panels, lower and farther left is better. On the lower left edge, with evaluations: {best}.",
        data,
        draw_costs,
        (7.6, 5.0),
        kinds={"*": "platform"},
    )


def is_on_front(row, data: pd.DataFrame) -> bool:
    """Whether no method for black boxes has at most as many evaluations and a smaller median, or fewer and as small."""
    rivals = data[(data["title"] == row.title) & ~data["complex"].astype(bool)]
    better = (rivals["evaluations"] <= row.evaluations) & (rivals["median"] <= row.median)
    strictly = (rivals["evaluations"] < row.evaluations) | (rivals["median"] < row.median)
    return bool(np.isfinite(row.median) and not row.complex and not (better & strictly).any())


def profiles_figure(measured: Measured) -> Figure:
    """Performance profiles in float64."""
    found = column_of(common(rows(measured, "league")), JUDGEMENT, HEAD)
    found = found[~found["complex"].astype(bool) & found["ratio"].notna()]
    # pandas 2.2 mixes up the cells of unstack(sort=False): the order of appearance is put back afterwards.
    cells = pd.MultiIndex.from_frame(found[["problem", "x"]].drop_duplicates())
    costs = found.set_index(["problem", "x", "contestant"])["error"].unstack("contestant")
    costs = costs.reindex(index=cells, columns=pd.Index(found["contestant"].unique(), name="contestant"))
    floors = found.groupby(["problem", "x"], sort=False)["yardstick"].first().reindex(costs.index)
    floored = costs.clip(lower=EQUAL * floors, axis=0).fillna(np.inf)
    profiles = pd.DataFrame(performance_profile(floored, FACTORS), columns=costs.columns)
    known = [name for name in ("numdiff", "scipy_derivative") if name in profiles.columns]
    others = (
        profiles.drop(columns=known)
        .T.drop_duplicates()
        .T.mean()
        .sort_values(ascending=False, kind="stable")
        .index[:PROFILES]
    )
    best = [*known[:1], *others, *known[1:]]
    order = [*best, *(name for name in profiles.columns if name not in best)]
    data = profiles[order].assign(factor=FACTORS).melt("factor", var_name="contestant", value_name="share")
    data["named"] = data["contestant"].isin(best)
    first = profiles.iloc[0].sort_values(ascending=False, kind="stable")
    return Figure(
        "profiles",
        "Performance profiles in float64",
        "In which share of the cases a method is within a factor of the smallest error of all (Dolan and Moré); errors "
        "below a millionth of the yardstick count as equal. Judgement half.",
        f"Rising curves. At the left end, where a method is the best of all, {first.index[0]} is highest with "
        f"{percent(first.iloc[0])}; at the right end stands the share of cases with any result.",
        data,
        draw_profiles,
        (7.6, 5.0),
        kinds={"*": "platform"},
    )


def regrets_figure(scores: pd.DataFrame) -> Figure:
    """Step regret of the rules in float64."""
    frame = column_of(scores, JUDGEMENT, HEAD)
    frame = frame[(frame["formula"] != "") & np.isfinite(frame["regret"])]
    data = frame[["contestant", "formula", "regret", "regret_p90"]].sort_values("regret", kind="stable")
    best = [f"{row.contestant} ({plain(row.regret)})" for row in rows_of(data.head(3))]
    return Figure(
        "regrets",
        "Step regret of the rules in float64",
        "Error over the best RMS error of the same formula: median, and a line to the 90 % quantile. At 1 the step is "
        "as good as any.",
        f"A row for each rule. The smallest medians are those of {listed(best or ['none'])}.",
        data.reset_index(drop=True),
        draw_regrets,
        (7.6, 5.4),
        kinds={"*": "platform"},
    )


EXPERIMENT = Experiment(
    "step_rules",
    "Step rules and libraries",
    "Which step rule or library gives the most accurate derivative of a black box, at which cost, and how often does "
    "it fail?",
    tables,
    figures,
    findings,
    measures=Later(league_measures),
    quick_measures=Later(quick_measures),
    advice=advice,
    note=(
        "Every method gets the same function, point, format and domain. Evaluations are counted in points. The true "
        "derivative is enclosed by Arb, or, of a function with an exact twin, given by the twin in "
        "mpmath. A case without a result counts as the worst in medians and quantiles. Functions belong to two halves "
        f"by a fixed rule; constants are chosen on the {DEVELOPMENT} half alone."
    ),
    limits=LIMITS,
    details=details,
    digests=digests,
)
