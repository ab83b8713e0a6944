"""Cost of a numerical gradient against back-propagation as the number of parameters grows."""

from functools import partial

import pandas as pd

from experiments.experiment import Experiment
from experiments.frames import blank
from experiments.gradient_cost.data import FAR, WAYS, counts, depth, exponents, far, memory_ratio, times
from experiments.gradient_cost.drawing import BOTH, LARGE, NAMES, draw_cost
from experiments.gradient_cost.network import SAMPLES, VariableNetwork
from experiments.gradient_cost.times import CHECK, ESTIMATOR, FILE, LONGEST, WIDTHS, evaluations_of
from experiments.words import listed, percent, plain
from numdiff.report.figures import Figure, superscript
from numdiff.report.tables import Table
from numdiff.study.run import Measured

NOTE = (
    f"Tanh networks with as many inputs as units in each hidden layer, one output, no biases and the mean squared "
    f"error over {SAMPLES} samples; the smallest is a single unit. Where no number of layers is said, there is one "
    "hidden layer. Evaluations and multiplications are counted, the same on every machine. Times and memory come from "
    "one machine: they are in results/measured/, which make measure-cost writes, and which is neither measured "
    "again nor compared when the results are rebuilt."
)
EVALUATIONS = {
    "loss": "1",
    "forward": "n + 1, and at most 8",
    "centered": "2n, and at most 16",
    "back-propagation": "1, and a backward pass",
}
"""What each way takes; the further ones look at another step in a few coordinates."""
MANY = f"10{superscript(len(str(FAR)) - 1)}"
"""`FAR` as it is written."""
ALIKE = 0.25
"""Two ways whose memory differs by less everywhere are drawn as one curve."""
LIMITS = (
    "One kind of network (tanh, no biases, as many inputs as hidden units, one, two and five hidden layers, 256 "
    "samples) and one machine. Whether other networks, other numbers of samples and graphics processors have the same "
    "factors is not decided here.",
    "Below some thousand parameters the times are those of calls of Python functions, not of arithmetic. No library "
    "for back-propagation but our own was timed; JAX and PyTorch are faster by constant factors.",
    "Not measured: forward-mode differentiation, several derivatives in one pass, and recomputation (checkpoints), "
    "which trades time for memory.",
    "That a gradient costs a small multiple of one evaluation is a theorem (Baur and Strassen 1983; Griewank and "
    "Walther, Evaluating Derivatives, 2008). Here are the numbers of one case.",
)
SEEN = {
    "seconds": "With few parameters a gradient costs the calls of Python functions, whatever n is. With many, "
    "differences bend towards n², and back-propagation runs beside one evaluation. Estimated: evaluations × seconds of "
    "one. ",
    "peak_bytes": "Forward and centered differences need the same. Back-propagation keeps the values of all hidden "
    "units, which grow as √n, and the gradients of the matrices, which grow as n. ",
}
"""What to see in the figures of what was measured."""
ABSENT = f"Times and memory were not measured: results/measured/{FILE.name} is absent, and make measure-cost writes it."


def named(frame):
    """Return a frame with the ways to a gradient as they are shown."""
    return frame.assign(method=frame["method"].replace(NAMES))


def summary(frame):
    """Return what each way takes: counted for n parameters, and measured at the largest n that all were timed at."""
    counted = counts()
    powers = exponents(counted, ["multiplications"]).set_index("method")["exponent"]
    rows = [(name, EVALUATIONS[name], f"n{superscript(round(powers[name]))}".replace("¹", "")) for name in WAYS]
    columns = ["method", "evaluations", "work_grows_as"]
    if frame is not None:
        n, seconds = timed(frame)
        columns.append(f"seconds for n = {n}")
        timed_rows = [(*row, seconds[row[0]]) for row in rows] + _counted_as_they_ran(frame, n)
        return named(pd.DataFrame(timed_rows, columns=columns))
    return named(pd.DataFrame(rows, columns=columns))


def _counted_as_they_ran(frame, n):
    """Return the rows of the ways whose evaluations are known only once they ran, with n parameters."""
    taken = frame[frame["parameters"] == n].set_index("method")
    rows = []
    if ESTIMATOR in taken.index:
        each = plain(taken["evaluations"][ESTIMATOR] / n)
        rows.append((ESTIMATOR, f"{each} n, as counted", "n²", float(taken["seconds"][ESTIMATOR])))
    if CHECK in taken.index:
        rows.append((CHECK, f"{taken['evaluations'][CHECK]}, as counted", "n", float(taken["seconds"][CHECK])))
    return rows


def timed(frame):
    """Return the largest number of parameters that all ways were timed at, and the seconds there."""
    known = frame[(frame["source"] == "measured") & frame["method"].isin(WAYS)]
    seconds = known.pivot(index="parameters", columns="method", values="seconds")
    both = seconds.dropna()
    return both.index[-1], both.iloc[-1].astype(float)


def _measured_on():
    """Say on which machine times and memory were measured, or that they were not."""
    frame, machine = times()
    if frame is None:
        return ABSENT
    return f"Measured on one machine: {machine['machine']}; {machine['software']}; {machine['threads']} thread."


