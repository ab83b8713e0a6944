"""The statuses: codes that do not clash with SciPy's, and messages that say what to do."""

import inspect
import pickle
import re

import numpy as np
import pytest

import numdiff as nd
from numdiff.adaptive.status import DerivativeStatus, Status

EACH = pytest.mark.parametrize("status", DerivativeStatus, ids=lambda status: status.name)


def test_the_short_name_is_the_same_enum():
    assert Status is nd.DerivativeStatus is DerivativeStatus


def test_the_statuses_that_are_promised_exist():
    promised = "OK NO_DIGITS NOT_FINITE KINK JUMP OSCILLATES AMBIGUOUS TOUCHES_DOMAIN BUDGET NOT_DETERMINISTIC"
    assert {status.name for status in DerivativeStatus} == set(promised.split())


def test_success_is_zero_and_every_failure_is_negative():
    assert DerivativeStatus.OK == 0
    assert all(status < 0 for status in DerivativeStatus if status is not DerivativeStatus.OK)
    assert len({int(status) for status in DerivativeStatus}) == len(DerivativeStatus)


def test_codes_mean_what_they_mean_in_scipy_or_nothing_there():
    codes = pytest.importorskip("scipy._lib._elementwise_iterative_method")
    differentiate = pytest.importorskip("scipy.differentiate._differentiate")
    assert DerivativeStatus.OK == codes._ECONVERGED
    assert DerivativeStatus.BUDGET == codes._ECONVERR
    assert DerivativeStatus.NOT_FINITE == codes._EVALUEERR
    taken = {codes._ECALLBACK, codes._EINPROGRESS, differentiate._EERRORINCREASE}
    assert taken.isdisjoint(map(int, DerivativeStatus))


@EACH
def test_a_message_says_what_was_seen_and_what_to_do(status):
    assert status.meaning
    assert bool(status.advice) == (status is not DerivativeStatus.OK)
    assert status.message.startswith(status.meaning)
    assert status.message.endswith(status.advice)


@EACH
def test_an_argument_that_the_advice_names_is_one_of_derivative(status):
    named = set(re.findall(r"(\w+)=", status.message))
    assert named <= set(inspect.signature(nd.derivative).parameters)


@EACH
def test_a_code_goes_through_an_array_and_a_pickle(status):
    assert DerivativeStatus(np.array([status], dtype=np.int32)[0]) is status
    assert pickle.loads(pickle.dumps(status)) is status


def test_a_label_is_the_name_in_words():
    assert DerivativeStatus.NOT_DETERMINISTIC.label == "not deterministic"
