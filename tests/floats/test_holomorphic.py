"""What the complex step lets through, of NumPy and of SciPy: analytic ufuncs, and nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special

from numdiff.floats.views import HOLOMORPHIC, HolomorphicArray
from numdiff.formulas.differences import complex_step


def test_a_function_of_scipy_that_is_not_on_the_list_is_refused_by_name():
    with pytest.raises(TypeError, match=r"f must be analytic for the complex step, but it uses .*gamma"):
        complex_step(special.gamma, [1.5, 2.5], 1e-20)


def test_every_ufunc_on_the_list_exists():
    assert all(isinstance(getattr(np, name, getattr(special, name, None)), np.ufunc) for name in HOLOMORPHIC)


def test_every_other_ufunc_of_numpy_and_of_scipy_is_refused():
    """A list of what is refused could never be complete."""
    z = np.array([0.5 + 1e-20j, 0.25 + 1e-20j, 0.75 + 1e-20j]).view(HolomorphicArray)
    for module in (np, special):
        for ufunc in vars(module).values():
            if isinstance(ufunc, np.ufunc) and ufunc.__name__ not in HOLOMORPHIC:
                with pytest.raises(TypeError, match="analytic"):
                    ufunc(*[z] * ufunc.nin)


@pytest.mark.parametrize("name", ["sin", "erf", "multiply"])
def test_a_ufunc_of_another_library_is_not_taken_for_one_of_numpy_because_of_its_name(name):
    """Caught: a compiled function called sin passed, whatever it computed."""
    z = np.array([0.5 + 1e-20j]).view(HolomorphicArray)
    theirs = SimpleNamespace(__name__=name, __call__=lambda z: z.real)
    with pytest.raises(TypeError, match=rf"it uses a ufunc {name} that is not NumPy's, which is not known"):
        z.__array_ufunc__(theirs, "__call__", z)


AT = np.array([0.25, 0.5, 0.75])


@pytest.mark.parametrize("name", sorted(HOLOMORPHIC - {"isnan", "isinf", "isfinite", "matmul", "matvec"}))
def test_the_imaginary_part_of_an_allowed_ufunc_is_that_of_the_derivative(name):
    """Caught: expi, ive and wofz, whose complex values are not those of the real function beside the axis."""
    ufunc = getattr(np, name, getattr(special, name, None))
    x = AT + 1 if name == "arccosh" else AT
    before, after = {"xlogy": ((2.0,), ()), "xlog1py": ((2.0,), ())}.get(name, ((), (3.0,) if ufunc.nin == 2 else ()))
    step = 2.0**-20
    slope = (ufunc(*before, x + step, *after) - ufunc(*before, x - step, *after)) / (2 * step)
    z = (x + 1j * step).view(HolomorphicArray)
    assert np.asarray(ufunc(*before, z, *after)).imag / step == pytest.approx(slope, rel=2.0**-24)
