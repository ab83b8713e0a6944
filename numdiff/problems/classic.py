"""The classic problems: test functions of the literature on numerical differentiation.

Each entry is f, f′ and a `Problem` that says where both come from. All functions are plain elementwise NumPy.
A constant that f and f′ share is written the same way in both, or scaled by a power of two, because a Python
float means its exact binary value: 3·0.15 is not the double 0.45.

Where function and point of a paper could not be read in the paper itself or in two independent programs or
published tables that quote it, `source` names the transcription that was read. "Points ours" means that the
function is from the source and the points are not.
"""

import math
from typing import Any

import numpy as np

from numdiff.problems.problem import Problem

_SQUIRE_TRAPP = (
    "W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions, "
    "SIAM Rev. 40 (1998) 110-112"
)
_OLIVER = (
    "J. Oliver, An algorithm for numerical differentiation of a function of one real variable, "
    "J. Comput. Appl. Math. 6 (1980) 145-160, the 13 test functions as transcribed in the tests of the Go "
    "library Arrow/nm"
)
_DUMONTET_VIGNES = (
    "J. Dumontet and J. Vignes, Détermination du pas optimal dans le calcul des dérivées sur ordinateur, "
    "RAIRO Anal. Numér. 11 (1977) 13-25"
)
_STEPLEMAN_WINARSKY = (
    "R. S. Stepleman and N. D. Winarsky, Adaptive numerical differentiation, Math. Comp. 33 (1979) 1257-1264"
)
_GILL = (
    "P. E. Gill, W. Murray, M. A. Saunders and M. H. Wright, Computing forward-difference intervals for "
    "numerical optimization, SIAM J. Sci. Stat. Comput. 4 (1983) 310-321"
)
_SHI = (
    "H.-J. M. Shi, Y. Xie, M. Q. Xuan and J. Nocedal, Adaptive finite-difference interval estimation for "
    "noisy derivative-free optimization, SIAM J. Sci. Comput. 44 (2022) A2302-A2321"
)
_BAUDIN = "as transcribed in M. Baudin, numericalderivative 0.3 (2025), benchmark problems"
_GSL = (
    "GNU Scientific Library, test program of gsl_deriv (deriv/test.c); M. Galassi et al., GNU Scientific "
    "Library Reference Manual, 3rd ed., Network Theory (2009), chapter on numerical differentiation"
)
_KOSTYRKA = "A. V. Kostyrka, Step-size-selection algorithm benchmark, vignette of the R package pnd (2024)"
_NASH = "J. C. Nash, Compact Numerical Methods for Computers, 2nd ed., Adam Hilger (1990), Table 18.1"


# --- Squire & Trapp; Martins, Sturdza & Alonso ----------------------------------------------------------


def _power_nine_halves(x: Any) -> Any:
    return x**4.5


def _power_nine_halves_prime(x: Any) -> Any:
    return 4.5 * x**3.5


# The cubes are products, as in the published table that the suite reproduces: a power routine changes digits.
def _cubes(x: Any) -> tuple[Any, Any]:
    """Return sin³x + cos³x and its derivative 3 sin x cos x (sin x − cos x)."""
    s, c = np.sin(x), np.cos(x)
    return s * s * s + c * c * c, 3.0 * s * c * (s - c)


def _squire_trapp(x: Any) -> Any:
    return np.exp(x) / _cubes(x)[0]


def _squire_trapp_prime(x: Any) -> Any:
    value, slope = _cubes(x)
    return np.exp(x) * (value - slope) / (value * value)


def _martins(x: Any) -> Any:
    return np.exp(x) / np.sqrt(_cubes(x)[0])


def _martins_prime(x: Any) -> Any:
    value, slope = _cubes(x)
    return np.exp(x) * (2.0 * value - slope) / (2.0 * value * np.sqrt(value))


# tan x = −1 at both ends: sin³x + cos³x is positive between them.
_CUBES_POSITIVE = (-math.pi / 4, 3 * math.pi / 4)


# --- Oliver ---------------------------------------------------------------------------------------------


def _exp_4x(x: Any) -> Any:
    return np.exp(4.0 * x)


def _exp_4x_prime(x: Any) -> Any:
    return 4.0 * np.exp(4.0 * x)


def _exp_square(x: Any) -> Any:
    return np.exp(x * x)