def tables(measured: Measured) -> list[Table]:
    """Return the tables of the section, the one to take away first."""
    (frame, _), there = times(), _measured_on()
    way, own = {"method": "way"}, {"*": "platform"}
    return [
        Table(
            "summary",
            "What a gradient of n parameters takes",
            "The work is counted in multiplications. Differences look at another step in at most 8 coordinates. "
            f"{there}",
            summary(frame),
            headings=way | {"work_grows_as": "work grows as"},
            kinds=own,
        ),
        Table(
            "layers",
            "What a gradient takes in networks of one, two and five hidden layers",
            "Work: multiplications of back-propagation over those of one evaluation, for layers of 1000 units. The "
            "others: time over that of one evaluation, in the largest network of so many layers with all ways timed. "
            f"{there}",
            blank(named_columns(depth())),
            headings={"layers": "hidden layers"},
            kinds=own,
        ),
        Table(
            "far",
            f"A gradient of {MANY} parameters",
            "Evaluations are counted. Times assume that an evaluation costs in proportion to n, from the largest "
            f"network measured, and that memory suffices. {there}",
            named(far(frame)),
            {"evaluations": "g6"},
            headings=way,
            kinds=own,
        ),
    ]


def named_columns(frame):
    """Return a frame whose columns are ways, under the names that are shown."""
    return frame.rename(columns=NAMES)


def details(measured: Measured) -> list[Table]:
    """Return the tables of the appendix."""
    frame, _ = times()
    way, there = {"method": "way"}, _measured_on()
    fitted = (
        f"Exponents p of cost ∝ nᵖ by least squares on the logarithms from n = {LARGE} on; half width of the 95 % "
        "interval by Student's t: how well the line is determined, not whether it is straight."
    )
    fit = way | {"half_width": "half width", "smallest_n": "from n", "largest_n": "to n"}
    result = [
        Table(
            "counts",
            "Evaluations and multiplications of a gradient, counted",
            "Multiplications of matrix elements; those of back-propagation include its backward pass.",
            named(counts()),
            {"multiplications": "g6"},
            headings=way,
            kinds={"*": "portable"},
        ),
        Table(
            "growth",
            "How the counted cost grows",
            fitted,
            named(exponents(counts(), ["evaluations", "multiplications"])),
            {"smallest_n": "int", "largest_n": "int"},
            headings=fit,
            kinds={"*": "portable"},
        ),
    ]
    return result if frame is None else result + _measured_tables(frame, fitted, there, fit)


