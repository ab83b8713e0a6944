"""What a stranger installs: pinned, hash-checked, from any index, with exactly the library inside."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import numdiff

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK, CORE_LOCK, LOWEST_LOCK = (
    (ROOT / f"requirements{part}.lock").read_text(encoding="utf-8") for part in ("", "-core", "-lowest")
)
ML_LOCKS = {part: (ROOT / f"requirements-ml{part}.lock").read_text(encoding="utf-8") for part in ("", "-cpu", "-cuda")}
LOCKS = {
    "all": LOCK,
    "core": CORE_LOCK,
    "lowest": LOWEST_LOCK,
    **{f"ml{part}": lock for part, lock in ML_LOCKS.items()},
}
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def locked(lock: str = LOCK) -> list[tuple[Requirement, list[str]]]:
    """Return every entry of a lock with its options."""
    entries = []
    for line in lock.replace("\\\n", " ").splitlines():
        if line.strip():
            text, *options = re.split(r"\s(?=--)", line)
            entries.append((Requirement(text), [option.strip() for option in options]))
    return entries


def declared() -> list[Requirement]:
    """Return every requirement of pyproject.toml: to run, to develop, to build."""
    texts = list(PROJECT["project"]["dependencies"])
    for extra in PROJECT["project"]["optional-dependencies"].values():
        texts += extra
    found = [Requirement(text) for text in [*texts, *PROJECT["build-system"]["requires"]]]
    # An extra that is made of others asks for the project itself.
    return [requirement for requirement in found if requirement.name != PROJECT["project"]["name"]]


def pinned_version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_every_locked_package_has_one_exact_version_for_a_platform_and_hashes(lock):
    entries = locked(lock)
    assert entries
    for requirement, options in entries:
        assert pinned_version(requirement), requirement
        assert requirement.url is None
        assert options, requirement
        assert all(HASH.fullmatch(option) for option in options), requirement
    names = [(canonicalize_name(requirement.name), str(requirement.marker)) for requirement, _ in entries]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_lock_names_no_index_and_no_address(lock):
    option = r"^\s*-[-a-z]*(index|find-links|trusted|url)|^\s*-[eir]\b"
    assert not re.search(rf"://|@|#|{option}", lock, re.MULTILINE)


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_declared_requirement_is_in_the_lock(requirement):
    pins = {canonicalize_name(entry.name): pinned_version(entry) for entry, _ in locked()}
    assert pins[canonicalize_name(requirement.name)] in requirement.specifier


def test_foreign_libraries_are_locked_apart_with_the_versions_that_both_environments_share():
    pins = {canonicalize_name(entry.name): pinned_version(entry) for entry, _ in locked()}
    apart = {canonicalize_name(entry.name): pinned_version(entry) for entry, _ in locked(ML_LOCKS[""])}
    for requirement in map(Requirement, PROJECT["dependency-groups"]["ml"]):
        assert apart[canonicalize_name(requirement.name)] in requirement.specifier
        assert canonicalize_name(requirement.name) not in pins
    shared = pins.keys() & apart.keys() - {"mpmath"}  # torch asks for sympy, and sympy for mpmath < 1.4
    assert {name: pins[name] for name in shared} == {name: apart[name] for name in shared}
    (mpmath,) = [item for item in declared() if item.name == "mpmath"]
    assert pins["mpmath"] in mpmath.specifier
    assert apart["mpmath"] in mpmath.specifier
    assert not any(name.startswith(("nvidia-", "cuda-")) for name in {*pins, *apart})
    ((cpu, _),) = locked(ML_LOCKS["-cpu"])
    assert pinned_version(cpu).split("+") == [apart["torch"], "cpu"]


def test_runtime_packages_are_locked_for_every_platform():
    markers = {canonicalize_name(entry.name): entry.marker for entry, _ in locked()}
    for text in PROJECT["project"]["dependencies"]:
        assert markers[canonicalize_name(Requirement(text).name)] is None


def test_version_is_said_once_and_the_same():
    assert PROJECT["project"]["version"] == numdiff.__version__


@pytest.fixture(scope="module")
def wheel_members(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
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


def test_make_without_a_target_explains_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## \w", makefile, re.MULTILINE)
    assert targets == explained
    assert {"install", "experiments", "test", "bench", "lint", "check", "lock", "clean"} <= set(targets)


def test_lowest_versions_are_those_that_the_project_declares():
    pins = {canonicalize_name(entry.name): pinned_version(entry) for entry, _ in locked(LOWEST_LOCK)}
    wanted = [*PROJECT["project"]["dependencies"]]
    for name in ("judge", "report"):
        wanted += PROJECT["project"]["optional-dependencies"][name]
    for requirement in map(Requirement, wanted):
        (floor,) = requirement.specifier
        assert floor.operator == ">="
        assert Version(pins[canonicalize_name(requirement.name)]) == Version(floor.version)


def test_the_core_lock_holds_nothing_of_the_extras():
    names = {canonicalize_name(entry.name) for entry, _ in locked(CORE_LOCK)}
    extras = PROJECT["project"]["optional-dependencies"]
    assert not names & {canonicalize_name(Requirement(text).name) for text in [*extras["judge"], *extras["report"]]}
    assert {"numpy", "ml-dtypes", "pytest"} <= names
