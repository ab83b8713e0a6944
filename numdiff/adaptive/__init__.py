"""The derivative of a black box, with an error bar that is one.

`derivative` is the function; `arguments` checks and broadcasts what it is given, `blocks` runs the `engine`, which
chooses nodes, value and bar, `calls` calls f for it, `repeats` sees whether f is deterministic, and `outcome` makes the
`result`, in which `status` says what became of each point.
"""
