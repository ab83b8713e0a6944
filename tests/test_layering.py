"""Imports run one way: no circle between files; each contract in pyproject.toml holds, and catches what it forbids."""

import ast
import graphlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINT_IMPORTS = shutil.which("lint-imports", path=str(Path(sys.executable).parent))

DOWNWARD = "Imports run downward"
SIBLINGS = "Arithmetic, formulas and autodiff are independent"
TRUTH = "The reference is not computed by the code under test"
PREDICTION = "Prediction is independent of measurement: bounds never import kernels"
ROOMS = "Floats and formulas stand on each other one way"
BLACK_BOX = "A rule for black boxes does not look inside f"
REPORT = "The report reads records and computes nothing"
CORE = "The core needs NumPy, ml_dtypes, click and rich alone"
CHECKOUT = "The library imports nothing of its checkout"

# file of the package (made when absent), the line added to it, the contract that has to break
FORBIDDEN = [
    ("formulas/kernels.py", "import numdiff.problems", DOWNWARD),
    ("floats/formats.py", "import numdiff.formulas.stencil", DOWNWARD),
    ("analysis/extra.py", "from numdiff.rules import textbook", DOWNWARD),
    ("registry.py", "import numdiff.floats.formats", DOWNWARD),
    ("plugins.py", "import numdiff.registry", DOWNWARD),
    ("rules/peers/jacobi.py", "from numdiff.analysis import suprema", BLACK_BOX),
    ("rules/peers/peer.py", "def late():\n    import jacobi", CORE),
    ("problems/extra.py", "def late():\n    from numdiff.analysis import ledger", DOWNWARD),
    ("study/extra.py", "import numdiff.cli", DOWNWARD),
    ("newcomer.py", "import math", DOWNWARD),
    ("definitions.py", "import numdiff.registry", DOWNWARD),
    ("cli/derivative.py", "def late():\n    import pandas", CORE),
    ("autodiff/extra.py", "from numdiff.formulas import kernels", SIBLINGS),
    ("arithmetic/extra.py", "import numdiff.autodiff", SIBLINGS),
    ("analysis/reference.py", "from numdiff.formulas.kernels import difference", TRUTH),
    ("analysis/reference.py", "import numdiff.formulas.stencil", TRUTH),
    ("analysis/reference.py", "from numdiff.problems import PROBLEMS", TRUTH),
    ("analysis/bounds.py", "from numdiff.formulas import kernels", PREDICTION),
    ("rules/model.py", "from numdiff.formulas import kernels", PREDICTION),
    ("formulas/stencil.py", "from numdiff.formulas import kernels", ROOMS),
    ("floats/formats.py", "from numdiff.floats import call", ROOMS),
    ("rules/textbook.py", "from numdiff.analysis import suprema", BLACK_BOX),
    ("adaptive/engine.py", "from numdiff.analysis import suprema", BLACK_BOX),
    ("adaptive/extra.py", "from numdiff.rules import textbook", DOWNWARD),
    ("adaptive/extra.py", "def late():\n    import scipy.special", CORE),
    ("report/extra.py", "import numdiff.floats.formats", REPORT),
    ("report/extra.py", "from numdiff.study import sweep", REPORT),
    ("formulas/kernels.py", "import pandas", CORE),
    ("gradients/lines.py", "def late():\n    import scipy.special", CORE),
    ("autodiff/extra.py", "import matplotlib.figure", CORE),
    ("problems/extra.py", "from numdiff.arithmetic import balls", CORE),
    ("analysis/extra.py", "import experiments", CHECKOUT),
]


def contracts_in(directory: Path) -> tuple[dict[str, str], str]:
    """Return the verdict on every contract for the package in a directory, and the whole output."""
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo"],
        cwd=directory,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    output = done.stdout + done.stderr
    verdicts = {}
    for line in output.splitlines():
        for verdict in ("KEPT", "BROKEN"):
            if f" {verdict}" in line:
                verdicts[line.split(f" {verdict}")[0].strip()] = verdict
    assert (done.returncode == 0) == (set(verdicts.values()) == {"KEPT"}), output
    return verdicts, output


