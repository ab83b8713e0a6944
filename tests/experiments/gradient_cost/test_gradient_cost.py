"""What gradients cost: counts are those of real runs, times come from a file, and the file may be absent."""

import numpy as np
import pandas as pd
import pytest

from experiments import command as module
from experiments.experiment import NOTHING
from experiments.gradient_cost import data as gradient_cost_data
from experiments.gradient_cost import gradient_cost
from experiments.gradient_cost import times as gradient_cost_times
from experiments.gradient_cost.data import FAR, LARGE, WAYS, counts, depth, exponents, far, times
from experiments.gradient_cost.network import SAMPLES, VariableNetwork, network_of
from experiments.gradient_cost.times import DEEP, DIFFERENCES, MOST, Counted, bytes_of, evaluations_of, seconds_of, ways
from experiments.registry import EXPERIMENTS
from experiments.reproducibility import comparison
from numdiff.autodiff import array_functions, data, gradient_of, on_arrays
from numdiff.floats.views import HolomorphicArray
from numdiff.gradients import gradient
from numdiff.gradients.fixed_looks import LOOKED_AT
from numdiff.report import checksums
from numdiff.study.store import Store
from tests.experiments.sentences import check_section, numbers_of

# --- the network -----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0, 1, 3, 10])
def test_gradient_of_the_network_is_that_of_the_complex_step(width):
    network = network_of(width)
    theta = network.start()
    assert theta.shape == (network.parameters,)
    g = gradient_of(network)(theta)
    for i in range(0, theta.size, 7):
        z = theta.astype(complex)
        z[i] += 1j * 2.0**-200
        exact = float(np.asarray(on_arrays(network)(z.view(HolomorphicArray))).imag) * 2.0**200
        # Sums of at most SAMPLES + width terms, whose sizes are below 1.
        assert abs(g[i] - exact) <= (SAMPLES + width) * 2.0**-53 * 4 * max(1, np.abs(g).max())


@pytest.mark.parametrize("sizes", [(1, 1), (4, 4, 1), (5, 3, 2), (3, 4, 5, 2)])
def test_multiplications_are_those_of_the_products_that_are_formed(sizes, monkeypatch):
    formed = []

    def product(x, y):
        formed.append(x.size * y.shape[-1])
        return data.product(x, y)

    monkeypatch.setattr(array_functions, "product", product)
    network = VariableNetwork(sizes)
    on_arrays(network)(network.start())
    assert sum(formed) == network.products
    formed.clear()
    gradient_of(network)(network.start())
    assert sum(formed) == network.products + network.products_back


@pytest.mark.parametrize("method", DIFFERENCES)
@pytest.mark.parametrize("n", [1, 2, 17])
def test_evaluations_are_those_that_a_gradient_makes(method, n):
    calls = []
    gradient(lambda x: calls.append(1) or x[0], np.ones(n), stencil=method)
    assert len(calls) == evaluations_of(method, n)


def test_back_propagation_makes_one_evaluation():
    calls = []
    network = VariableNetwork((2, 2, 1))
    gradient_of(lambda v: calls.append(1) or network(v))(network.start())
    assert len(calls) == evaluations_of("back-propagation", 6) == 1


EVERY = ("loss", "back-propagation", "forward", "centered", "estimator", "check")


