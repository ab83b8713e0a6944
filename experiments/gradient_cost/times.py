"""Measure what gradients cost on this machine: ``python -m experiments.gradient_cost.times`` (make measure-cost).

Seconds are those that the processor spends on one thread, so that other programs on the machine do not count; freed
memory is kept by the process where the C library can be told so, because the system's page faults are no part of the
question. Of several calls the fastest one counts; a call of more than ten seconds is made once. Bytes are the peak of
what one call allocates (tracemalloc), its result included and its argument not; of such a long call they are the peak
up to its first coordinates, which is that of the whole, since every coordinate is treated alike.

The result is written into ``results/measured/`` and committed: it depends on the machine, and no other command changes
it or compares it with anything. What was measured is stored by network, so that a run that was killed goes on where it
stopped; ``--fresh`` measures everything again.
"""

import argparse
import os
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from experiments.gradient_cost.network import VariableNetwork, network_of
from experiments.places import unsuitable_file, unsuitable_folder
from numdiff.autodiff import gradient_of, on_arrays
from numdiff.files import write_file
from numdiff.formulas.stencil import CENTERED, FORWARD
from numdiff.gradients import check_gradient, gradient
from numdiff.gradients.fixed_looks import LOOKED_AT, is_symmetric
from numdiff.interruption import Interruption, run_program
from numdiff.report import checksums
from numdiff.report.tables import csv_text, frame_from_csv
from numdiff.study.blocks import digest_of
from numdiff.study.conditions import conditions
from numdiff.study.run import run
from numdiff.study.store import Store
from numdiff.study.values import Digests

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "results" / "measured" / "gradient_cost_times.csv"
RECORDS = ROOT / ".cache" / "records"
WIDTHS = (0, 1, 2, 3, 5, 10, 18, 31, 42, 56, 75, 100, 133, 178, 237, 316, 562, 1000)
"""Widths of the networks: 1 to about 10⁶ parameters; the last two show what an evaluation costs in the end."""
DEEP = {2: (3, 10, 31, 100, 316), 5: (3, 10, 31, 100, 316)}
"""Widths of the networks of several hidden layers, by the number of these."""
DIFFERENCES = {"forward": FORWARD, "centered": CENTERED}
ESTIMATOR, CHECK = "estimator", "check"
"""The gradient with an error bar for each derivative, and the check of a gradient along directions."""
USUAL = 14
"""Evaluations for each derivative with an error bar, about: by them it is decided whether there is time to measure."""
DIRECTIONS = 4
MOST = 100
"""Evaluations of a check along so many directions, at most."""
COLUMNS = ["layers", "parameters", "method", "evaluations", "seconds", "calls", "peak_bytes"]
LONGEST = 300.0
"""Seconds beyond which a gradient by differences is not measured."""
LONG = 10.0
"""Seconds beyond which a call is made once."""
ENOUGH = 4096
"""Evaluations after which the memory of a long call is known: those of some blocks of coordinates."""
REPEATED = 0.2
"""Seconds for which a call is repeated, at least three times where it is not longer than a second."""
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
ENVIRONMENT = ONE_THREAD | {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 31),
    "MALLOC_TOP_PAD_": str(1 << 26),
}
"""One thread for matrix products; and the C library of Linux keeps the memory that is freed."""


def evaluations_of(method: str, n: int) -> int:
    """Return how many evaluations of the loss a gradient takes; back-propagation adds a backward pass to its one.

    Differences by a fixed formula look at another step in a few coordinates. What the estimator and the check take
    depends on the values they meet: it is counted where they run.
    """
    if method not in DIFFERENCES:
        return 1
    formula = DIFFERENCES[method]
    moving = sum(offset != 0 for offset in formula.offsets)
    return (n + min(n, LOOKED_AT)) * moving + (0 in formula.offsets or is_symmetric(formula))


def ways(network: VariableNetwork, loss: Callable[[Any], Any] | None = None) -> dict[str, Callable[..., Any]]:
    """Return the loss and the ways to its gradient, as functions of the parameters; another `loss` may be given."""
    loss = loss or on_arrays(network)
    back = gradient_of(network)
    by = {name: partial(gradient, loss, stencil=name) for name in DIFFERENCES}
    return {
        "loss": loss,
        "back-propagation": back,
        **by,
        ESTIMATOR: partial(gradient, loss),
        CHECK: partial(check_gradient, loss, back, directions=DIRECTIONS),
    }


@dataclass
class Counted:
    """A loss that counts how often it is called, and ends a call of `_begun` where that is known enough."""

    loss: Callable[[Any], Any]
    calls: int = 0
    most: float = np.inf

    def __call__(self, point: Any) -> Any:
        """Return the loss."""
        self.calls += 1
        if self.calls > self.most:
            raise _Begun
        return self.loss(point)


def seconds_of(call: Callable[[], Any]) -> tuple[float, int]:
    """Return the processor time of the fastest of some calls, and how many there were."""
    times: list[float] = []
    while not times or (times[0] < 1 and (sum(times) < REPEATED or len(times) < 3)):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return float(f"{min(times):.4g}"), len(times)


