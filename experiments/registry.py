"""All experiments, in the order of the report: a new one is a line here."""

from experiments import composition, forward_vs_centered, secant_to_tangent
from experiments.decimal_steps import decimal_steps
from experiments.elementary_functions import elementary_functions
from experiments.error_bars import error_bars
from experiments.error_ledger import error_ledger
from experiments.experiment import Experiment
from experiments.formulation import formulation
from experiments.gradient_check import gradient_check
from experiments.gradient_cost import gradient_cost
from experiments.half_precision_atlas import half_precision_atlas
from experiments.higher_order import higher_order
from experiments.optimal_step import optimal_step
from experiments.published_tables import published_tables
from experiments.step_rules import step_rules
from experiments.step_sweep import step_sweep
from numdiff.registry import Registry

EXPERIMENTS: Registry[Experiment] = Registry(
    "experiment",
    [
        secant_to_tangent.EXPERIMENT,
        forward_vs_centered.EXPERIMENT,
        step_sweep.EXPERIMENT,
        composition.EXPERIMENT,
        error_ledger.EXPERIMENT,
        optimal_step.EXPERIMENT,
        higher_order.EXPERIMENT,
        formulation.EXPERIMENT,
        decimal_steps.EXPERIMENT,
        elementary_functions.EXPERIMENT,
        half_precision_atlas.EXPERIMENT,
        published_tables.EXPERIMENT,
        step_rules.EXPERIMENT,
        error_bars.EXPERIMENT,
        gradient_cost.EXPERIMENT,
        gradient_check.EXPERIMENT,
    ],
)
"""Their names are the arguments of ``python -m experiments`` and the folders of the report."""
