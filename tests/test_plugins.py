"""Entry points: loaded when a registry is first used, the same in every process, and a broken one stops nothing."""

import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from numdiff.plugins import Plugin, plugins
from numdiff.registry import PluginWarning, Registry, UnknownNameError

GROUP = "numdiff.fruits"


@dataclass(frozen=True)
class Fruit:
    name: object


def distribution(folder: Path, name: str, entries: str, module: str = "", group: str = GROUP) -> None:
    """Write a distribution as pip leaves it: a module of the same name, and its metadata."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(module, encoding="utf-8")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{group}]\n{entries}\n", encoding="utf-8")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a function that installs a distribution for the length of the test."""
    folder = tmp_path / "site"
    monkeypatch.syspath_prepend(str(folder))
    names: list[str] = []

    def install(name: str, entries: str, module: str = "") -> None:
        distribution(folder, name, entries, module)
        names.append(name)

    yield install
    for name in names:
        sys.modules.pop(name, None)


MODULE = "from tests.test_plugins import Fruit\n"


def fruits(**options) -> Registry:
    return Registry("fruit", [Fruit("pear")], Fruit, group=GROUP, **options)


def messages_of(registry: Registry) -> str:
    with pytest.warns(PluginWarning) as caught:
        len(registry)
    assert len(caught) == 1
    return str(caught[0].message)


def test_items_of_plugins_follow_those_of_the_package_in_the_order_of_their_distributions(installed):
    installed("zebra_fruits", "z = zebra_fruits:FIG", MODULE + "FIG = Fruit('fig')")
    module = MODULE + "KIWI = Fruit('kiwi')\nSOME = [Fruit('plum'), Fruit('lime')]"
    installed("apple_fruits", "b = apple_fruits:KIWI\na = apple_fruits:SOME", module)
    assert list(fruits()) == ["pear", "plum", "lime", "kiwi", "fig"]


@pytest.mark.parametrize(
    "use",
    [
        lambda registry: list(registry),
        len,
        repr,
        lambda registry: registry["fig"],
        lambda registry: registry.get("fig"),
        lambda registry: "fig" in registry,
        lambda registry: registry.added(),
        lambda registry: registry.suggestion("fog"),
        lambda registry: registry.register(Fruit("plum")),
    ],
)
def test_every_use_loads_them_and_making_a_registry_does_not(installed, use):
    installed("fig_fruits", "f = fig_fruits:FIG", MODULE + "FIG = Fruit('fig')")
    registry = fruits()
    assert "fig_fruits" not in sys.modules
    use(registry)
    assert "fig_fruits" in sys.modules
    assert registry["fig"].name == "fig"


def test_what_a_plugin_brought_is_neither_added_nor_removed(installed):
    installed("fig_fruits", "f = fig_fruits:FIG", MODULE + "FIG = Fruit('fig')")
    registry = fruits()
    plum = registry.register(Fruit("plum"))
    assert registry.added() == (plum,)
    assert [registry.has_own(name) for name in ("pear", "fig", "plum", "lime")] == [True, False, False, False]
    with pytest.raises(ValueError, match="that of a fruit that was added, got 'fig'; added: 'plum'"):
        registry.remove("fig")
    with pytest.raises(ValueError, match=r"must be new, got 'fig' a second time; it is that of fig_fruits 1\.0"):
        registry.register(Fruit("fig"))


BROKEN = {
    "import": ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
    "attribute": ("", "AttributeError: module"),
    "syntax": ("def", "SyntaxError"),
    "exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "class": ("FIG = 3", "a fruit must be a Fruit, got int 3"),
    "name": ("FIG = Fruit('')", "name of a fruit must not be empty"),
    "no text": ("FIG = Fruit(3)", "name of a fruit must be a string"),
}


@pytest.mark.parametrize("module, message", BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_named_and_stops_nothing_else(installed, module, message):
    installed("bad_fruits", "f = bad_fruits:FIG", MODULE + module)
    installed("good_fruits", "f = good_fruits:PLUM", MODULE + "PLUM = Fruit('plum')")
    registry = fruits()
    text = messages_of(registry)
    assert text.startswith(f"entry points of the group '{GROUP}' were left out: f = bad_fruits:FIG of bad_fruits 1.0 ")
    assert message in text
    assert "good_fruits" not in text
    assert list(registry) == ["pear", "plum"]


def test_a_warning_that_is_an_error_comes_once_and_all_others_are_there(installed):
    installed("bad_fruits", "f = bad_fruits:FIG")
    installed("good_fruits", "f = good_fruits:PLUM", MODULE + "PLUM = Fruit('plum')")
    registry = fruits()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PluginWarning):
            list(registry)
        assert list(registry) == ["pear", "plum"]


