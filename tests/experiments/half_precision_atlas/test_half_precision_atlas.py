"""What is committed of the atlas: its sums, its section, and maxima that the ledger confirms."""

import numpy as np
import pytest

from experiments.half_precision_atlas import half_precision_atlas as section
from experiments.half_precision_atlas.atlas import FORMULAS, FUNCTIONS
from experiments.half_precision_atlas.formats import NAMES, SIXTEEN_BITS
from numdiff.analysis.error_ledger import error_ledger
from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS
from numdiff.report import checksums
from numdiff.study.run import Measured
from tests.experiments.sentences import check_section


def atlas():
    return section.written_atlas()


def test_the_committed_files_are_as_they_were_written():
    assert checksums.broken(section.HOME) == []
    assert sum(path.stat().st_size for path in section.HOME.iterdir()) < 5e6


def test_the_section_keeps_to_its_form():
    check_section(section.EXPERIMENT.section(Measured()))


def test_all_cells_are_there():
    counts = atlas().counts
    assert list(dict.fromkeys(counts["format"])) == list(NAMES)
    assert counts["cells"].sum() == 51312330
    steps = counts.groupby(["format", "function", "formula"]).size()
    assert len(steps) == len(NAMES) * len(FUNCTIONS) * len(FORMULAS)
    assert steps["float16", "exp", "centered"] == 39
    assert (counts["with_parts"] >= counts["normal"]).all()


@pytest.mark.parametrize("fmt", SIXTEEN_BITS)
def test_the_ledger_confirms_maxima(fmt):
    """Truncation and abscissa are the same on every machine."""
    rows = atlas().maxima
    rows = rows[(rows["format"] == fmt) & rows["part"].isin(["truncation", "abscissa"]) & (rows["absolute"] > 0)]
    item = FORMATS[fmt]
    for row in rows.sample(40, random_state=0).itertuples():
        x = item.from_hex(row.absolute_at)
        if abs(float(x)) + 2.0**row.k < 1000:
            ledger = error_ledger(PROBLEMS[row.function], x, item.dtype.type(2.0**row.k), row.formula, engine="arb")
            assert abs(getattr(ledger, row.part)) == row.absolute


def test_no_random_cell_exceeds_the_maximum():
    rows = atlas().maxima.set_index(["format", "function", "formula", "k", "part"])
    generator = np.random.default_rng(0)
    x = (2.0 ** generator.uniform(-8, 3, 300)).astype(np.float16)
    for function in ("exp", "composition"):
        for k in (-12, -4):
            ledger = error_ledger(PROBLEMS[function], x, np.float16(2.0**k), "centered", engine="arb")
            given = np.isfinite(ledger.total)
            for part in ("truncation", "abscissa"):
                largest = np.abs(getattr(ledger, part))[given].max()
                assert largest <= rows.loc[("float16", function, "centered", k, part), "absolute"] * (1 + 2.0**-39)
