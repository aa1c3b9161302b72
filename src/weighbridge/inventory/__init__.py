"""Which models is this source tree, unpacked image or fleet of repositories built on?

The way of a file: ``walk`` finds it without ever leaving the tree, ``reading`` opens it once and asks the detector
whose place it is (``detectors/``, one module a kind of file), which gives *mentions*: strings with the key or call
they stand in. ``judge`` (``headers`` for weights) decides with the catalogue which mentions are uses; ``survey``
does it for a whole tree. ``policy``, ``sarif``, ``bom`` and ``fleet`` are what can be made of the result.
"""
