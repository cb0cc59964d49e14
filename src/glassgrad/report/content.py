"""What a report says, as plain data: fill a `Content`, and `write_report` makes the page of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import DataError

__all__ = ["Content", "GradientRow", "Mistake"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Mistake:
    """One wrong prediction.

    Attributes
    ----------
    image : numpy.ndarray, or None
        Grey ``(rows, columns)`` or ``(rows, columns, 1)``, or colour ``(rows, columns, 3)``, of any numbers: 0 (or the
        least, where some are negative) is shown black, the greatest white. None, or another shape (measurements
        instead of pixels): no picture is shown, only the words.
    truth, predicted : int or str
        Index of a class, or its name.
    probability : float
        Probability 0..1 that the network gave to `predicted`.
    """

    image: Array | None
    truth: int | str
    predicted: int | str
    probability: float


@dataclass(frozen=True)
class GradientRow:
    """The gradient of one parameter, compared with the numerical one.

    Attributes
    ----------
    name : str
        The parameter, such as ``"W1"``.
    difference : float
        Mean of ``|backpropagation - numerical|`` over its entries.
    verdict : str, or an enumeration such as `glassgrad.check.Verdict`
        In words, beginning with ``CORRECT``, ``WRONG``, ``KINK``, ``NOT DIFFERENTIABLE HERE``, ``NOISE`` or
        ``NOT EXERCISED``, in any case; shown as it is, behind a sign for right, wrong or undecided.
    resolution : float or None
        The smallest error that this check could have seen, in parts of the gradient's largest entry.
    """

    name: str
    difference: float
    verdict: object
    resolution: float | None = None


@dataclass(frozen=True, eq=False)
class Content:
    """Everything that a report of one training run shows; whatever is absent is left out of the page.

    Attributes
    ----------
    title : str
        Heading of the page, such as ``"digits, 64-50-10"``.
    dataset : str
        Name of the data set.
    source : str
        Where the data come from and under which terms (the attribution that the page must carry).
    settings : mapping of str to anything
        What the run was asked to do; lists and numbers are shown readably, everything else by ``str``.
    history : sequence of mappings
        One row for each logged moment, in order of time. Keys: ``iteration``, ``epoch``, ``loss``, ``train_accuracy``,
        ``test_accuracy``, ``validation_accuracy``, ``validation_loss``; any may be absent, None or not finite in any
        row. Accuracies are fractions 0..1. Rows may number thousands: curves are thinned to 500 points each, keeping
        their peaks.
    result : mapping
        Keys: ``train_accuracy``, ``test_accuracy`` and ``validation_accuracy`` (0..1), ``seconds``,
        ``samples_per_second``, ``parameters`` (how many numbers were trained), ``interrupted`` (bool); all optional.
    weights : numpy.ndarray (D, H), or None
        First layer: one column for each hidden unit.
    image_shape : tuple of int, or None
        ``(rows, columns)``, ``(rows, columns, 1)`` or ``(rows, columns, 3)``, row-major, of product D; None when the
        inputs are no picture (then the weights are not shown).
    confusion : numpy.ndarray (C, C) of integers, or None
        Row: true class, column: predicted class, on the test set.
    classes : sequence of str
        Names of the C classes; empty means ``"0"`` to ``"C-1"``.
    mistakes : sequence of `Mistake`, or None
        The worst first. Empty means that there were none; None that nobody looked.
    gradient_check : sequence of `GradientRow`
    gradient_sentence : str
        One sentence on what the check found.
    versions : mapping of str to str
        Such as ``{"glassgrad": "0.1.0", "Python": "3.12.1"}``.
    run : str
        Folder of the run as a user would type it, for ``glassgrad predict RUN IMAGE``.
    load : str
        Python lines that load the model again; empty means the weights through `glassgrad.io.load_weights`.

    Raises
    ------
    DataError
        When parts do not fit together: a confusion matrix that is not square or has another number of classes,
        weights that do not have the pictures' size.

    Examples
    --------
    >>> content = Content("digits, 64-50-10", "digits", result={"test_accuracy": 0.9722})
    >>> content.run
    'runs/latest'
    """

    title: str
    dataset: str
    source: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    weights: Array | None = None
    image_shape: tuple[int, ...] | None = None
    confusion: Array | None = None
    classes: Sequence[str] = ()
    mistakes: Sequence[Mistake] | None = None
    gradient_check: Sequence[GradientRow] = ()
    gradient_sentence: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    run: str = "runs/latest"
    load: str = ""

    def __post_init__(self) -> None:
        if self.confusion is not None:
            _check_confusion(np.asarray(self.confusion), len(self.classes))
        if self.weights is not None:
            _check_weights(np.asarray(self.weights), self.image_shape)

    def class_name(self, which: int | str) -> str:
        """Name of a class that is given by its index or already by its name.

        >>> Content("t", "d", classes=("cat", "dog")).class_name(1)
        'dog'
        """
        if isinstance(which, str):
            return which
        index = int(which)
        return str(self.classes[index]) if 0 <= index < len(self.classes) else str(index)


def _check_confusion(confusion: Array, classes: int) -> None:
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or confusion.dtype.kind not in "iu":
        raise DataError(
            f"report: the confusion matrix is {confusion.dtype}{list(confusion.shape)}; whole numbers in as many rows "
            "as columns are needed: a row for each true class, a column for each predicted one."
        )
    if confusion.size and confusion.min() < 0:
        raise DataError(f"report: the confusion matrix holds {confusion.min()}; its entries are counts, 0 or more.")
    if classes and classes != len(confusion):
        raise DataError(
            f"report: the confusion matrix has {len(confusion)} classes, but {classes} names are given. "
            "Give one name for each class, or none."
        )


def _check_weights(weights: Array, image_shape: tuple[int, ...] | None) -> None:
    if weights.ndim != 2:
        raise DataError(f"report: the first layer's weights have shape {weights.shape}; (inputs, units) is needed.")
    if image_shape is None:
        return
    if len(image_shape) not in (2, 3) or (len(image_shape) == 3 and image_shape[2] not in (1, 3)):
        raise DataError(
            f"report: image_shape {image_shape} is no picture; (rows, columns) or (rows, columns, 1 or 3) is needed."
        )
    if math.prod(image_shape) != weights.shape[0]:
        raise DataError(
            f"report: pictures of {image_shape} have {math.prod(image_shape)} numbers, but the weights take "
            f"{weights.shape[0]} inputs. Give the image_shape of the network's input, or None."
        )
