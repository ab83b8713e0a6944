"""The core: what works with NumPy, ml_dtypes, click and rich alone, and what is said about everything else.

The packages of the extras are hidden from processes of their own; `make test-core` runs this file, and the tests of
the core, where they are not installed.
"""

import json
import re
import tomllib

import pytest

import numdiff as nd
from numdiff import extras
from numdiff.extras import EXTRAS, MissingExtraError, missing, require_extra
from tests.core_environment import (
    CORE_PACKAGES,
    ROOT,
    core_modules,
    is_core_test,
    needs_everything,
    run_with,
    run_without,
)

PACKAGES = {module: package for packages in EXTRAS.values() for module, package in packages.items()}
EXTRA = {module: extra for extra, packages in reversed(EXTRAS.items()) for module in packages}  # the first that has it
BEYOND_THE_CORE = sorted(name for name, module in nd._MODULE.items() if module in nd._NEEDS)

HEAD = "import numpy as np, ml_dtypes, numdiff as nd\n"
WORK = {
    "kernels": """
f = lambda x: np.exp(x**2) ** 2
assert abs(nd.centered_difference(f, 0.5, 1e-4) - 3.2974425414) < 1e-6
assert abs(nd.complex_step(f, 0.5, 1e-20) - 3.2974425414002555) < 1e-12
for known in nd.FORMATS.values():
    x = known.as_array(0.5)
    assert nd.forward_difference(f, x, 0.125).dtype == known.dtype
    assert nd.difference(f, x, 0.125, nd.centered(4)).dtype == known.dtype
""",
    "gradients": """
loss = lambda w: np.sum(np.tanh(w) ** 2)
slope = lambda w: 2 * np.tanh(w) * (1 - np.tanh(w) ** 2)
w = np.linspace(-1, 2, 6).reshape(2, 3)
assert np.allclose(nd.gradient(loss, w), slope(w))
assert np.allclose(nd.gradient(loss, w, workers=2, progress=lambda done, total: None), slope(w))
assert nd.jacobian(lambda w: w * w, w[0]).shape == (3, 3)
nd.check_gradient(loss, slope, w).raise_if_wrong()
assert nd.check_gradient(loss, slope, w, directions=4).verdict is nd.Verdict.AGREE
wrong = nd.check_gradient(loss, lambda w: slope(w) / 2, w, dtype="float32")
assert wrong.verdict is nd.Verdict.DISAGREE and str(wrong)
""",
    "derivative": """
found = nd.derivative(np.sin, np.array([0.0, 0.5]))
assert np.all(abs(found.df - np.cos(found.x)) <= found.error) and found.success.all()
assert "evaluations" in repr(nd.derivative(np.sin, 0.5, workers=2)) and found._repr_html_()
assert isinstance(nd.derivative(abs, 0.0).status, nd.DerivativeStatus)
""",
    "back-propagation": """
A, B, C = nd.Square(), nd.Exp(), nd.Square()
x = nd.Variable(np.array(0.5))
C(B(A(x))).backward()
assert abs(x.grad - 3.2974425414002555) < 1e-12
assert abs(nd.numerical_diff(lambda x: C(B(A(x))), nd.Variable(np.array(0.5))) - x.grad) < 1e-6
assert nd.gradient_of(lambda w: (w * w).sum())(np.array([1.0, 3.0])).tolist() == [2.0, 6.0]
""",
    "stencils and formats": """
assert nd.from_offsets("mine", [-1, 0, 1], derivative_order=1).accuracy_order == 2
assert nd.CENTERED.richardson().accuracy_order == 4
assert nd.get_format("bfloat16").precision == 8
""",
    "problems": """
problem = nd.PROBLEMS["exp"]
assert abs(nd.centered_difference(problem.f, problem.points[0], 1e-5) - problem.derivative(problem.points[0])) < 1e-8
""",
    "the best step seen": "assert nd.observed_optimum([1.0, 0.5, 0.25, 0.125], [4.0, 2.0, 1.0, 3.0]).step == 0.25",
    "every name that is listed": "assert all(getattr(nd, name) is not None for name in dir(nd))",
    "star import": """
space = {}
exec("from numdiff import *", space)
assert set(nd.__all__) <= set(space)
assert {"gradient", "Variable", "PROBLEMS"} <= set(space) and "sweep" not in space
assert "sweep" not in dir(nd) and not hasattr(nd, "central_difference")
""",
}


@pytest.mark.parametrize("program", WORK.values(), ids=WORK)
def test_core_works_with_numpy_and_ml_dtypes_alone(program):
    done = run_with(CORE_PACKAGES, HEAD + program)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--version"], f"numdiff {nd.__version__}"),
        (["--help"], "Usage: numdiff"),
        (["list", "formats"], "bfloat16"),
        (["list", "problems"], "composition"),
        (["list", "formulas"], "centered4"),
        (["list", "peers"], "scipy_derivative"),
        (["explain", "truncation"], "The error of the formula itself"),
        (["derivative", "exp(sin(x))", "--at", "0.5"], "f′(0.5) = 1.41742"),
        (["check", "x**3", "3*x**2", "--at", "2"], "gradient check: AGREE"),
    ],
)
def test_command_works_in_the_core(words, answer):
    done = run_with(CORE_PACKAGES, f"from numdiff.cli import main\nmain({words!r})")
    assert (done.returncode, done.stderr) == (0, "")
    assert answer in done.stdout


