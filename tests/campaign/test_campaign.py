"""A campaign finds planted errors, names the seed and how to repeat it, and searches no seed twice."""

import argparse
import re

import pytest

from tests.campaign import __main__ as module
from tests.campaign import planted
from tests.campaign.found import Found, Search, is_too_often
from tests.campaign.searches import SEARCHES
from tests.campaign.seed import Seed, code_of

HERE = "tests.campaign.planted"


@pytest.fixture
def campaign(tmp_path, monkeypatch, capsys):
    """Return a function that runs a campaign of planted searches, and returns its status and its output."""
    for search in (Search("planted", "Two is two.", f"{HERE}:search"), Search("often", "", f"{HERE}:often", 0.01)):
        monkeypatch.setitem(SEARCHES, search.name, search)

    def run(*words):
        status = module.main([*words, "--records", str(tmp_path)])
        return status, capsys.readouterr().out

    return run


def test_a_planted_error_is_found_and_told_with_the_command_that_repeats_it(campaign):
    status, text = campaign("--only", "planted", "--seeds", "0:5")
    assert status == 1
    assert re.search(r"^planted, seed 3:\n    two is three\n    three is four\n    again: ", text, re.MULTILINE)
    (command,) = re.findall(r"again: python -m tests\.campaign (.*)", text)
    again, repeated = campaign(*command.split())
    assert again == 1
    assert re.findall(r", seed (\d+):", repeated) == ["3"]
    assert re.search(r"^planted +3:4 +10 +2 +0 +1 +\d+\.\d$", repeated, re.MULTILINE)


def test_an_error_of_a_search_is_a_failure(campaign):
    status, text = campaign("--only", "planted", "--seeds", "4:6")
    assert status == 1
    assert "planted, seed 5:\n    ZeroDivisionError: 1/0\n" in text


def test_seeds_without_errors_give_a_line_and_the_status_0(campaign):
    status, text = campaign("--only", "planted", "--seeds", "0:3")
    assert status == 0
    head, line = text.splitlines()
    assert head.split() == ["search", "seeds", "cases", "misses", "allowed", "failures", "seconds"]
    assert line.split()[:6] == ["planted", "0:3", "30", "0", "0", "0"]


def test_misses_that_are_too_many_only_together_are_a_failure(campaign):
    assert campaign("--only", "often", "--seeds", "0:1")[0] == 0
    status, text = campaign("--only", "often", "--seeds", "0:20")
    assert status == 1
    assert "often: no seed alone, but all together have too many misses" in text
    assert "again: python -m tests.campaign --only often --seeds 0:1 --fresh" in text


def test_a_seed_is_searched_once_with_the_same_code(campaign, monkeypatch):
    first = campaign("--only", "planted", "--seeds", "0:5")
    monkeypatch.setattr(planted, "search", lambda seed: Found(7))
    assert campaign("--only", "planted", "--seeds", "0:5") == first
    assert campaign("--only", "planted", "--seeds", "4:7")[1].splitlines()[-1].split()[:3] == ["planted", "4:7", "24"]
    status, text = campaign("--only", "planted", "--seeds", "0:5", "--fresh")
    assert (status, text.splitlines()[-1].split()[2]) == (0, "35")


def test_two_workers_find_the_same(campaign):
    alone = campaign("--only", "planted", "--seeds", "0:5", "--fresh")
    both = campaign("--only", "planted", "--seeds", "0:5", "--fresh", "--workers", "2")
    without_seconds = [(status, re.sub(r" +\d+\.\d$", "", text, flags=re.MULTILINE)) for status, text in (alone, both)]
    assert without_seconds[0] == without_seconds[1]


def test_what_is_stored_depends_on_the_code_of_all_that_a_search_imports():
    files, *others = code_of("tests.analysis.engine_search")
    assert {"tests.analysis.engine_search", "tests.analysis.random_cells", "tests.campaign.found"} <= set(files)
    assert any("code" in other for other in others)
    keys = {Seed(search.function, seed).key() for search in SEARCHES.values() for seed in (0, 1)}
    assert len(keys) == 2 * len(SEARCHES)


@pytest.mark.parametrize("text", ["5", "5:5", "7:3", "-1:4", "a:b"])
def test_seeds_that_are_no_range_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match=re.escape(f"START < STOP, got {text!r}")):
        module.seed_range(text)


def test_a_number_of_workers_below_1_is_refused(capsys):
    assert module.main(["--workers", "0"]) == 2
    assert capsys.readouterr().err == "--workers must be at least 1, got 0\n"


def test_misses_are_too_many_where_chance_does_not_give_them():
    assert is_too_often(1, 10**6, 0.0)
    assert not is_too_often(0, 10, 0.0)
    assert not is_too_often(10, 1000, 0.01)
    assert is_too_often(60, 1000, 0.01)
