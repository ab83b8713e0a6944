"""What a stranger installs: pinned, hash-checked, from any index, with exactly the library inside."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from email.parser import HeaderParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import numdiff

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CORE_LOCK = (ROOT / "requirements-core.lock").read_text(encoding="utf-8")
LOWEST_LOCK = (ROOT / "requirements-lowest.lock").read_text(encoding="utf-8")
ML_LOCKS = {part: (ROOT / f"requirements-ml{part}.lock").read_text(encoding="utf-8") for part in ("", "-cpu", "-cuda")}
LOCKS = {
    "all": LOCK,
    "core": CORE_LOCK,
    "lowest": LOWEST_LOCK,
    **{f"ml{part}": text for part, text in ML_LOCKS.items()},
}
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
OWN = "numdiff-bench"


def locked(lock: str = LOCK) -> list[tuple[Requirement, list[str]]]:
    """Return every entry of a lock with its options."""
    entries = []
    for line in lock.replace("\\\n", " ").splitlines():
        if line.strip():
            text, *options = re.split(r"\s(?=--)", line)
            entries.append((Requirement(text), [option.strip() for option in options]))
    return entries


def declared() -> list[Requirement]:
    """Return every requirement of pyproject.toml on something else: to run, to develop, to build."""
    texts = list(PROJECT["project"]["dependencies"])
    for extra in PROJECT["project"]["optional-dependencies"].values():
        texts += extra
    found = [Requirement(text) for text in [*texts, *PROJECT["build-system"]["requires"]]]
    return [requirement for requirement in found if requirement.name != OWN]


def needed(extra: str) -> dict[str, Requirement]:
    """Return what an extra brings, by name, with the extras that it names; the core is the empty one."""
    project = PROJECT["project"]
    found: dict[str, Requirement] = {}
    for text in project["optional-dependencies"][extra] if extra else project["dependencies"]:
        requirement = Requirement(text)
        if requirement.name == OWN:
            for name in requirement.extras:
                found |= needed(name)
        else:
            found[canonicalize_name(requirement.name)] = requirement
    return found


def pins(lock: str) -> dict[str, str]:
    """Return the versions of a lock."""
    return {canonicalize_name(entry.name): pinned_version(entry) for entry, _ in locked(lock)}


def pinned_version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_every_locked_package_has_one_exact_version_and_hashes(lock):
    entries = locked(lock)
    assert entries
    for requirement, options in entries:
        assert pinned_version(requirement), requirement
        assert requirement.url is None
        assert options, requirement
        assert all(HASH.fullmatch(option) for option in options), requirement
    # A name may stand there once for each part of the platforms.
    places = Counter((canonicalize_name(requirement.name), str(requirement.marker)) for requirement, _ in entries)
    assert set(places.values()) == {1}
    names = Counter(name for name, _ in places)
    assert all(marker != "None" for name, marker in places if names[name] > 1)


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_lock_names_no_index_and_no_address(lock):
    option = r"^\s*-[-a-z]*(index|find-links|trusted|url)|^\s*-[eir]\b"
    assert not re.search(rf"://|@|#|{option}", lock, re.MULTILINE)


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_declared_requirement_is_in_the_lock(requirement):
    assert pins(LOCK)[canonicalize_name(requirement.name)] in requirement.specifier


def test_foreign_libraries_are_locked_apart_with_the_versions_that_both_environments_share():
    ours, apart = pins(LOCK), pins(ML_LOCKS[""])
    for requirement in map(Requirement, PROJECT["dependency-groups"]["ml"]):
        assert apart[canonicalize_name(requirement.name)] in requirement.specifier
        assert canonicalize_name(requirement.name) not in ours
    # All but mpmath, of which sympy wants an older one: it replaces ours there, and satisfies us.
    assert {name for name in ours.keys() & apart.keys() if ours[name] != apart[name]} <= {"mpmath"}
    assert not any(name.startswith(("nvidia-", "cuda-")) for name in {*ours, *apart})
    ((cpu, _),) = locked(ML_LOCKS["-cpu"])
    assert pinned_version(cpu).split("+") == [apart["torch"], "cpu"]


def test_foreign_libraries_are_locked_with_versions_that_the_extras_admit():
    requirements, apart = needed("all") | needed(""), pins(ML_LOCKS[""])
    shared = requirements.keys() & apart.keys()
    assert {"mpmath", "numpy", "scipy"} <= shared
    assert all(apart[name] in requirements[name].specifier for name in shared)


# --- the core, its extras and their floors -----------------------------------------------------------------


def test_core_needs_four_packages():
    assert needed("").keys() == {"click", "ml-dtypes", "numpy", "rich"}


def test_all_is_every_extra_and_what_develops_the_project_includes_it():
    assert needed("all") == needed("judge") | needed("report") | needed("peers") | needed("cluster")
    assert needed("all").keys() <= needed("dev").keys()
    assert not needed("judge").keys() & needed("report").keys()
    tools = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependency-groups"]["test"]}
    assert tools <= needed("dev").keys()


def test_requirement_has_a_floor_and_no_ceiling():
    """A ceiling is what makes one library unable to stand beside another."""
    for requirement in (needed("") | needed("all")).values():
        (specifier,) = requirement.specifier
        assert specifier.operator == ">=", requirement


def test_mpmath_of_sympy_is_admitted():
    """sympy 1.13 and 1.14, and so torch, ask for mpmath >= 1.1, < 1.4."""
    assert "1.3.0" in needed("judge")["mpmath"].specifier
    assert pins(ML_LOCKS[""])["mpmath"] == "1.3.0"


def test_lowest_lock_pins_every_floor_itself():
    lowest = pins(LOWEST_LOCK)
    for name, requirement in (needed("") | needed("all")).items():
        (floor,) = requirement.specifier
        assert Version(lowest[name]) == Version(floor.version), name


def test_core_lock_holds_the_core_and_the_tools_of_its_tests_in_the_versions_of_all():
    core, ours = pins(CORE_LOCK), pins(LOCK)
    assert needed("").keys() <= core.keys()
    # rich brings a reader of Markdown of its own.
    assert core.keys() & needed("all").keys() == {"markdown-it-py"}
    assert core.items() <= ours.items()


def test_runtime_packages_are_locked_for_every_platform():
    markers = {canonicalize_name(entry.name): entry.marker for entry, _ in locked()}
    for name in needed("") | needed("all"):
        assert markers[name] is None


def test_version_is_said_once_and_the_same():
    assert PROJECT["project"]["version"] == numdiff.__version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel_members(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_the_library_and_nothing_else(wheel_members):
    top = {name.split("/")[0] for name in wheel_members}
    assert top == {"numdiff", f"numdiff_bench-{numdiff.__version__}.dist-info"}


def test_wheel_holds_every_file_of_the_library(wheel_members):
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "numdiff").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert "numdiff/py.typed" in files
    assert files <= wheel_members


def test_wheel_carries_licence_and_command(wheel_members):
    info = f"numdiff_bench-{numdiff.__version__}.dist-info"
    assert {f"{info}/licenses/LICENSE", f"{info}/entry_points.txt"} <= wheel_members


def test_wheel_asks_for_the_core_alone_and_offers_the_extras(wheel):
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"numdiff_bench-{numdiff.__version__}.dist-info/METADATA").decode()
    metadata = HeaderParser().parsestr(text)
    plain = [Requirement(line) for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    assert {canonicalize_name(requirement.name) for requirement in plain} == needed("").keys()
    assert {"judge", "report", "all"} <= set(metadata.get_all("Provides-Extra"))


def test_make_without_a_target_explains_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## \w", makefile, re.MULTILINE)
    assert targets == explained
    assert {"install", "experiments", "test", "bench", "lint", "check", "lock", "clean"} <= set(targets)
    assert {"test-core", "test-lowest"} <= set(targets)


def test_workflow_runs_the_core_and_the_lowest_versions():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert {"make test-core", "make test-lowest"} <= set(re.findall(r"make [a-z-]+", workflow))


def test_environments_are_ignored_and_their_locks_are_in_the_source_distribution():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    environments = re.findall(r"^[A-Z_]*VENV := (\S+)$", makefile, re.MULTILINE)
    assert len(environments) == 4
    assert {f"/{name}/" for name in environments} <= set(ignored)
    sources = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {f"/{path.name}" for path in ROOT.glob("*.lock")} - {"/uv.lock"} <= set(sources)
