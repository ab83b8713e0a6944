"""The example of a plugin, installed as a user would: each of its three parts is in its table and in a result."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.core_environment import ROOT, needs_everything

EXAMPLE = ROOT / "examples" / "numdiff-plugin"
PROGRAM = """
import json, math, sys
import numpy as np
import numdiff as nd
from numdiff.rules.peers import PEERS
from numdiff.rules.run import RULES, run_rule

if __name__ == "__main__":
    problem = nd.PROBLEMS["gudermannian"]
    found = {"tables": [list(RULES)[-1], list(PEERS)[-1], list(nd.PROBLEMS)[-1]], "results": {}}
    for name in ("numerical_recipes", "numpy_chebyshev"):
        seen = []
        def f(x):
            seen.extend(np.ravel(x).tolist())
            return problem.f(x)
        choice = run_rule(name, f, 3.0, domain=(0.0, 3.5))
        found["results"][name] = {
            "wrong": abs(float(choice.derivative) * math.cosh(3.0) - 1), "bar": choice.error,
            "counted": [choice.evaluations, len(seen)], "inside": 0 < min(seen) <= max(seen) < 3.5,
            "status": str(choice.status),
        }
    one, two = (nd.sweep(problem, dtype="float32", workers=workers).records for workers in (1, 2))
    found["sweep"] = [len(one), one.equals(two), one["problem"].unique().tolist()]
    print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install a copy of the example into a folder of its own."""
    if not EXAMPLE.is_dir():
        pytest.skip("the examples are not beside these tests")
    for tool in ("pip", "hatchling"):
        if find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed here")
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--target", str(folder / "site"), str(folder / "source")]
    subprocess.run(command, capture_output=True, text=True, check=True)
    return folder


@needs_everything
def test_rule_peer_and_problem_of_the_example_are_in_their_tables_and_in_results(installed):
    program = installed / "program.py"
    head = f"import sys\nsys.path[:0] = [{str(installed / 'site')!r}, {str(ROOT)!r}]\n"
    program.write_text(head + PROGRAM, encoding="utf-8")
    done = subprocess.run([sys.executable, "-W", "error", str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["tables"] == ["numerical_recipes", "numpy_chebyshev", "gudermannian"]
    rule, peer = found["results"]["numerical_recipes"], found["results"]["numpy_chebyshev"]
    assert rule == rule | {"bar": None, "counted": [2, 2], "inside": True, "status": "ok"}
    assert peer == peer | {"counted": [13, 13], "inside": True, "status": "ok"}
    assert rule["wrong"] < 1e-8
    assert peer["wrong"] < 1e-8
    assert peer["bar"] is not None
    assert found["sweep"][0] > 10
    assert found["sweep"][1:] == [True, ["gudermannian"]]


def test_the_example_has_three_small_files_and_declares_each():
    if not EXAMPLE.is_dir():
        pytest.skip("the examples are not beside these tests")
    files = sorted((EXAMPLE / "numdiff_plugin_example").glob("*.py"))
    assert [path.stem for path in files] == ["peer", "problem", "rule"]
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 60 for path in files)
    declared = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for path in files:
        assert f"numdiff_plugin_example.{path.stem}:" in declared
        assert f"`numdiff_plugin_example/{path.name}`" in readme
