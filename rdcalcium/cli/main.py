"""The entry point: mistakes of the user become one sentence and an exit status."""

from __future__ import annotations

import sys

import click

from rdcalcium.cli.commands import INTERRUPTED, cli
from rdcalcium.errors import RdcalciumError
from rdcalcium.machine import let_idle_cores_sleep


def main() -> None:
    """Run the command line; what is no mistake of the user shows its traceback."""
    let_idle_cores_sleep()
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort as abort:
        _fail(_stopped(abort.__cause__), INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt as interrupt:
        _fail(_stopped(interrupt), INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except RdcalciumError as error:
        _fail(str(error) + _options(error.ways))
    except OSError as error:  # a file or folder, named in its text
        _fail(str(error) or type(error).__name__)
    except MemoryError:
        _fail("this machine has too little memory for that; choose wider cells")


def _options(ways: tuple[str, ...]) -> str:
    """The options by which the command line goes the ways that an error names."""
    return f" ({', '.join(f'--{way}' for way in ways)})" if ways else ""


def _stopped(cause: BaseException | None) -> str:
    """That the command was stopped, and what the interrupt says of it."""
    return " ".join(["stopped", *map(str, cause.args if cause else ())])


def _fail(message: str, status: int = 1) -> None:
    click.echo(f"rdcalcium: {message}", err=True)
    sys.exit(status)