def contract_names() -> list[str]:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [contract["name"] for contract in options["tool"]["importlinter"]["contracts"]]


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the package that a test may spoil."""
    shutil.copytree(ROOT / "numdiff", tmp_path / "numdiff", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_only_modules_that_do_not_exist_may_be_absent():
    """A layer in parentheses is not missed when it is renamed: the contract would say nothing about it."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = [
        layer for contract in options["tool"]["importlinter"]["contracts"] for layer in contract.get("layers", ())
    ]
    optional = {name for layer in layers for name in re.findall(r"\(([\w.]+)\)", layer)}
    paths = {name: ROOT / "numdiff" / name.replace(".", "/") for name in optional}
    assert {name for name, path in paths.items() if path.is_dir() or path.with_suffix(".py").is_file()} == set()


def test_every_contract_is_kept():
    verdicts, output = contracts_in(ROOT)
    assert verdicts == dict.fromkeys(contract_names(), "KEPT"), output


def test_every_contract_has_an_import_that_breaks_it():
    assert {contract for _, _, contract in FORBIDDEN} == set(contract_names())


@pytest.mark.parametrize(("file", "line", "contract"), FORBIDDEN, ids=lambda value: value.split("\n")[0])
def test_forbidden_import_is_caught(copy, file, line, contract):
    with open(copy / "numdiff" / file, "a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    verdicts, output = contracts_in(copy)
    assert verdicts.get(contract) == "BROKEN", output


def files_in(directory: Path) -> dict[str, Path]:
    """Return the files of code by the name of the module; that of a package is its ``__init__.py``."""
    paths = [path for folder in ("numdiff", "experiments", "bench") for path in (directory / folder).rglob("*.py")]
    names = [".".join(path.relative_to(directory).with_suffix("").parts) for path in paths]
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


def imports_of(name: str, files: dict[str, Path]) -> set[str]:
    """Return the files that a file imports: at its top, in its functions, and for the type checker alone."""
    package = name.split(".") if files[name].name == "__init__.py" else name.split(".")[:-1]
    named = set()
    for node in ast.walk(ast.parse(files[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*start, *filter(None, [node.module])])
            targets = [f"{base}.{alias.name}" for alias in node.names]
            named |= {target if target in files else base for target in targets}
    return named & files.keys()


def circle_in(directory: Path) -> list[str]:
    """Return the modules of one circle of imports, the first one again at its end; empty if there is none."""
    files = files_in(directory)
    try:
        graphlib.TopologicalSorter({name: imports_of(name, files) for name in files}).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_no_files_import_each_other_in_a_circle():
    assert len(files_in(ROOT)) > 100
    assert circle_in(ROOT) == []


@pytest.mark.parametrize(
    "back",
    [
        "from numdiff.floats.kernel import difference",
        "from numdiff.floats import kernel",
        "import numdiff.floats.kernel as kernel",
        "from .kernel import difference",
        "from . import kernel",
        "from ..floats import kernel",
        "def late():\n    from numdiff.floats import kernel",
        "if TYPE_CHECKING:\n    from numdiff.floats.kernel import difference",
        "from bench import times",
        "from numdiff import floats",
    ],
)
def test_a_circle_of_imports_is_found(tmp_path, back):
    sources = {
        "numdiff/__init__.py": "",
        "numdiff/floats/__init__.py": "from numdiff.floats import kernel",
        "numdiff/floats/call.py": "import math",
        "numdiff/floats/kernel.py": "from numdiff.floats.call import evaluate",
        "bench/times.py": "from numdiff.floats import kernel",
    }
    for name, source in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    assert circle_in(tmp_path) == []
    (tmp_path / "numdiff/floats/call.py").write_text(back, encoding="utf-8")
    circle = circle_in(tmp_path)
    assert circle[0] == circle[-1]
    assert {"numdiff.floats.call", "numdiff.floats.kernel"} <= set(circle)


def test_report_may_read_records(copy):
    (copy / "numdiff" / "report" / "extra.py").write_text("from numdiff.study import records\n")
    verdicts, output = contracts_in(copy)
    assert verdicts[REPORT] == "KEPT", output


@pytest.mark.parametrize("name", ["extras", "plugins", "registry"])
def test_what_a_registry_imports_needs_the_standard_library_only(name):
    program = (
        "import sys\n"
        f"before = set(sys.modules)\nimport numdiff.{name}\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(loaded - sys.stdlib_module_names))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["numdiff"]
