"""The derivative of a black box, with an error bar that is one.

`derivative` takes the arguments and makes the `result`, `calls` calls f, `engine` chooses nodes, value and bar, and
`status` says what became of a point.
"""
