"""The registry is a list: its names are the files and folders of the questions."""

from pathlib import Path

import experiments
from experiments.registry import EXPERIMENTS

HOME = Path(experiments.__file__).parent


def test_an_experiment_is_a_file_or_a_folder_of_its_name():
    for name, experiment in EXPERIMENTS.items():
        assert name == experiment.name
        assert (HOME / f"{name}.py").is_file() != (HOME / name / f"{name}.py").is_file(), name


def test_every_folder_and_file_with_an_experiment_is_listed():
    found = {path.stem for path in HOME.rglob("*.py") if "EXPERIMENT = Experiment(" in path.read_text("utf-8")}
    assert found == set(EXPERIMENTS)


def test_the_report_begins_with_the_secant_and_ends_with_gradients():
    names = list(EXPERIMENTS)
    assert (names[0], names[-2:]) == ("secant_to_tangent", ["gradient_cost", "gradient_check"])


def test_at_most_twenty_files_lie_beside_the_registry():
    assert len(list(HOME.glob("*.py"))) <= 20