def _exp_square_prime(x: Any) -> Any:
    return 2.0 * x * np.exp(x * x)


def _reciprocal(x: Any) -> Any:
    return 1.0 / x


def _reciprocal_prime(x: Any) -> Any:
    return -1.0 / (x * x)


def _square_log(x: Any) -> Any:
    return x * x * np.log(x)


def _square_log_prime(x: Any) -> Any:
    return x + 2.0 * x * np.log(x)


def _arsinh(x: Any) -> Any:
    return np.log(x + np.sqrt(1.0 + x * x))


def _arsinh_prime(x: Any) -> Any:
    return 1.0 / np.sqrt(1.0 + x * x)


def _sin_of_square(x: Any) -> Any:
    return np.sin(x * x)


def _sin_of_square_prime(x: Any) -> Any:
    return 2.0 * x * np.cos(x * x)


def _square_cos(x: Any) -> Any:
    return x * x * np.cos(2.0 * x)


def _square_cos_prime(x: Any) -> Any:
    return 2.0 * x * (np.cos(2.0 * x) - x * np.sin(2.0 * x))


def _square_of_sin(x: Any) -> Any:
    s = np.sin(x)
    return s * s


def _square_of_sin_prime(x: Any) -> Any:
    return np.sin(2.0 * x)


def _cos_log(x: Any) -> Any:
    return np.cos(np.log(x))


def _cos_log_prime(x: Any) -> Any:
    return -np.sin(np.log(x)) / x


def _narrow_peak(x: Any) -> Any:
    return 1.0 / (x * x + 0.01)


def _narrow_peak_prime(x: Any) -> Any:
    d = x * x + 0.01
    return -2.0 * x / (d * d)


# --- Dumontet & Vignes; Stepleman & Winarsky ------------------------------------------------------------


def _log(x: Any) -> Any:
    return np.log(x)


def _log_prime(x: Any) -> Any:
    return 1.0 / x


def _sqrt(x: Any) -> Any:
    return np.sqrt(x)


def _sqrt_prime(x: Any) -> Any:
    return 0.5 / np.sqrt(x)


def _arctan(x: Any) -> Any:
    return np.arctan(x)


def _arctan_prime(x: Any) -> Any:
    return 1.0 / (1.0 + x * x)


def _sin(x: Any) -> Any:
    return np.sin(x)


def _sin_prime(x: Any) -> Any:
    return np.cos(x)


# --- Gill, Murray, Saunders & Wright; Shi, Xie, Xuan & Nocedal ------------------------------------------


def _gill_sum(x: Any) -> Any:
    return (np.exp(x) - 1.0) ** 2 + (1.0 / np.sqrt(1.0 + x * x) - 1.0) ** 2


def _gill_sum_prime(x: Any) -> Any:
    e, s = np.exp(x), 1.0 + x * x
    root = np.sqrt(s)
    return 2.0 * e * (e - 1.0) - 2.0 * x * (1.0 / root - 1.0) / (s * root)


def _shi_flat(x: Any) -> Any:
    return (np.exp(x) - 1.0) ** 2


def _shi_flat_prime(x: Any) -> Any:
    e = np.exp(x)
    return 2.0 * e * (e - 1.0)


def _shi_fast(x: Any) -> Any:
    return np.exp(100.0 * x)


def _shi_fast_prime(x: Any) -> Any:
    return 100.0 * np.exp(100.0 * x)


def _shi_quartic(x: Any) -> Any:
    return x**4 + 3.0 * x**2 - 10.0 * x


def _shi_quartic_prime(x: Any) -> Any:
    return 4.0 * x**3 + 6.0 * x - 10.0


def _shi_cubic(x: Any) -> Any:
    return 10000.0 * x**3 + 0.01 * x**2 + 5.0 * x


def _shi_cubic_prime(x: Any) -> Any:
    return 30000.0 * x**2 + 0.02 * x + 5.0


# --- GNU Scientific Library -----------------------------------------------------------------------------


def _power_three_halves(x: Any) -> Any:
    return x**1.5


def _power_three_halves_prime(x: Any) -> Any:
    return 1.5 * np.sqrt(x)


def _sin_reciprocal(x: Any) -> Any:
    return np.sin(1.0 / x)


def _sin_reciprocal_prime(x: Any) -> Any:
    return -np.cos(1.0 / x) / (x * x)


