"""Formulas as MathML, as in the report: no page loads a script from elsewhere."""

from typing import Any, NoReturn

from docutils import nodes
from sphinx.application import Sphinx

from numdiff.report.chapters import mathml


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer: Any, node: nodes.math) -> NoReturn:
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> NoReturn:
    writer.body.append(f'<div class="formula" tabindex="0">{mathml(node.astext(), display=True)}</div>\n')
    raise nodes.SkipNode
