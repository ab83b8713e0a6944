"""What tests ask of the sentences of a section."""

import re

FORMATS = re.compile(r"b?float\d+|\b16[- ]bits?\b")
"""Names with digits in them."""


def numbers_of(sentence):
    """Return the numbers of a sentence as texts: not those in names of formats, in code and in formulas.

    A power of ten belongs to its number: 2.5·10⁻⁴ is one.
    """
    text = FORMATS.sub("", re.sub(r"`[^`]*`", "", sentence))
    return re.findall(r"(?<![\w.,⁻])\d+(?:[.  ]\d+)*(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", text)
