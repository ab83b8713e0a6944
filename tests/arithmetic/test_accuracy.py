"""The limits of NumPy's elementary functions: searched again, exhaustively in 16 bits, and on NumPy's other paths."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__

from numdiff.arithmetic.accuracy import CORRECTLY_ROUNDED, limits_of, smaller_limits_of
from numdiff.arithmetic.numpy_functions import BINARY, FUNCTIONS
from numdiff.floats.formats import FORMATS
from tests.arithmetic.accuracy_search import ELEMENTARY, all_patterns, pairs, random_arguments, worst

NARROW = [fmt for fmt in FORMATS.values() if fmt.dtype.itemsize == 2]
SEARCHED = [(fmt, name) for fmt in FORMATS.values() for name in ELEMENTARY if fmt.precision <= 64]
SMALLER = [(name, *pair) for name, pairs_ in smaller_limits_of(FORMATS["float32"]).items() for pair in pairs_]
WORST = {
    "exp": [-62.02950668334961],
    "log": [0.782856285572052, 0.7217824459075928, 0.3732061982154846, 0.1802396923303604, 10.0, 1.0157300233840942],
    "sin": [625.0518188476562],
    "cos": [62180.09765625],
    "tanh": [0.5025483965873718],
    "arctan": [0.1253068447113037],
    "log1p": [0.333614319562912],
    "expm1": [87.0358657836914],
    "log2": [0.7464584112167358],
    "log10": [0.749942421913147],
    "tan": [1.4496363742261486e24],
    "exp2": [126.56739807128906],
    "sinh": [0.3811611533164978],
    "cosh": [8.310921669006348],
    "arcsin": [0.5006601214408875],
    "arccos": [0.9696311950683594],
    "arcsinh": [0.023898378014564514],
    "arccosh": [1.0000923871994019],
    "arctanh": [0.0037999164778739214],
    "cbrt": [6.964533244882703e37],
}
"""Where an exhaustive search over float32 found the largest errors; of the logarithm, also by size of the value."""
PATHS = {"without AVX-512": "AVX512|X86_V4", "baseline": ""}
"""What the names of the disabled features begin with, of those that NumPy chooses its loops by."""


def test_every_ufunc_of_the_exact_engines_has_a_limit_in_every_format():
    for fmt in FORMATS.values():
        assert limits_of(fmt).keys() == FUNCTIONS


@pytest.mark.parametrize("fmt", NARROW, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("name", [name for name in ELEMENTARY if name not in BINARY])
def test_16_bit_functions_hold_their_limit_at_every_argument(name, fmt):
    found = worst(name, fmt, all_patterns(fmt))
    assert 0.49 < found <= limits_of(fmt)[name]


@pytest.mark.parametrize("fmt, name", SEARCHED, ids=lambda item: getattr(item, "name", item))
def test_functions_hold_their_limit_at_random_arguments(fmt, name):
    size = 60_000 if fmt.precision < 64 else 1_500 if name not in BINARY else 300
    found = worst(name, fmt, *pairs(name, fmt, size, np.random.default_rng(len(name))))
    assert 0.4 < found <= limits_of(fmt)[name]


@pytest.mark.parametrize("name, exponent, limit", SMALLER)
def test_smaller_limits_hold_at_random_arguments_whose_value_is_large(name, exponent, limit):
    fmt = FORMATS["float32"]
    x = np.concatenate([random_arguments(fmt, 120_000, np.random.default_rng(9)), np.float32(WORST["log"])])
    with np.errstate(all="ignore"):
        sizes = np.abs(getattr(np, name)(x.astype(np.float64)))
    assert 0.5 < worst(name, fmt, x[sizes >= 2.0**exponent]) <= limit
    assert limit < limits_of(FORMATS["float32"])[name]
    # Not one binade lower: there is an argument that needs the larger limit (on paths that have NumPy's own function).
    if worst(name, fmt, np.float32(WORST["log"])) > 3:
        assert worst(name, fmt, x[sizes >= 2.0 ** (exponent - 1)]) > limit


@pytest.mark.parametrize("name", WORST)
def test_the_worst_arguments_of_all_float32_numbers_are_within_the_limit_that_they_set(name):
    fmt, x = FORMATS["float32"], np.float32(WORST[name])
    assert worst(name, fmt, x) <= limits_of(FORMATS["float32"])[name]


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("name", sorted(CORRECTLY_ROUNDED - BINARY))
def test_basic_functions_are_rounded_to_nearest(name, fmt):
    x = all_patterns(fmt) if fmt in NARROW else random_arguments(fmt, 9_000, np.random.default_rng(1))
    assert worst(name, fmt, x) <= 0.5 + 2**-9  # what the reference has lost


@pytest.mark.parametrize("path", PATHS)
def test_functions_hold_their_limit_on_other_paths_of_numpy(path):
    """A process of its own, with features disabled; that this took effect is asserted there."""
    disabled = [name for name in __cpu_dispatch__ if re.match(PATHS[path], name)]
    code = f"""
import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as features
from numdiff.floats.formats import FORMATS
from numdiff.arithmetic.accuracy import limits_of
from tests.arithmetic.accuracy_search import ELEMENTARY, pairs, worst
assert not any(features.get(name, False) for name in {disabled!r})
from tests.arithmetic.test_accuracy import WORST
for name, x in WORST.items():
    found = worst(name, FORMATS["float32"], np.float32(x))
    assert found <= limits_of(FORMATS["float32"])[name], (name, found)
for fmt in (FORMATS["float32"], FORMATS["float64"]):
    for name in ELEMENTARY:
        found = worst(name, fmt, *pairs(name, fmt, 20_000, np.random.default_rng(7)))
        assert found <= limits_of(fmt)[name], (fmt.name, name, found)
"""
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(disabled), "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
