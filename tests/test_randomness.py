"""The same words give the same random numbers everywhere; other words give others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from rdcalcium.randomness import generator

PINNED = [0.14373711136024037, 0.3810429856376072, 0.9091546319836562]
WORDS = [(1, 1), (1, 2), (2, 1), (1, 1, "a"), (1, 1, "b"), (1, 1, "a", 1), (1, 1, "a", "1"), (1, 1, "a1"), (11, "a")]


def test_the_numbers_of_some_words_are_those_that_they_were_on_every_machine() -> None:
    """Drawn once and written down: a change would change every published trial."""
    numbers = generator(1, 1, "gates", "P/Q").random(3)
    np.testing.assert_array_equal(numbers, PINNED)


def test_no_two_rows_of_words_share_a_stream() -> None:
    firsts = {generator(*words).random() for words in WORDS}  # type: ignore[arg-type]
    assert len(firsts) == len(WORDS)


def test_whoever_draws_more_gets_the_same_numbers_first() -> None:
    np.testing.assert_array_equal(generator(5, 3, "x").random(1000)[:10], generator(5, 3, "x").random(10))


def test_numbers_of_many_trials_are_uniform_and_independent() -> None:
    numbers = np.array([generator(1, trial, "gates").random(2) for trial in range(1, 2001)])
    assert kstest(numbers[:, 0], "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(numbers[:, 0], numbers[:, 1])[0, 1]) < 4 / np.sqrt(2000)
    assert abs(np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]) < 4 / np.sqrt(2000)


def test_a_whole_number_of_numpy_is_the_number() -> None:
    assert generator(np.int64(7), np.int32(2), "x").random() == generator(7, 2, "x").random()


@pytest.mark.parametrize("word", [0.5, None, b"x"])
def test_a_word_that_is_neither_number_nor_text_is_refused(word: object) -> None:
    with pytest.raises(TypeError):
        generator(1, 1, word)  # type: ignore[arg-type]
