"""The command line. One small module a command: parse, call, print. Found by their place: each has ``register(app)``.

Modules import what they call inside the command, so that ``--help`` answers at once.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer


def build() -> typer.Typer:
    """The whole command line, each module of this folder registered."""
    app = typer.Typer(
        help="Weigh language models before they enter your software: attacks that ran, paired statistics, dated facts.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        epilog="Start with `weighbridge doctor`, then `weighbridge audit plan.toml --run DIR`. Every step resumes.",
    )
    app.callback(invoke_without_command=True)(_version)
    for _, name, _ in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        register = getattr(importlib.import_module(f"{__name__}.{name}"), "register", None)
        if register is not None:
            register(app)
    return app


def _version(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        from weighbridge import __version__

        typer.echo(f"weighbridge {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line: an error that the user can mend is one sentence and an exit code of its own."""
    from weighbridge.errors import NoIsolation, WeighbridgeError

    try:
        build()()
    except WeighbridgeError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _stopped()
    except SystemExit as end:  # typer makes an exit of Ctrl-C
        if end.code == 130:
            _stopped()
        raise
    except BrokenPipeError:
        sys.exit(141)
    except Exception as error:
        cell = sys.modules.get("weighbridge.cell")
        if cell is not None and isinstance(error, cell.NoIsolation):
            _say(str(error))
            sys.exit(NoIsolation.exit_code)
        raise


def _stopped() -> None:
    _say("stopped; what was finished is kept, the same command goes on from there")
    sys.exit(130)


def _say(message: str) -> None:
    from rich.console import Console
    from rich.markup import escape

    Console(stderr=True, soft_wrap=True).print(f"[bold red]weighbridge:[/] {escape(message)}", highlight=False)
