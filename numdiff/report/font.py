"""The letters of the drawings: a subset of DejaVu Sans, the font that matplotlib measures with, as text of a CSS.

The subset is not compressed: it has some 5 to 15 kB, and what a compressor writes depends on its version. The license
of the font is the file ``LICENSE-DejaVu``.
"""

import base64
import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont

__all__ = ["FAMILY", "STACK", "font_face", "has_glyph"]

FAMILY = "Numdiff Sans"
"""The name of the subset; one of its own, so that an installed DejaVu Sans of another version is not taken for it."""
STACK = f"{FAMILY}, DejaVu Sans, Verdana, sans-serif"
"""Where the subset is not loaded, fonts of the same widths come next."""
_FILES = {400: "DejaVuSans.ttf", 700: "DejaVuSans-Bold.ttf"}
_COPYRIGHT, _LICENSE_ADDRESS = 0, 14


def font_face(characters: Iterable[str], weight: int = 400) -> str:
    """Return the CSS rule that holds the glyphs of some characters, the same bytes in every process.

    Parameters
    ----------
    characters : iterable of str
        The characters; order and repetitions do not matter.
    weight : int
        400 or 700.

    Returns
    -------
    str
        ``@font-face{…}`` with the font as a data address; empty where there are no characters.

    Raises
    ------
    ValueError
        If the font does not have one of the characters, or the weight.
    """
    text = "".join(sorted({character for word in characters for character in word}))
    if weight not in _FILES:
        raise ValueError(f"weight must be one of {', '.join(map(str, _FILES))}, got {weight!r}")
    missing = [character for character in text if not has_glyph(character, weight)]
    if missing:
        raise ValueError(f"characters must be glyphs of DejaVu Sans ({weight}), got {''.join(missing)!r}")
    return _face(text, weight) if text else ""


def has_glyph(character: str, weight: int = 400) -> bool:
    """Return whether the font has a glyph for a character."""
    return ord(character) in _mapped(weight)


@cache
def _mapped(weight: int) -> frozenset[int]:
    with TTFont(_path(weight), lazy=True) as font:
        return frozenset(font.getBestCmap())


def _path(weight: int) -> Path:
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / _FILES[weight]


@cache
def _face(text: str, weight: int) -> str:
    options = subset.Options()
    # Kerning, since matplotlib measures with it; no hints, no other features, no names but the owner's.
    options.layout_features = ["kern"]
    options.hinting = options.notdef_outline = options.legacy_kern = False
    options.name_IDs = [_COPYRIGHT, _LICENSE_ADDRESS]
    options.drop_tables += ["BASE", "FFTM", "GDEF", "GSUB", "JSTF", "MATH", "gasp"]
    # The time of the font, not of this run; read lazily, kerning of glyphs that are left out is never decoded.
    with TTFont(_path(weight), recalcTimestamp=False, lazy=True) as font:
        chosen = subset.Subsetter(options)
        chosen.populate(text=text)
        chosen.subset(font)
        stream = io.BytesIO()
        font.save(stream)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return (
        f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};'
        f"src:url(data:font/ttf;base64,{data})format('truetype')}}"
    )
