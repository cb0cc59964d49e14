"""What several tests share: JAX in double precision as a second witness, and the command line."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, and no clock: tests assert results, never times.
settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


@pytest.fixture
def jax():
    """JAX, computing in float64 for as long as the test runs."""
    import jax

    with jax.enable_x64(True):
        yield jax


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Return a function that runs the command line in an empty folder and gives (code, output, errors)."""
    from glassgrad.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        shown = capsys.readouterr()
        return stop.value.code or 0, shown.out, shown.err

    return call
