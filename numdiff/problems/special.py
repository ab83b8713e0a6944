"""The special problems: functions of statistics, machine learning and physics that are made of special functions.

SciPy computes them in float32 and float64 (Lambert's W in float64 alone); in other formats they are skipped, with the
reason. scipy is an extra, which is asked for when a function is called. A constant that f′ has and f hides, such as π,
is computed, so that it means the number itself and not the double next to it.
"""

import math
from typing import Any

import numpy as np

from numdiff.extras import require_extra
from numdiff.problems.problem import Problem

_ABRAMOWITZ = "M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, Dover (1965)"
_LINE = (-math.inf, math.inf)
_HALF_LINE = (0.0, math.inf)


def _special() -> Any:
    """Return the module scipy.special."""
    require_extra("a special problem", "scipy")
    import scipy.special

    return scipy.special


def _pi(x: Any) -> Any:
    """Return π as an array like x."""
    return np.arccos(np.full_like(x, -1.0))


def _erf(x: Any) -> Any:
    return _special().erf(x)


def _erf_prime(x: Any) -> Any:
    return 2.0 * np.exp(-x * x) / np.sqrt(_pi(x))


def _gelu(x: Any) -> Any:
    return x * _special().ndtr(x)


def _gelu_prime(x: Any) -> Any:
    return _special().ndtr(x) + x * np.exp(-0.5 * (x * x)) / np.sqrt(2.0 * _pi(x))


def _swish(x: Any) -> Any:
    return x * _special().expit(x)


def _swish_prime(x: Any) -> Any:
    s = _special()
    return s.expit(x) * (1.0 + x * s.expit(-x))


def _logistic_loss(x: Any) -> Any:
    return -_special().log_expit(x)


def _logistic_loss_prime(x: Any) -> Any:
    return -_special().expit(-x)


def _probit_log_likelihood(x: Any) -> Any:
    return _special().log_ndtr(x)


def _probit_log_likelihood_prime(x: Any) -> Any:
    s = _special()
    return np.exp(-0.5 * (x * x) - s.log_ndtr(x)) / np.sqrt(2.0 * _pi(x))


def _binary_entropy(x: Any) -> Any:
    s = _special()
    return s.entr(x) + s.entr(1.0 - x)


def _binary_entropy_prime(x: Any) -> Any:
    return -_special().logit(x)


def _x_log_x(x: Any) -> Any:
    return _special().xlogy(x, x)


def _x_log_x_prime(x: Any) -> Any:
    return np.log(x) + 1.0


def _log_gamma(x: Any) -> Any:
    return _special().gammaln(x)


def _log_gamma_prime(x: Any) -> Any:
    return _special().psi(x)


def _gamma(x: Any) -> Any:
    return _special().gamma(x)


def _gamma_prime(x: Any) -> Any:
    s = _special()
    return s.gamma(x) * s.psi(x)


def _von_mises_normalizer(x: Any) -> Any:
    return x + np.log(_special().i0e(x))


def _von_mises_normalizer_prime(x: Any) -> Any:
    s = _special()
    return s.i1e(x) / s.i0e(x)


def _bessel_j0(x: Any) -> Any:
    return _special().j0(x)


def _bessel_j0_prime(x: Any) -> Any:
    return -_special().j1(x)


def _bessel_k0(x: Any) -> Any:
    return _special().k0(x)


def _bessel_k0_prime(x: Any) -> Any:
    return -_special().k1(x)


def _theis_well_function(x: Any) -> Any:
    return _special().exp1(x)


def _theis_well_function_prime(x: Any) -> Any:
    return -np.exp(-x) / x


def _erfinv(x: Any) -> Any:
    return _special().erfinv(x)


def _erfinv_prime(x: Any) -> Any:
    y = _special().erfinv(x)
    return 0.5 * np.sqrt(_pi(x)) * np.exp(y * y)


def _lambert_w(x: Any) -> Any:
    return np.real(_special().lambertw(x))


def _lambert_w_prime(x: Any) -> Any:
    w = np.real(_special().lambertw(x))
    return w / (x * (1.0 + w))


