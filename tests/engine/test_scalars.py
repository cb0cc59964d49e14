"""Functions of one number for native loops: within 2 units of the last place of mpmath, with no call in the loop."""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

import mpmath
import native_loops
import numpy as np
import pytest

from glassgrad.engine.llvm.machine import Processor, this_processor

mp = mpmath.mp.clone()
mp.dps = 40
NONE = mp.mpf(0)  # what is smaller than any float


EXACT = {
    "exp": lambda x: mp.exp(x) if x > -2000 else NONE,
    "expm1": lambda x: mp.expm1(x),
    "log": lambda x: mp.log(x) if x > 0 else mp.nan,
    "log1p": lambda x: mp.log1p(x) if x > -1 else (-mp.inf if x == -1 else mp.nan),
    "tanh": lambda x: mp.tanh(x),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)) if x > -2000 else NONE,
    "erf": lambda x: mp.erf(x) if abs(x) < 40 else mp.sign(x),
    "erfc": lambda x: mp.erfc(x) if abs(x) < 40 else 1 - mp.sign(x),
    "gaussian": lambda x: mp.exp(-x * x) if abs(x) < 40 else NONE,
}
EDGES = {  # at 0, -0, infinity, minus infinity
    "exp": (1, 1, np.inf, 0), "expm1": (0, -0.0, np.inf, -1), "log": (-np.inf, -np.inf, np.inf, np.nan),
    "log1p": (0, -0.0, np.inf, np.nan), "tanh": (0, -0.0, 1, -1), "sigmoid": (0.5, 0.5, 1, 0),
    "erf": (0, -0.0, 1, -1), "erfc": (1, 1, 0, 2), "gaussian": (1, 1, 0, 0),
}
KINDS = [np.float32, np.float64]
PROCESSOR: Processor | None = None  # this one


@cache
def compiled(name: str, kind: Any) -> Any:
    """Return a native loop that fills its second argument with a function of the first."""
    dtype = np.dtype(kind)
    lines = ["for i in range(n):", f"    y[i] = {name}_{8 * dtype.itemsize}(x[i])"]
    return native_loops.compiled(lines, {"n": "int64", "x": f"{dtype}[n]", "y": f"{dtype}[n]"}, PROCESSOR)


def values(name: str, x: Any) -> Any:
    y = np.empty_like(x)
    compiled(name, x.dtype.type)(x.size, x, y)
    return y


def points(kind: Any, count: int) -> Any:
    """Return floats of all bit patterns, of everyday sizes, next to 1, where results overflow and underflow."""
    random = np.random.default_rng(5)
    whole = np.uint32 if kind is np.float32 else np.uint64
    patterns = random.integers(0, np.iinfo(whole).max, count, dtype=whole, endpoint=True).view(kind)
    limits = np.finfo(kind)
    edges = [limits.smallest_subnormal, limits.tiny, limits.max, 1, np.nextafter(kind(1), kind(2)), 0.549306, 88.7228,
             88.7229, 103.9721, 103.9722, 104, 87.3366, 709.7827, 709.7828, 745.1332, 745.1333, 708.3965, 9.01, 19.06,
             0.75, 10.05, 27.22]
    drawn = [random.uniform(-size, size, count) for size in (1, 4, 28, 110, 750)]
    drawn += [2.0 ** random.uniform(-60, 4, count), 1 + 2.0 ** random.uniform(-52, 0, count),
              1 - 2.0 ** random.uniform(-52, -1, count)]
    x = np.concatenate([patterns, *(part.astype(kind) for part in drawn), np.asarray(edges, kind)])
    x = x[np.isfinite(x) & (x != 0)]
    return np.concatenate([x, -x])


def ulps(found: float, exact: Any, kind: Any) -> float:
    """Return the distance in units of the last place of the exact value; infinite where overflow is misplaced."""
    limits = np.finfo(kind)
    if mp.isnan(exact) or mp.isinf(exact):
        return 0.0 if str(found) == str(float(exact)) else np.inf
    least = int(np.log2(float(limits.smallest_subnormal)))
    unit = mp.ldexp(1, max(mp.frexp(exact)[1] - limits.nmant - 1, least))
    if np.isinf(found) and (found > 0) == (exact > 0):
        return 0.0 if abs(exact) >= mp.mpf(float(limits.max)) + unit / 2 else np.inf
    return float(abs(mp.mpf(float(found)) - exact) / unit) if np.isfinite(found) else np.inf


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", EXACT)
def test_values_over_the_whole_range_are_within_2_ulp(name: str, kind: Any) -> None:
    compare(name, points(kind, 200))


