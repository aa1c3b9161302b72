"""What does a model really cost? Three questions, each a module, on dated and sourced prices.

``solved``: what a task solved cost in an audit that was run. ``history`` and ``quotes``: what a model's price was on a
day, by host and by registry, and which changes were real. ``frontier`` and ``selfhost``: what equal capability costs
on either side over time, and from which volume on one's own machine is cheaper. Nothing here reads a run folder or a
rating history: frames come in. A price that is not known is counted and named and is never 0.
"""
