"""The packages that the core does without, and what a user is told where one of them is missing.

The kernels, the gradients and their check, and back-propagation need NumPy and ml_dtypes alone. Everything else asks
`require` before it imports a package of an extra, so that all of them are missed in the same words.
"""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

__all__ = ["DISTRIBUTION", "EXTRAS", "MissingExtraError", "missing", "require_extra"]

DISTRIBUTION = "numdiff-bench"
EXTRAS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "judge": {"flint": "python-flint", "gmpy2": "gmpy2", "mpmath": "mpmath", "scipy": "scipy"},
        "report": {
            **{name: name for name in ("jinja2", "latex2mathml", "matplotlib", "pandas", "pyarrow", "tqdm")},
            **{"fontTools": "fonttools", "markdown_it": "markdown-it-py", "mdit_py_plugins": "mdit-py-plugins"},
        },
        "peers": {name: name for name in ("jacobi", "numdifftools", "numericalderivative", "scipy")},
        "cluster": {"distributed": "distributed"},
    }
)
"""For every extra of the distribution: the modules that it brings, and the packages that hold them."""
_PACKAGE = {module: package for packages in EXTRAS.values() for module, package in packages.items()}


class MissingExtraError(ModuleNotFoundError):
    """A package of an extra is not installed; the message names it, its user and the command that installs it."""


def missing(*modules: str) -> list[str]:
    """Return those of the modules that cannot be imported here; none is imported to find out."""
    return [module for module in modules if sys.modules.get(module) is None and find_spec(module) is None]


def require_extra(user: str, *modules: str) -> None:
    """Refuse to go on without modules of the extras.

    Parameters
    ----------
    user : str
        What needs them, as its caller knows it: ``"numdiff.sweep"``.
    *modules : str
        Names of modules in `EXTRAS`.

    Raises
    ------
    MissingExtraError
        If one is missing. All that are missing are named, with the smallest extra that has them.
    """
    absent = missing(*modules)
    if not absent:
        return
    extra = next((extra for extra, packages in EXTRAS.items() if packages.keys() >= set(absent)), "all")
    packages = " and ".join(", ".join(_PACKAGE[module] for module in absent).rsplit(", ", 1))
    raise MissingExtraError(
        f"{user} needs {packages}, which {'is' if len(absent) == 1 else 'are'} not installed; "
        f'install {"it" if len(absent) == 1 else "them"} with: pip install "{DISTRIBUTION}[{extra}]"',
        name=absent[0],
    )
