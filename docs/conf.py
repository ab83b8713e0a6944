"""Settings of the site, for Sphinx: ``make docs`` builds it into ``.cache/site``."""

import builtins
import logging
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# The kernels of the figures and of the tour import this checkout too.
os.environ["PYTHONPATH"] = str(ROOT)
# What the kernels are told: sharp figures, and no word of their connection, which stays on this machine.
os.environ["IPYTHONDIR"] = str(ROOT / ".cache" / "ipython")
_profile = ROOT / ".cache" / "ipython" / "profile_default"
_profile.mkdir(parents=True, exist_ok=True)
(_profile / "ipython_kernel_config.py").write_text(
    'c.InlineBackend.figure_formats = {"svg"}\nc.IPKernelApp.log_level = 40\n', encoding="utf-8"
)

from docs.extensions.repository_links import SCHEMES  # noqa: E402
from numdiff import __version__  # noqa: E402

# A library that is compared shows the messages of all others.
logging.getLogger("traitlets").setLevel(logging.WARNING)

project = "numdiff"
author = "numdiff contributors"
copyright = "numdiff contributors, MIT license"
version = release = __version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "docs.extensions.command_help",
    "docs.extensions.data_dictionary",
    "docs.extensions.mathml",
    "docs.extensions.public_names",
    "docs.extensions.repository_links",
]
exclude_patterns = ["extensions", "static"]
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", "|".join(dir(builtins))),
    # Raised, and caught as the class that it is derived from: no public name.
    ("py:exc", "BeyondDoublesError"),
]
# Made anew with every build, so that no page is older than the code that it shows.
html_extra_path = ["../results/report.html"]

# --- Markdown and notebooks ----------------------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_url_schemes = SCHEMES
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_code_prompt_show = "The code of this figure"
nb_code_prompt_hide = "The code of this figure"
nb_kernel_rgx_aliases = {".*": "python3"}
# No page has widgets; their scripts would come from another host.
nb_ipywidgets_js = {}

# --- docstrings ------------------------------------------------------------------------------------------------
autodoc_typehints = "none"  # the docstrings say what an argument is, with its shape
autodoc_member_order = "bysource"

# --- pages -----------------------------------------------------------------------------------------------------
html_theme = "furo"
html_title = f"numdiff {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
# Chosen for contrast; they come with the theme.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
