"""Estimators: arrays and polars frames in, numbers out. No files, no network, nothing of ours imported.

The way in for an audit is ``effects.analyse``: a frame of trials and a ``Design`` give a row for every model, context
and outcome. Each module answers one question and can be called alone; ``docs/statistics.md`` says why each estimator
was chosen and prints the simulations that it was chosen by.
"""
