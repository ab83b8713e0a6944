"""Slopes beside their claims: the second look, the verdicts, and what is said of them."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.plan import spacing
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.causes import Evidence, diagnosis
from numdiff.gradients.claims import Claim, Directions, Roundings, roundings_of, scatter_of
from numdiff.gradients.far_look import LEAST
from numdiff.gradients.functions import Function, Gradient
from numdiff.gradients.lines import Lines
from numdiff.gradients.result import GradientCheck, SlopeComparison
from numdiff.gradients.rule import BARS, COARSE_BARS, INEXACT, LOUD, Slopes, Verdict, is_loud, resolution_of
from numdiff.gradients.second_look import contradicted, second_look

__all__ = ["Setup", "compared"]

EACH = 25
"""The evaluations for each direction, at most, all in all: so many are left for a second look."""
PLAIN, SMALL = 6, 4
"""The evaluations of a second look at least: the plain steps, and the small ones that tell a wave."""
ASKED = 7
"""The evaluations by which small steps are asked about a claim, at most: one, and three pairs."""
ROUNDS = 3
"""How much oftener the rounding of a suspected claim is looked at: 18 calls of the gradient."""
UNCONFIRMED = (
    "small steps see the claim: a kink or a wave beside x",
    "another ladder of steps sees the claim",
    "f is constant over all steps: it may be a stair",
    "other ladders of steps see neither the slope nor the claim",
)
"""Why a suspicion is not confirmed."""
DOUBTED = 0.05
"""The part of a slope by which f itself may be off where a deviation is no larger: a coarse solver."""


@dataclass(frozen=True)
class Setup:
    """What both modes are given."""

    function: Function
    at_x: Any
    gradient: Gradient
    claim: Claim
    rng: np.random.Generator
    lower: np.ndarray | None
    upper: np.ndarray | None
    noise: float | None
    confidence: float
    resolution: float
    notes: tuple[str, ...]
    along: Directions | None = None
    roundings: Roundings = field(default_factory=Roundings)

    @property
    def item(self) -> FloatFormat:
        """The format."""
        return self.function.point.item

    @property
    def is_coarse(self) -> bool:
        """Whether the format has 16 bits."""
        return self.item.precision < 16

    @property
    def unit(self) -> float:
        """The unit roundoff."""
        return float(self.item.unit_roundoff)

    @property
    def options(self) -> dict[str, Any]:
        """What goes to `numdiff.gradients.lines.estimated`."""
        return {"lower": self.lower, "upper": self.upper, "noise": self.noise, "confidence": self.confidence}


def compared(setup: Setup, lines: Lines, found: Estimates) -> GradientCheck:
    """Return the check that comes of slopes along lines."""
    slopes = _slopes(setup, lines, found)
    if slopes.is_suspect.any():  # before anything is called wrong, also a second look at the claim
        given, ends = setup.claim, {"lower": setup.lower, "upper": setup.upper}
        more = scatter_of(setup.gradient, setup.function.point, given.value, setup.rng, rounds=ROUNDS, **ends)
        setup = replace(setup, claim=replace(given, scatter=np.concatenate((given.scatter, more))))
        slopes = _slopes(setup, lines, found)
    if slopes.is_suspect.any() and not setup.is_coarse:  # and at the rounding of f
        setup = _rounded(setup, lines)
    confirmed, reasons = _confirmed(setup, lines, slopes)
    verdicts = slopes.verdicts(confirmed, setup.resolution)
    for row, reason in _contradicted(setup, lines, slopes, verdicts).items():
        verdicts[row], reasons[row] = Verdict.UNDECIDED, reason
    check = GradientCheck(
        comparisons=_rows(setup, lines, slopes, verdicts, reasons),
        mode="coordinates" if lines.moves is None else "directions",
        format=setup.item.name,
        shape=setup.function.point.shape,
        noise=float(np.median(found.noise)),
        evaluations=lines.evaluations,
        resolution=setup.resolution,
        visible=math.nan if lines.moves is None else _visible(setup, lines.moves, slopes),
        notes=(*setup.notes, *_observed(setup, lines, slopes, verdicts)),
    )
    return replace(check, cause=_cause(setup, lines, slopes, verdicts)) if check.verdict is Verdict.DISAGREE else check


def _slopes(setup: Setup, lines: Lines, found: Estimates) -> Slopes:
    """Return the slopes beside their claims."""
    if lines.moves is None:
        return Slopes(*setup.claim.at(lines.places), found, setup.is_coarse)
    values, rounding = setup.claim.along(lines.moves)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Slopes(values, rounding + setup.unit * setup.claim.reach / found.step, found, setup.is_coarse)


def _rounded(setup: Setup, lines: Lines) -> Setup:
    """Return what is given with the rounding of f beside x; of few evaluations along directions."""
    seen = roundings_of(
        setup.function, setup.at_x, setup.rng, setup.lower, setup.upper, is_short=lines.moves is not None
    )
    lines.evaluations += seen.evaluations
    return replace(setup, roundings=seen)


def _confirmed(setup: Setup, lines: Lines, slopes: Slopes) -> tuple[np.ndarray, dict[int, str]]:
    """Look again at the suspicions, and return which are confirmed, and why others are not."""
    confirmed, suspects = np.zeros(slopes.claim.shape, bool), np.flatnonzero(slopes.is_suspect)
    reasons: dict[int, str] = {}
    if not suspects.size:
        return confirmed, reasons
    size, budget = abs(float(setup.at_x)), None
    if lines.moves is not None:
        reasons = dict.fromkeys(suspects.tolist(), "only the direction with the largest deviation was looked at again")
        # One that is confirmed is enough, and the evaluations are limited: the first that could be called wrong.
        small = slopes.is_small[suspects]
        with np.errstate(divide="ignore"):
            ratio = slopes.deviation[suspects] / slopes.tolerance[suspects]
            suspects = suspects[[np.argmax(np.where(small & ~small.all(), -np.inf, ratio))]]
        size = math.hypot(size, setup.claim.reach)
        plain = SMALL + PLAIN * (1 + int(is_loud(slopes.found, size, setup.unit)[suspects[0]]))
        budget = EACH * len(lines.moves) - lines.evaluations - plain
        if budget < LEAST:
            reasons[int(suspects[0])] = "no evaluations are left for a second look: take more directions="
            return confirmed, reasons
    among = lines.some(suspects)
    part, options = slopes.rows(suspects), {"budget": budget, **setup.options}
    is_flat = part.found.value == 0
    looks = second_look(among, setup.item, part, size, roundings=setup.roundings, **options)
    confirmed[suspects] = looks.confirmed
    if lines.moves is not None and looks.confirmed.all():  # none of the others is called wrong
        confirmed |= slopes.is_suspect & slopes.is_small
    lines.evaluations += among.evaluations
    kinds = np.select([looks.withdrawn, looks.held, is_flat], range(3), 3)
    return confirmed, reasons | {int(row): UNCONFIRMED[kind] for row, kind in zip(suspects, kinds, strict=True)}


def _contradicted(setup: Setup, lines: Lines, slopes: Slopes, verdicts: list[Verdict]) -> dict[int, str]:
    """Ask small steps about claims that would be called right, and return why some are not."""
    rows = np.array([verdict in (Verdict.AGREE, Verdict.INEXACT) for verdict in verdicts]).nonzero()[0]
    size = abs(float(setup.at_x))
    if lines.moves is not None:
        size = math.hypot(size, setup.claim.reach)
        if lines.evaluations + ASKED * rows.size > EACH * len(lines.moves) or Verdict.DISAGREE in verdicts:
            return {}
    if not rows.size or setup.is_coarse:
        return {}
    among, part = lines.some(rows), slopes.rows(rows)
    allowed = np.fmax(setup.resolution * np.abs(part.found.value), part.tolerance)
    ends = {"lower": setup.lower, "upper": setup.upper}
    slope, apart = contradicted(among, setup.item, part, size, allowed, noise=setup.noise, **ends)
    lines.evaluations += among.evaluations
    said = {}
    for row, other, off in zip(rows.tolist(), slope, apart, strict=True):
        if np.isfinite(other):
            said[row] = f"small steps see another slope, {other:.6g}: a narrow feature or a wave at x"
        elif np.isfinite(off):
            said[row] = f"f(x) is off the line through the values beside it, by {abs(off):.1e}"
    return said


def _rows(
    setup: Setup, lines: Lines, slopes: Slopes, verdicts: list[Verdict], reasons: dict[int, str]
) -> tuple[SlopeComparison, ...]:
    """Return the comparisons, each with its verdict."""
    point, found, tolerance, rows = setup.function.point, slopes.found, slopes.tolerance, []
    size = abs(float(setup.at_x))
    for row, verdict in enumerate(verdicts):
        place = int(lines.places[row])
        is_along = lines.moves is not None
        where, name = ((row,), f"direction {row}") if is_along else (point.where(place), point.name(place))
        reason = ""
        if verdict is Verdict.UNDECIDED:
            reason = reasons.get(row) or slopes.reason(row, size, setup.unit, setup.noise)
        numbers = (found.value, slopes.claim, tolerance / BARS, slopes.rounding, tolerance, found.step)
        value, claim, error, rounding, most, step = (array[row].item() for array in numbers)
        rows.append(SlopeComparison(where, name, value, claim, error, rounding, most, step, verdict, reason))
    return tuple(rows)


def _visible(setup: Setup, moves: np.ndarray, slopes: Slopes) -> float:
    """Return the smallest deviation δ of a single coordinate, whichever it is, that would have been a suspicion.

    It puts δ|dᵢ| to the deviation, and its rounding to R: at most 2u·δ|dᵢ|, and
    uδ|xᵢ|/t. What leaves a claim right to three digits is no more than inexact, and does not count as seen. Directions
    that another claim would have changed do not count.
    """
    unit, least = setup.unit, np.full(moves.shape[1], np.inf)
    size = np.abs(setup.function.point.vector.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        least_seen = (COARSE_BARS / BARS if slopes.is_coarse else 1) * slopes.tolerance
        seen = slopes.deviation + np.fmax(least_seen, INEXACT * np.abs(slopes.found.value))
        for row in np.flatnonzero(np.isfinite(seen) & (setup.along is None or setup.along.is_kept)):
            part = np.abs(moves[row].astype(np.float64))
            shown = part - COARSE_BARS * unit * (4 * part + size / float(slopes.found.step[row]))
            least = np.fmin(least, np.where(shown > 0, float(seen[row]) / shown, np.inf))
    return float(least.max())


def _observed(setup: Setup, lines: Lines, slopes: Slopes, verdicts: list[Verdict]) -> list[str]:
    """Return notes on the accuracy of f and of the gradient."""
    notes, claim, found, name = [], setup.claim, slopes.found, setup.function.point.name
    with np.errstate(divide="ignore", invalid="ignore"):
        part = slopes.deviation / np.abs(found.value)
        jumps = np.abs(claim.scatter) > resolution_of(setup.item) * np.abs(claim.value)
    off = [part[row] for row, verdict in enumerate(verdicts) if verdict in (Verdict.INEXACT, Verdict.DISAGREE)]
    if off and max(off) <= DOUBTED:
        notes.append(
            f"slopes and claims differ by {max(off):.0e} of the slopes at most: either the gradient is wrong by that, "
            "or f is not more accurate (the tolerance of a solver, a table): then give noise=, its standard deviation"
        )
    loud = is_loud(found, max(abs(float(setup.at_x)), float(lines.largest.max())), setup.unit)
    loud &= (found.status != Status.KINK) & (found.noise > LOUD * float(spacing(setup.item, np.zeros(1))[0]))
    if loud.any() and setup.noise is None:
        notes.append(
            f"f scatters by {float(np.median(found.noise[loud])):.0e} or so, more than {setup.item.name} rounds: it is "
            "less accurate (a stair, a solver, cancellation?), or varies over less than the steps (a wave, an x near "
            "a pole); give noise= if it is known to be more"
        )
    jumps &= claim.value != 0
    if jumps.any():
        place = int(np.argmax(jumps.any(axis=0)))
        size = float(np.abs(claim.scatter[:, place]).max())
        notes.append(
            f"the gradient jumps by about {size:.1e} between neighbouring numbers at {name(place)}: it is random, or "
            "loses its digits, or f is not smooth"
        )
    return [
        *notes,
        *(["the gradient is not deterministic: asked again, it was another one"] if claim.is_random else []),
    ]


def _cause(setup: Setup, lines: Lines, slopes: Slopes, verdicts: list[Verdict]) -> str:
    """Return what is wrong with a gradient that was rejected, as far as the slopes show it."""
    point, claim = setup.function.point, setup.claim
    numeric, said = slopes.found.value, np.array(verdicts)
    open_ = said == Verdict.UNDECIDED
    if lines.moves is not None:  # there only one suspicion is looked at again
        open_ &= ~slopes.is_suspect
    # What is right to three digits is not what is wrong.
    tolerance = np.where(said == Verdict.INEXACT, 2 * slopes.deviation, slopes.tolerance)
    tolerance = np.where(open_, np.inf, tolerance)
    if lines.moves is None:
        whole = np.full((2, claim.value.size), np.nan, claim.value.dtype)
        whole[0, lines.places], whole[1, lines.places] = numeric, tolerance
        (numeric, tolerance), moves = whole, None
    else:
        moves = lines.moves.astype(claim.value.dtype).reshape(-1, *point.shape)
    shaped = (claim.x.reshape(point.shape), claim.value.reshape(point.shape))
    return diagnosis(Evidence(*shaped, moves, numeric, tolerance, point.name))
