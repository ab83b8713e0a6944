"""The names of the error ledger: four parts, and two sums of them."""

PARTS = ("truncation", "abscissa", "evaluation", "combination")
"""The four parts of the total error."""
ENTRIES = (*PARTS, "total", "roundoff")
"""The entries of the ledger: the parts, their sum, and all that is not truncation."""