SPECIAL: tuple[Problem, ...] = (
    Problem(
        name="error_function",
        formula="erf(x)",
        f=_erf,
        derivative=_erf_prime,
        points=(0.5, 0.1, 3.0),
        domain=_LINE,
        source=f"{_ABRAMOWITZ}, 7.1.1 and 7.1.19; points ours",
        reason="The integral of the normal density; flat in the tail, where 1 - erf loses everything.",
        family="special",
    ),
    Problem(
        name="gelu",
        formula="x * ndtr(x)",
        f=_gelu,
        derivative=_gelu_prime,
        points=(1.0, -0.1, -5.0),
        domain=_LINE,
        source=(
            "D. Hendrycks and K. Gimpel, Gaussian error linear units (GELUs), arXiv:1606.08415 (2016), "
            "section 2; points ours"
        ),
        reason="The activation of transformers; at -5 value and slope are small beside x.",
        family="special",
    ),
    Problem(
        name="swish",
        formula="x * expit(x)",
        f=_swish,
        derivative=_swish_prime,
        points=(1.0, 0.1, -8.5),
        domain=_LINE,
        source=(
            "P. Ramachandran, B. Zoph and Q. V. Le, Searching for activation functions, arXiv:1710.05941 "
            "(2017), section 4; points ours"
        ),
        reason="The smooth rectifier of convolutional networks.",
        family="special",
    ),
    Problem(
        name="logistic_loss",
        formula="-log_expit(x)",
        f=_logistic_loss,
        derivative=_logistic_loss_prime,
        points=(1.0, -0.1, 12.0),
        domain=_LINE,
        source=(
            "T. Hastie, R. Tibshirani and J. Friedman, The Elements of Statistical Learning, 2nd ed., "
            "Springer (2009), section 10.6; points ours"
        ),
        reason="The loss of classifiers, written so that nothing overflows.",
        family="special",
    ),
    Problem(
        name="probit_log_likelihood",
        formula="log_ndtr(x)",
        f=_probit_log_likelihood,
        derivative=_probit_log_likelihood_prime,
        points=(-1.5, 0.1, -20.0),
        domain=_LINE,
        source=(
            "C. I. Bliss, The calculation of the dosage-mortality curve, Ann. Appl. Biol. 22 (1935) 134-167, "
            "probit model; points ours"
        ),
        reason="At -20 the probability is 1e-89: the logarithm must not pass through it.",
        family="special",
    ),
    Problem(
        name="binary_entropy",
        formula="entr(x) + entr(1 - x)",
        f=_binary_entropy,
        derivative=_binary_entropy_prime,
        points=(0.25, 0.1, 0.999),
        domain=(0.0, 1.0),
        source=(
            "C. E. Shannon, A mathematical theory of communication, Bell Syst. Tech. J. 27 (1948) 379-423, "
            "section 6, there in bits; points ours"
        ),
        reason="The slope is infinite at both ends of the domain.",
        family="special",
    ),
    Problem(
        name="x_log_x",
        formula="xlogy(x, x)",
        f=_x_log_x,
        derivative=_x_log_x_prime,
        points=(1.5, 0.1, 0.36787944117144233),
        domain=_HALF_LINE,
        source=(
            "S. Kullback and R. A. Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951) "
            "79-86, the term of the divergence; points ours"
        ),
        reason="At 1/e the slope vanishes.",
        family="special",
    ),
    Problem(
        name="log_gamma",
        formula="gammaln(x)",
        f=_log_gamma,
        derivative=_log_gamma_prime,
        points=(2.5, 0.1, 1000.0),
        domain=_HALF_LINE,
        source=f"{_ABRAMOWITZ}, 6.1.40 and 6.3.1; points ours",
        reason="In every likelihood of counts; between 1 and 2 the values are small and their digits few.",
        family="special",
    ),
    Problem(
        name="gamma_function",
        formula="gamma(x)",
        f=_gamma,
        derivative=_gamma_prime,
        points=(2.5, 0.1, 15.0),
        domain=_HALF_LINE,
        source=f"{_ABRAMOWITZ}, 6.1.1 and 6.3.1; points ours",
        reason="It grows faster than an exponential: the best relative step shrinks with x.",
        family="special",
    ),
    Problem(
        name="von_mises_normalizer",
        formula="x + log(i0e(x))",
        f=_von_mises_normalizer,
        derivative=_von_mises_normalizer_prime,
        points=(2.0, 0.1, 50.0),
        domain=_HALF_LINE,
        source=(
            "K. V. Mardia and P. E. Jupp, Directional Statistics, Wiley (2000), section 3.5.4, logarithm of "
            "the normalizing constant; points ours"
        ),
        reason="The slope is the mean resultant length A(x) = I1(x)/I0(x), of which x - log I0 loses digits.",
        family="special",
    ),
    Problem(
        name="bessel_j0",
        formula="j0(x)",
        f=_bessel_j0,
        derivative=_bessel_j0_prime,
        points=(2.40625, 0.1, 100.0),
        domain=_LINE,
        source=f"{_ABRAMOWITZ}, 9.1.28; points ours",
        reason="At a zero of f the value has no correct digit in ulps, while the slope is large.",
        family="special",
    ),
    Problem(
        name="bessel_k0",
        formula="k0(x)",
        f=_bessel_k0,
        derivative=_bessel_k0_prime,
        points=(1.0, 0.1, 10.0),
        domain=_HALF_LINE,
        source=f"{_ABRAMOWITZ}, 9.6.27; points ours",
        reason="A logarithmic pole at 0 and an exponential tail.",
        family="special",
    ),
    Problem(
        name="theis_well_function",
        formula="exp1(x)",
        f=_theis_well_function,
        derivative=_theis_well_function_prime,
        points=(0.5, 0.1, 5.0),
        domain=_HALF_LINE,
        source=(
            "C. V. Theis, The relation between the lowering of the piezometric surface and the rate and "
            "duration of discharge of a well using ground-water storage, Trans. AGU 16 (1935) 519-524, "
            "equation 4; points ours"
        ),
        reason="The drawdown of a well: Newton's method for an aquifer differentiates it.",
        family="special",
    ),
    Problem(
        name="inverse_error_function",
        formula="erfinv(x)",
        f=_erfinv,
        derivative=_erfinv_prime,
        points=(0.5, 0.1, -0.999),
        domain=(-1.0, 1.0),
        source=(
            "J. M. Blair, C. A. Edwards and J. H. Johnson, Rational Chebyshev approximations for the inverse "
            "of the error function, Math. Comp. 30 (1976) 827-830; points ours"
        ),
        reason="The transform behind sampling normal numbers; the slope is infinite at both ends.",
        family="special",
    ),
    Problem(
        name="lambert_w",
        formula="real(lambertw(x))",
        f=_lambert_w,
        derivative=_lambert_w_prime,
        points=(1.0, -0.25, 100.0),
        domain=(-0.36787944117144233, math.inf),
        source=(
            "R. M. Corless, G. H. Gonnet, D. E. G. Hare, D. J. Jeffrey and D. E. Knuth, On the Lambert W "
            "function, Adv. Comput. Math. 5 (1996) 329-359, equation 3.2; points ours"
        ),
        reason="A branch point at -1/e; SciPy computes it through complex numbers, in float64 alone.",
        family="special",
    ),
)
"""The special problems, in the order of the tables."""
