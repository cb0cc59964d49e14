"""Data sets: `load` finds or reads one, `Dataset` holds it, ready for training.

>>> import glassgrad as gg
>>> digits = gg.data.load("digits")
>>> digits.x_train.shape, digits.x_test.shape, digits.image_shape
((1437, 64), (360, 64), (8, 8))
"""

from .dataset import Dataset, from_arrays
from .load import load

__all__ = ["Dataset", "from_arrays", "load"]
