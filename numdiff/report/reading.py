"""How the figures are read: terms that every figure and table uses, with their meaning."""

READING = (
    (
        "Axes",
        "Errors against the step h, both logarithmic. A straight line of slope p is an error that shrinks like hᵖ.",
    ),
    (
        "Formats",
        "Each floating-point format has its own colour, the same in all figures, and a marker where there is one.",
    ),
    (
        "Slopes and rings",
        "A dashed grey line is the slope that theory predicts. A ring is the best step that was observed.",
    ),
    (
        "Exact zeros",
        "An error of exactly 0 has no place on a logarithmic axis: it stands as a hollow marker on the dotted line "
        "“exact zero”.",
    ),
    (
        "Failures",
        "× at the top edge is a cell without a usable result; words beside it or in a corner say why: `absorbed` "
        "(two nodes of the formula fell on the same number), `overflow`, `nan`, `outside-domain`, `pole`, or that f "
        "has no derivative where the formula looks: `kink` (those from both sides differ), `jump` (f is not "
        "continuous) or `unproved` (both sides agree in all digits, which is no proof). Tables show the word instead "
        "of a number. Failures are counted, never averaged. Where runs are summed up by a median or a share, one "
        "without a result counts as the worst.",
    ),
    (
        "Two step grids",
        "Dyadic steps h = 2⁻ᵏ show the truncation error purely. Generic steps h = fl(1.2357·2⁻ᵏ) are used for "
        "everything statistical, since at dyadic steps most of the rounding is absent by luck. Each table names its "
        "grid.",
    ),
    (
        "Another machine",
        "Elementary functions differ in their last digits from machine to machine. `values.json` keeps a digest of "
        "what they returned here. Where another machine returns the same, each number of this report is the same. "
        "Elsewhere truncation and abscissa errors are the same, single errors stay within their bounds, and medians, "
        "counts and verdicts may differ a little: `columns.json` says of each column which kind it is.",
    ),
)
"""Terms and their meanings, in the order in which a reader meets them."""
