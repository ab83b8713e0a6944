r"""What the words of the tables mean, as Markdown with formulas in LaTeX between dollars.

``DEFINITIONS`` is a block of about 40 lines for "How to read the figures"; it has no heading, and a
`numdiff.report.chapters.Chapter` or a code host renders it. ``LEDGER_IN_SHORT`` is one paragraph of it, for pages that
show the tables of one function.
"""

__all__ = ["DEFINITIONS", "LEDGER_IN_SHORT", "MODEL", "TEXTBOOK_STEPS", "TRUTH"]

LEDGER_IN_SHORT = r"""
*Truncation* is the error of the formula in exact arithmetic. *Roundoff* is all the rest, the sum of three parts:
*abscissa* ($x \pm h$ is rounded), *evaluation* (rounding inside $f$) and *combination* (rounding of the difference and
the quotient). *Total* is what the format returned minus the exact derivative, and the sum of both.
""".strip()
"""The four parts in words."""

TEXTBOOK_STEPS = r"""
The textbook balances two terms: the leading term of the truncation error, and function values with a relative error of
$\varepsilon$, here the unit roundoff $u$ of the format. The sum is smallest at

$$h = 2\sqrt{\varepsilon |f/f''|} \quad\text{(forward)},$$

$$h = \sqrt[3]{3\varepsilon |f/f'''|} \quad\text{(centered)},$$

where $\tfrac{h}{2}|f''| + \tfrac{2\varepsilon}{h}|f|$ and $\tfrac{h^2}{6}|f'''| + \tfrac{\varepsilon}{h}|f|$ have
their minimum. Where $f$, $f''$ or $f'''$ is 0 there is no such step.
""".strip()
"""The textbook steps and the two terms of which they are the minimum."""

MODEL = r"""
*The model* predicts the error from derivatives and bounds alone, without a run: all terms of the Taylor series in place
of the leading one, a bound on the rounding error of $f$ as it is written in place of $\varepsilon|f|$, the rounding of
$x \pm h$ and of the quotient, and the average of all that over a small neighbourhood of $x$. The predicted step is the
one where this sum is smallest.
""".strip()

TRUTH = r"""
The exact derivative $t$ and the exact values $f(x + c_j h)$ are computed with **mpmath**, in as many digits as it takes
until the double that is stored is certain. **Arb** (through python-flint) computes them a second time in interval
arithmetic, with every derivative by automatic differentiation, and certifies each: the radius that stands beside a
derivative is proved.
""".strip()

DEFINITIONS = rf"""
A difference quotient with offsets $c_j$ and weights $w_j$ approximates the exact derivative $t = f'(x)$. The forward
difference is $\frac{{f(x+h) - f(x)}}{{h}}$, the centered difference $\frac{{f(x+h) - f(x-h)}}{{2h}}$. Let $\hat x_j$ be
the number of the format that $x + c_j h$ is rounded to, and $\hat f$ the function as the format computes it:

$$a = \sum_j \frac{{w_j f(x + c_j h)}}{{h}},$$

$$b = \sum_j \frac{{w_j f(\hat x_j)}}{{h}},$$

$$c = \sum_j \frac{{w_j \hat f(\hat x_j)}}{{h}},$$

and $d$ what the program returned. Then the total error is the sum of four parts, exactly:

$$d - t = (a - t) + (b - a) + (c - b) + (d - c).$$

They are called, in this order, truncation $a - t$, abscissa $b - a$, evaluation $c - b$ and combination $d - c$.

{LEDGER_IN_SHORT}

{TRUTH}

{TEXTBOOK_STEPS}

{MODEL}
""".strip()
"""The four parts, where truth comes from, the textbook steps and the model."""
