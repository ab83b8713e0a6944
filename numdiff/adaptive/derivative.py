"""`derivative`: arguments in, one call of the estimator, result out."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from numdiff.adaptive import engine
from numdiff.adaptive.arguments import RESERVE, check_budget, check_confidence, check_order, question
from numdiff.adaptive.blocks import estimated
from numdiff.adaptive.calls import Calls
from numdiff.adaptive.outcome import OF_NO_POINTS, result_of
from numdiff.adaptive.repeats import differs_again
from numdiff.adaptive.result import DerivativeResult
from numdiff.adaptive.single import Replayed, differentiated
from numdiff.adaptive.status import OK
from numdiff.floats.callables import Map, check_workers
from numdiff.floats.formats import FloatFormat
from numdiff.spellings import hinted

__all__ = ["derivative"]


@hinted
def derivative(
    f: Callable[..., Any],
    x: Any,
    *,
    args: Sequence[Any] = (),
    dtype: Any = None,
    order: int = 1,
    domain: tuple[float, float] | None = None,
    noise: Any = None,
    side: Any = None,
    max_evaluations: int | None = None,
    elementwise: bool = True,
    workers: int | Map | None = None,
    confidence: float = 0.99,
) -> DerivativeResult:
    """Differentiate a black box, with an error bar that holds in 99 of 100 cases.

    Steps, formula and bar are chosen for each point from the values of f alone; no tolerance has to be given.

    Parameters
    ----------
    f : callable
        Takes an array of nodes of shape (k,) and returns a number for each. A function of one number is found out and
        called point by point. A `Problem` or a `Function` of `numdiff.autodiff` will do. Complex values are
        differentiated too, the real and the imaginary part apart.
    x : real number or array of them, any shape
        The points; integers become float64.
    args : tuple
        What f takes after its nodes. Arrays and lists of numbers broadcast with x, and f gets for each node the number
        that belongs to it; real and complex floats are rounded to the format. Anything else is handed over as it is.
    dtype : str, dtype or FloatFormat, optional
        The format to compute in, to which x is rounded first; by default that of x.
    order : int
        Of the derivative: 1 to 4.
    domain : tuple of float, optional
        The open interval in which f is smooth: f is not evaluated outside of it, nor at its ends. By default all
        numbers, or the domain of a problem. Near an end, one-sided formulas are used.
    noise : float or array of them, optional
        The standard deviation of the error of f, absolute, in units of f; broadcasts with x. It is a floor of the noise
        that is seen. With it, f need not be deterministic.
    side : {None, "left", "right", -1, 0, 1} or array of integers, optional
        The side of x from which nodes are taken; both by default. An array broadcasts with x.
    max_evaluations : int, optional
        The budget for each point, at least 20. By default what the format needs; difficult points take some 50.
    elementwise : bool
        False calls f with one number at a time, from the start.
    workers : int or map-like callable, optional
        The number of threads, or a callable like ``map`` (of a pool of processes, say) that is given a picklable task
        and its pieces. By default f is called in this thread, once for each batch of nodes.
    confidence : float
        The share of cases in which the bar holds: that of its noise; the part for truncation does not depend on it.

    Returns
    -------
    DerivativeResult
        Scalars for a scalar x, else arrays of the shape of x, broadcast with the arrays among the arguments. `df` and
        `error` are of the format of x; values are combined in float64 (float80: in float80), and rounded once.

    Raises
    ------
    TypeError
        If f is not callable, x holds no real numbers, or f returns no numbers of the format of its nodes, complex
        numbers at some nodes only, or writes into its argument.
    ValueError
        If x is not finite or not inside the domain, the domain is no interval, the noise is negative or not finite,
        `order`, `side`, `max_evaluations`, `confidence` or `workers` is out of range, arrays do not broadcast with
        x, or f returns another shape than that of its nodes.
    Exception
        What f raises, with a note that names x.

    Notes
    -----
    Evaluations are counted in points. A few nodes are evaluated twice where f looks noisy and `noise` is not given: if
    their values differ, the status is `NOT_DETERMINISTIC`. They are counted, and so are the calls that found out that
    f is a constant.

    Where `scipy.differentiate.derivative` stood: `step_direction` is `side`, and its `order`, tolerances and steps are
    left out.

    Examples
    --------
    >>> import math
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.derivative(np.sin, 0.5)
    >>> bool(abs(found.df - math.cos(0.5)) <= found.error < 1e-9)
    True
    >>> nd.derivative(lambda t, k: t**k, [1.0, 2.0], args=(3,)).df.round(6).tolist()
    [3.0, 12.0]
    >>> nd.derivative(lambda t: math.sqrt(t) if t > 0 else 0.0, 1e-3, domain=(0, math.inf)).success
    True
    """
    answers = None
    has_defaults = dtype is noise is side is max_evaluations is workers is None and elementwise is True
    if has_defaults and type(order) is int and order == 1 and type(args) is tuple and not args:
        found = differentiated(f, x, domain, confidence)
        if isinstance(found, DerivativeResult):
            return found
        answers = found
    check_order(order)
    check_budget(max_evaluations)
    check_confidence(confidence)
    if workers is not None:
        check_workers(workers)
    asked = question(f, x, args, dtype, domain, noise, side)
    new = Calls if answers is None else partial(Replayed, answers)
    calls = new(asked.f, asked.fmt, asked.x, asked.further, elementwise, 1 if workers is None else workers)
    if not asked.x.size:
        return result_of(asked, calls, [OF_NO_POINTS], False)
    budget = None if max_evaluations is None else int(max_evaluations) - RESERVE
    with np.errstate(all="ignore"), calls.running():
        parts = estimated(asked, calls, int(order), budget, float(confidence))
        is_random = noise is None and _is_random(calls, parts, asked.fmt)
    return result_of(asked, calls, parts, is_random)


def _is_random(calls: Calls, parts: Sequence[engine.Estimates], fmt: FloatFormat) -> bool:
    """Return whether f is found to be not deterministic."""
    noise, is_doubtful = parts[0].noise, parts[0].status != OK
    if len(parts) > 1:
        noise = np.maximum(noise, parts[1].noise)
        is_doubtful = is_doubtful | (parts[1].status != OK)
    return differs_again(calls, noise, is_doubtful, fmt)
