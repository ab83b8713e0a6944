"""The experiments: one file a question, or a folder where a question needs more.

`experiments.registry` lists them in the order of the report. Each is an `experiments.experiment.Experiment`: what it
asks, what is measured for it, and the functions that make tables, figures and findings of what was measured. Every
number in a finding comes from a record.

What two or more questions share is in `experiments.frames` (operations on frames, words for sentences) and
`experiments.drawing`.
"""
