"""The text of Abaqus files: keywords with their parameters and data lines."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rdcalcium.errors import InputError

# What would have to be done to nodes and elements that are read, or what makes some that are not.
_NOT_FOLLOWED = ("SYSTEM", "NGEN", "NFILL", "NCOPY", "NMAP", "ELGEN", "ELCOPY")


class Keyword(NamedTuple):
    """One of a file.

    name        in capitals
    parameters  by their names in capitals, as they are spelt
    lines       the words of its data lines; a word may be empty
    """

    name: str
    parameters: dict[str, str]
    lines: list[list[str]]

    def said(self, parameter: str) -> str:
        """What a parameter says that has to be there."""
        if parameter not in self.parameters:
            raise InputError(f"*{self.name} does not say {parameter}=…")
        return self.parameters[parameter]

    def words(self) -> list[list[str]]:
        """Its data lines without empty words."""
        return [[word for word in line if word] for line in self.lines]


def keywords_of(path: Path) -> list[Keyword]:
    """Those of a file, in order; InputError for one that makes or moves nodes, or reads them elsewhere."""
    found: list[Keyword] = []
    goes_on = False
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("**") or not line.strip():
            continue
        words = [word.strip() for word in line.split(",")]
        if line.startswith("*"):
            found.append(Keyword(words.pop(0)[1:].strip().upper(), {}, []))
            goes_on = True
        if goes_on:  # a keyword that ends in a comma has parameters on the next line
            found[-1].parameters.update(_parameter(word) for word in words if word)
            goes_on = line.rstrip().endswith(",")
        elif found:
            found[-1].lines.append(words)
    for keyword in found:
        _require_followed(keyword)
    return found


def _parameter(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name.strip().upper(), value.strip().strip('"')


def _require_followed(keyword: Keyword) -> None:
    """InputError for what cannot be left out, as the mesh would be another one."""
    name, parameters = keyword.name, keyword.parameters
    if name == "INCLUDE":
        raise InputError("*INCLUDE is not followed; merge the files first")
    if name in ("NODE", "ELEMENT", "NSET", "ELSET") and "INPUT" in parameters:
        raise InputError(f"*{name} with INPUT={parameters['INPUT']} is not followed; merge the files first")
    if name in _NOT_FOLLOWED and (keyword.lines or parameters):
        raise InputError(f"*{name} is not followed; write a file that lists all nodes and elements at their places")
    if name == "NODE" and parameters.get("SYSTEM", "R").upper() != "R":
        raise InputError("nodes in cylindrical or spherical coordinates are not read; write x, y and z")
