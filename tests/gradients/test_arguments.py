"""Further arguments of f, in gradients and their check."""

import numpy as np
import pytest

import numdiff as nd


def test_args_are_taken_by_gradients_and_their_check():
    x, a = np.array([0.5, 1.0]), 3.0
    for bound in (nd.gradient, nd.jacobian):
        found = bound(lambda x, a: np.sum(a * x**2), x, args=(a,))
        np.testing.assert_array_equal(found, bound(lambda x: np.sum(a * x**2), x))
    check = nd.check_gradient(lambda x, a: np.sum(a * x**2), lambda x, a: 2 * a * x, x, args=(a,))
    assert check.verdict is nd.Verdict.AGREE
    assert nd.check_gradient(lambda x, a: np.sum(a * x**2), 2 * a * x, x, args=(a,)).verdict is nd.Verdict.AGREE
    with pytest.raises(TypeError, match=r"args must be a tuple, got float 3.0; write args=\(3.0,\)"):
        nd.gradient(lambda x, a: np.sum(a * x), x, args=a)
