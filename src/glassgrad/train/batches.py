"""Which samples a step sees: every one once an epoch, or drawn with replacement as in the deck.

>>> [batch.tolist() for batch in Shuffled(5, 2, seed=0).epoch(0)]
[[0, 2], [4, 1], [3]]

Each order is a function of the seed and the epoch alone (a Philox generator keyed by them), so that a run can be
repeated, and resumed without a replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import SettingError, one_of

ORDER, DROPOUT = 1, 2  # purposes that keys tell apart


def generator(seed: int, purpose: int, count: int) -> np.random.Generator:
    """Return the random numbers of one purpose at one count: Philox-4x64-10, keyed."""
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=[0, 0, count, 0]))


@dataclass(frozen=True)
class Shuffled:
    """A new permutation of all samples every epoch, cut into batches; the last one may be smaller."""

    samples: int
    batch: int
    seed: int
    covers_all: ClassVar[bool] = True

    @property
    def steps(self) -> int:
        """Number of batches in an epoch."""
        return -(-self.samples // self.batch)

    def order(self, number: int) -> Any:
        """Return the sample numbers of an epoch, counted from 0, one batch after the other."""
        return generator(self.seed, ORDER, number).permutation(self.samples)

    def epoch(self, number: int) -> Iterator[Any]:
        """Yield the sample numbers of each batch of an epoch, counted from 0."""
        return _cut(self.order(number), self.batch)


@dataclass(frozen=True)
class Drawn:
    """Batches drawn with replacement (the deck's way): an epoch sees about 63 % of the samples."""

    samples: int
    batch: int
    seed: int
    covers_all: ClassVar[bool] = False

    @property
    def steps(self) -> int:
        """Number of batches that make up as many samples as there are."""
        return max(self.samples // self.batch, 1)

    def order(self, number: int) -> Any:
        """Return the sample numbers of an epoch, counted from 0, one batch after the other."""
        return generator(self.seed, ORDER, number).integers(0, self.samples, self.steps * self.batch)

    def epoch(self, number: int) -> Iterator[Any]:
        """Yield the sample numbers of each batch of an epoch, counted from 0."""
        return _cut(self.order(number), self.batch)


def _cut(order: Any, batch: int) -> Iterator[Any]:
    return (order[start : start + batch] for start in range(0, len(order), batch))


Batches = Shuffled | Drawn
SAMPLINGS: dict[str, type[Shuffled] | type[Drawn]] = {"shuffle": Shuffled, "replace": Drawn}


def batches(sampling: str, samples: int, batch: int, seed: int) -> Batches:
    """Return the batches of this sampling.

    Raises
    ------
    SettingError
        If the sampling is unknown, or the batch larger than the data.
    """
    if sampling not in list(SAMPLINGS):
        raise one_of("sampling", sampling, SAMPLINGS)
    if batch > samples:
        raise SettingError(f"a batch of {batch} was asked for, and there are {samples} samples: "
                           f"give {samples} or fewer.")
    return SAMPLINGS[sampling](samples, batch, seed)
