"""Cost of a numerical gradient against back-propagation as the number of parameters grows."""

from functools import partial

from experiments.experiment import Experiment
from experiments.gradient_cost.data import FAR, WAYS, counts, exponents, far, memory_ratio, times
from experiments.gradient_cost.drawing import LARGE, draw_cost
from experiments.gradient_cost.network import SAMPLES
from experiments.gradient_cost.times import FILE, LONGEST, evaluations_of
from experiments.words import listed, percent, plain
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.run import Measured

NOTE = (
    f"A tanh network with as many inputs as hidden units, one output, no biases and the mean squared error over "
    f"{SAMPLES} samples; the smallest is a single unit. Evaluations and multiplications are counted, the same on every "
    "machine. Times and memory come from one machine: they are in results/measured/, which make measure-cost writes, "
    "and which is neither measured again nor compared when the results are rebuilt."
)
SEEN = {
    "seconds": "Few parameters cost only the calls of Python functions, the same for any n; with many, differences "
    "bend towards n² and back-propagation runs beside one evaluation. Estimated: evaluations × seconds of one. ",
    "peak_bytes": "The values of the hidden units, one for each sample, grow as √n; back-propagation keeps them all, "
    "and in the end the gradients of the matrices, which grow as n, show. ",
}
"""What to see in the figures of what was measured."""
ABSENT = f"Times and memory were not measured: results/measured/{FILE.name} is absent, and make measure-cost writes it."


def tables(measured: Measured) -> list[Table]:
    counted, (frame, machine) = counts(), times()
    there = ABSENT
    if frame is not None:
        there = f"Measured on one machine: {machine['machine']}; {machine['software']}; {machine['threads']} thread."
    fitted = (
        f"Exponents p of cost ∝ nᵖ by least squares on the logarithms from n = {LARGE} on; half width of the "
        "95 % interval by Student's t: how well the line is determined, not whether it is straight."
    )
    whole = {"smallest_n": "int", "largest_n": "int"}
    own = {"*": "platform"}
    result = [
        Table(
            "counts",
            "Evaluations and multiplications of a gradient",
            "Multiplications of matrix elements; those of back-propagation include its backward pass.",
            counted,
            {"multiplications": "g6"},
            kinds={"*": "portable"},
        ),
        Table(
            "growth",
            "How the counted cost grows",
            fitted,
            exponents(counted, ["evaluations", "multiplications"]),
            whole,
            kinds={"*": "portable"},
        ),
        Table(
            "far",
            f"A gradient of {FAR:.0e} parameters",
            "Evaluations are certain. Times assume that an evaluation "
            "costs in proportion to n, from the largest network measured, and that memory suffices. " + there,
            far(frame),
            {"evaluations": "g6"},
            kinds=own,
        ),
    ]
    if frame is not None:
        result.append(
            Table(
                "growth_measured",
                "How the measured cost grows",
                f"{fitted} Estimates are left out. {there}",
                exponents(frame, ["seconds", "peak_bytes"]),
                whole,
                kinds=own,
            )
        )
        result.append(
            Table(
                "times",
                "Measured on one machine: seconds and memory of a gradient",
                "Processor seconds of one thread, the fastest of the calls; peak of what a call allocates. Estimated, "
                f"where a gradient takes more than {LONGEST:g} s: evaluations × seconds of one evaluation. " + there,
                frame,
                kinds=own,
            )
        )
    return result


