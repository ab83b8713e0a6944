"""The table of formulas: a row a formula, with the style that it is drawn in."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from numdiff.formulas.stencil import (
    BACKWARD,
    CENTERED,
    COMPLEX_STEP,
    FORWARD,
    ComplexStep,
    Method,
    Stencil,
    centered,
    forward,
)
from numdiff.registry import Registry
from numdiff.style import DASH, DASH_DOT, DOTS, LONG_DASH, Style, style_beside

__all__ = ["METHODS", "Methods"]


class Methods(Registry[Method]):
    """The table of formulas: a method and how it is drawn.

    Parameters
    ----------
    rows : iterable of (Method, Style)

    Attributes
    ----------
    styles : mapping of str to Style
        The style of each method, its label among it.
    """

    def __init__(self, rows: Iterable[tuple[Method, Style]]) -> None:
        self._styles: dict[str, Style] = {}
        self.styles: Mapping[str, Style] = MappingProxyType(self._styles)
        super().__init__("method", (), (Stencil, ComplexStep))
        for method, style in rows:
            self.register(method, style)
        self._own = frozenset(self)

    def register(self, item: Method, style: Style | None = None) -> Method:
        """Add a method under its own name, and return it.

        Parameters
        ----------
        item : Stencil or ComplexStep
        style : Style, optional
            How it is drawn; by default a spare style that no other method has.

        Raises
        ------
        TypeError
            If it is no method.
        ValueError
            If its name is empty or taken.
        """
        super().register(item)
        self._styles[item.name] = style_beside(self._styles.values()) if style is None else style
        return item

    def remove(self, name: str) -> Method:
        """Take a method that was added out again, and return it."""
        item = super().remove(name)
        del self._styles[name]
        return item


METHODS = Methods(
    (
        (FORWARD, Style("#b0681c", "o", "-")),
        (BACKWARD, Style("#c58212", "v", DASH)),
        (CENTERED, Style("#00968a", "s", "-")),
        (forward(2), Style("#6b3d0c", "p", DASH_DOT, "forward, h²")),
        (centered(4), Style("#006f66", "^", LONG_DASH, "centered, h⁴")),
        (centered(6), Style("#00504a", "D", DASH_DOT, "centered, h⁶")),
        (centered(8), Style("#003d1f", "P", DASH, "centered, h⁸")),
        (CENTERED.richardson(), Style("#6f9a72", "X", DOTS, "Richardson")),
        (COMPLEX_STEP, Style("#b15cdf", "*", DOTS, "complex step")),
        (centered(2, derivative_order=2), Style("#64739e", "h", LONG_DASH, "second derivative")),
    )
)
"""The methods that a sweep can name. A new one is one row, or ``METHODS.register(method)``.

Examples
--------
>>> import numdiff as nd
>>> nd.METHODS["centered4"].accuracy_order
4
>>> with nd.METHODS.holding(nd.centered(10)):
...     "centered10" in nd.METHODS
True
"""
