"""ONNX Runtime: the network as an ONNX model, which a session runs; predictions only."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

from ..job import Calls, Job, centred
from ..work import Inference, scaled, weights


def _model(work: Inference) -> bytes:
    """Return the network as a file would hold it: a Gemm for each layer, and an activation between each two."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes: list[Any] = []
    for k, _ in enumerate(pairwise(work.sizes)):
        nodes += [helper.make_node("Gemm", [f"h{k}", f"W{k}", f"b{k}"], [f"a{k}"]),
                  helper.make_node(work.activation.capitalize(), [f"a{k}"], [f"h{k + 1}"])]
    del nodes[-1]
    x, scores = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", size])
                 for name, size in (("h0", work.sizes[0]), (nodes[-1].output[0], work.sizes[-1])))
    known = [numpy_helper.from_array(array, f"{'Wb'[i % 2]}{i // 2}") for i, array in enumerate(weights(work))]
    graph = helper.make_graph(nodes, "network", [x], [scores], known)
    model = helper.make_model_gen_version(graph, opset_imports=[helper.make_opsetid("", 17)])  # no newer than it needs
    checker.check_model(model)
    return model.SerializeToString()


def infer(work: Inference) -> Job:
    """Ask a session for the scores of NumPy's array."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    session = onnxruntime.InferenceSession(_model(work), options, providers=["CPUExecutionProvider"])
    given = {"h0": scaled(work)[0]}
    return Calls(lambda: session.run(None, given)[0], work.calls, centred)
