"""Which published claims hold when they are computed again?

A claim is data (``ledger/``, one TOML file each, or a file of the user's), its recomputation a named function
(``recompute/``, found by its place). ``check`` runs the one on the other and gives a verdict by written rules
(``verdict``), what the figure hangs on, and the name, date and hash of the data. A claim that cannot be checked here
says what is missing; it is not thereby wrong.
"""

from weighbridge.claims.check import Checked, check
from weighbridge.claims.ledger import Claim, Figure, shipped, user_file

__all__ = ["Checked", "Claim", "Figure", "check", "shipped", "user_file"]
