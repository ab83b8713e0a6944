"""The list of all searches. A further one is a function and an entry here."""

from tests.campaign.found import Search

__all__ = ["SEARCHES"]

SEARCHES = {
    search.name: search
    for search in (
        Search("bounds", "No error of a random function exceeds its bound.", "tests.analysis.random_cells:search"),
        Search(
            "mixed_types",
            "Parts of the error of random functions of mixed types are those of an oracle, and within their bounds.",
            "tests.analysis.mixed_cells:search",
        ),
        Search(
            "engines",
            "The ledgers of random functions that mpmath and Arb give are the same, byte for byte.",
            "tests.analysis.engine_search:search",
        ),
        Search(
            "one_sided",
            "The one-sided truth of a random formula is the limit of its difference quotients.",
            "tests.analysis.one_sided_search:search",
        ),
        Search(
            "accuracy",
            "NumPy's elementary functions hold their limits at random arguments.",
            "tests.arithmetic.accuracy_search:search",
        ),
        Search(
            "special_accuracy",
            "SciPy's special functions hold their limits at random arguments.",
            "tests.arithmetic.special_accuracy_search:search",
        ),
        Search(
            "elementwise",
            "Kernels take random elementwise functions and refuse those that mix elements.",
            "tests.formulas.elementwise_search:search",
        ),
        Search(
            "estimator",
            "The bar of the derivative of a random function holds in 99 of 100 cases.",
            "tests.adaptive.random_search:search",
            rate=0.01,
        ),
        Search(
            "right_gradients",
            "Of 10,000 right gradients of realistic functions at most 4 are called wrong.",
            "tests.gradients.random_search:right",
            rate=4e-4,
        ),
        Search(
            "wrong_gradients",
            "No wrong coordinate of a gradient is called right.",
            "tests.gradients.random_search:wrong",
        ),
        Search(
            "dropout",
            "Of 1,000 functions with dropout at most 3 are not refused.",
            "tests.gradients.random_search:left_out",
            rate=0.003,
        ),
        Search(
            "stored_damage", "No damaged measurement is loaded with other numbers.", "tests.study.damage_search:damages"
        ),
    )
}
"""By name."""