def bytes_of(call: Callable[[], Any]) -> int:
    """Return the most that one call has allocated at any moment."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = call()
        _, peak = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return peak - before


def rows_of(width: int, layers: int = 1) -> list[tuple[Any, ...]]:
    """Return a row for each way to the gradient of one network that can be measured in time."""
    network = network_of(width, layers)
    theta, n, rows, evaluation = network.start(), network.parameters, [], 0.0
    loss = Counted(on_arrays(network))
    for name, call in ways(network, loss).items():
        expected = {ESTIMATOR: USUAL * n, CHECK: MOST}.get(name, evaluations_of(name, n)) * evaluation
        if name not in ("loss", "back-propagation") and expected > LONGEST:
            continue
        if expected <= LONG:
            call(theta)  # caches, and the samples of the network
        loss.calls = 0
        seconds, calls = seconds_of(partial(call, theta))
        evaluations = loss.calls // calls or 1  # back-propagation calls the network itself
        evaluation = seconds if name == "loss" else evaluation
        is_whole = expected <= LONG or name == CHECK
        one = partial(call, theta) if is_whole else partial(_begun, call, theta, loss)
        rows.append((layers, n, name, evaluations, seconds, calls, bytes_of(one)))
    return rows


class _Begun(Exception):
    """Enough evaluations are done."""


def _begun(call: Callable[..., Any], theta: np.ndarray, loss: Counted) -> None:
    """Make a call of `gradient` that ends after its first coordinates."""
    loss.most = loss.calls + ENOUGH
    with suppress(_Begun):
        call(theta)
    loss.most = np.inf


def machine() -> list[tuple[str, str]]:
    """Return what the times depend on: no name of a host or of a user."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return [
        ("machine", f"{_processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}"),
        ("software", f"Python {platform.python_version()}, NumPy {np.__version__}, {blas['name']} {blas['version']}"),
        ("threads", "1"),
    ]


def _processor() -> str:
    """Return the name of the processor where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


@dataclass(frozen=True)
class Cost:
    """What the gradients of one network cost on this machine, as something that is measured once and stored."""

    width: int
    layers: int = 1

    @property
    def cells(self) -> int:
        """The number of parameters."""
        return network_of(self.width, self.layers).parameters

    def key(self) -> str:
        """Return the key under which the costs are stored; they are those of this machine and its software alone."""
        return digest_of([type(self).__name__, self.width, self.layers, REPEATED, machine(), conditions(__name__)])

    def values(self) -> pd.DataFrame:
        """Return no digests: times and bytes are no values of f."""
        return Digests().frame()

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``costs``, and say on standard error what it holds."""
        found = pd.DataFrame(rows_of(self.width, self.layers), columns=COLUMNS)
        shown = ", ".join(f"{row.method} {row.seconds:.2g} s" for row in found.itertuples())
        print(f"{found['parameters'][0]} parameters, hidden layers: {self.layers}: {shown}", file=sys.stderr)
        return {"costs": found}


def measure_costs(
    widths: Sequence[int],
    out: Path,
    store: Store | None = None,
    fresh: bool = False,
    deep: Mapping[int, Sequence[int]] = MappingProxyType({}),
) -> None:
    """Measure networks of some widths, and deep ones, those apart that the store holds, and write the file."""
    costs = [Cost(width) for width in widths]
    costs += [Cost(width, layers) for layers, some in deep.items() for width in some]
    found = run(costs, store=store, fresh=fresh, progress=False)
    frame = pd.concat([frames["costs"] for frames in found], ignore_index=True)
    head = "".join(f"# {name}: {text}\n" for name, text in machine())
    write_file(out, (head + csv_text(frame)).encode())
    checksums.write(out.parent, [path for path in out.parent.iterdir() if path.is_file()])


def read(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return what was measured, and on which machine."""
    lines = path.read_text(encoding="utf-8").splitlines()
    facts = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    frame = frame_from_csv(path, comment="#")
    if "layers" not in frame:  # measured before there were others
        pairs = zip(frame["method"], frame["parameters"], strict=True)
        frame = frame.assign(layers=1, evaluations=[evaluations_of(str(name), int(n)) for name, n in pairs])
    return frame, facts


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure in a process whose environment is set; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m experiments.gradient_cost.times", description=__doc__)
    parser.add_argument("--out", type=Path, default=FILE, metavar="FILE", help="where the times go")
    parser.add_argument(
        "--widths", type=int, nargs="+", metavar="N", help="of networks of one hidden layer (default: all networks)"
    )
    parser.add_argument("--records", type=Path, default=RECORDS, metavar="DIR", help="where what was measured is kept")
    parser.add_argument("--fresh", action="store_true", help="measure again what is stored")
    options = parser.parse_args(arguments)
    if refused := unsuitable_file("--out", options.out) or unsuitable_folder("--records", options.records):
        print(refused, file=sys.stderr)
        return 2
    if ENVIRONMENT.items() <= os.environ.items():
        deep = DEEP if options.widths is None else {}
        measure_costs(options.widths or WIDTHS, options.out, Store(options.records), options.fresh, deep)
        return 0
    words = ["--out", str(options.out), "--records", str(options.records), *["--fresh"] * options.fresh]
    words += [] if options.widths is None else ["--widths", *map(str, options.widths)]
    command = [sys.executable, "-m", "experiments.gradient_cost.times", *words]
    return run_program(command, Path.cwd(), os.environ | ENVIRONMENT)


if __name__ == "__main__":
    kept = "interrupted; what was measured is kept, and the same command goes on from here"
    # The process that starts another one hands the interruption on.
    sys.exit(Interruption(kept).run(main) if ENVIRONMENT.items() <= os.environ.items() else main())
