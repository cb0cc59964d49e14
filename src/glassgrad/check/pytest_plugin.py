"""For pytest: the fixture ``gradient_checked`` and the mark ``gradient``; there as soon as glassgrad is installed.

::

    def test_my_layer(gradient_checked):
        gradient_checked(MyLayer(3, 2), np.ones((4, 3)))

    @pytest.mark.gradient
    def test_my_rule():
        return my_function, np.array([0.5, 2.0]), {"vjp": my_rule}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def gradient_checked() -> Callable[..., Any]:
    """Return a function that takes what `check_gradient` takes and fails the test unless the gradient is right."""
    return _assert_correct


def _assert_correct(f: Any, *args: Any, **settings: Any) -> Any:
    from . import check_gradient

    report = check_gradient(f, *args, **settings)
    if not report:
        pytest.fail(str(report), pytrace=False)
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", "gradient(**settings): the test returns (f, *args) or (f, *args, settings); its gradient is checked."
    )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a marked test and check the gradient of what it returns."""
    mark = pyfuncitem.get_closest_marker("gradient")
    if mark is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    given = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    given = given if isinstance(given, tuple) else (given,)
    settings = dict(mark.kwargs)
    if given and isinstance(given[-1], dict) and len(given) > 1:
        settings |= given[-1]
        given = given[:-1]
    if not given or given[0] is None:
        pytest.fail("a test marked 'gradient' returns what to check: (f, *args).", pytrace=False)
    _assert_correct(*given, **settings)
    return True
