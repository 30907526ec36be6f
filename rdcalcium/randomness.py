"""Random numbers that are known by what they are for: the same words give the same numbers, wherever and whenever."""

from __future__ import annotations

import hashlib
from operator import index

import numpy as np

KEY_BYTES = 16  # of Philox
BY_NUMBER = "by number"  # in the name of what a checkpoint keeps of things that come and go: a row of each


def generator(seed: int, trial: int, *what: int | str) -> np.random.Generator:
    """Random numbers of one trial for one purpose, such as generator(seed, trial, "gates", "P/Q").

    No other words share its stream, so that whoever draws more, or fewer, changes the numbers of nobody else. The words
    become the key of the counter-based Philox (Salmon et al. 2011, SC '11, 16), through SHA-256: independent of the
    machine, of the backend and of the order in which streams are asked for. Of its distributions `random` depends on
    the stream alone, one number for each, so that the first of them are the same however many are drawn.

    Raises TypeError for a word that is neither whole number nor text.
    """
    words = b"".join(_encoded(word) for word in (seed, trial, *what))
    key = int.from_bytes(hashlib.sha256(words).digest()[:KEY_BYTES], "little")
    return np.random.Generator(np.random.Philox(key=key))


def _encoded(word: int | str) -> bytes:
    """A word with its kind and length, so that no two rows of words read alike."""
    kind, text = (b"s", word) if isinstance(word, str) else (b"i", str(index(word)))
    said = text.encode()
    return kind + str(len(said)).encode() + b":" + said
