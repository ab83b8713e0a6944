"""Tables in LaTeX: characters, numbers, and the width of the page."""

import re
import shutil
import subprocess

import pandas as pd
import pytest

from numdiff import latex
from numdiff.report.tables import Table
from numdiff.step_table import StepTable


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("−log₁₀|total/f′(x)|", "$-$log$_{10}$$|$total/f$'$(x)$|$"),
        ("1.2357·2⁻ᵏ", r"$1.2357 \cdot 2^{-k}$"),
        ("a_1 & 50 % of x²", r"a\_1 \& 50 \% of $x^{2}$"),
        ("x---x – y-1", "x-{}-{}-x -- y-1"),
        ("∛(3ε|f/f‴|)", r"$\sqrt[3]{}$(3$\varepsilon$$|$f/f$'''$$|$)"),
    ],
)
def test_text_is_written_in_ascii(plain, written):
    assert latex.text(plain) == written
    assert written.isascii()


@pytest.mark.parametrize(
    ("plain", "written"),
    [("1.00e+03", r"$1.00 \cdot 10^{3}$"), ("1e-08", "$10^{-8}$"), ("-0.5", "$-0.5$"), ("outside-domain", None)],
)
def test_numbers_are_mathematics_and_words_are_emphasised(plain, written):
    assert latex.cell(plain) == (written or rf"\emph{{{plain}}}")


def test_a_number_is_as_wide_as_in_computer_modern():
    # A digit is half an em wide, a point 0.28, the dot with its space 0.72; in exponents a minus 0.65, a digit 0.45.
    assert latex.width("1.50e-08") == pytest.approx(3 * 0.5 + 0.28 + 0.72 + 2 * 0.5 + 0.65 + 0.45)
    assert latex.width("-1.50e-08") - latex.width("1.50e-08") == pytest.approx(0.78)
    assert latex.width("2⁻⁵") < latex.width("2-5")


def test_a_heading_wider_than_its_cells_is_broken_between_words():
    assert latex.heading("a priori bound", 4.2, "r") == (r"\begin{tabular}[b]{@{}r@{}}a priori\\bound\end{tabular}")
    assert latex.heading("a priori bound", 9.0, "r") == "a priori bound"
    assert latex.heading("", 1.0, "l") == ""


def settings(columns, cell="1.2"):
    return latex.fitted(["h"] * columns, [[cell]] * columns, ["l"] * columns)[0]


def test_letters_and_space_are_as_large_as_the_page_allows():
    assert settings(2) == r"\centering\small"
    lines = list(dict.fromkeys(settings(columns) for columns in range(1, 60)))
    assert lines == [
        r"\centering\small",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        r"\centering\scriptsize\setlength{\tabcolsep}{1.5pt}",
    ]


def test_a_long_table_shows_every_second_row_and_says_so():
    assert [latex.evenly(n, 40) for n in (0, 40, 41, 80, 81)] == [1, 1, 2, 2, 3]
    assert latex.evenly(1000, None) == 1
    table = StepTable("Many.", {"h": [2.0**-k for k in range(60)]}, ("h",), {"float64": [1.0] * 60})
    assert table.to_latex().count("\\\\\n") == 1 + 30
    assert "Many. One row in 2 is shown." in table.to_latex()
    assert table.to_latex(rows=None).count("\\\\\n") == 1 + 60


def wide_tables():
    numbers = [-1.2345e-8 * 10.0**-k for k in range(50)]
    frame = pd.DataFrame({"k": range(50), **{f"a_long_name_{i}": numbers for i in range(6)}})
    steps = StepTable(
        "Sums, h = 1.5·2⁻ᵏ, in 50 % of |x|", {"h": numbers}, ("h",), {f"part {i}": numbers for i in range(5)}
    )
    return [Table("t", "A title", "log₁₀|x| ≤ √ε.", frame).to_latex(label="tab:a"), steps.to_latex(label="tab:b")]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex: apt-get install texlive-latex-base")
def test_tables_compile_in_a_plain_article_and_nothing_is_too_wide(tmp_path):
    body = "\n".join([*wide_tables()]).replace(r"\begin{table}", r"\begin{table}[p]")
    packages = r"\newcommand{\toprule}{\hline}\newcommand{\midrule}{\hline}\newcommand{\bottomrule}{\hline}"
    text = "\\documentclass{article}\n" + packages + "\n\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "t.tex").write_text(text, encoding="ascii")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stdout
    assert not re.search(r"^!|Overfull|too large", done.stdout, re.MULTILINE), done.stdout
