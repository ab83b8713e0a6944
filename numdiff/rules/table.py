"""The table of step rules: a name a rule."""

from numdiff.rules.base import Rules
from numdiff.rules.boost import BOOST
from numdiff.rules.curtis_reid import CURTIS_REID
from numdiff.rules.dumontet_vignes import DUMONTET_VIGNES
from numdiff.rules.finite_differences_jl import FINITE_DIFFERENCES_JL
from numdiff.rules.fixed import FIXED
from numdiff.rules.gill_murray import GILL_MURRAY
from numdiff.rules.gsl import GSL_CENTRAL, GSL_FORWARD
from numdiff.rules.kink_robust import KINK_ROBUST
from numdiff.rules.mathur import MATHUR
from numdiff.rules.model import CLOSED_FORM, MODEL
from numdiff.rules.more_wild import MORE_WILD
from numdiff.rules.plug_in import PLUG_IN
from numdiff.rules.ridders import RIDDERS
from numdiff.rules.romberg import ROMBERG
from numdiff.rules.scale import SCALE
from numdiff.rules.shi import SHI_CENTERED, SHI_FORWARD
from numdiff.rules.stepleman_winarsky import STEPLEMAN_WINARSKY
from numdiff.rules.thumb import SCALED_THUMB, THUMB

__all__ = ["RULES"]

RULES = Rules(
    (
        FIXED,
        THUMB,
        SCALED_THUMB,
        SCALE,
        CLOSED_FORM,
        MODEL,
        CURTIS_REID,
        DUMONTET_VIGNES,
        STEPLEMAN_WINARSKY,
        GILL_MURRAY,
        MATHUR,
        KINK_ROBUST,
        PLUG_IN,
        MORE_WILD,
        SHI_FORWARD,
        SHI_CENTERED,
        RIDDERS,
        ROMBERG,
        FINITE_DIFFERENCES_JL,
        GSL_CENTRAL,
        GSL_FORWARD,
        *BOOST,
    ),
    group="numdiff.rules",
)
"""The rules of the package, and those of installed packages with an entry point in the group ``numdiff.rules``.

A new one is a file and a name here, or ``RULES.register(rule)``."""
