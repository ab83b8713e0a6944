"""The registry: an ordered mapping by name that gives advice when a name is unknown."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from numdiff.registry import Registry, UnknownNameError


@dataclass(frozen=True)
class Item:
    name: object


@pytest.fixture
def fruits() -> Registry:
    return Registry("fruit", [Item("pear"), Item("apple"), Item("peach")])


def test_items_come_in_the_order_of_registration(fruits):
    fruits.register(Item("almond"))
    assert list(fruits) == ["pear", "apple", "peach", "almond"]
    assert [item.name for item in fruits.values()] == list(fruits)


def test_a_registry_is_a_read_only_mapping(fruits):
    assert isinstance(fruits, Mapping)
    assert len(fruits) == 3
    assert fruits["apple"] == Item("apple")
    assert "apple" in fruits
    assert fruits.get("plum") is None
    with pytest.raises(TypeError):
        fruits["plum"] = Item("plum")


def test_register_returns_the_item(fruits):
    plum = Item("plum")
    assert fruits.register(plum) is plum
    assert fruits["plum"] is plum


def test_a_second_item_of_the_same_name_is_refused_and_changes_nothing(fruits):
    first = fruits["pear"]
    with pytest.raises(ValueError, match="name of a fruit must be new, got 'pear'"):
        fruits.register(Item("pear"))
    assert fruits["pear"] is first
    assert len(fruits) == 3


def test_two_items_of_the_same_name_are_refused_at_construction():
    with pytest.raises(ValueError, match="'pear' a second time"):
        Registry("fruit", [Item("pear"), Item("pear")])


@pytest.mark.parametrize("name, error", [("", ValueError), (3, TypeError), (None, TypeError)])
def test_a_name_must_be_a_non_empty_string(fruits, name, error):
    with pytest.raises(error, match="name of a fruit must"):
        fruits.register(Item(name))


@pytest.mark.parametrize("kind", [KeyError, ValueError, UnknownNameError])
def test_an_unknown_name_is_both_a_key_error_and_a_value_error(fruits, kind):
    with pytest.raises(kind):
        fruits["plum"]


def test_an_unknown_name_lists_close_matches_only(fruits):
    with pytest.raises(UnknownNameError) as caught:
        fruits["Peech"]
    assert str(caught.value) == "fruit must be a registered name, got 'Peech'; did you mean 'peach'?"


def test_an_unknown_name_without_close_match_lists_all_names(fruits):
    with pytest.raises(UnknownNameError) as caught:
        fruits["xyz"]
    assert str(caught.value) == ("fruit must be a registered name, got 'xyz'; known: 'pear', 'apple', 'peach'")


def test_an_unknown_name_of_a_long_registry_lists_the_first_names():
    many = Registry("fruit")
    for number in range(20):
        many.register(Item(f"fruit{number}"))
    with pytest.raises(UnknownNameError) as caught:
        many["xyz"]
    assert str(caught.value).endswith("'fruit10', 'fruit11', … and 8 more: list(…) has all")


def test_an_empty_registry_says_that_it_is_empty():
    with pytest.raises(UnknownNameError, match="known: none"):
        Registry("fruit")["pear"]


@pytest.mark.parametrize("key", [3, None, ["pear"]])
def test_a_key_that_is_no_string_is_an_unknown_name(fruits, key):
    with pytest.raises(UnknownNameError, match="must be a registered name"):
        fruits[key]
    assert key not in fruits


def test_the_error_survives_pickling_between_processes(fruits):
    with pytest.raises(UnknownNameError) as caught:
        fruits["peer"]
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)


def test_the_repr_names_kind_and_items(fruits):
    assert repr(fruits) == "<Registry of 3 fruits: pear, apple, peach>"
