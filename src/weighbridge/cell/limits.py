"""What one cell may use. The limits in force are written into every report."""

from dataclasses import asdict, dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits of one cell; sizes in bytes, times in seconds.

    ``memory``, ``processes`` (threads count) and ``disk`` hold for the whole cell, ``cpu`` for everything that one run
    starts, ``output`` for what is kept of stdout and stderr each, ``flood`` for what may be written before the program
    is stopped, ``wall`` for one run, ``start`` for the time until the program is ready.
    """

    memory: int = 512 * MIB
    processes: int = 64
    cpu: float = 10.0
    wall: float = 60.0
    start: float = 15.0
    descriptors: int = 256
    file: int = 64 * MIB
    disk: int = 64 * MIB
    shared_memory: int = MIB
    output: int = MIB
    flood: int = 64 * MIB
    reply: int = 4 * MIB

    def as_dict(self) -> dict[str, float]:
        return asdict(self)
