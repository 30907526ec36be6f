"""The command line; the only room that talks to the terminal and ends the program."""

from rdcalcium.cli.main import main

__all__ = ["main"]
