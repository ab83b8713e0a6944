"""What a gradient by back-propagation costs, in evaluations of the function.

The network of `experiments.gradient_cost.network` with one hidden layer as wide as its input. Timed in turns:
the loss alone (without a graph), and the loss together with its gradient. The limit is on their ratio where there are
many parameters: there the arithmetic decides, and the theory says that a gradient costs at most a small constant times
the function, whatever their number. Where they are few the ratio is that of the Python calls.

Here the second matrix product, Xᵀ·G for the weights of the first layer, is all that is as expensive as the loss, for
the samples need no gradient: 2 is expected, and passes over memory besides.

References
----------
A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, section 3.3: a gradient in the reverse mode costs
a small multiple of the function, 3 to 5 by the way of counting.
"""

import numpy as np
import pytest

from bench.backward_candidates import measured
from experiments.gradient_cost.network import VariableNetwork
from numdiff.autodiff import gradient_of, on_arrays

ROUNDS = {10: 100, 31: 100, 100: 100, 316: 60, 1000: 9}
"""Width of a network, and so about 10², 10³, 10⁴, 10⁵ and 10⁶ parameters; how many rounds are timed."""
GATED = 316
LIMIT = 3.0
"""One more matrix product, or one that nobody needs, would exceed it."""


@pytest.mark.parametrize("what", [on_arrays, gradient_of], ids=["loss", "gradient"])
@pytest.mark.parametrize("width", [10, 31, 100, 316])
def test_time(benchmark, width, what):
    network = VariableNetwork((width, width, 1))
    theta = network.start()
    benchmark.group = f"network of {network.parameters} parameters"
    result = benchmark(what(network), theta)
    assert np.isfinite(result).all()


@pytest.mark.parametrize("width", ROUNDS)
def test_a_gradient_costs_a_few_evaluations(benchmark, width):
    """The ratio with memory kept is what is gated; the one with memory given back to the system is noted."""
    network = VariableNetwork((width, width, 1))
    found = measured(width, ROUNDS[width], keeping=True)
    benchmark.pedantic(gradient_of(network), args=(network.start(),), rounds=3)
    benchmark.extra_info.update(parameters=network.parameters, ratio=found["ratio"])
    benchmark.extra_info.update({f"median_microseconds_{name}": 1e6 * found[name] for name in ("loss", "gradient")})
    benchmark.extra_info["ratio_with_page_faults"] = measured(width, ROUNDS[width] // 3, keeping=False)["ratio"]
    if width >= GATED:
        gate = f"back-propagation, {network.parameters} parameters: loss and gradient/loss"
        benchmark.extra_info.update(gate=gate, limit=LIMIT, sense="<=")