ASK_FOR_EVERYTHING = """
import json
import numdiff as nd
from numdiff.extras import MissingExtraError
answers = {}
for name in nd._MODULE:
    try:
        getattr(nd, name)
    except MissingExtraError as error:
        answers[name] = [error.name, str(error)]
print(json.dumps(answers))
"""


def test_every_other_name_says_in_the_core_how_to_install_it():
    done = run_with(CORE_PACKAGES, ASK_FOR_EVERYTHING)
    assert (done.returncode, done.stderr) == (0, "")
    answers = json.loads(done.stdout)
    assert sorted(answers) == BEYOND_THE_CORE
    for name, (module, message) in answers.items():
        assert module in PACKAGES
        assert message.startswith(f"numdiff.{name} needs ")
        extra = "all" if name in ("sweep", "SweepFile", "SweepResult") else "judge"
        assert message.endswith(f'with: pip install "numdiff-bench[{extra}]"')


@needs_everything
@pytest.mark.parametrize("module", PACKAGES)
def test_a_single_missing_package_is_named(module):
    done = run_without({module}, ASK_FOR_EVERYTHING)
    assert (done.returncode, done.stderr) == (0, "")
    for name, (absent, message) in json.loads(done.stdout).items():
        assert absent == module
        assert message == (
            f"numdiff.{name} needs {PACKAGES[module]}, which is not installed; install it with: "
            f'pip install "numdiff-bench[{EXTRA[module]}]"'
        )


@needs_everything
@pytest.mark.parametrize("home", sorted(set(nd._MODULE.values())))
def test_a_module_loads_the_packages_that_it_is_said_to_need_and_no_others(home):
    done = run_without((), f"import sys, numdiff.{home}\nprint(*(set(sys.modules) & {set(PACKAGES)!r}))")
    # pandas loads pyarrow and more where it finds them
    optional = {"matplotlib", "scipy"} if "pandas" in nd._NEEDS.get(home, ()) else set()
    optional |= {"gmpy2"} if "mpmath" in nd._NEEDS.get(home, ()) else set()  # mpmath computes with it where it finds it
    optional -= set(nd._NEEDS.get(home, ()))
    assert set(done.stdout.split()) - optional == set(nd._NEEDS.get(home, ()))


@pytest.mark.parametrize(
    ("call", "user", "module"),
    [
        ("nd.gradient(np.sum, np.ones(2), progress=True)", "progress=True", "tqdm"),
        ("nd.observed_order([1.0, 0.5], [1.0, 0.5], [0, 0])", "observed_order", "scipy"),
        ("from numdiff import sweep", "numdiff.sweep", "flint"),
        ("nd.error_bounds", "numdiff.error_bounds", "flint"),
        ("hasattr(nd, 'rounded')", "numdiff.rounded", "flint"),
    ],
)
def test_a_use_inside_the_core_names_the_package_that_it_needs(call, user, module):
    done = run_with(CORE_PACKAGES, f"{HEAD}{call}")
    line = done.stderr.splitlines()[-1]
    assert line.startswith(f"numdiff.extras.MissingExtraError: {user} needs ")
    assert PACKAGES[module] in line
    assert re.search(r'install (it|them) with: pip install "numdiff-bench\[(judge|report|all)\]"$', line)


@needs_everything
def test_a_sweep_needs_no_matplotlib_until_it_is_plotted():
    program = "import numdiff as nd\nresult = nd.sweep(abs, 0.5, 0.125, dtype=['float32'])\nresult.plot()"
    done = run_without({"matplotlib"}, program)
    assert done.stderr.splitlines()[-1] == (
        "numdiff.extras.MissingExtraError: SweepResult.plot needs matplotlib, which is not installed; "
        'install it with: pip install "numdiff-bench[report]"'
    )


@pytest.mark.parametrize(
    ("words", "user", "extra"),
    [
        (["experiments"], "", ""),
        (["advise", "x", "--at", "1"], "numdiff.optimal_step", "judge"),
        (["ledger", "x", "--at", "1", "--step", "0.1"], "numdiff.error_ledger", "judge"),
        (["ledger", "x", "--at", "1", "--step", "0.1", "--exact", "x"], "--exact", "judge"),
        (["sweep", "x", "--at", "1"], "numdiff.sweep", "all"),
        (["sweep", "x", "--at", "1", "--plot", "a.png"], "--plot", "all"),
        (["advise", "x", "--at", "1", "--plot", "a.png"], "--plot", "all"),
        (["list", "rules"], "numdiff list rules", "judge"),
        (["explain", "ridders"], "the word must be one that is explained, got 'ridders'; ", "report"),
    ],
)
def test_a_command_names_what_it_misses_in_one_line(words, user, extra):
    done = run_with(CORE_PACKAGES, f"import sys\nfrom numdiff.cli import main\nsys.exit(main({words!r}))")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith(f"numdiff: error: {user}")
    assert not extra or line.endswith(f'with: pip install "numdiff-bench[{extra}]"')


