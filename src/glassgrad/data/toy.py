"""Small two-dimensional sets for pictures: spirals, moons, circles and XOR.

>>> data = spiral(classes=3, examples=300)
>>> data
Dataset('spiral', 240 + 60 examples of 2, 3 classes)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import SettingError
from .dataset import Dataset, from_arrays

__all__ = ["TOYS", "circles", "moons", "spiral", "xor"]

_SOURCE = "Made by a formula, with random noise by the seed."


def _generator(examples: int, least: int, noise: float, seed: int) -> np.random.Generator:
    if isinstance(examples, bool) or not isinstance(examples, (int, np.integer)) or not least <= examples <= 10_000_000:
        raise SettingError(f"examples={examples!r} must be an integer from {least} to 10,000,000.")
    if not 0 <= noise < np.inf:
        raise SettingError(f"noise={noise!r} must be a number from 0.")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**64:
        raise SettingError(f"seed={seed!r} must be an integer from 0 to 2**64 - 1.")
    return np.random.Generator(np.random.Philox(key=[int(seed), 1]))  # stream 1: the split uses stream 0


def _finish(name: str, points: np.ndarray, y: np.ndarray, test: float, seed: int) -> Dataset:
    return from_arrays(points, y, name=name, classes=[str(k) for k in range(int(y.max()) + 1)], source=_SOURCE,
                       columns=("x1", "x2"), test=test, seed=seed)


def spiral(examples: int = 300, classes: int = 3, noise: float = 0.2, seed: int = 0, test: float = 0.2) -> Dataset:
    """Arms of a spiral, one a class: radius from 0 to 1 while the angle grows by 4, with normal noise on the angle."""
    if isinstance(classes, bool) or not isinstance(classes, (int, np.integer)) or not 2 <= classes <= 100:
        raise SettingError(f"classes={classes!r} must be an integer from 2 to 100.")
    generator = _generator(examples, 5 * classes, noise, seed)
    y = np.arange(examples) % classes
    radius = (np.arange(examples) // classes + 1) / np.ceil(examples / classes)
    angle = 4 * y + 4 * radius + noise * generator.standard_normal(examples)
    return _finish("spiral", radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1), y, test, seed)


def moons(examples: int = 300, noise: float = 0.1, seed: int = 0, test: float = 0.2) -> Dataset:
    """Two half circles that reach into each other, with normal noise."""
    generator = _generator(examples, 10, noise, seed)
    y = np.arange(examples) % 2
    angle = np.pi * generator.random(examples)
    x1 = np.where(y == 0, np.cos(angle), 1 - np.cos(angle))
    x2 = np.where(y == 0, np.sin(angle), 0.5 - np.sin(angle))
    points = np.stack([x1, x2], axis=1) + noise * generator.standard_normal((examples, 2))
    return _finish("moons", points, y, test, seed)


def circles(examples: int = 300, noise: float = 0.05, seed: int = 0, test: float = 0.2) -> Dataset:
    """A circle of radius 0.5 within one of radius 1, with normal noise."""
    generator = _generator(examples, 10, noise, seed)
    y = np.arange(examples) % 2
    angle = 2 * np.pi * generator.random(examples)
    points = np.where(y == 0, 1.0, 0.5)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _finish("circles", points + noise * generator.standard_normal((examples, 2)), y, test, seed)


def xor(examples: int = 300, noise: float = 0.15, seed: int = 0, test: float = 0.2) -> Dataset:
    """Points around the corners of the unit square, with normal noise; class 1 where exactly one coordinate is 1."""
    generator = _generator(examples, 20, noise, seed)
    corner = np.stack([np.arange(examples) % 2, np.arange(examples) // 2 % 2], axis=1)
    points = corner + noise * generator.standard_normal((examples, 2))
    return _finish("xor", points, corner[:, 0] ^ corner[:, 1], test, seed)


TOYS: dict[str, Callable[..., Dataset]] = {"spiral": spiral, "moons": moons, "circles": circles, "xor": xor}
