"""The errors and warnings that a user can cause and mend; anything else that is raised is a mistake of ours."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


class RdcalciumError(Exception):
    """Says in one sentence what was given, what is possible, and what to try.

    ways  what of the package would help, by its word: "overwrite" and "out" of `run`, "resume", …
    """

    def __init__(self, sentence: str, *ways: str):
        super().__init__(sentence)
        self.ways = ways


class InputError(RdcalciumError, ValueError):
    """Something that was given cannot be used."""


class MemoryShortageError(RdcalciumError):
    """A run that would not fit into the memory of this machine."""


class ModelError(InputError):
    """A model that cannot be run as it stands."""


class ModelWarning(UserWarning):
    """A model that runs, and may not give what was meant; the sentence says why, and what to change."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What a misspelt word was meant to be, if any known one is like it or has these initials; case does not matter."""
    of_lower = {_looks(other): other for other in known}
    close = difflib.get_close_matches(_looks(word), list(of_lower), n=1, cutoff=0.6)
    if close:
        return of_lower[close[0]]
    initials = {"".join(part[:1] for part in other.split("_")): other for other in of_lower if "_" in other}
    return of_lower[initials[_looks(word)]] if _looks(word) in initials else None


def _looks(word: str) -> str:
    """In small letters, and alike for letters that Unicode has several times: the Greek mu, the sign of a millionth."""
    return unicodedata.normalize("NFKC", word).lower()


def suggest(word: str, known: Iterable[str], intro: str = "known") -> str:
    """Say what is known, and what is nearest to a misspelt word."""
    known = sorted(known)
    close = nearest(word, known)
    other = close and _looks(close) == _looks(word) and close.lower() != word.lower()
    hint = f". Did you mean {close!r}{', which only looks the same' if other else ''}?" if close else ""
    return f"{intro}: {', '.join(known) or 'none'}{hint}"
