"""Links into the checkout, of the README and of the pages: to a page of the site, or to a page with the source.

The README is included, not copied, and every link holds in the checkout, too. Where it links to ``results/README.md``
the site has the same report as one page, ``report.html``. A file becomes a page that shows it; a folder becomes a page
that lists its files, each with its first sentence.
"""

import ast
import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge

ROOT = Path(__file__).resolve().parents[2]
REPORT = "results/README.md"
SCHEMES = {"http": None, "https": None, "site": "{{path}}", "part": "{{path}}#{{fragment}}"}
"""For ``myst_url_schemes``: what is addressed from the root of the site is left as it is."""
SHOWN = (".md", ".py", ".toml")
"""Endings of the files of a folder that are shown."""
_LINK = re.compile(r"(?<!!)(\[(?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*\]\()([^)#\s]*)(#[^)\s]*)?\)")
_IMAGE = re.compile(r"(!\[[^\]]*\]\()([^)\s]+)\)")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the rewriting and the pages."""
    app.connect("include-read", _rewrite_readme)
    app.connect("source-read", _rewrite_page)
    app.connect("html-collect-pages", _pages)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def rewritten(text: str, checkout: str = "", site: str = "") -> str:
    """Return Markdown with links that hold on the site.

    Parameters
    ----------
    text : str
    checkout, site : str
        The ways from the page to the root of the checkout and to that of the site: ``"../../"`` and ``"../"`` from a
        tutorial.
    """
    if not checkout:
        text = _IMAGE.sub(r"\1../\2)", text)
    return _LINK.sub(lambda m: f"{m[1]}{_at(m[2], m[3] or '', checkout, site)})", text)


def _at(path: str, heading: str, checkout: str, site: str) -> str:
    if not path.startswith(checkout) or "://" in path or not path:
        return path + heading
    address, inside = target_of(path.removeprefix(checkout), heading).split(":")
    return f"{address}:{site}{inside}"


def target_of(path: str, heading: str = "") -> str:
    """Return the address on the site of a file or folder of the checkout, or of a heading of the report.

    Its scheme is one of `SCHEMES`.

    Raises
    ------
    ValueError
        If there is no such file, or the report has no such heading.
    """
    if path == REPORT:
        return f"part:report.html#{_section_of(heading[1:])}" if heading else "site:report.html"
    if not (ROOT / path).exists():
        raise ValueError(f"links must name files of the checkout, got {path!r}")
    if path.startswith("docs/"):
        return f"site:{Path(path).relative_to('docs').with_suffix('.html').as_posix()}"
    return f"site:source/{path.rstrip('/')}.html"


def _section_of(slug: str) -> str:
    """Return the id in the page of the report of a heading that a code host calls `slug`."""
    page = (ROOT / "results" / "report.html").read_text(encoding="utf-8")
    for name, title in re.findall(r'<h[1-6][^>]*id="([^"]+)"[^>]*>(.*?)</h', page, re.DOTALL):
        numbered = re.sub(r'<span class="number">(\d*)\D*</span>', r"\1 ", title)
        words = html.unescape(re.sub(r"<[^>]+>", "", numbered)).replace("\N{NO-BREAK SPACE}", " ").strip().lower()
        if re.sub(r"[^\w\- ]", "", words).replace(" ", "-") == slug:
            return str(name)
    raise ValueError(f"the report must have the heading that is linked to, got {slug!r}")


def linked_paths() -> list[str]:
    """Return the files and folders that the README and the tutorials link to, but the report."""
    found = {path: "" for _, path, _ in _LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    for page in sorted((ROOT / "docs" / "tutorials").glob("*.md")):
        links = [path for _, path, _ in _LINK.findall(page.read_text(encoding="utf-8"))]
        found |= {path.removeprefix("../../"): "" for path in links if path.startswith("../../")}
    pages = (REPORT, "docs/")
    return [path.rstrip("/") for path in found if path and "://" not in path and not path.startswith(pages)]


def _rewrite_readme(app: Sphinx, path: Path, parent: str, content: list[str]) -> None:
    if path.name == "README.md":
        content[0] = rewritten(content[0])


def _rewrite_page(app: Sphinx, name: str, content: list[str]) -> None:
    if str(app.env.doc2path(name)).endswith(".md"):
        up = "../" * name.count("/")
        content[0] = rewritten(content[0], f"../{up}", up)


def _pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    bridge = PygmentsBridge("html", app.config.pygments_style)
    for path in linked_paths():
        place = ROOT / path
        files = [place] if place.is_file() else _files_of(place)
        if place.is_dir():
            yield f"source/{path}", {"title": f"{path}/", "body": _listing(place, files)}, "page.html"
        for file in files:
            name = file.relative_to(ROOT).as_posix()
            kind = {".py": "python", ".md": "markdown", ".toml": "toml"}[file.suffix]
            code = bridge.highlight_block(file.read_text(encoding="utf-8"), kind)
            yield f"source/{name}", {"title": name, "body": f"<h1>{html.escape(name)}</h1>\n{code}"}, "page.html"


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in SHOWN and "__pycache__" not in path.parts)


def _listing(folder: Path, files: list[Path]) -> str:
    rows = []
    for file in files:
        inner = file.relative_to(folder).as_posix()
        address = os.path.join(folder.name, inner + ".html")  # beside the page of the folder
        rows.append(f'<dt><a href="{address}"><code>{inner}</code></a></dt><dd>{html.escape(_sentence(file))}</dd>')
    return f"<h1>{html.escape(folder.relative_to(ROOT).as_posix())}/</h1>\n<dl>{''.join(rows)}</dl>"


def _sentence(file: Path) -> str:
    """Return the first paragraph of a module, the first heading of a text."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return " ".join((ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].split())
    return text.lstrip("# ").partition("\n")[0] if file.suffix == ".md" else ""
