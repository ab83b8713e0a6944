"""What the trials consist of, as tables: checkers, functions, networks, mistakes."""

from collections.abc import Sequence

import pandas as pd

from experiments.gradient_check.bugs import BUGS
from experiments.gradient_check.functions import FUNCTIONS, group_of
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.rules import Checker
from experiments.gradient_check.subjects import NETWORKS, SMALL
from experiments.words import listed
from numdiff.floats.formats import FORMATS
from numdiff.report.tables import Table

__all__ = ["bugs_table", "checkers_tables", "functions_table", "networks_table"]


def checkers_tables(checkers: Sequence[Checker]) -> list[Table]:
    """Return which checkers are compared and what each does by default, and where that is written."""
    rows = [(c.name, c.version, c.mode, c.defaults, _formats_of(c), c.source) for c in checkers]
    columns = ["checker", "version", "compares", "difference; tolerance", "formats", "source"]
    frame = pd.DataFrame(rows, columns=columns)
    return [
        Table(
            "checkers",
            "The checkers and their defaults",
            "The difference and the step that each takes, and by how much the claimed derivative may differ from it.",
            frame[columns[:4]],
        ),
        Table(
            "sources_of_checkers",
            "Where the rules of the checkers are written",
            "And the formats that each takes.",
            frame[["checker", *columns[4:]]],
        ),
    ]


def _formats_of(checker: Checker) -> str:
    """Return the formats that a checker takes: all, or which it does not."""
    lost = [name for name in FORMATS if name not in checker.formats]
    return f"all but {listed(lost)}" if lost else "all"


def functions_table() -> Table:
    """Return the realistic functions."""
    rows = [
        (item.name, group_of(item.name), item.description, item.case(item.formats[-1], 0).x.size, len(item.formats))
        for item in FUNCTIONS.values()
    ]
    return Table(
        "functions",
        "The functions",
        "Parameters and data are drawn anew for each seed. Groups: constants of the check may be chosen on the "
        "functions of the development half; those of the third group were written last.",
        pd.DataFrame(rows, columns=["function", "group", "what it is", "parameters", "formats"]),
        rows_shown=None,
    )


def bugs_table() -> Table:
    """Return the catalogue of wrong gradients."""
    rows = [
        {"bug": bug.name, "kind": bug.kind, "what is wrong": bug.description, "where it happened": bug.source}
        for bug in BUGS.values()
    ]
    return Table(
        "bugs",
        "The wrong gradients of networks",
        "Mistakes are made in the code of the back-propagation; the other errors are put into its result.",
        pd.DataFrame(rows),
        rows_shown=len(rows),
    )


def networks_table() -> Table:
    """Return the networks in which the mistakes are made."""
    rows = [
        {
            "network": name,
            "layers": "-".join(map(str, sizes)),
            "activation": activation,
            "loss": loss,
            "samples": batch,
            "parameters": NumpyNetwork(sizes, activation, loss, batch, 0).n,
        }
        for name, (sizes, activation, loss, batch) in NETWORKS.items()
        if name in (*SMALL, "large")
    ]
    return Table("networks", "The networks", "Data and parameters are drawn anew for each seed.", pd.DataFrame(rows))