def figures(measured: Measured) -> list[Figure]:
    counted, (frame, machine) = counts().assign(source="counted"), times()
    top = counted["parameters"].max()
    last = counted[counted["parameters"] == top].set_index("method")["multiplications"].astype(float)
    drawn = [
        Figure(
            "multiplications",
            "Multiplications of one gradient",
            "Both differences grow as n², since each of about n or 2n evaluations costs in proportion to n; "
            "back-propagation runs parallel to one evaluation.",
            f"At {top} parameters: " + listed(f"{name} {plain(last[name])}" for name in WAYS) + ".",
            counted.astype({"multiplications": float}),
            partial(draw_cost, column="multiplications", ylabel="multiplications", powers={"forward": 2, "loss": 1}),
            kinds={"*": "portable"},
        )
    ]
    for column, what, unit in (("seconds", "Time", "seconds"), ("peak_bytes", "Memory", "bytes at the peak")):
        if frame is not None:
            part = frame[["parameters", "method", column, "source"]].dropna()
            ends = part[part["source"] == "measured"].groupby("method").tail(1).set_index("method")
            powers = {"forward": 2, "loss": 1} if column == "seconds" else {"loss": 0.5}
            drawn.append(
                Figure(
                    f"measured_{column}",
                    f"{what} of one gradient, measured on one machine",
                    SEEN[column] + f"{machine['machine']}, one thread: not compared when the results are rebuilt.",
                    "Largest measured: "
                    + listed(
                        f"{name} {plain(float(e[column]))} at {e['parameters']} parameters"
                        for name, e in ends.iterrows()
                    )
                    + ".",
                    part,
                    partial(draw_cost, column=column, ylabel=unit, powers=powers),
                    kinds={"*": "platform"},
                )
            )
    return drawn


def findings(measured: Measured) -> list[str]:
    counted, (frame, _) = counts(), times()
    top = counted["parameters"].max()
    last = counted[counted["parameters"] == top].set_index("method")
    power = exponents(counted, ["multiplications"]).set_index("method")["exponent"]
    times_one = last["multiplications"]["back-propagation"] / last["multiplications"]["loss"]
    said = (
        f"With {top} parameters a forward difference takes {last['evaluations']['forward']} evaluations, a centered "
        f"one {last['evaluations']['centered']}, and back-propagation one, over which it walks back: in "
        f"multiplications it costs {times_one:.2f} evaluations. They grow as n to the power {power['forward']:.2f} "
        f"(forward), {power['centered']:.2f} (centered) and {power['back-propagation']:.2f}."
    )
    return [said, ABSENT] if frame is None else [said, *found_here(frame)]


def found_here(frame):
    """Return what the times of one machine say."""
    seconds = frame[frame["source"] == "measured"].pivot(index="parameters", columns="method", values="seconds")
    both, top = seconds.dropna(), seconds.index[-1]
    n, row = both.index[-1], both.iloc[-1].astype(float)
    reach = {name: seconds[name].dropna().index[-1] for name in WAYS}
    fits = exponents(frame, ["seconds"]).set_index("method")
    powers = [f"{e.exponent:.2f} ± {e.half_width:.2f} ({e.Index})" for e in fits.itertuples()]
    far_off = far(frame).set_index("method")
    guess = evaluations_of("centered", n) * row["loss"] / row["centered"]
    said = [
        f"On the machine where it was measured the gradient of {n} parameters takes {plain(row['centered'])} s by "
        f"centered differences and {plain(row['back-propagation'])} s by back-propagation, "
        f"{plain(row['centered'] / row['back-propagation'])} times less; back-propagation with the evaluation that it "
        f"needs takes {row['back-propagation'] / row['loss']:.1f} evaluations.",
        "Measured up to "
        + listed(f"{reach[name]} parameters ({name})" for name in WAYS)
        + f"; beyond, where a gradient by differences takes more than {LONGEST:g} s, times are estimates, evaluations "
        f"× seconds of one: for {n} parameters that is {percent(guess)} of what was measured.",
        f"A gradient of {FAR:.0e} parameters takes {far_off['evaluations']['centered']:.0e} evaluations by centered "
        f"differences. If an evaluation costs in proportion to n, that is {plain(far_off['years']['centered'])} years "
        f"of this processor, against {plain(far_off['seconds']['back-propagation'])} s by back-propagation.",
        f"Back-propagation pays in memory: at {top} parameters its peak is {plain(memory_ratio(frame, top))} times "
        "that of an evaluation.",
    ]
    if powers:
        said.insert(2, f"From {LARGE} parameters on the seconds grow as n to the power {listed(powers)}.")
    return said


EXPERIMENT = Experiment(
    "gradient_cost",
    "What a gradient costs",
    "How does the cost of a numerical gradient and of back-propagation grow with the number of parameters?",
    tables,
    figures,
    findings,
    note=NOTE,
)
