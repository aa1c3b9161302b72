"""Markdown tables on standard output, for the bench files that print the figures of docs/statistics.md."""


def head(*names: str) -> None:
    """The first two lines of a table."""
    print("\n| " + " | ".join(names) + " |\n|" + "---|" * len(names))


def row(*cells: object) -> None:
    """One line; fractional numbers with three places."""
    print("| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |", flush=True)
