"""What several tests share: JAX in double precision as a second witness."""

from __future__ import annotations

import pytest


@pytest.fixture
def jax():
    """JAX, computing in float64 for as long as the test runs."""
    import jax

    with jax.enable_x64(True):
        yield jax
