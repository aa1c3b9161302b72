"""A model as reviewer: one more instrument of the panel, off by default, measured against attacks that worked.

In the order of the flow: ``audit.truth`` (answers with their verdicts), ``sample`` (which programs), ``prompt`` (what
is asked), ``prepare`` (what is to be asked still, and its cost), ``review`` (asking, through ``audit.ask``, and the
table ``reviews``), ``reading`` (what an answer says), ``agreement`` (how well the reviewer tells) and ``rates`` (what
its labels say about answers that nobody attacked). ``probe`` asks whether a program can talk its reviewer round, and
``twins`` are test weights to try it on. What a reviewer says is never a verdict of Weighbridge.
"""