def _measured_tables(frame, fitted, there, headings):
    """Return the tables of what was measured on one machine."""
    own, way = {"*": "platform"}, {"method": "way"}
    return [
        Table(
            "growth_measured",
            "How the measured cost grows",
            f"{fitted} Estimates are left out. {there}",
            named(exponents(frame, ["seconds", "peak_bytes"])).replace({"quantity": {"peak_bytes": "peak bytes"}}),
            {"smallest_n": "int", "largest_n": "int"},
            headings=headings,
            kinds=own,
        ),
        Table(
            "times",
            "Seconds and memory of a gradient, measured on one machine",
            "Processor seconds of one thread, the fastest of the calls; the most bytes that a call holds at a time. "
            f"Estimated, where it takes more than {LONGEST:g} s: evaluations × seconds of one evaluation. {there}",
            named(frame),
            headings=way | {"peak_bytes": "bytes at the peak"},
            kinds=own,
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    counted, (frame, machine) = counts().assign(source="counted"), times()
    top = counted["parameters"].max()
    last = named(counted[counted["parameters"] == top]).set_index("method")["multiplications"].astype(float)
    drawn = [
        Figure(
            "multiplications",
            "Multiplications of one gradient",
            "Differences take about n or 2n evaluations, each of which costs in proportion to n: n² together. "
            "Back-propagation runs parallel to one evaluation.",
            "Two steep lines with slope 2 for the differences, and two flat ones with slope 1 below them. At their "
            "right ends: " + listed(f"{name} {plain(last[name])}" for name in last.index) + ".",
            named(counted.astype({"multiplications": float})),
            partial(
                draw_cost,
                column="multiplications",
                ylabel="multiplications",
                powers={"forward": 2, "one evaluation": 1},
            ),
            kinds={"*": "portable"},
        )
    ]
    return drawn if frame is None else [*drawn, *_measured_figures(frame, machine)]


def _measured_figures(frame, machine):
    """Return the figures of what was measured on one machine."""
    n, seconds = timed(frame)
    memory = memory_of(frame)
    here = f"{machine['machine']}, one thread: not compared when the results are rebuilt."
    ends = memory[memory["parameters"] == memory["parameters"].max()].set_index("method")["peak_bytes"].astype(float)
    return [
        Figure(
            "measured_seconds",
            "Time of one gradient, measured on one machine",
            SEEN["seconds"] + here,
            "On the right the curves of the differences lie far above the two others. "
            f"At {n} parameters: " + listed(f"{NAMES.get(name, name)} {plain(seconds[name])} s" for name in WAYS) + ".",
            named(frame[["parameters", "method", "seconds", "source"]].dropna()),
            partial(draw_cost, column="seconds", ylabel="seconds", powers={"forward": 2, "one evaluation": 1}),
            kinds={"*": "platform"},
        ),
        Figure(
            "measured_peak_bytes",
            "Memory of one gradient, measured on one machine",
            SEEN["peak_bytes"] + here,
            f"{len(memory['method'].unique())} rising curves, back-propagation at the top. At the right end: "
            + listed(f"{name} {plain(size / 1e6)} MB" for name, size in ends.items())
            + ".",
            memory,
            partial(draw_cost, column="peak_bytes", ylabel="bytes at the peak", powers={"one evaluation": 0.5}),
            kinds={"*": "platform"},
        ),
    ]


def memory_of(frame):
    """Return the memory of each way; where both differences need the same to within a quarter they are one curve."""
    part = frame[frame["method"].isin(WAYS)][["parameters", "method", "peak_bytes", "source"]].dropna()
    sizes = part.pivot(index="parameters", columns="method", values="peak_bytes").astype(float)
    if (sizes["centered"] / sizes["forward"] - 1).abs().max() < ALIKE:
        part = part[part["method"] != "forward"].replace({"method": {"centered": BOTH}})
    return named(part)


def findings(measured: Measured) -> list[str]:
    counted, (frame, _) = counts(), times()
    power = exponents(counted, ["multiplications"]).set_index("method")["exponent"]
    by_differences, back = (superscript(round(power[name])) for name in ("centered", "back-propagation"))
    undecided = "how many seconds that is was measured on one machine and for one kind of network only"
    if frame is None:
        undecided = "how many seconds that is was not measured"
    said = [
        f"The work of a gradient grows as n{by_differences} by differences and as n{back} by ".replace("n¹", "n")
        + f"back-propagation; {undecided}.",
        "A gradient of n parameters takes n + 1 evaluations by forward differences and 2n by centered ones; "
        "back-propagation takes one evaluation and one backward pass.",
        f"In multiplications, back-propagation costs {work_of(1):.1f} evaluations with one hidden layer, "
        f"{work_of(2):.1f} with two, {work_of(5):.1f} with five, and never more than 3.",
    ]
    return [*said, ABSENT] if frame is None else [*said, *found_here(frame)]


def work_of(layers: int) -> float:
    """Return the multiplications of back-propagation over those of one evaluation, for equal hidden layers."""
    network = VariableNetwork((*[WIDTHS[-1]] * (layers + 1), 1))
    return 1 + network.products_back / network.products


def found_here(frame):
    """Return what the times of one machine say."""
    n, row = timed(frame)
    fits = exponents(frame, ["seconds"]).set_index("method")
    far_off = far(frame).set_index("method")
    top = frame["parameters"].max()
    guess = evaluations_of("centered", n) * row["loss"] / row["centered"]
    said = [
        f"On that machine a gradient of {n} parameters takes {plain(row['centered'])} s by centered differences, "
        f"{plain(row['centered'] / row['back-propagation'])} times as long as by back-propagation.",
        f"For {MANY} parameters, centered differences would take {plain(far_off['years']['centered'])} years of its "
        f"processor, and back-propagation {plain(far_off['seconds']['back-propagation'])} s, if an evaluation costs in "
        "proportion to n.",
        f"Back-propagation needs memory: at {top} parameters {plain(memory_ratio(frame, top))} times that of one "
        "evaluation.",
        f"Times beyond {LONGEST:g} s are estimates; at the largest network where both are known the estimate is "
        f"{percent(guess)} of what was measured.",
    ]
    if len(check := frame[frame["method"] == CHECK]):
        last = check.loc[check["parameters"].idxmax()]
        one = frame[(frame["method"] == "loss") & (frame["parameters"] == last["parameters"])]["seconds"].iloc[0]
        said.append(
            f"A check of {last['parameters']} parameters along directions takes {last['evaluations']} evaluations and "
            f"{plain(last['seconds'] / (one * last['evaluations']))} times their time."
        )
    if len(fits):
        said.insert(
            1,
            f"From {LARGE} parameters on the seconds of centered differences grow as n to the power "
            f"{fits['exponent']['centered']:.2f}; the table has the others.",
        )
    return said


def advice(measured: Measured) -> list[str]:
    frame, _ = times()
    said = [
        "For more than a few parameters compute gradients by back-propagation, and use differences to check it: along "
        "a few random directions a check costs the same for any n.",
        "Differences are right where there is no code to differentiate: they need nothing but values, and less memory "
        "than back-propagation.",
    ]
    if frame is not None:
        top = frame["parameters"].max()
        said.append(
            f"Where memory is short, note that back-propagation took {plain(memory_ratio(frame, top))} times that of "
            "one evaluation here; recomputing values instead of keeping them is the usual remedy."
        )
    return said


EXPERIMENT = Experiment(
    "gradient_cost",
    "What a gradient costs",
    "How does the cost of a numerical gradient and of back-propagation grow with the number of parameters?",
    tables,
    figures,
    findings,
    note=NOTE,
    advice=advice,
    limits=LIMITS,
    details=details,
)
