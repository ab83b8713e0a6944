"""The experiments: one file a question.

A module of this package that defines ``POSITION`` is an experiment. It states what it asks and what it
measures, and turns records into tables, figures and findings:

- ``POSITION``: int, its place in the report;
- ``TITLE``, ``QUESTION``: str;
- ``SWEEP``: the `Sweep` that is measured;
- ``tables(measured)``, ``figures(measured)``: lists of `Table` and `Figure`;
- ``findings(measured)``: list of sentences, the answer first; every number in them comes from a record.
"""
