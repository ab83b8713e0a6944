"""The complex step: Im f(x + ihe)/h along the coordinates, or along groups of them."""

from typing import Any

import numpy as np

from numdiff.gradients.answer import UncertainGradientWarning, warn_not_finite
from numdiff.gradients.asked import Asked, reported
from numdiff.gradients.colouring import Pattern
from numdiff.gradients.fixed_looks import CONTRADICTS
from numdiff.gradients.lines import Lines, coordinates
from numdiff.gradients.products import MISSED, Products
from numdiff.gradients.steps import given_steps
from numdiff.spellings import warn_user

__all__ = ["by_complex_step"]


def by_complex_step(asked: Asked, h: Any, pattern: Pattern | None = None) -> np.ndarray:
    r"""Return Im f(x + ihe)/h, of shape (m, n), or of the entries of a pattern.

    h = u·L, with L = |xᵢ|, the scale, or 1 at 0: its truncation error h²f‴/6 is far below u, and nothing cancels.
    Where f(x) of real x is not finite, or not the real part of f(x + ih), there is no derivative.
    """
    item = asked.item
    if item.complex_dtype is None:
        raise TypeError(
            f"x must have a format with a complex dtype for method='complex', got {item.name}; leave out method, or "
            "write dtype='float32'"
        )
    steps = _complex_steps(asked) if h is None else given_steps(asked, h)
    n, base = asked.x.size, coordinates(asked.f, asked.x).at_x()
    with np.errstate(all="ignore"), reported(asked.progress, n) as report:
        found = _complex_values(asked, steps, base.size, pattern)
        report(n)
        is_good = _is_analytic(found, base, item.precision)
        is_short = (steps <= 2.0 ** (-item.precision / 2) * _lengths(asked)).all()
        if is_short and not is_good.all():
            is_good |= _agrees(found, _complex_values(asked, steps / 4, base.size, pattern), base, item.precision)
        wrong = "f of the real x is not finite" if not np.isfinite(base).all() else _not_analytic(asked, h)
        found = np.where(np.isfinite(base) & np.isfinite(found) & is_good, found.imag, item.dtype.type(np.nan))
        out = found.T / steps if pattern is None else pattern.entries(found) / steps[pattern.columns]
    message = "the complex step gives no finite derivative in {} of {} entries: " + wrong
    if not warn_not_finite(out, message) and pattern is None:
        _look_along(asked, out)
    return out.astype(item.dtype, copy=False)


def _complex_values(asked: Asked, steps: np.ndarray, size: int, pattern: Pattern | None) -> np.ndarray:
    """Return f(x + ihe), of shape (n, m), or along the groups of a pattern."""
    x = asked.x.astype(asked.item.complex_dtype)
    moves = None if pattern is None else pattern.moves(1j * steps)
    lines = Lines(asked.f, x, np.arange(x.size if pattern is None else pattern.count), moves, size)
    nodes = x + 1j * steps if pattern is None else np.ones(pattern.count, x.dtype)
    with lines.running(asked.workers):
        return lines.evaluated(nodes.astype(x.dtype), np.arange(nodes.size))


def _is_analytic(found: np.ndarray, base: np.ndarray, precision: int) -> np.ndarray:
    """Return where the real part of f(x + ih) is f(x), to half of the digits."""
    size = np.maximum(np.abs(base), np.abs(found.real))
    return np.asarray(np.abs(found.real - base) <= 2.0 ** (-precision / 2) * size)


def _agrees(found: np.ndarray, nearer: np.ndarray, base: np.ndarray, precision: int) -> np.ndarray:
    """Return where f(x + ih) and f(x + ih/4) are values of an analytic f, however far their real parts are from f(x).

    Where f(x) is 0, or what is left of larger numbers, neither the change of the real part, h²f″/2, nor the rounding of
    complex numbers is a small part of it. The quotients have to agree to half of the digits: those of √x do not at 0.
    Or they agree to what half a unit of roundoff of x changes the derivative by, f″h/2, and the change falls to 1/16,
    as that of xᵖ at 0 to 4⁻ᵖ: at least to 4^−1.75.
    """
    change, rest = np.abs(found.real - base), np.abs(nearer.real - base)
    differs = np.abs(found.imag - 4 * nearer.imag)
    is_same = differs <= 2.0 ** (-precision / 2) * np.abs(found.imag)
    return np.asarray(is_same | ((rest <= 4.0**-1.75 * change) & (differs <= change)))


def _not_analytic(asked: Asked, h: Any) -> str:
    """Return what is said where f(x + ih) is no f(x) + ihf'(x)."""
    differs = "f(x + ih) is not finite, or its real part is not f(x) to half of the digits: "
    if h is None:
        return f"{differs}f is not analytic there, or has a pole nearby; leave out method, or give scale="
    return (
        f"{differs}h is too wide, which costs the complex step its digits, or f is not analytic there; leave out h: "
        f"by itself it is {float(asked.item.unit_roundoff):.2g} of |x|"
    )


def _look_along(asked: Asked, out: np.ndarray) -> None:
    """Warn where f of real x contradicts along a random direction: not all that is not analytic can be refused."""
    entries = out.astype(asked.item.wide)

    def multiplied(move: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the product and its doubt, a row at a time: in one order on all machines, and in little memory."""
        product, doubt = np.empty(len(entries), move.dtype), np.empty(len(entries), move.dtype)
        for k, row in enumerate(entries):
            terms = row * move
            product[k], doubt[k] = np.sum(terms), np.sum(np.abs(terms))
        return product, CONTRADICTS / MISSED * doubt

    found = Products(asked).contradiction(multiplied, has_slopes=True)
    if found is not None:
        warn_user(
            UncertainGradientWarning(
                f"f of real x contradicts the complex step: along a random direction it has the slope {found[1]!s}, "
                f"and the derivatives give {found[2]!s}; f is not analytic, or does not see the imaginary part of x "
                "(after np.asarray, in a cast), or its domain ends at x; leave out method",
                asked.x.size,
                asked.x.size,
            )
        )


def _complex_steps(asked: Asked) -> np.ndarray:
    item = asked.item
    unit = item.dtype.type(float(item.unit_roundoff))
    # Below that, f′·h would be subnormal.
    return np.maximum(_lengths(asked) * unit, np.finfo(item.dtype).tiny / unit)


def _lengths(asked: Asked) -> np.ndarray:
    """Return the scale, or |xᵢ| without one, and 1 at 0, in the format."""
    if asked.scale is not None:
        return asked.scale.astype(asked.item.dtype)
    length = np.abs(asked.x)
    return np.where(length > 0, length, asked.item.dtype.type(1))
