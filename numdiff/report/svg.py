"""SVG as matplotlib writes it, made small, tidy and safe to put into a page next to others.

Removed are the metadata, the comments, the style sheet (it would apply to the whole page), identifiers without a
reference and decimals below visibility; the style that all markers of a series repeat moves to their group.

Words are text, in a subset of the font that they were measured with. Colours are attributes of their elements, right on
white wherever the drawing is shown; on a dark ground a style sheet replaces them by the attribute's value.
"""

import copy
import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from numdiff.report.dark import dark
from numdiff.report.font import STACK, font_face

HALO = "halo"
"""The beginning of the ids of groups whose words get a rim of the ground's colour."""
NARROW = "40rem"
"""Up to this width of the screen a page shows the narrow drawing."""
_WHITE = "#ffffff"
_NUMBER = re.compile(r"-?\d+\.\d+")
_POLYLINE = re.compile(r"M -?[\d.]+ -?[\d.]+ (?:L -?[\d.]+ -?[\d.]+ ?)+")
_TRANSLATION = re.compile(r"translate\(([^)]*)\)")
_SHIFT = re.compile(r"translate\((\S+) (\S+)\)")
_SHORT_COLOR = re.compile(r"#([0-9a-f]{3})")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def tidy(text: str) -> Element:
    """Return the root of an SVG document in its small form, without namespaces, ids counted from 1."""
    root = ElementTree.fromstring(text)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in list(element.attrib):
            if "}" in name:
                element.set(name.rpartition("}")[2], element.attrib.pop(name))
        element.tail = None
        if element.tag not in ("text", "tspan"):
            element.text = None
        _shorten_shift(element)
        _round_numbers(element)
    _drop(root, {"metadata", "style"})
    _add_halos(root)
    for element in root.iter("text"):
        _plain_text(element)
    for element in root.iter("g"):
        _lift_style(element)
    for element in root.iter():
        _spread_style(element)
    rename_ids(root, "")
    _unwrap(root)
    for name in ("version", "width", "height"):
        root.attrib.pop(name, None)
    # The style sheet of matplotlib, as properties that are inherited.
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    root.set("font-family", STACK)
    # What matplotlib leaves out, because it is the initial value, a style sheet could not replace.
    root.set("fill", "#000000")
    return root


def _add_halos(root: Element) -> None:
    """Give the words of the groups that ask for it a rim of the colour of the ground, painted below them."""
    for group in root.iter("g"):
        if group.get("id", "").startswith(HALO):
            for text in group.iter("text"):
                rim = f"paint-order:stroke;stroke:{_WHITE};stroke-width:2.6"
                text.set("style", ";".join(filter(None, (text.get("style"), rim))))


def _plain_text(element: Element) -> None:
    """Drop from a text what it has from the root, and a turn by 0 degrees."""
    style = element.get("style", "")
    element.set("style", ";".join(rule for rule in style.split(";") if rule and not rule.startswith("font-family:")))
    if element.get("transform", "").startswith(("rotate(-0 ", "rotate(0 ")):
        del element.attrib["transform"]


def _spread_style(element: Element) -> None:
    """Write each property of a style as an attribute, which a style sheet can replace; colours with six digits."""
    for rule in element.attrib.pop("style", "").split(";"):
        name, _, value = rule.strip().partition(":")
        if name:
            short = _SHORT_COLOR.fullmatch(value.strip())
            element.set(name, "#" + "".join(2 * digit for digit in short[1]) if short else value.strip())


def _shorten_shift(element: Element) -> None:
    """Write the shift of a reused shape, a glyph of a text, as x and y: it means the same."""
    match = _SHIFT.fullmatch(element.get("transform", ""))
    if element.tag == "use" and match and "x" not in element.attrib and "y" not in element.attrib:
        del element.attrib["transform"]
        for name, value in zip("xy", match.groups(), strict=True):
            if float(value):
                element.set(name, value)


def _round_numbers(element: Element) -> None:
    """Round coordinates to 0.01 pt, places of markers to 0.1 pt; factors (scale, matrix) stay as they are."""
    for name in ("x", "y", "width", "height"):
        value = element.get(name)
        if value is not None:
            element.set(name, _NUMBER.sub(_tenths, value))
    path = element.get("d")
    if path is not None:
        path = " ".join(_NUMBER.sub(_hundredths, path).split())
        # After a move, further pairs of numbers are lines.
        element.set("d", _POLYLINE.sub(lambda match: match[0].replace("L ", ""), path))
    transform = element.get("transform")
    if transform is not None:
        element.set("transform", _TRANSLATION.sub(lambda match: _NUMBER.sub(_hundredths, match[0]), transform))
    style = element.get("style")
    if style is not None:
        element.set("style", style.replace(": ", ":").replace("; ", ";"))


def _hundredths(match: re.Match[str]) -> str:
    return _rounded(match[0], 2)


def _tenths(match: re.Match[str]) -> str:
    return _rounded(match[0], 1)


def _rounded(number: str, decimals: int) -> str:
    text = f"{float(number):.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _drop(root: Element, tags: set[str]) -> None:
    for parent in root.iter():
        for child in [child for child in parent if child.tag in tags]:
            parent.remove(child)


