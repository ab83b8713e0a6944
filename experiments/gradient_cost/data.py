"""What gradients cost: counted for any machine, measured on one, and what follows from that for far more parameters."""

import pandas as pd

from experiments.gradient_cost.drawing import LARGE
from experiments.gradient_cost.network import network_of
from experiments.gradient_cost.times import CHECK, DEEP, DIFFERENCES, ESTIMATOR, FILE, WIDTHS, evaluations_of, read
from numdiff.analysis.statistics import power_law

FAR = 10**9
"""A number of parameters far beyond what is measured."""
WAYS = ("loss", "forward", "centered", "back-propagation")
MEASURED = (*WAYS, ESTIMATOR, CHECK)
"""The ways whose evaluations are counted beforehand, and those whose are counted as they run."""
YEAR = 365.25 * 86400
"""Seconds."""


def counts():
    """Return what every gradient takes, counted: evaluations, and multiplications in the matrix products."""
    rows = []
    for network in map(network_of, WIDTHS):
        for method in WAYS:
            n, times = network.parameters, evaluations_of(method, network.parameters)
            back = network.products_back if method == "back-propagation" else 0
            rows.append((n, " × ".join(map(str, network.sizes)), method, times, times * network.products + back))
    return pd.DataFrame(rows, columns=["parameters", "layers", "method", "evaluations", "multiplications"])


def times():
    """Return what was measured with one hidden layer, differences that take too long as evaluations × time of one.

    None if nothing was measured; then what is known of the machine.
    """
    if not FILE.is_file():
        return None, {}
    frame, machine = read(FILE)
    frame = frame[frame["layers"] == 1].drop(columns="layers").assign(source="measured")
    one = frame[frame["method"] == "loss"].set_index("parameters")["seconds"]
    known = set(zip(frame["parameters"], frame["method"], strict=True))
    guessed = [
        (n, name, evaluations_of(name, n), evaluations_of(name, n) * seconds, "estimated")
        for n, seconds in zip(one.index, one, strict=True)
        for name in DIFFERENCES
        if (n, name) not in known
    ]
    rest = pd.DataFrame(guessed, columns=["parameters", "method", "evaluations", "seconds", "source"])
    frames = [frame, rest] if guessed else [frame]  # an empty frame would have a say in the types
    return pd.concat(frames, ignore_index=True).astype({"calls": "Int64", "peak_bytes": "Int64"}), machine


def exponents(frame, columns):
    """Return the fitted exponents of some columns for every method, from LARGE parameters on and without estimates."""
    rows = []
    for column in columns:
        for method in MEASURED:
            part = frame[(frame["method"] == method) & (frame["parameters"] >= LARGE)].dropna(subset=column)
            if "source" in part:
                part = part[part["source"] == "measured"]
            if len(part) > 2:
                n = part["parameters"].astype(float)
                fit = power_law(n, part[column].astype(float))
                rows.append((column, method, fit.exponent, fit.half_width, fit.points, n.min(), n.max()))
    names = ["quantity", "method", "exponent", "half_width", "points", "smallest_n", "largest_n"]
    return pd.DataFrame(rows, columns=names)


def far(measured):
    """Return what gradients of FAR parameters take: counted, and in time if an evaluation costs in proportion to n."""
    rows, one = [], None
    if measured is not None:
        last = measured[measured["parameters"] == measured["parameters"].max()].set_index("method")["seconds"]
        one = last["loss"] * FAR / measured["parameters"].max()
    for method in WAYS:
        seconds = None if one is None else one * evaluations_of(method, FAR)
        if one is not None and method == "back-propagation":
            seconds = one * last[method] / last["loss"]
        rows.append((method, evaluations_of(method, FAR), seconds, None if seconds is None else seconds / YEAR))
    return pd.DataFrame(rows, columns=["method", "evaluations", "seconds", "years"])


def depth():
    """Return what gradients take in networks of one, two and five hidden layers: counted, and measured if it was.

    Counted are the multiplications of back-propagation over those of one evaluation, for layers of 1000 units. Measured
    are times over that of one evaluation, of the largest network of so many layers in which every way was timed.
    """
    rows = []
    frame = read(FILE)[0] if FILE.is_file() else None
    for layers in (1, *DEEP):
        network = network_of(WIDTHS[-1], layers)
        row = {"layers": layers, "work": 1 + network.products_back / network.products}
        if frame is not None and len(part := frame[frame["layers"] == layers]):
            seconds = part.pivot(index="parameters", columns="method", values="seconds").dropna()
            if len(seconds):
                last = seconds.iloc[-1]
                row["parameters"] = int(seconds.index[-1])
                row |= {name: last[name] / last["loss"] for name in MEASURED if name != "loss" and name in last}
        rows.append(row)
    found = pd.DataFrame(rows)
    return found.astype({"parameters": "Int64"}) if "parameters" in found else found


def memory_ratio(frame, n):
    """Return how many times the memory of an evaluation back-propagation takes."""
    part = frame[frame["parameters"] == n].set_index("method")["peak_bytes"].astype(float)
    return part["back-propagation"] / part["loss"]
