"""The errors that a user can mend: each says what is wrong, where, and what to do, and has an exit code of its own.

The command line prints the message in one sentence, without a traceback, and exits with ``exit_code``.
``cell`` and ``stats`` import nothing of ours and have their own exceptions; the command line translates them.
"""


class WeighbridgeError(Exception):
    """Base of every error that the user can mend."""

    exit_code = 1


class PlanError(WeighbridgeError):
    """A plan that cannot be read or names something that does not exist."""

    exit_code = 3


class KeyMissing(WeighbridgeError):
    """An environment variable that a plan names for a key is not set."""

    exit_code = 4


class EndpointDown(WeighbridgeError):
    """A model's endpoint could not be reached at all."""

    exit_code = 5


class RunMismatch(WeighbridgeError):
    """A run folder that belongs to another plan."""

    exit_code = 6


class TableCorrupt(WeighbridgeError):
    """A table of a run that cannot be read or has not the columns it must have."""

    exit_code = 7


class NoIsolation(WeighbridgeError):
    """The cell cannot be had here, or an attack on it got through; nothing is run."""

    exit_code = 8


class StepMissing(WeighbridgeError):
    """A step that needs the table of an earlier step which has not been finished."""

    exit_code = 9


class DataError(WeighbridgeError):
    """A data file of the user's (ratings, prices, usage logs, claims …) that cannot be used as it is."""

    exit_code = 10


class UnknownName(WeighbridgeError):
    """A model, board, scenario, context or trial that is not known by that name."""

    exit_code = 11


class BudgetSpent(WeighbridgeError):
    """A limit of the plan was reached before every trial was asked; the run is resumable."""

    exit_code = 12
