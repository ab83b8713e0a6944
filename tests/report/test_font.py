import base64
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from fontTools.ttLib import TTFont

from numdiff.report.font import FAMILY, font_face, has_glyph

WORDS = ("step h", "10⁻⁸", "f′(x)", "O(h²)", "√u ∛u", "½ ¼", "−1")
PROGRAM = """
import hashlib
from numdiff.report.font import font_face
print(hashlib.sha256((font_face({words!r}) + font_face("total", 700)).encode()).hexdigest())
"""


def font_of(rule):
    return TTFont(io.BytesIO(base64.b64decode(re.search(r"base64,([^)]*)\)", rule)[1])))


def test_subset_has_the_glyphs_and_no_others():
    font = font_of(font_face(WORDS))
    assert {chr(code) for code in font.getBestCmap()} == set("".join(WORDS))
    # A fraction is made of the glyphs of its digits.
    assert len(font.getGlyphOrder()) < 2 * len(set("".join(WORDS)))
    assert len(font_face(WORDS)) < 10_000


def test_glyphs_are_as_wide_as_those_that_matplotlib_measures():
    whole = TTFont(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf")
    subset = font_of(font_face(WORDS))
    assert subset["head"].unitsPerEm == whole["head"].unitsPerEm
    for code, name in subset.getBestCmap().items():
        assert subset["hmtx"][name][0] == whole["hmtx"][whole.getBestCmap()[code]][0]


def test_kerning_is_kept():
    assert {record.FeatureTag for record in font_of(font_face("AVTo"))["GPOS"].table.FeatureList.FeatureRecord} == {
        "kern"
    }


def test_owner_is_named():
    assert "Bitstream" in font_of(font_face("a"))["name"].getDebugName(0)


def test_order_and_repetitions_do_not_matter():
    assert font_face(["ab", "c"]) == font_face("cba") == font_face("abcabc")


def test_rule_names_family_and_weight():
    assert font_face("a", 700).startswith(f'@font-face{{font-family:"{FAMILY}";font-weight:700;src:url(data:font/ttf')
    assert font_face("a", 700) != font_face("a")
    assert font_face("") == ""


def test_bytes_are_the_same_in_another_process_with_another_hash_seed():
    digests = set()
    for seed in ("1", "4321"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        command = [sys.executable, "-c", PROGRAM.format(words=WORDS)]
        digests.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(digests) == 1


def test_what_the_font_has_not_is_refused_by_name():
    assert not has_glyph("漢")
    with pytest.raises(ValueError, match=r"characters must be glyphs of DejaVu Sans \(400\), got '漢'"):
        font_face("a漢")
    with pytest.raises(ValueError, match="weight must be one of 400, 700, got 300"):
        font_face("a", 300)
