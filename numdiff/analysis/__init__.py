"""Truth and what is measured against it: references, the parts of an error, bounds on them, models, metrics."""

PARTS = ("truncation", "abscissa", "evaluation", "combination")
"""The four parts of the total error."""
ENTRIES = (*PARTS, "total", "roundoff")
"""The entries of the ledger: the parts, their sum, and all that is not truncation."""
