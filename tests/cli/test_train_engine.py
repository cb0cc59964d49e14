"""``glassgrad train --engine``."""

from __future__ import annotations

import json

import numpy as np
from safetensors import safe_open

SHORT = ("train", "--iterations", "30", "--hidden", "8", "--dtype", "float64", "--no-check", "--json", "--engine")


def test_every_engine_gives_the_same_figures_and_weights(run, tmp_path):
    figures, weights = [], []
    for engine in ("interpret", "numpy", "native", "auto"):
        code, output, errors = run(*SHORT, engine, "--out", engine)
        assert (code, errors) == (0, "")
        figures.append(json.loads(output))
        assert f'"engine": "{engine}"' in (tmp_path / engine / "settings.json").read_text()
        with safe_open(tmp_path / engine / "model.safetensors", "numpy") as file:
            weights.append(np.concatenate([file.get_tensor(name).ravel() for name in sorted(file.keys())]))
    for found, other in zip(figures, weights, strict=True):
        assert found["test_accuracy"] == figures[0]["test_accuracy"]
        np.testing.assert_allclose(other, weights[0], rtol=1e-10, atol=1e-13)


def test_an_unknown_engine_is_refused_before_anything_is_written(run, tmp_path):
    code, _, errors = run(*SHORT, "cuda", "--out", "x")
    assert code == 1
    assert "engine 'cuda' is not known" in errors
    assert not (tmp_path / "x").exists()


def test_the_help_names_the_engines(run):
    assert "native (compiled), numpy, interpret" in " ".join(run("train", "--help")[1].split())
