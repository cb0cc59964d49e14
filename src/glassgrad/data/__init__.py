"""Data sets: `load` finds or reads one, `Dataset` holds it, ready for training.

>>> import glassgrad as gg
>>> digits = gg.data.load("digits")
>>> digits.x_train.shape, digits.x_test.shape, digits.image_shape
((1437, 64), (360, 64), (8, 8))
"""

from ..cache import cache_folder
from .dataset import Dataset, from_arrays
from .loading import load
from .published import Entry, download, entries
from .toy import circles, moons, spiral, xor

__all__ = [
    "Dataset", "Entry", "cache_folder", "circles", "download", "entries", "from_arrays", "load", "moons", "spiral",
    "xor",
]