def compare(name: str, x: Any) -> None:
    for at, found in zip(x, values(name, x), strict=True):
        error = ulps(found, EXACT[name](mp.mpf(float(at))), x.dtype.type)
        assert error <= 2, f"{name}({at!r}) = {found!r}: {error} ulp"


@pytest.mark.parametrize("name", EXACT)
def test_every_499th_float32_is_within_2_ulp_of_the_float64_function(name: str) -> None:
    x = np.arange(0, 2**32, 499, dtype=np.uint64).astype(np.uint32).view(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # among the floats are signalling NaN
        found, exact = values(name, x), values(name, x.astype(np.float64))
        rounded = exact.astype(np.float32)
        unit = np.ldexp(1.0, np.maximum(np.frexp(exact)[1] - 24, -149))
        error = np.abs(found - exact) / unit
    regular = np.isfinite(rounded) & np.isfinite(found)
    np.testing.assert_array_equal(found[~regular], rounded[~regular])
    assert error[regular].max() <= 2
    shown = ~np.isnan(rounded)
    np.testing.assert_array_equal(np.signbit(found[shown]), np.signbit(rounded[shown]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", EXACT)
def test_zeros_infinities_and_nan(name: str, kind: Any) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan] * 5, kind)  # in the vectorised part of the loop and in its rest
    found, wanted = values(name, x), np.array([*EDGES[name], np.nan] * 5, kind)
    np.testing.assert_array_equal(found, wanted)
    there = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found[there]), np.signbit(wanted[there]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", EXACT)
def test_a_loop_is_vectorised_and_calls_nothing(name: str, kind: Any) -> None:
    loop = compiled(name, kind)
    words = "float" if kind is np.float32 else "double"
    assert re.search(rf"fmul <\d+ x {words}>", loop.llvm), "the loop is not vectorised"
    assert not loop.calls


def test_a_processor_without_fused_multiplication_gives_as_good_values(monkeypatch: pytest.MonkeyPatch) -> None:
    features = this_processor().features.replace("+fma", "-fma").replace("+avx", "-avx")
    monkeypatch.setattr(sys.modules[__name__], "PROCESSOR", Processor(this_processor().name, features))
    compiled.cache_clear()
    try:
        for name in EXACT:
            for kind in KINDS:
                if (name, kind) != ("erfc", np.float32):  # the one that needs it for its last half unit
                    compare(name, points(kind, 20))
        assert "vfmadd" not in compiled("exp", np.float32).assembly
    finally:
        compiled.cache_clear()


def test_a_sum_is_vectorised_and_right() -> None:
    lines = ["total = float32(0)", "for i in range(n):", "    total = accumulate_32(total, exp_32(x[i]))",
             "result[0] = total"]
    loop = native_loops.compiled(lines, {"n": "int64", "x": "float32[n]", "result": "float32[1]"})
    x, result = np.linspace(-5, 1, 1001, dtype=np.float32), np.empty(1, np.float32)
    loop(x.size, x, result)
    assert result[0] == pytest.approx(np.exp(x.astype(float)).sum(), rel=1e-6)
    assert re.search(r"fadd reassoc nsz <\d+ x float>", loop.llvm)


@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "int64", "uint8"])
def test_the_largest_and_the_smallest_hand_nan_on(kind: str) -> None:
    lines = ["high = x[0]", "low = x[0]", "for i in range(n):", "    high = largest(high, x[i])",
             "    low = smallest(low, x[i])", "ends[0] = high", "ends[1] = low"]
    loop = native_loops.compiled(lines, {"n": "int64", "x": f"{kind}[n]", "ends": f"{kind}[2]"})

    def both(x: Any) -> Any:
        ends = np.empty(2, kind)
        loop(x.size, x, ends)
        return ends

    x = np.random.default_rng(0).integers(0, 250, 77).astype(kind)
    assert both(x).tolist() == [x.max(), x.min()]
    if kind.startswith("float"):
        for place in (0, 40, 76):
            with_nan = x.copy()
            with_nan[place] = np.nan
            assert np.isnan(both(with_nan)).all()
