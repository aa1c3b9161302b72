"""Known open-weight models on this machine: fetch a file by its hash, serve it on loopback, ask it like any endpoint.

Nothing of an audit depends on this folder: it gives the demo and the head-to-head an endpoint that needs no key.
The facts are in ``models.toml``, read by ``known``; ``fetch`` brings a file, ``serve`` starts a server for it.
"""