def test_explain_says_which_words_need_an_extra_and_how_to_install_it():
    for words in (["explain"], ["explain", "ridders"]):
        done = run_with(CORE_PACKAGES, f"import sys\nfrom numdiff.cli import main\nsys.exit(main({words!r}))")
        said = " ".join((done.stdout + done.stderr).split())
        assert "an explanation of step rules needs python-flint, gmpy2, mpmath and scipy, which are not" in said
        assert "an explanation of the columns of numdiff sweep needs pandas, which is not installed" in said
    assert (
        "an explanation of"
        not in run_with(CORE_PACKAGES, "from numdiff.cli import main\nmain(['explain', 'ulp'])").stdout
    )


# --- the message ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        (["flint"], 'needs python-flint, which is not installed; install it with: pip install "numdiff-bench[judge]"'),
        (
            ["flint", "mpmath"],
            "needs python-flint and mpmath, which are not installed; "
            'install them with: pip install "numdiff-bench[judge]"',
        ),
        (
            ["flint", "mpmath", "tqdm"],
            "needs python-flint, mpmath and tqdm, which are not installed; "
            'install them with: pip install "numdiff-bench[all]"',
        ),
    ],
)
def test_message_names_what_is_missing_and_the_smallest_extra_that_has_it(monkeypatch, absent, message):
    monkeypatch.setattr(extras, "missing", lambda *modules: [module for module in modules if module in absent])
    with pytest.raises(MissingExtraError) as caught:
        require_extra("this", *PACKAGES)
    assert str(caught.value) == f"this {message}"
    assert caught.value.name == absent[0]
    assert isinstance(caught.value, ImportError)


def test_nothing_is_said_where_nothing_is_missing():
    assert missing("numpy", "json") == []
    assert require_extra("this", "numpy") is None


def test_missing_modules_are_found_without_importing_them():
    assert missing("numpy", "no_such_module_anywhere") == ["no_such_module_anywhere"]
    done = run_without(
        (), "import sys\nfrom numdiff.extras import missing\nmissing('json.tool'); print('numpy' in sys.modules)"
    )
    assert done.stdout.split() == ["False"]


# --- which tests belong to the core ----------------------------------------------------------------------


def test_core_modules_are_those_that_the_contract_names():
    tested = {"autodiff", "cli", "floats", "formulas", "gradients", "problems"}
    assert {f"numdiff.{name}" for name in tested} <= set(core_modules())


@pytest.mark.parametrize(
    ("head", "core"),
    [
        ("import numpy as np\nimport numdiff as nd\nfrom numdiff.formulas import kernels", True),
        ("from numdiff.gradients.check import check_gradient\nfrom numdiff.arithmetic import rational", True),
        ("from numdiff.autodiff import Exp\nfrom tests.core_environment import ROOT", True),
        ("def test():\n    pandas = pytest.importorskip('pandas')", True),
        ("import pandas", False),
        ("from scipy.optimize import approx_fprime", False),
        ("from numdiff.analysis.ledger import error_ledger", False),
        ("from numdiff import api", False),
        ("from tests.report import sample_report", False),
        ("from tests.no_such_helper import nothing", False),
        ("from numdiff.arithmetic import balls", False),
        ("from numdiff.floatsandmore import nothing", False),
        ("from tests.arithmetic.accuracy_search import worst", False),
        ("from tests.analysis.random_cells import Composition", False),  # which imports the judge in a function
        ("import experiments", False),
    ],
)
def test_what_a_test_imports_decides_whether_it_belongs_to_the_core(tmp_path, head, core):
    path = tmp_path / "test_sample.py"
    path.write_text(head, encoding="utf-8")
    assert is_core_test(path) is core


def test_the_tests_of_every_room_of_the_core_belong_to_it():
    tests = ROOT / "tests"
    found = {path.relative_to(tests).as_posix() for path in tests.rglob("test_*.py") if is_core_test(path)}
    expected = """
        autodiff/test_array_gradients.py autodiff/test_backpropagation.py floats/test_formats.py floats/test_views.py
        formulas/test_kernels.py formulas/test_stencil.py gradients/test_check.py gradients/test_fixed.py
        problems/test_classic.py cli/test_program.py test_core.py
    """
    assert set(expected.split()) <= found
    assert found.isdisjoint({"test_api.py", "test_packaging.py", "analysis/test_ledger.py"})


def test_extras_are_those_of_the_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = project["optional-dependencies"]
    for extra, packages in EXTRAS.items():
        assert sorted(re.split("[<>=]", text)[0] for text in declared[extra]) == sorted(packages.values())
    assert declared["all"] == [f"numdiff-bench[{','.join(EXTRAS)}]"]
    core = ["click", "ml_dtypes", "numpy", "rich"]
    assert sorted(re.split("[<>=]", text)[0] for text in project["dependencies"]) == core
