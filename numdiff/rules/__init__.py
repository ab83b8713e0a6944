"""Step rules: published ways to choose the step of a difference formula, one file a rule.

A rule answers ``rule(f, x, fmt, formula, noise, domain)`` with a `Choice` (see `base`). `RULES` in `table` is
the list of them, and `run_rule` in `run` runs one: it evaluates the formula where the rule gives a step only, and
counts evaluations. What rules that evaluate f share is in `evaluation`.
"""