def _lift_style(group: Element) -> None:
    """Move the style that all children of a group share to the group: a marker repeats it at each point."""
    styles = {child.get("style") for child in group}
    if len(group) > 1 and len(styles) == 1 and None not in styles and "style" not in group.attrib:
        group.set("style", group[0].attrib["style"])
        for child in group:
            del child.attrib["style"]


def _unwrap(root: Element) -> None:
    """Replace groups without attributes by their children, and drop empty groups."""
    for parent in list(root.iter()):
        children: list[Element] = []
        for child in parent:
            children += _contents(child)
        parent[:] = children


def _contents(element: Element) -> Iterator[Element]:
    if element.tag == "g" and not element.attrib:
        for child in element:
            yield from _contents(child)
    elif not (element.tag in ("g", "defs") and len(element) == 0):
        yield element


def _references(element: Element) -> list[str]:
    found = []
    for name, value in element.attrib.items():
        if name == "href" and value.startswith("#"):
            found.append(value[1:])
        else:
            found += _REFERENCE.findall(value)
    return found


def rename_ids(root: Element, prefix: str) -> None:
    """Number the ids that are referred to, in document order, behind a prefix; the others are removed."""
    wanted = {name for element in root.iter() for name in _references(element)}
    names: dict[str, str] = {}
    for element in root.iter():
        identifier = element.attrib.pop("id", None)
        if identifier in wanted:
            names[identifier] = f"{prefix}{len(names) + 1}" if prefix else f"i{len(names) + 1}"
            element.set("id", names[identifier])
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "href" and value.startswith("#"):
                element.set(name, "#" + names[value[1:]])
            elif "url(#" in value:
                element.set(name, _REFERENCE.sub(lambda match: f"url(#{names[match[1]]})", value))


def size_of(root: Element) -> tuple[float, float]:
    """Return width and height of the drawing in points."""
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    return width, height


def standalone(root: Element, title: str, alt: str) -> str:
    """Return the text of an SVG file: its font, its ground, dark where the screen is, title and description inside."""
    width, height = size_of(root)
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": f"{width:g}pt",
        "height": f"{height:g}pt",
        "role": "img",
        "aria-labelledby": "title desc",
    }
    head = [Element("title", id="title"), Element("desc", id="desc"), Element("style")]
    ground = Element("rect", width=f"{width:g}", height=f"{height:g}", fill=_WHITE)
    head[0].text, head[1].text, head[2].text = title, alt, style_sheet([root, ground])
    head.append(ground)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + _text(root, attributes, head) + "\n"


def inline(root: Element, title: str, alt: str, prefix: str, kind: str = "") -> str:
    """Return the drawing as an element of an HTML page, its ids behind a prefix that is unique in the page.

    Kind is ``"wide"`` or ``"narrow"`` where the page has both; `page_css` is the style sheet that they need.
    """
    drawing = copy.deepcopy(root)
    rename_ids(drawing, prefix)
    width, height = size_of(drawing)
    # CSS pixels: 96 of them are an inch, which is 72 points.
    attributes = {
        "width": f"{width * 96 / 72:.0f}",
        "height": f"{height * 96 / 72:.0f}",
        "role": "img",
        "aria-label": alt,
        "class": f"drawing {kind}".strip(),
    }
    head = [Element("title")]
    head[0].text = title
    return _text(drawing, attributes, head)


def _text(root: Element, attributes: dict[str, str], head: list[Element]) -> str:
    whole = Element("svg", attributes | root.attrib)
    whole[:] = [*head, *root]
    return ElementTree.tostring(whole, encoding="unicode").replace(" />", "/>")


def letters(roots: Iterable[Element]) -> dict[int, set[str]]:
    """Return the characters of the texts of some drawings, for each weight of the font."""
    found: dict[int, set[str]] = {400: set(), 700: set()}
    for root in roots:
        for element in root.iter("text"):
            bold = element.get("font-weight", "400") not in ("400", "normal")
            found[700 if bold else 400].update("".join(element.itertext()))
    return found


def colours(roots: Iterable[Element]) -> list[tuple[str, str]]:
    """Return the pairs of attribute (``fill`` or ``stroke``) and colour that occur in some drawings, sorted."""
    elements = (element for root in roots for element in root.iter())
    pairs = {(name, element.get(name, "")) for element in elements for name in ("fill", "stroke")}
    return sorted((name, value) for name, value in pairs if value.startswith("#"))


def style_sheet(roots: Iterable[Element]) -> str:
    """Return the style sheet of some drawings: one font for all of them, and their colours on a dark ground."""
    drawings = list(roots)
    faces = "".join(font_face(characters, weight) for weight, characters in letters(drawings).items())
    rules = "".join(f'[{name}="{color}"]{{{name}:{dark(color)}}}' for name, color in colours(drawings))
    return f"{faces}@media screen and (prefers-color-scheme:dark){{{rules}}}"


def page_css(roots: Iterable[Element]) -> str:
    """Return the style sheet of the drawings of a page, which shows each as wide or as narrow as the screen is."""
    chosen = f".narrow.drawing{{display:none}}@media screen and (max-width:{NARROW})"
    return f"{style_sheet(roots)}{chosen}{{.wide.drawing{{display:none}}.narrow.drawing{{display:block}}}}"
