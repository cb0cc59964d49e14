"""Training of models on data: `fit`, the sampling of batches, and the training step as a graph."""

from .batches import Drawn, Shuffled
from .checkpoint import Checkpoint
from .fit import Progress, Result, accuracy, fit
from .step import Stepper, training_step

__all__ = ["Checkpoint", "Drawn", "Progress", "Result", "Shuffled", "Stepper", "accuracy", "fit", "training_step"]
