"""numdiff: error analysis and benchmarks of numerical differentiation.

The public names are loaded when they are first used: ``import numdiff`` loads nothing but the standard library. Those
that need a package of an extra which is not installed are no part of ``__all__`` and ``dir(numdiff)``; asking for one
raises an ImportError that says how to install it.
"""

from importlib import import_module
from typing import Any

from numdiff.extras import missing, require_extra

__version__ = "0.1.0"
"""The version of the distribution.

Examples
--------
>>> import numdiff as nd
>>> nd.__version__.count(".")
2
"""

_HOME = {
    "floats.formats": "FORMATS UNAVAILABLE FloatFormat Limits get_format",
    "style": "Style",
    "formulas.stencil": """
        BACKWARD CENTERED COMPLEX_STEP FORWARD ComplexStep Stencil backward centered forward from_offsets
    """,
    "formulas.table": "METHODS",
    "formulas.checks": "StepAbsorbedWarning",
    "formulas.differences": "centered_difference complex_step difference forward_difference",
    "autodiff": """
        Abs BroadcastTo Cos Exp Function GetItem Log LogSumExp MatMul Maximum Mean ReLU Reshape Sigmoid
        SigmoidCrossEntropy Sin Sqrt Square StableSigmoid StableTanh Sum Tanh Transpose Variable as_array
        gradient_of numerical_diff on_arrays
    """,
    "arithmetic.rounded": "rounded",
    "problems": "PROBLEMS Problem",
    "adaptive.derivative": "derivative",
    "adaptive.result": "DerivativeResult",
    "adaptive.status": "DerivativeStatus",
    "analysis.error_bounds": "error_bounds",
    "analysis.error_ledger": "error_ledger",
    "analysis.ledger": "Ledger Status",
    "analysis.reference": "ExactFunction Reference State",
    "analysis.twin": "TwinMismatchWarning",
    "analysis.metrics": "observed_optimum",
    "analysis.orders": "observed_order",
    "rules.model": "FailedAssumption Prediction Predictions optimal_step",
    "gradients": """
        GradientCheck NonFiniteGradientWarning UncertainGradientWarning Verdict WrongGradientError check_gradient
        directional_derivative gradient hessian hessian_vector_product jacobian
    """,
    "api": "SweepFile SweepResult sweep",
}
"""The public names by the module that holds them."""
_MODULE = {name: module for module, names in _HOME.items() for name in names.split()}
_NEEDS = {
    "arithmetic.rounded": ("flint", "gmpy2"),
    "analysis.error_bounds": ("flint", "gmpy2"),
    "analysis.error_ledger": ("flint", "gmpy2", "mpmath"),
    "analysis.ledger": ("flint", "gmpy2", "mpmath"),
    "analysis.reference": ("flint", "mpmath"),
    "analysis.twin": ("flint", "mpmath"),
    "rules.model": ("flint", "gmpy2"),
    "api": ("flint", "gmpy2", "mpmath", "pandas", "pyarrow", "tqdm"),
}
"""What a module imports beyond NumPy and ml_dtypes."""
_ABSENT = frozenset(missing(*sorted({package for packages in _NEEDS.values() for package in packages})))

__all__ = ["__version__"]
__all__ += sorted(name for name, module in _MODULE.items() if _ABSENT.isdisjoint(_NEEDS.get(module, ())))


def __getattr__(name: str) -> Any:
    if name in _MODULE:
        module = _MODULE[name]
        require_extra(f"numdiff.{name}", *_NEEDS.get(module, ()))
        value = getattr(import_module(f"numdiff.{module}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'numdiff' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
