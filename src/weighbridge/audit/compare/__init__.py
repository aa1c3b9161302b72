"""Answers side by side: what models, and ways of asking one model, come to on the same tasks; what the panel missed.

The step after ``scan`` for answers that others collected, and for a judged run of our own. In the order of the flow:
``answers`` (outcomes as columns, whoever judged them), ``standings`` (rates, pairs of models, modes of asking),
``tasks`` (which oracles may be blind), ``instruments`` (what each tool sees of what was exploited, what nobody saw).
Verdicts keep their source's name; those of others and ours never stand in one run.
"""

from weighbridge.audit.compare.compare import Comparison, compare, read_comparison

__all__ = ["Comparison", "compare", "read_comparison"]