def _gaussian(x: Any) -> Any:
    return np.exp(-(x * x))


def _gaussian_prime(x: Any) -> Any:
    return -2.0 * x * np.exp(-(x * x))


# --- Textbooks ------------------------------------------------------------------------------------------


def _exp(x: Any) -> Any:
    return np.exp(x)


def _exp_prime(x: Any) -> Any:
    return np.exp(x)


def _chapra(x: Any) -> Any:
    return -0.1 * x**4 - 0.15 * x**3 - 0.5 * x**2 - 0.25 * x + 1.2


def _chapra_prime(x: Any) -> Any:
    return -0.4 * x**3 - 0.15 * (3.0 * x**2) - x - 0.25


def _driscoll(x: Any) -> Any:
    return np.exp(-1.3 * x)


def _driscoll_prime(x: Any) -> Any:
    return -1.3 * np.exp(-1.3 * x)


def _burden(x: Any) -> Any:
    return x * np.exp(x)


def _burden_prime(x: Any) -> Any:
    return (1.0 + x) * np.exp(x)


def _tan(x: Any) -> Any:
    return np.tan(x)


def _tan_prime(x: Any) -> Any:
    t = np.tan(x)
    return 1.0 + t * t


def _saito_parabola(x: Any) -> Any:
    return 0.01 * x**2 + 0.1 * x


def _saito_parabola_prime(x: Any) -> Any:
    return 0.02 * x + 0.1


# --- Awkward by construction ----------------------------------------------------------------------------


def _kostyrka_line(x: Any) -> Any:
    return math.pi * x + math.e


def _kostyrka_line_prime(x: Any) -> Any:
    return np.full_like(x, math.pi)[()]  # a number for a number


def _kostyrka_sextic(x: Any) -> Any:
    return x**6 - 2.0 * x**4 - 4.0 * x**2


def _kostyrka_sextic_prime(x: Any) -> Any:
    return 6.0 * x**5 - 8.0 * x**3 - 8.0 * x


def _sin_50x(x: Any) -> Any:
    return np.sin(50.0 * x)


def _sin_50x_prime(x: Any) -> Any:
    return 50.0 * np.cos(50.0 * x)


def _runge(x: Any) -> Any:
    return 1.0 / (1.0 + 25.0 * x**2)


def _runge_prime(x: Any) -> Any:
    d = 1.0 + 25.0 * x**2
    return -50.0 * x / (d * d)


def _wave_front(x: Any) -> Any:
    return np.arctan(100.0 * x)


def _wave_front_prime(x: Any) -> Any:
    t = 100.0 * x
    return 100.0 / (1.0 + t * t)


def _signed_square(x: Any) -> Any:
    return x * np.abs(x)


def _signed_square_prime(x: Any) -> Any:
    return 2.0 * np.abs(x)


_LINE = (-math.inf, math.inf)
_POSITIVE = (0.0, math.inf)

