"""The help of the command ``numdiff``, as it is printed in a terminal of 80 columns: one section for each command."""

from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from numdiff.cli.program import PROGRAM

WIDTH = 80


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def pages() -> dict[str, str]:
    """Return the help of the command itself under an empty name, and of each of its commands."""
    settings = PROGRAM.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    top = click.Context(PROGRAM, info_name="numdiff", **settings)
    found = {"": PROGRAM.get_help(top)}
    for name in PROGRAM.list_commands(top):
        command = PROGRAM.get_command(top, name)
        if command is not None:
            inner = click.Context(command, parent=top, info_name=name, **settings)
            found[name] = command.get_help(inner)
    return found


class CommandHelp(SphinxDirective):
    """The help of all commands."""

    def run(self) -> list[nodes.Node]:
        """Return that of the command itself, and a section for each of its commands."""
        first, *others = ((name, _block(text)) for name, text in pages().items())
        sections = [
            nodes.section("", nodes.title("", f"numdiff {name}"), block, ids=[nodes.make_id(f"numdiff-{name}")])
            for name, block in others
        ]
        return [first[1], *sections]


def _block(text: str) -> nodes.literal_block:
    return nodes.literal_block("", text, language="text")
