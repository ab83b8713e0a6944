"""The words that ``numdiff explain`` knows: a paragraph, a formula, and the section of the report that shows it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from numdiff.definitions import LEDGER_IN_SHORT, MODEL, TEXTBOOK_STEPS, TRUTH

__all__ = ["WORDS", "Word", "plain_text"]

_PARTS = "The parts of an error, and what it is compared with"
_READ = "How to read the figures"
_DOMINATES = "Truncation or rounding: which part of the error dominates where"
_BEST = "The best step, and the verdict on h = 1e-4"
_FORMULA = "a = Σ wⱼ·f(x + cⱼh)/hᵐ in exact arithmetic; t = f⁽ᵐ⁾(x)"


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
    "truncation": Word(LEDGER_IN_SHORT, f"truncation = a − t;  {_FORMULA}", _DOMINATES),
    "roundoff": Word(LEDGER_IN_SHORT, "roundoff = d − a = abscissa + evaluation + combination", _DOMINATES),
    "abscissa": Word(LEDGER_IN_SHORT, "abscissa = b − a;  b = Σ wⱼ·f(x̂ⱼ)/hᵐ with x̂ⱼ = fl(x + cⱼh)", _DOMINATES),
    "evaluation": Word(LEDGER_IN_SHORT, "evaluation = c − b;  c = Σ wⱼ·f̂(x̂ⱼ)/hᵐ with f̂, the computed f", _DOMINATES),
    "combination": Word(LEDGER_IN_SHORT, "combination = d − c;  d is what the program returned", _DOMINATES),
    "total": Word(LEDGER_IN_SHORT, "total = d − t = truncation + abscissa + evaluation + combination", _PARTS),
    "ledger": Word(LEDGER_IN_SHORT, "d − t = (a − t) + (b − a) + (c − b) + (d − c)", _PARTS),
    "truth": Word(TRUTH, "t = f⁽ᵐ⁾(x) at the x that the format holds", _PARTS),
    "certified": Word(TRUTH, "|t − reference| ≤ radius, proved", _PARTS),
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
        "The largest relative error of rounding a number to the format: half of the machine epsilon.",
        "u = 2⁻ᵖʳᵉᶜⁱˢⁱᵒⁿ;  float64: 1.1·10⁻¹⁶, float32: 6·10⁻⁸",
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
        "A node, a value of f or the quotient is larger than the largest number of the format.", "", _READ
    ),
    "nan": Word("A value of f, or the quotient, is not a number.", "", _READ),
    "outside-domain": Word("A node lies where f has no real value, as log at −1.", "", _READ),
    "pole": Word("A node, or x itself, is a pole of f or of its derivative.", "", _READ),
    "kink": Word(
        "The derivatives from the left and from the right differ, and the formula looks to both sides.", "", _READ
    ),
    "jump": Word("f is not continuous at x, from a side that the formula looks to.", "", _READ),
    "unproved": Word("Both sides of x agree in all digits that were computed, which is no proof.", "", _READ),
    "grid": Word(
        "Which steps are measured. Dyadic steps show the truncation error purely; generic ones have a full "
        "significand, as steps in practice have, and are used for everything statistical.",
        "dyadic h = 2⁻ᵏ;  generic h = fl(1.2357·2⁻ᵏ);  decimal h = fl(10⁻ᵏ)",
        _READ,
    ),
    "exact": Word("Everything is rational: truth is an exact fraction.", "", _PARTS),
    "given": Word("Truth is the twin that the user gave, f and f′ in mpmath: checked, not certified.", "", _PARTS),
    "unresolved": Word("A part of the error that 4096 bits do not tell from 0; it reads 0.", "", _PARTS),
    "out-of-domain": Word("f or its derivative has no value there, or none that could be decided.", "", _PARTS),
    "out-of-range": Word(
        "f or its derivative has a value there that is beyond every format: 2^65536 or more.", "", _PARTS
    ),
    "noise": Word(
        "The error of the values of f: of rounding, of an iteration that stops early, of random numbers. Given as its "
        "standard deviation, in units of f. A difference divides it by h.",
        "",
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
