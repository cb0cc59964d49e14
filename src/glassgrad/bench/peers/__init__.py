"""Who takes part: glassgrad, other libraries, the lecture's way in NumPy, and the bare matrix products.

>>> list(PEERS)[:4]
['glassgrad', 'products', 'deck', 'torch']

Each is written as a fluent user of that library would write it, with what makes it fast there. A library is imported
only in the child process that runs it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from ..job import AbsentError, Job
from ..work import Function, Inference, Training, Work

OURS, PRODUCTS = "glassgrad", "products"


@dataclass(frozen=True)
class Peer:
    """One contestant.

    Attributes
    ----------
    title : str
        What the tables call it.
    module : str
        The module here that has its functions ``train``, ``infer`` and ``function``, as far as it can do that.
    packages : tuple of str
        Distributions whose versions are stated, and which to install where one is missing.
    options : tuple
        Keyword arguments of these functions.
    """

    title: str
    module: str
    packages: tuple[str, ...] = ("numpy",)
    options: tuple[tuple[str, Any], ...] = ()

    def prepare(self, work: Work) -> Job:
        """Return the job that does this work.

        Raises
        ------
        AbsentError
            If the library is not installed, or lacks something it needs.
        """
        verb = {Training: "train", Inference: "infer", Function: "function"}[type(work)]
        make = getattr(importlib.import_module(f"{__name__}.{self.module}"), verb, None)
        if make is None:
            raise AbsentError(f"has no way to do this work ({verb})")
        try:
            return make(work, **dict(self.options))
        except ImportError as error:
            raise AbsentError(f"not installed ({error}): pip install {' '.join(self.packages)}") from None


PEERS: dict[str, Peer] = {
    OURS: Peer("glassgrad", "ours", ("numpy", "llvmlite", "scipy-openblas32")),
    PRODUCTS: Peer("the matrix products alone", "products"),
    "deck": Peer("the deck's way in NumPy, float64", "deck_numpy"),
    "torch": Peer("PyTorch, eager", "pytorch", ("torch",)),
    "torch.compile": Peer("PyTorch, torch.compile", "pytorch", ("torch",), (("compiled", True),)),
    "jax": Peer("JAX, jitted step", "jax_peer", ("jax", "jaxlib")),
    "jax.scan": Peer("JAX, whole epoch in lax.scan", "jax_peer", ("jax", "jaxlib"), (("scan", True),)),
    "tensorflow": Peer("TensorFlow, tf.function", "tensorflow_peer", ("tensorflow",)),
    "tensorflow.epoch": Peer("TensorFlow, whole epoch in tf.function", "tensorflow_peer", ("tensorflow",),
                             (("whole", True),)),
    "sklearn": Peer("scikit-learn MLPClassifier", "scikit", ("scikit-learn",)),
    "numpy": Peer("NumPy", "plain_numpy"),
    "onnxruntime": Peer("ONNX Runtime", "onnx_runtime", ("onnxruntime", "onnx")),
    "autograd": Peer("HIPS autograd", "hips", ("autograd",)),
    "mygrad": Peer("MyGrad", "mygrad_peer", ("mygrad",)),
}
