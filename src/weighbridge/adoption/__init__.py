"""Who uses which models, and from where? Usage logs and public series, counted once and put on one axis.

``files`` (what stands in a file) → ``formats`` (one module a log format) → ``usage`` (totals by day, with an account
of every row) → ``shares`` and ``cohorts``, marked by ``days`` and with ``spend`` put right.
"""

from weighbridge.adoption.shares import shares
from weighbridge.adoption.usage import Account, Remark, Usage, read

__all__ = ["Account", "Remark", "Usage", "read", "shares"]
