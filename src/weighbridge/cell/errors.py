"""What can go wrong with a cell, in words of the cell. The command line translates them for users."""


class CellError(Exception):
    """Base of everything the cell raises."""


class NoIsolation(CellError):
    """No isolation is to be had here, or an attack on it got through. Nothing is run; the text says the mend."""


class ProgramError(CellError):
    """The program did not do what it was asked. Always its own doing, never a fault of the judge."""


class ProgramRaised(ProgramError):
    """The program raised an exception: its type's name and its text, as the program gives them."""

    def __init__(self, type: str, message: str):
        super().__init__(f"{type}: {message}")
        self.type = type
        self.message = message


class ProgramDied(ProgramError):
    """The program ended before it answered. ``reason`` as in ``CellReport.ended_by``."""

    def __init__(self, reason: str):
        super().__init__(f"the program ended: {reason}")
        self.reason = reason


class ProgramTimedOut(ProgramError):
    """No answer within the time limit. ``partial`` is what of a web answer had come."""

    def __init__(self, message: str, partial: bytes = b""):
        super().__init__(message)
        self.partial = partial


class ReplyInvalid(ProgramError):
    """An answer that is not one: no JSON, too long, too deep, or for another question."""


class NotPlain(CellError):
    """A path that is not a regular file with one link inside the cap, or a folder too full to list."""
