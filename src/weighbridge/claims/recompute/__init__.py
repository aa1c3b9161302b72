"""How claims are recomputed: one module a source of data, its public functions named in ledgers as ``module.function``.

A function takes the evidence, the claim and the claim's ``arguments``, and gives ``Recomputed``. Where something it
needs is not there it raises ``Missing``: no figure is made up.
"""