CLASSIC: tuple[Problem, ...] = (
    Problem(
        name="squire_trapp_power",
        formula="x**4.5",
        f=_power_nine_halves,
        derivative=_power_nine_halves_prime,
        points=(1.5, 0.1, 16.0),
        domain=_POSITIVE,
        source=f"{_SQUIRE_TRAPP}, first example, x = 1.5; the other points are ours",
        reason="A non-integer power: a power routine, a branch point at 0, and overflow in float16 at 16.",
        family="classic",
    ),
    Problem(
        name="squire_trapp_quotient",
        formula="exp(x) / (sin(x)**3 + cos(x)**3)",
        f=_squire_trapp,
        derivative=_squire_trapp_prime,
        points=(1.5, 0.1),
        domain=_CUBES_POSITIVE,
        source=f"{_SQUIRE_TRAPP}, second example, x = 1.5; x = 0.1 is ours",
        reason="The example that made the complex step known: high derivatives grow fast.",
        family="classic",
    ),
    Problem(
        name="martins_quotient",
        formula="exp(x) / sqrt(sin(x)**3 + cos(x)**3)",
        f=_martins,
        derivative=_martins_prime,
        points=(1.5, 0.1),
        domain=_CUBES_POSITIVE,
        source=(
            "J. R. R. A. Martins, P. Sturdza and J. J. Alonso, The complex-step derivative approximation, "
            "ACM Trans. Math. Softw. 29 (2003) 245-262, the scalar example, x = 1.5; x = 0.1 is ours"
        ),
        reason="The standard comparison of complex step and differences; published tables to reproduce.",
        family="classic",
    ),
    Problem(
        name="oliver_exp_4x",
        formula="exp(4*x)",
        f=_exp_4x,
        derivative=_exp_4x_prime,
        points=(1.0, -0.1),
        domain=_LINE,
        source=f"{_OLIVER}: exp(4x) on [-1, 2]; points ours, from that interval",
        reason="An easy function whose derivatives grow by 4 with each order.",
        family="classic",
    ),
    Problem(
        name="oliver_exp_square",
        formula="exp(x**2)",
        f=_exp_square,
        derivative=_exp_square_prime,
        points=(1.0, 0.1, 2.0),
        domain=_LINE,
        source=f"{_OLIVER}: exp(x^2) on [0, 2]; points ours, from that interval",
        reason="The relative error of the square is amplified by 2x**2 in the exponential.",
        family="classic",
    ),
    Problem(
        name="oliver_reciprocal",
        formula="1 / x",
        f=_reciprocal,
        derivative=_reciprocal_prime,
        points=(0.0078125, 0.005, 1.0),
        domain=_POSITIVE,
        source=f"{_OLIVER}: 1/x on [0.005, 1]; the ends of that interval, and x = 1/128 of ours",
        reason="A pole nearby: only steps far below the distance 1/128 make sense.",
        family="classic",
    ),
    Problem(
        name="oliver_square_log",
        formula="x**2 * log(x)",
        f=_square_log,
        derivative=_square_log_prime,
        points=(0.5, 0.6065306597126334),
        domain=_POSITIVE,
        source=f"{_OLIVER}: x^2 ln x on [0.005, 1]; points ours, from that interval",
        reason="The second point is exp(-1/2) rounded, next to a zero of f': no relative accuracy there.",
        family="classic",
    ),
    Problem(
        name="oliver_arsinh",
        formula="log(x + sqrt(1 + x**2))",
        f=_arsinh,
        derivative=_arsinh_prime,
        points=(0.75, -2.0, 5.0),
        domain=_LINE,
        source=f"{_OLIVER}: ln(x + sqrt(1 + x^2)) on [-2, 5]; its ends, and x = 0.75 of ours",
        reason="Cancellation inside f for negative x: the computation, not the function, sets the error.",
        family="classic",
    ),
    Problem(
        name="oliver_sin_of_square",
        formula="sin(x**2)",
        f=_sin_of_square,
        derivative=_sin_of_square_prime,
        points=(1.0, 1.2533141373155001),
        domain=_LINE,
        source=f"{_OLIVER}: sin(x^2) on [0, 2]; points ours, from that interval",
        reason="Oscillation that speeds up; the second point is sqrt(pi/2) rounded, next to a zero of f'.",
        family="classic",
    ),
    Problem(
        name="oliver_square_cos",
        formula="x**2 * cos(2*x)",
        f=_square_cos,
        derivative=_square_cos_prime,
        points=(0.5, 0.1, 1.0),
        domain=_LINE,
        source=f"{_OLIVER}: x^2 cos 2x on [0, 1]; points ours, from that interval",
        reason="A product whose f' changes sign between the first and the last point.",
        family="classic",
    ),
    Problem(
        name="oliver_square_of_sin",
        formula="sin(x)**2",
        f=_square_of_sin,
        derivative=_square_of_sin_prime,
        points=(1.0, 0.1, 1.5707963267948966),
        domain=_LINE,
        source=f"{_OLIVER}: sin^2 x on [0, 2]; points ours, from that interval",
        reason="The last point is pi/2 rounded: f is at its largest and f' is 1e-16.",
        family="classic",
    ),
    Problem(
        name="oliver_cos_log",
        formula="cos(log(x))",
        f=_cos_log,
        derivative=_cos_log_prime,
        points=(0.5, 0.005),
        domain=_POSITIVE,
        source=f"{_OLIVER}: cos(ln x) on [0.005, 1]; the lower end, and x = 0.5 of ours",
        reason="Oscillation that becomes infinitely fast towards 0.",
        family="classic",
    ),
    Problem(
        name="oliver_narrow_peak",
        formula="1 / (x**2 + 0.01)",
        f=_narrow_peak,
        derivative=_narrow_peak_prime,
        points=(0.25, 0.05773502691896258, 0.0),
        domain=_LINE,
        source=f"{_OLIVER}: 1/(x^2 + 0.01) on [0, 0.5]; points ours, from that interval",
        reason="Complex poles at distance 0.1; f'' is nearly 0 at the second point, f' is 0 at the last.",
        family="classic",
    ),
    Problem(
        name="dumontet_vignes_log",
        formula="log(x)",
        f=_log,
        derivative=_log_prime,
        points=(1.0, 10.0),
        domain=_POSITIVE,
        source=f"{_DUMONTET_VIGNES}, page 23, problem 2, {_BAUDIN}; x = 1 is Baudin's, x = 10 is ours",
        reason="f is 0 at the first point: rules that scale the noise with |f(x)| see none.",
        family="classic",
    ),
    Problem(
        name="dumontet_vignes_arctan",
        formula="arctan(x)",
        f=_arctan,
        derivative=_arctan_prime,
        points=(0.5, 0.5773502691896258),
        domain=_LINE,
        source=f"{_DUMONTET_VIGNES}, page 23, problem 4, {_BAUDIN}; x = 0.5 is Baudin's, 1/sqrt(3) is ours",
        reason="f''' is nearly 0 at the second point, on which rules from f''' founder.",
        family="classic",
    ),
    Problem(
        name="stepleman_winarsky_sqrt",
        formula="sqrt(x)",
        f=_sqrt,
        derivative=_sqrt_prime,
        points=(1.0, 0.0009765625, 0.1),
        domain=_POSITIVE,
        source=f"{_STEPLEMAN_WINARSKY}, page 1263, {_BAUDIN}; x = 1 is Baudin's, the other points are ours",
        reason="A correctly rounded f, and a branch point: the second point is 2**-10.",
        family="classic",
    ),
    Problem(
        name="gill_sum_of_squares",
        formula="(exp(x) - 1)**2 + (1/sqrt(1 + x**2) - 1)**2",
        f=_gill_sum,
        derivative=_gill_sum_prime,
        points=(1.0, 0.0),
        domain=_LINE,
        source=f"{_GILL}, equation (4), page 312, {_BAUDIN}; x = 1 is Baudin's, x = 0 is ours",
        reason="The example of the paper on forward intervals; f and f' are both 0 at the second point.",
        family="classic",
    ),
    Problem(
        name="shi_flat",
        formula="(exp(x) - 1)**2",
        f=_shi_flat,
        derivative=_shi_flat_prime,
        points=(-8.0, 0.1),
        domain=_LINE,
        source=f"{_SHI}, x = -8, {_BAUDIN}; x = 0.1 is ours",
        reason="At -8 all derivatives are tiny beside f: best steps are huge, and bfloat16 sees a constant.",
        family="classic",
    ),
    Problem(
        name="shi_fast_exponential",
        formula="exp(100*x)",
        f=_shi_fast,
        derivative=_shi_fast_prime,
        points=(0.0078125, 0.01),
        domain=_LINE,
        source=f"{_SHI}, x = 0.01, {_BAUDIN}; x = 1/128 is ours",
        reason="Derivatives grow by 100 with each order: large steps are punished.",
        family="classic",
    ),
    Problem(
        name="shi_quartic",
        formula="x**4 + 3*x**2 - 10*x",
        f=_shi_quartic,
        derivative=_shi_quartic_prime,
        points=(1.0, 0.99999),
        domain=_LINE,
        source=f"{_SHI}, x = 0.99999, {_BAUDIN}; x = 1 is ours",
        reason="f'(1) = 0 exactly and f'(0.99999) nearly so: absolute accuracy is all there is.",
        family="classic",
    ),
    Problem(
        name="shi_cubic",
        formula="10000*x**3 + 0.01*x**2 + 5*x",
        f=_shi_cubic,
        derivative=_shi_cubic_prime,
        points=(0.0, 1e-9, 1.0),
        domain=_LINE,
        source=f"{_SHI}, x = 1e-9, {_BAUDIN}; x = 0 and 1 are ours",
        reason="Nearly odd about 0, so f'' misleads; 1e-9 is 0 in float16.",
        family="classic",
    ),
    Problem(
        name="gsl_power_three_halves",
        formula="x**1.5",
        f=_power_three_halves,
        derivative=_power_three_halves_prime,
        points=(2.0, 0.1),
        domain=_POSITIVE,
        source=f"{_GSL}: x^(3/2), x = 2 in the manual and x = 0.1 in the tests",
        reason="The example of the GSL manual: a branch point at 0 with finite slope.",
        family="classic",
    ),
    Problem(
        name="gsl_sin_reciprocal",
        formula="sin(1/x)",
        f=_sin_reciprocal,
        derivative=_sin_reciprocal_prime,
        points=(0.5, 0.45, 0.03125),
        domain=_POSITIVE,
        source=f"{_GSL}: sin(1/x), x = 0.45; the other points are ours",
        reason="An essential singularity at 0: the length scale is x**2.",
        family="classic",
    ),
    Problem(
        name="gsl_gaussian",
        formula="exp(-x**2)",
        f=_gaussian,
        derivative=_gaussian_prime,
        points=(0.5, 0.7071067811865476, 4.0),
        domain=_LINE,
        source=f"{_GSL}: exp(-x^2), x = 0.5; the other points are ours",
        reason="f'' is nearly 0 at the second point; at 4 f is subnormal in float16.",
        family="classic",
    ),
    Problem(
        name="higham_exp",
        formula="exp(x)",
        f=_exp,
        derivative=_exp_prime,
        points=(0.0, 0.1, 12.0),
        domain=_LINE,
        source=(
            "N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002), Table 1.2: "
            "(exp(h) - 1)/h is the forward difference of exp at 0; the other points are ours"
        ),
        reason="The textbook picture of cancellation; overflow in float16 at 12.",
        family="classic",
    ),
    Problem(
        name="ascher_greif_sin",
        formula="sin(x)",
        f=_sin,
        derivative=_sin_prime,
        points=(1.25, 1.2),
        domain=_LINE,
        source=(
            "U. M. Ascher and C. Greif, A First Course in Numerical Methods, SIAM (2011), Examples 1.2 and "
            "1.3, x = 1.2; x = 1.25 is ours"
        ),
        reason="The V-shaped error plot with which many courses begin.",
        family="classic",
    ),
    Problem(
        name="chapra_canale_quartic",
        formula="-0.1*x**4 - 0.15*x**3 - 0.5*x**2 - 0.25*x + 1.2",
        f=_chapra,
        derivative=_chapra_prime,
        points=(0.5, -0.27584504648804953),
        domain=_LINE,
        source=(
            "S. C. Chapra and R. P. Canale, Numerical Methods for Engineers, 6th ed., McGraw-Hill (2010), "
            "Example 23.1, x = 0.5; the second point is ours"
        ),
        reason="Constants that no binary format holds; the second point is next to the zero of f'.",
        family="classic",
    ),
    Problem(
        name="driscoll_braun_exp",
        formula="exp(-1.3*x)",
        f=_driscoll,
        derivative=_driscoll_prime,
        points=(0.0, 0.7),
        domain=_LINE,
        source=(
            "T. A. Driscoll and R. J. Braun, Fundamentals of Numerical Computation: Julia Edition, SIAM "
            '(2022), demonstration "Roundoff in finite differences", x = 0; x = 0.7 is ours'
        ),
        reason="Formulas of order 1, 2 and 4 compared on one function; 1.3 is not a binary number.",
        family="classic",
    ),
    Problem(
        name="burden_faires_x_exp",
        formula="x * exp(x)",
        f=_burden,
        derivative=_burden_prime,
        points=(2.0, -1.0, 0.1),
        domain=_LINE,
        source=(
            "R. L. Burden and J. D. Faires, Numerical Analysis, 9th ed., Brooks/Cole (2011), section 4.1, "
            "Example 2, x = 2; the other points are ours"
        ),
        reason="The example of the three- and five-point formulas; f' is 0 exactly at -1.",
        family="classic",
    ),
    Problem(
        name="nash_log_near_zero",
        formula="log(x)",
        f=_log,
        derivative=_log_prime,
        points=(0.0009765625, 0.001, 100.0),
        domain=_POSITIVE,
        source=f"{_NASH}: log at 0.001 and 100; x = 2**-10 is ours",
        reason="The logarithm near its singularity: a step of 1e-3 leaves the domain.",
        family="classic",
    ),
    Problem(
        name="nash_tan_near_pole",
        formula="tan(x)",
        f=_tan,
        derivative=_tan_prime,
        points=(1.0, 1.5, 1.57),
        domain=(-math.pi / 2, math.pi / 2),
        source=f"{_NASH}: tan at 1 and 1.57; x = 1.5 is ours",
        reason="At 1.57 the pole is 8e-4 away and f' = 1.6e6 is beyond float16.",
        family="classic",
    ),
    Problem(
        name="saito_parabola",
        formula="0.01*x**2 + 0.1*x",
        f=_saito_parabola,
        derivative=_saito_parabola_prime,
        points=(5.0, 10.0, 0.1),
        domain=_LINE,
        source=(
            "K. Saito, Deep Learning from Scratch, O'Reilly Japan (2016), section 4.3.2, x = 5 and 10; x = 0.1 is ours"
        ),
        reason="f''' = 0: the centered difference has no truncation error, and h* is infinite.",
        family="classic",
    ),
    Problem(
        name="kostyrka_line",
        formula="pi*x + e",
        f=_kostyrka_line,
        derivative=_kostyrka_line_prime,
        points=(1.0, 0.1),
        domain=_LINE,
        source=f"{_KOSTYRKA}, Curtis-Reid approach, Example 2, x = 0.1; x = 1 is ours",
        reason="No truncation error at any step or order: whatever is seen is rounding.",
        family="classic",
    ),
    Problem(
        name="kostyrka_sextic",
        formula="x**6 - 2*x**4 - 4*x**2",
        f=_kostyrka_sextic,
        derivative=_kostyrka_sextic_prime,
        points=(1.5, 1.4142135623730951),
        domain=_LINE,
        source=f"{_KOSTYRKA}, Curtis-Reid approach, Example 3, x = sqrt(2); x = 1.5 is ours",
        reason="f'(sqrt(2)) = 0, but the rounded point has f' = 6e-15; the higher derivatives are large.",
        family="classic",
    ),
    Problem(
        name="oscillation",
        formula="sin(50*x)",
        f=_sin_50x,
        derivative=_sin_50x_prime,
        points=(1.0, 0.1),
        domain=_LINE,
        source=(
            "Function and points ours, after the curvature scale of W. H. Press, S. A. Teukolsky, W. T. "
            "Vetterling and B. P. Flannery, Numerical Recipes, 3rd ed., Cambridge (2007), section 5.7"
        ),
        reason="The length scale is 1/50 while x is 1: steps in proportion to x are too large.",
        family="classic",
    ),
    Problem(
        name="runge",
        formula="1 / (1 + 25*x**2)",
        f=_runge,
        derivative=_runge_prime,
        points=(0.25, 0.1, 0.11547005383792516),
        domain=_LINE,
        source=(
            "C. Runge, Über empirische Funktionen und die Interpolation zwischen äquidistanten Ordinaten, "
            "Z. Math. Phys. 46 (1901) 224-243, there 1/(1 + x^2) on [-5, 5], here rescaled to [-1, 1]; "
            "points ours"
        ),
        reason="Analytic on the line with poles at distance 1/5; f'' is nearly 0 at the last point.",
        family="classic",
    ),
    Problem(
        name="arctan_wave_front",
        formula="arctan(100*x)",
        f=_wave_front,
        derivative=_wave_front_prime,
        points=(0.0078125, 0.1, 0.0),
        domain=_LINE,
        source=(
            "After the arctangent wave front of W. F. Mitchell, A collection of 2D elliptic problems for "
            "testing adaptive grid refinement algorithms, Appl. Math. Comput. 220 (2013) 350-364; here in "
            "one dimension, slope and points ours"
        ),
        reason="A steep front 1/100 wide: the three points lie on it, outside it and at its odd centre.",
        family="classic",
    ),
    Problem(
        name="signed_square",
        formula="x * abs(x)",
        f=_signed_square,
        derivative=_signed_square_prime,
        points=(0.0, 1.0, 0.1),
        domain=_LINE,
        source=(
            "Function and points ours, as a counterexample to the smoothness that the error bounds of J. "
            "Nocedal and S. J. Wright, Numerical Optimization, 2nd ed., Springer (2006), section 8.1, assume"
        ),
        reason="f'' jumps at 0: the centered difference is of first order there; the complex step is out.",
        family="classic",
    ),
)
"""The classic problems, in the order of the tables."""
