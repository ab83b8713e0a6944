"""The public API: a directive that documents names of `numdiff`, and single backticks that link to them.

A block ``public-names`` holds names of ``numdiff.__all__``. It becomes a table with the first sentence of each and,
under it, the whole docstrings.
"""

import ast
import inspect
import re
from importlib import import_module
from itertools import pairwise
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, NumpyDocstring
from sphinx.util.docutils import SphinxDirective, SphinxRole

import numdiff as nd

NAPOLEON = Config(
    # Types are prose ("scalar of the format"), not names that could be linked.
    napoleon_use_param=False,
    napoleon_use_rtype=False,
    napoleon_custom_sections=[("Attributes", "params_style")],
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, the role and the docstrings of constants."""
    app.add_directive("public-names", PublicNames)
    app.add_role("name", NameRole())
    app.config.default_role = "name"
    app.connect("autodoc-process-docstring", _as_sphinx_reads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def docstring_of(name: str) -> str:
    """Return the docstring of a public name; that of a constant is the text under its assignment."""
    value = getattr(nd, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        return inspect.getdoc(value) or ""
    module = import_module(f"numdiff.{nd._MODULE[name]}") if name in nd._MODULE else nd
    for statement, after in pairwise(ast.parse(inspect.getsource(module)).body):
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return inspect.cleandoc(ast.literal_eval(after.value))  # type: ignore[attr-defined]
    raise ValueError(f"numdiff.{name} must be assigned at the head of {module.__name__}, with a text under it")


class PublicNames(SphinxDirective):
    """``.. public-names::`` with names separated by blanks and ends of lines."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the table and the entries."""
        names = " ".join(self.content).split()
        return self.parse_text_to_nodes("\n".join([*_table(names), *map(_entry, names)]))


def _table(names: list[str]) -> list[str]:
    lines = [".. list-table::", "   :class: names", "   :widths: auto", ""]
    for name in names:
        (summary,) = bars_escaped([" ".join(docstring_of(name).split("\n\n")[0].split())])
        lines += [f"   * - :py:obj:`{name} <numdiff.{name}>`", f"     - {summary}"]
    return [*lines, ""]


def _entry(name: str) -> str:
    value = getattr(nd, name)
    if inspect.isclass(value):
        return f".. autoclass:: numdiff.{name}\n   :members:\n"
    if inspect.isfunction(value):
        return f".. autofunction:: numdiff.{name}\n"
    return f".. autodata:: numdiff.{name}\n   :no-value:\n"


def _as_sphinx_reads(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Turn a docstring in numpydoc order into reStructuredText; that of a constant is looked up first."""
    module, _, short = name.rpartition(".")
    if what == "data" and module == "numdiff":
        lines[:] = docstring_of(short).splitlines()
    # Not as an extension: of an attribute it would read the words before a colon as a type.
    lines[:] = NumpyDocstring(bars_escaped(lines), NAPOLEON).lines()


def bars_escaped(lines: list[str]) -> list[str]:
    """Return a docstring in which ``|x|`` is an absolute value, and not the name of a substitution."""
    result, is_session, literal = [], False, -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        is_session = bool(line.strip()) and (is_session or line.lstrip().startswith(">>>"))
        if literal >= 0 and line.strip() and indent <= literal:
            literal = -1
        if is_session or literal >= 0:
            result.append(line)
            continue
        pieces = re.split(r"(``.*?``|`[^`]*`)", line)
        pieces[::2] = [piece.replace("|", r"\|") for piece in pieces[::2]]
        result.append("".join(pieces))
        if line.endswith("::"):
            literal = indent
    return result


class NameRole(SphinxRole):
    """What stands in single backticks: a link where it is a public name, and code otherwise."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return a reference or a literal."""
        name = self.text.removeprefix("numdiff.")
        literal = nodes.literal(self.rawtext, self.text, classes=["xref", "py", "py-obj"])
        if name not in nd.__all__:
            return [literal], []
        reference = addnodes.pending_xref(
            "", literal, refdomain="py", reftype="obj", reftarget=f"numdiff.{name}", refexplicit=True
        )
        reference["refdoc"] = self.env.docname
        return [reference], []