INTERRUPTED = {
    "import": "if not FLAG:\n    FLAG.append(1)\n    raise KeyboardInterrupt\nPLUM = Fruit('plum')",
    "name": (
        "class Slow(Fruit):\n    @property\n    def name(self):\n        if not FLAG:\n            FLAG.append(1)\n"
        "            raise KeyboardInterrupt\n        return 'plum'\n    def __init__(self): pass\nPLUM = Slow()"
    ),
}
FLAG: list[int] = []


@pytest.mark.parametrize("module", INTERRUPTED.values(), ids=INTERRUPTED)
def test_an_interrupted_load_leaves_nothing_behind_and_is_done_again(installed, module):
    FLAG.clear()
    installed("a_fruits", "f = a_fruits:FIG", MODULE + "FIG = Fruit('fig')")
    installed("b_fruits", "f = b_fruits:PLUM", MODULE + "from tests.test_plugins import FLAG\n" + module)
    registry = fruits()
    with pytest.raises(KeyboardInterrupt):
        len(registry)
    assert list(registry) == ["pear", "fig", "plum"]
    assert not registry.added()
    with pytest.raises(ValueError, match="must be that of a fruit that was added, got 'fig'"):
        registry.remove("fig")


def test_a_name_that_is_taken_is_refused_with_both_distributions(installed):
    installed("a_fruits", "f = a_fruits:FIG", MODULE + "FIG = Fruit('fig')")
    installed("b_fruits", "f = b_fruits:FIGS", MODULE + "FIGS = [Fruit('fig'), Fruit('pear'), Fruit('lime')]")
    registry = fruits()
    text = messages_of(registry)
    taken = "of b_fruits 1.0 is refused (name of a fruit must be new, got '{}', which is that of {})"
    assert taken.format("fig", "a_fruits 1.0") in text
    assert taken.format("pear", "numdiff-bench") in text
    assert list(registry) == ["pear", "fig", "lime"]


def test_a_plugin_may_use_the_registry_while_it_is_loaded(installed):
    module = "from tests import test_plugins\nSEEN = list(test_plugins.CURRENT[0])\nFIG = test_plugins.Fruit('fig')"
    installed("curious_fruits", "f = curious_fruits:FIG", module)
    CURRENT[:] = [fruits()]
    assert list(CURRENT[0]) == ["pear", "fig"]
    assert sys.modules["curious_fruits"].SEEN == ["pear"]


CURRENT: list[Registry] = []


def test_threads_wait_until_all_is_loaded(installed):
    installed("slow_fruits", "f = slow_fruits:FIG", MODULE + "import time\ntime.sleep(0.2)\nFIG = Fruit('fig')")
    registry, seen = fruits(), []
    threads = [threading.Thread(target=lambda: seen.append(list(registry))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [["pear", "fig"]] * 4


def test_registries_without_a_group_load_nothing(installed):
    installed("fig_fruits", "f = fig_fruits:FIG", MODULE + "FIG = Fruit('fig')")
    assert list(Registry("fruit", [Fruit("pear")])) == ["pear"]
    with pytest.raises(UnknownNameError):
        Registry("fruit")["fig"]


def test_a_plugin_says_where_it_is_from(installed):
    installed("fig_fruits", "f = fig_fruits:FIG", MODULE + "FIG = Fruit('fig')")
    assert plugins(GROUP) == [Plugin("f = fig_fruits:FIG", "fig_fruits 1.0", (Fruit("fig"),))]
    assert plugins("numdiff.no_such_group") == []


def test_import_of_the_package_loads_no_plugin_and_a_worker_process_sees_it(tmp_path):
    """The problem is known in a process that multiprocessing starts, which imports nothing of the test."""
    module = (
        "import numdiff as nd\n"
        "def f(x):\n    return x * x\n"
        "def slope(x):\n    return 2.0 * x\n"
        "SQUARE = nd.Problem('plugged_square', 'x*x', f, slope, (0.5,), (-9.0, 9.0), 'ours', 'A test.', 'added')\n"
    )
    distribution(tmp_path / "site", "plugged", "square = plugged:SQUARE", module, "numdiff.problems")
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import multiprocessing\n"
        "import numdiff as nd\n"
        "def known(name):\n"
        "    return name in nd.PROBLEMS, nd.PROBLEMS.added()\n"
        "if __name__ == '__main__':\n"
        "    print('plugged' in sys.modules)\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(known, ['plugged_square']))\n"
        "    print('plugged' in sys.modules, known('plugged_square'), 'plugged' in sys.modules)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["False", "[(True, ())]", "False (True, ()) True"], done.stderr