# --- measuring -------------------------------------------------------------------------------------


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Return a file of times that were really measured, of networks so small that it takes a moment."""
    path = tmp_path / "times.csv"
    monkeypatch.setattr(gradient_cost_times, "REPEATED", 0.001)
    gradient_cost_times.measure_costs((0, 1, 2), path)
    use(path, monkeypatch)
    return path


def use(path, monkeypatch):
    for holder in (gradient_cost, gradient_cost_data):
        monkeypatch.setattr(holder, "FILE", path)


def test_every_way_is_measured_and_the_machine_is_described(measured):
    frame, machine = gradient_cost_times.read(measured)
    assert [*zip(frame["parameters"], frame["method"], strict=True)] == [(n, name) for n in (1, 2, 6) for name in EVERY]
    assert (frame[["seconds", "calls", "peak_bytes"]] > 0).all().all()
    assert set(machine) == {"machine", "software", "threads"}
    assert "NumPy" in machine["software"]


def test_all_ways_give_one_gradient():
    network = network_of(3)
    found = {name: call(network.start()) for name, call in ways(network).items() if name not in ("loss", "check")}
    exact = found.pop("back-propagation")
    # About √u and u^⅔ times moderate derivatives, and what the estimator reaches.
    for name, tolerance in (("forward", 1e-7), ("centered", 1e-9), ("estimator", 1e-9)):
        assert np.abs(found[name] - exact).max() <= tolerance


def test_a_gradient_that_takes_too_long_is_left_out_and_estimated(tmp_path, monkeypatch):
    path = tmp_path / "times.csv"
    monkeypatch.setattr(gradient_cost_times, "REPEATED", 0.001)
    monkeypatch.setattr(gradient_cost_times, "LONGEST", 0.0)
    gradient_cost_times.measure_costs((1,), path)
    use(path, monkeypatch)
    frame, _ = times()
    known = frame.set_index("method")
    assert known["source"].to_dict() == {
        "loss": "measured",
        "back-propagation": "measured",
        "forward": "estimated",
        "centered": "estimated",
    }
    assert known["seconds"]["forward"] == 5 * known["seconds"]["loss"]
    assert known["seconds"]["centered"] == 9 * known["seconds"]["loss"]


def test_command_measures_in_a_process_of_its_own(tmp_path):
    out, records = tmp_path / "there" / "times.csv", tmp_path / "records"
    words = ["--out", str(out), "--records", str(records), "--widths", "0"]
    assert gradient_cost_times.main(words) == 0
    assert len(gradient_cost_times.read(out)[0]) == len(EVERY)
    first = out.read_bytes()
    assert gradient_cost_times.main(words) == 0
    assert out.read_bytes() == first


def test_what_was_measured_is_not_measured_again_unless_asked_for(tmp_path, monkeypatch):
    out, store, asked, rows_of = tmp_path / "times.csv", Store(tmp_path / "records"), [], gradient_cost_times.rows_of
    monkeypatch.setattr(gradient_cost_times, "REPEATED", 0.001)
    monkeypatch.setattr(
        gradient_cost_times, "rows_of", lambda width, layers: asked.append(width) or rows_of(width, layers)
    )
    gradient_cost_times.measure_costs((0, 1), out, store)
    gradient_cost_times.measure_costs((0, 1, 2), out, store)
    assert asked == [0, 1, 2]
    gradient_cost_times.measure_costs((1,), out, store, fresh=True)
    assert asked == [0, 1, 2, 1]
    monkeypatch.setattr(gradient_cost_times, "machine", lambda: [("machine", "another one")])
    gradient_cost_times.measure_costs((1,), out, store)
    assert asked == [0, 1, 2, 1, 1]


def test_seconds_are_those_of_the_processor_and_bytes_those_at_the_peak():
    seconds, calls = seconds_of(lambda: sum(range(10_000)))
    assert 0 < seconds < 1
    assert calls >= 3
    kept = np.ones(10)
    assert 8e6 <= bytes_of(lambda: np.ones(10**6)[:10] + kept) < 8.1e6


def test_the_peak_of_a_long_call_is_seen_in_its_first_coordinates(monkeypatch):
    network = network_of(30)
    loss = Counted(on_arrays(network))
    call, theta = ways(network, loss)["forward"], network.start()
    call(theta)
    whole, before = bytes_of(lambda: call(theta)), loss.calls
    monkeypatch.setattr(gradient_cost_times, "ENOUGH", 600)
    begun = bytes_of(lambda: gradient_cost_times._begun(call, theta, loss))
    assert loss.calls == before + 601
    assert begun == pytest.approx(whole, rel=0.1)
    call(theta)  # as before: to the end


# --- the experiment --------------------------------------------------------------------------------


def test_counts_grow_as_n_squared_and_as_n():
    frame = counts()
    assert frame["parameters"].min() == 1
    assert frame["parameters"].max() >= 10**5
    power = exponents(frame, ["multiplications"]).set_index("method")
    for method, exact in (("forward", 2), ("centered", 2), ("loss", 1), ("back-propagation", 1)):
        assert power["exponent"][method] == pytest.approx(exact, abs=2e-3)
    loss, back = (frame[frame["method"] == name]["multiplications"].to_numpy() for name in ("loss", "back-propagation"))
    assert (back <= 3 * loss).all()


def fake(path, exponent=1.0):
    """Write times that are a power of n, with differences measured up to 5·10⁴ parameters."""
    rows = []
    for n in (1, 10, 10_000, 20_000, 50_000, 100_000):
        one = 1e-8 * n**exponent
        rows += [(n, "loss", one, 9, 100 * n), (n, "back-propagation", 3 * one, 9, 400 * n)]
        rows += [(n, name, evaluations_of(name, n) * one, 1, 200 * n) for name in DIFFERENCES if n <= 50_000]
    frame = pd.DataFrame(rows, columns=["parameters", "method", "seconds", "calls", "peak_bytes"])
    path.write_text("# machine: M\n# software: S\n# threads: 1\n" + frame.to_csv(index=False), encoding="utf-8")


def test_exponents_and_extrapolation_follow_from_the_times(tmp_path, monkeypatch):
    path = tmp_path / "times.csv"
    fake(path)
    use(path, monkeypatch)
    frame, _ = times()
    fits = exponents(frame, ["seconds"]).set_index("method")
    assert fits["exponent"].round(2).to_dict() == {"loss": 1, "forward": 2, "centered": 2, "back-propagation": 1}
    assert (fits["smallest_n"] == LARGE).all()
    assert fits["largest_n"].to_dict() == dict.fromkeys(DIFFERENCES, 50_000) | dict.fromkeys(
        ("loss", "back-propagation"), 100_000
    )
    ahead = far(frame).set_index("method")
    few = LOOKED_AT  # coordinates in which another step is looked at
    assert ahead["evaluations"].to_dict() == {
        "loss": 1,
        "forward": FAR + 1 + few,
        "centered": 2 * (FAR + few) + 1,
        "back-propagation": 1,
    }
    assert ahead["seconds"]["loss"] == pytest.approx(10.0)
    assert ahead["seconds"]["centered"] == pytest.approx(2e10)
    assert ahead["seconds"]["back-propagation"] == pytest.approx(30.0)


def test_with_times_there_are_their_figures_tables_and_findings(tmp_path, monkeypatch):
    path = tmp_path / "times.csv"
    fake(path)
    use(path, monkeypatch)
    section = EXPERIMENTS["gradient_cost"].section(NOTHING)
    assert [figure.name for figure in section.figures] == ["multiplications", "measured_seconds", "measured_peak_bytes"]
    assert [table.name for table in section.tables] == ["summary", "layers", "far"]
    assert [table.name for table in section.appendix] == ["counts", "growth", "growth_measured", "times"]
    text = " ".join((section.answer, *section.findings))
    assert "50000 parameters takes 50 s by centered differences" in text
    assert "seconds of centered differences grow as n to the power 2.00" in text
    assert numbers_of(section.answer) == []
    assert "as n² by differences and as n by back-propagation" in section.answer
    assert "one machine" in section.answer
    assert gradient_cost.ABSENT not in text
    again = EXPERIMENTS["gradient_cost"].section(NOTHING)
    assert [f.to_svg() for f in section.figures] == [f.to_svg() for f in again.figures]


@pytest.mark.parametrize("layers, work", [(1, 2.0), (2, 2.5), (50, 3 - 1 / 50)])
def test_the_work_of_back_propagation_depends_on_the_number_of_layers(layers, work):
    assert gradient_cost.work_of(layers) == pytest.approx(work, abs=2e-3)


def test_networks_of_one_two_and_five_hidden_layers_are_measured_and_have_a_row(tmp_path, monkeypatch):
    path = tmp_path / "times.csv"
    monkeypatch.setattr(gradient_cost_times, "REPEATED", 0.001)
    gradient_cost_times.measure_costs((2, 3), path, deep={2: (2,), 5: (2,)})
    use(path, monkeypatch)
    frame, _ = gradient_cost_times.read(path)
    assert frame.groupby("layers")["parameters"].max().to_dict() == {1: 12, 2: 10, 5: 22}
    assert set(DEEP) == {2, 5}
    table = depth().set_index("layers")
    assert table.index.tolist() == [1, 2, 5]
    assert table["parameters"].tolist() == [12, 10, 22]
    assert table["work"].tolist() == [pytest.approx(value, abs=2e-3) for value in (2.0, 2.5, 2.8)]
    assert (table[["forward", "centered", "estimator", "check"]].to_numpy() > 1).all()
    assert set(times()[0]["parameters"]) == {6, 12}  # the figures are of one hidden layer


def test_evaluations_are_counted_as_they_run(measured):
    frame = gradient_cost_times.read(measured)[0].set_index(["parameters", "method"])["evaluations"]
    assert frame[6, "loss"] == frame[6, "back-propagation"] == 1
    for method in DIFFERENCES:
        assert frame[6, method] == evaluations_of(method, 6)
    assert frame[6, "estimator"] >= 6 * 4
    assert 4 < frame[6, "check"] <= MOST


def test_a_file_without_layers_is_of_one_hidden_layer(tmp_path):
    path = tmp_path / "times.csv"
    fake(path)
    frame, _ = gradient_cost_times.read(path)
    assert set(frame["layers"]) == {1}
    assert frame.set_index(["parameters", "method"])["evaluations"][10, "forward"] == 11 + 8


def test_text_and_pictures_have_one_name_for_an_evaluation(tmp_path, monkeypatch):
    path = tmp_path / "times.csv"
    fake(path)
    use(path, monkeypatch)
    section = EXPERIMENTS["gradient_cost"].section(NOTHING)
    for figure in section.figures:
        assert "one evaluation" in set(figure.data["method"])
        assert "loss" not in f"{figure.alt} {figure.caption}".split()
    assert len({figure.alt for figure in section.figures}) == 3
    for table in section.tables:
        assert "loss" not in {*table.frame.get("method", ()), *table.frame.columns}


def test_differences_that_need_the_same_memory_are_one_curve(tmp_path, monkeypatch):
    path = tmp_path / "times.csv"
    fake(path)
    use(path, monkeypatch)
    frame, _ = times()
    assert set(gradient_cost.memory_of(frame)["method"]) == {
        "one evaluation",
        "back-propagation",
        "differences",
    }
    more = frame["peak_bytes"].where(frame["method"] != "centered", 2 * frame["peak_bytes"])
    assert "forward" in set(gradient_cost.memory_of(frame.assign(peak_bytes=more))["method"])


def test_few_times_are_enough(measured):
    section = EXPERIMENTS["gradient_cost"].section(NOTHING)
    assert [figure.name for figure in section.figures] == ["multiplications", "measured_seconds", "measured_peak_bytes"]
    assert all(figure.to_svg() for figure in section.figures)


def test_without_times_one_sentence_says_so(tmp_path, monkeypatch):
    use(tmp_path / "absent.csv", monkeypatch)
    section = EXPERIMENTS["gradient_cost"].section(NOTHING)
    assert [figure.name for figure in section.figures] == ["multiplications"]
    assert [table.name for table in section.tables] == ["summary", "layers", "far"]
    assert [table.name for table in section.appendix] == ["counts", "growth"]
    assert section.findings[-1] == gradient_cost.ABSENT
    assert "not measured" in section.answer
    assert "make measure-cost" in gradient_cost.ABSENT
    assert gradient_cost.ABSENT in section.tables[2].caption
    assert set(exponents(counts(), ["evaluations"])["method"]) == set(WAYS)


def test_command_runs_an_experiment_without_sweeps(tmp_path, monkeypatch):
    use(tmp_path / "absent.csv", monkeypatch)
    (tmp_path / "requirements.lock").write_text("")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert module.main(["gradient_cost", "--quick", "--arithmetic", "rounded"]) == 0
    report = (tmp_path / ".cache" / "report" / "README.md").read_text(encoding="utf-8")
    assert gradient_cost.EXPERIMENT.question in report
    assert gradient_cost.ABSENT in report


# --- comparing -------------------------------------------------------------------------------------


def test_what_was_measured_on_one_machine_is_listed_and_not_compared(tmp_path, capsys):
    folders = tmp_path / "results", tmp_path / "rebuilt"
    for folder in folders:
        folder.mkdir()
        (folder / comparison.ORIGIN).write_text("{}")
        checksums.write(folder, [path for path in folder.rglob("*") if path.is_file()])
    path = folders[0] / "measured" / "gradient_cost_times.csv"
    path.parent.mkdir()
    fake(path)
    checksums.write(path.parent, [path])
    assert checksums.broken(folders[0]) == []
    assert comparison.main([*map(str, folders)]) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("measured/gradient_cost_times.csv")]
    assert "listed" in line
    assert "measured on one machine, not compared" in line
    checksums.write(folders[0], [p for p in folders[0].rglob("*") if p.is_file()])
    assert "measured" not in (folders[0] / checksums.NAME).read_text(encoding="utf-8")
    (folders[0] / "stray.csv").write_text("x")
    assert comparison.main([*map(str, folders)]) == 1


def test_the_file_stands_where_the_comparison_expects_it():
    root = module.ROOT / "results"
    assert checksums.stands_apart(gradient_cost_times.FILE.relative_to(root).as_posix())


def test_the_section_can_be_read_by_its_readers(tmp_path, monkeypatch):
    check_section(EXPERIMENTS["gradient_cost"].section(NOTHING))
    use(tmp_path / "absent.csv", monkeypatch)
    check_section(EXPERIMENTS["gradient_cost"].section(NOTHING))
