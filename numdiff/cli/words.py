"""The words that ``numdiff explain`` knows: a paragraph, a formula, and the section of the report that shows it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from numdiff.definitions import MODEL, TEXTBOOK_STEPS, TRUTH

__all__ = ["OUTCOMES", "SECTIONS", "SECTIONS_OF_FAMILIES", "VERDICTS", "WORDS", "Word", "plain_text"]

_PARTS = "The parts of an error, and what it is compared with"
_READ = "How to read the figures"
_DOMINATES = "Truncation or rounding: which part of the error dominates where"
_BEST = "The best step, and the verdict on h = 1e-4"
_STEPS = "Decimal steps, powers of two, and the representable step"
_CHECK = "Checking a gradient"
_FUNCTIONS = "What errors of the library's functions cost"


@dataclass(frozen=True)
class Word:
    """What is to be said of a word.

    Parameters
    ----------
    text : str
        The paragraph, Markdown with LaTeX between dollars.
    formula : str
        In plain characters; empty for none.
    section : str
        The heading of the report, without its number.
    """

    text: str
    formula: str
    section: str


def plain_text(text: str) -> str:
    r"""Return Markdown with formulas as a terminal shows it.

    Examples
    --------
    >>> plain_text(r"*Abscissa*: $x \pm h$, $\sqrt[3]{3u}$")
    'Abscissa: x ± h, ∛(3u)'
    """
    for pattern, plain in _PLAIN:
        text = re.sub(pattern, plain, text)
    return " ".join(text.split())


_PLAIN = (
    (r"\\quad\\text\{(.*?)\}", r" \1"),
    (r"\\sqrt\[3\]\{(.*?)\}", r"∛(\1)"),
    (r"\\sqrt\{(.*?)\}", r"√(\1)"),
    (r"\\t?frac\{(.*?)\}\{(.*?)\}(\|.*?\|)", r"\1·\3/\2"),
    (r"h\^2", "h²"),
    (r"\\varepsilon", "ε"),
    (r"\\pm", "±"),
    (r"([cw])_j", r"\1ⱼ"),
    (r"\$+|\*+(?=\w)|(?<=\w)\*+|`", ""),
)
"""What stands in the texts, in the order in which it is replaced."""

WORDS: Mapping[str, Word] = {
    "truncation": Word(
        "The error of the formula itself: what is left of the error in exact arithmetic. A formula of order p leaves "
        "out the terms of the Taylor series from h^p on, so that truncation falls with the step, like h^p. It is the "
        "same in every format that holds x and h.",
        "truncation = a − t with a = Σ wⱼ·f(x + cⱼh)/hᵐ, t = f⁽ᵐ⁾(x);  forward ≈ h/2·f″(x), centered ≈ h²/6·f‴(x)",
        _DOMINATES,
    ),
    "roundoff": Word(
        "All of the error that is not truncation: what rounding does to x ± h, to the values of f, and to their "
        "difference and quotient. The values of two near points share most digits, which cancel; the rounding that is "
        "left is divided by h. So roundoff grows as the step falls, and jumps about from one step to the next.",
        "roundoff = d − a = abscissa + evaluation + combination;  of the size of u·|f(x)|/hᵐ",
        _DOMINATES,
    ),
    "abscissa": Word(
        "The part of roundoff that is made before f is called: the format rounds x ± h, and f is evaluated beside the "
        "point that the formula means. It is 0 where the format holds all nodes, as with a power of two for h that is "
        "not too small beside x.",
        "abscissa = b − a with b = Σ wⱼ·f(x̂ⱼ)/hᵐ, x̂ⱼ = fl(x + cⱼh);  ≈ f′(x)·Σ wⱼ·(x̂ⱼ − x − cⱼh)/hᵐ",
        _STEPS,
    ),
    "evaluation": Word(
        "The part of roundoff that f itself makes: each value is off by some units in the last place, by the rounding "
        "of every operation inside. The difference of two values keeps these errors, and the division by h makes them "
        "large. Another way to write f is all that helps against it, besides a wider step.",
        "evaluation = c − b with c = Σ wⱼ·f̂(x̂ⱼ)/hᵐ, f̂: f as the format computes it",
        _FUNCTIONS,
    ),
    "combination": Word(
        "The part of roundoff that the last steps make: products with the weights, their sum, the division. The "
        "difference of two numbers within a factor of 2 is exact (Sterbenz), so that of forward and centered "
        "differences little but the rounding of the quotient remains: this part does not grow as h falls.",
        "combination = d − c, d: what the program returned;  |combination| ≤ u·|d| where all but the quotient is exact",
        _DOMINATES,
    ),
    "total": Word(
        "What the program returned minus the exact derivative. Truncation and roundoff may have opposite signs and "
        "cancel: a small total at a single step can be luck, which the parts show.",
        "total = d − t = truncation + abscissa + evaluation + combination",
        _PARTS,
    ),
    "ledger": Word(
        "The error of one difference quotient as four parts that add up exactly. On the way from the exact derivative "
        "to the number that was returned, one thing at a time is done as the format does it: the formula, the rounding "
        "of x ± h, the values of f, the arithmetic of the quotient. Each part is rounded once, when it is stored.",
        "d − t = (a − t) + (b − a) + (c − b) + (d − c):  truncation, abscissa, evaluation, combination",
        _PARTS,
    ),
    "truth": Word(TRUTH, "t = f⁽ᵐ⁾(x) at the x that the format holds", _PARTS),
    "certified": Word(
        "The state of a truth that is proved: interval arithmetic encloses the exact value so narrowly that one double "
        "is nearest to all of the enclosure, and the reference in mpmath lies within it.",
        "|t − reference| ≤ radius, proved",
        _PARTS,
    ),
    "step": Word(
        "h, how far the nodes of a formula lie from x. With a long step the formula's own error is large, with a short "
        "one that of rounding; the best step lies in between. numdiff advise finds it.",
        "centered: f′(x) ≈ (f(x + h) − f(x − h))/(2h)",
        _BEST,
    ),
    "textbook": Word(TEXTBOOK_STEPS, "h = 2√(ε|f/f″|) forward;  h = ∛(3ε|f/f‴|) centered", _BEST),
    "model": Word(MODEL, "E(h)² = mean over z near x of truncation² + rounding²;  the step is its minimum", _BEST),
    "thumb": Word(
        "The rule of thumb takes the step from the format and the formula alone, as if f and its derivatives had size "
        "1. Where f varies over |x|, it is multiplied by |x|.",
        "h = u^(1/(p + m)):  √u forward, ∛u centered;  u: unit roundoff, p: order of accuracy, m: of the derivative",
        _BEST,
    ),
    "unit roundoff": Word(
        "How far rounding to the format moves a number at most, beside the size of the number: half of the distance "
        "from 1 to the next number, which is called machine epsilon. Numbers below the smallest normal one of the "
        "format may be moved further.",
        "u = 2^(−precision), |fl(x) − x| ≤ u·|x|;  float32: 2⁻²⁴ = 6.0·10⁻⁸, float64: 2⁻⁵³ = 1.1·10⁻¹⁶",
        _PARTS,
    ),
    "ulp": Word(
        "A unit in the last place: the distance of neighbouring numbers of a format at a given size.",
        "ulp(x) = 2^(⌊log₂|x|⌋ + 1 − precision)",
        _PARTS,
    ),
    "digits": Word(
        "Correct decimal digits: how small the error is beside the exact derivative.",
        "digits = −log₁₀(|error| / |f⁽ᵐ⁾(x)|)",
        _BEST,
    ),
    "bound": Word(
        "A number that no error exceeds, proved from the function, the point, the step and the format, given the "
        "accuracy of the elementary functions.",
        "|d − t| ≤ bound(truncation) + bound(abscissa) + bound(evaluation) + bound(combination)",
        _DOMINATES,
    ),
    "absorbed": Word(
        "Two nodes of the formula fell on the same number of the format: the step is too short beside x.",
        "fl(x + h) = x, or any two x̂ⱼ equal",
        _READ,
    ),
    "overflow": Word(
        "A node, a value of f or the quotient is larger than the largest number of the format.",
        "|v| > 65504 in float16, 3.4·10³⁸ in float32 and bfloat16, 1.8·10³⁰⁸ in float64",
        _READ,
    ),
    "nan": Word("A value of f, or the quotient, is not a number.", "∞ − ∞, 0/0, 0·∞", _READ),
    "outside-domain": Word("A node lies where f has no real value.", "log(−1), √(−1), arcsin(2)", _READ),
    "pole": Word("A node, or x itself, is a pole of f or of its derivative.", "|f(z)| → ∞ for z → x:  1/x at 0", _READ),
    "kink": Word(
        "The derivatives from the left and from the right differ, and the formula looks to both sides.",
        "f′(x−) ≠ f′(x+):  |x| at 0, −1 and 1",
        _READ,
    ),
    "jump": Word(
        "f is not continuous at x, from a side that the formula looks to.",
        "f(x−) ≠ f(x) or f(x+) ≠ f(x):  sign(x) at 0",
        _READ,
    ),
    "unproved": Word(
        "Both sides of x agree in all digits that were computed, which is no proof.",
        "f(x−) and f(x+), or f′(x−) and f′(x+), are equal to 4096 bits",
        _READ,
    ),
    "grid": Word(
        "Which steps are measured. Dyadic steps show the truncation error purely; generic ones have a full "
        "significand, as steps in practice have, and are used for everything statistical.",
        "dyadic h = 2⁻ᵏ;  generic h = fl(1.2357·2⁻ᵏ);  decimal h = fl(10⁻ᵏ)",
        _READ,
    ),
    "exact": Word(
        "The state of a truth without any error: f is rational, and so is all that is compared.",
        "t = p/q, a fraction of integers:  x² at 0.1 is that of the double nearest to 0.1",
        _PARTS,
    ),
    "given": Word(
        "The state of a truth from a twin: what the user says that f stands for, a formula or f and f′ in mpmath. It "
        "is checked, not certified.",
        'exact=(f, f′) in nd.error_ledger and nd.sweep;  --exact "exp(-x)" or --exact module:f,module:df',
        _PARTS,
    ),
    "unresolved": Word(
        "The state of a cell with a part of the error that 4096 bits do not tell from 0; it reads 0.",
        "|part| ≤ a bound near 2⁻⁴⁰⁹⁶, beside the terms that it is made of",
        _PARTS,
    ),
    "out-of-domain": Word(
        "The state of a point at which f or its derivative has no value, or none that could be decided.",
        "f′(x) of √x at 0, of log(x) at −1",
        _PARTS,
    ),
    "out-of-range": Word(
        "The state of a point at which f or its derivative is beyond every format.",
        "|f(x)| or |f⁽ᵐ⁾(x)| ≥ 2^65536",
        _PARTS,
    ),
    "noise": Word(
        "The error of the values of f: of rounding, of an iteration that stops early, of random numbers. Given as its "
        "standard deviation, in units of f. A difference divides it by h.",
        "σ: the standard deviation of f̂(x) − f(x);  that of a centered difference is σ/(√2·h)",
        "Error bars",
    ),
    "error bar": Word(
        "What nd.derivative and numdiff derivative say of their own error, from values of f alone: it covers the error "
        "in 99 of 100 cases, or in the share that --confidence asks for.",
        "|df − f⁽ᵐ⁾(x)| ≤ error",
        "Error bars",
    ),
}
"""By word. What has a text in the report has the same here."""

OUTCOMES: Mapping[str, str] = {
    "no step": "the rule found nothing to choose a step by, such as a derivative that is 0",
    "unsuitable": "formula, format and rule do not go together, or the rule cannot work with f",
    "out of range": "the step is no positive number that the formula can take in the format, or a node overflows",
    "outside domain": "x or a node of the formula leaves the domain of f, which is not evaluated there",
    "step lost": "two nodes fell on the same number: the derivative is that of other nodes than the formula's",
    "not finite": "f or the formula returned an infinity or NaN, or f raised an arithmetic error",
    "not converged": "there is a derivative, and the rule says itself that it missed its own tolerance",
    "raised": "a library raised an exception of its own, whose message is the reason",
}
"""What a status of a step rule means."""
VERDICTS: Mapping[str, tuple[str, str]] = {
    "agree": ("the claim is right, to within the resolution", ""),
    "zero": (
        "0 is claimed, and nothing above the tolerance is seen",
        "check at an x where the slope is not 0: what is forgotten is 0 too",
    ),
    "inexact": (
        "the claim is right to three digits or more, but not to those of the format",
        "look for a constant with few digits, or for a part that is computed in a narrower format",
    ),
    "disagree": ("the claim is wrong, also with other steps", "see the cause, and which coordinates it is in"),
    "undecided": (
        "nothing can be said of this slope, for the reason that stands beside it",
        "give a wider dtype=, or a smaller loss",
    ),
    "inconclusive": (
        "of a whole check: nothing is wrong, but not all is resolved",
        "see the reason of each slope; a wider dtype= resolves more",
    ),
}
"""What `numdiff.Verdict` means in a table, and what to do."""
SECTIONS: Mapping[str, str] = {
    "status of a derivative": "Error bars",
    "assumption of advise that fails": _BEST,
    "status of a step rule": "Step rules and libraries",
    "step rule": "Step rules and libraries",
    "format": "Error against step: every function, formula and format",
    "formula": "What accuracy order buys",
    "problem": "Error against step: every function, formula and format",
    "column of numdiff sweep": _PARTS,
    "column of numdiff advise": _BEST,
    "column of numdiff derivative": "Error bars",
    "column of numdiff ledger": _PARTS,
    "column of numdiff check": _CHECK,
    "verdict of numdiff check": _CHECK,
}
"""The heading of the report for other words, by kind."""
SECTIONS_OF_FAMILIES: Mapping[str, str] = {
    "published": "Published tables, digit by digit",
    "formulation": "The same function, written differently",
}
"""That for problems which the report shows elsewhere."""
