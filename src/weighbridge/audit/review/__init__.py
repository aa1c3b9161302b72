"""A model as reviewer: one more instrument of the panel, off by default, measured against attacks that worked.

In the order of the flow: ``sample`` (which programs), ``prompt`` (what is asked), ``review`` (asking, through
``audit.ask``, and the table ``reviews``), ``reading`` (what the answer says), ``truth`` (answers with their verdicts,
of either kind of run), ``agreement`` (how well the reviewer tells) and ``rates`` (what its labels say about answers
that nobody attacked). What a reviewer says is never a verdict of Weighbridge.
"""
