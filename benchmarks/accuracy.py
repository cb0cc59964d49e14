"""How far values and derivatives lie from the exact numbers, beside NumPy, PyTorch and JAX.

    python benchmarks/accuracy.py [--count 400] [--seed 0] > docs/accuracy.md

Every function of one number is asked at points of its whole domain: random ones of every magnitude, 0, the smallest
subnormal, the largest float, the edge of overflow. Exact numbers come from mpmath with 60 digits. The unit is that of
the last place (ulp) of the exact result. A library that is not installed is named as missing.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

import glassgrad as gg

Exact = Callable[[Any], Any]
mp.mp.dps = 60
KINDS = (np.float64, np.float32)
VALUE, SLOPE = 2.0, 4.0  # bounds in ulp


@dataclass(frozen=True)
class Function:
    """A function of one number: what is exact, where it is asked, and how far a result may lie off."""

    name: str
    value: Exact
    slope: Exact
    lowest: float = -np.inf
    highest: float = np.inf
    value_bound: Callable[[float], float] = lambda x: VALUE
    slope_bound: Callable[[float], float] = lambda x: SLOPE
    zero_of_slope: float | None = None  # a root between two floats, around which no digits are left to compare


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))


def _softplus(x: Any) -> Any:
    return mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


def _erfc(x: Any) -> Any:
    if abs(x) > 40:  # mpmath's own series cannot be asked there; the result is far below any float, or next to 2
        return mp.mpf(10) ** -690 if x > 0 else 2 - mp.mpf(10) ** -690
    return mp.erfc(x)


def _erf(x: Any) -> Any:
    return mp.erf(x) if abs(x) < 40 else _sign(x) * (1 - _erfc(abs(x)))


def _bell(x: Any) -> Any:
    return mp.exp(-x * x) if abs(x) < 40 else mp.mpf(10) ** -690


def _phi(x: Any) -> Any:
    return _bell(x / mp.sqrt(2)) / mp.sqrt(2 * mp.pi)


def _Phi(x: Any) -> Any:  # noqa: N802 - the letter of the books
    return _erfc(-x / mp.sqrt(2)) / 2


def _sign(x: Any) -> Any:
    return mp.sign(x)


def _growing(x: float) -> float:
    return 4 * (1 + x * x)


_TWO_OVER_ROOT_PI = 2 / mp.sqrt(mp.pi)
FUNCTIONS: list[Function] = [
    Function("exp", mp.exp, mp.exp), Function("expm1", mp.expm1, mp.exp), Function("exp2", lambda x: mp.power(2, x),
             lambda x: mp.power(2, x) * mp.log(2)),
    Function("log", mp.log, lambda x: 1 / x, 0), Function("log1p", mp.log1p, lambda x: 1 / (1 + x), -1),
    Function("log2", lambda x: mp.log(x) / mp.log(2), lambda x: 1 / (x * mp.log(2)), 0),
    Function("log10", mp.log10, lambda x: 1 / (x * mp.log(10)), 0),
    Function("sqrt", mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), 0),
    Function("cbrt", lambda x: _sign(x) * mp.cbrt(abs(x)), lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2)),
    Function("square", lambda x: x * x, lambda x: 2 * x), Function("reciprocal", lambda x: 1 / x, lambda x: -1 / x**2),
    Function("sin", mp.sin, mp.cos), Function("cos", mp.cos, lambda x: -mp.sin(x)),
    Function("tan", mp.tan, lambda x: mp.sec(x) ** 2),
    Function("arcsin", mp.asin, lambda x: 1 / mp.sqrt((1 - x) * (1 + x)), -1, 1),
    Function("arccos", mp.acos, lambda x: -1 / mp.sqrt((1 - x) * (1 + x)), -1, 1),
    Function("arctan", mp.atan, lambda x: 1 / (1 + x * x)),
    Function("sinh", mp.sinh, mp.cosh), Function("cosh", mp.cosh, mp.sinh),
    Function("tanh", mp.tanh, lambda x: mp.sech(x) ** 2),
    Function("arcsinh", mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x)),
    Function("arccosh", mp.acosh, lambda x: 1 / mp.sqrt((x - 1) * (x + 1)), 1),
    Function("arctanh", mp.atanh, lambda x: 1 / ((1 - x) * (1 + x)), -1, 1),
    Function("sigmoid", _sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)), Function("softplus", _softplus, _sigmoid),
    Function("erf", _erf, lambda x: _TWO_OVER_ROOT_PI * _bell(x)),
    Function("erfc", _erfc, lambda x: -_TWO_OVER_ROOT_PI * _bell(x)),
    Function("silu", lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x)),
             zero_of_slope=-1.2784645427610738),
    Function("elu", lambda x: x if x > 0 else mp.expm1(x), lambda x: mp.mpf(1) if x > 0 else mp.exp(x)),
    Function("gelu", lambda x: x * _Phi(x), lambda x: _Phi(x) + x * _phi(x), value_bound=_growing,
             slope_bound=_growing, zero_of_slope=-0.7517915246935645),
]


def points(function: Function, kind: Any, count: int, seed: int = 0) -> Any:
    """Return where a function is asked: seeded points of every magnitude and near 1, and the edges of the range."""
    random = np.random.default_rng([seed, sum(map(ord, function.name))])
    limits = np.finfo(kind)
    exponents = random.uniform(np.log2(float(limits.smallest_subnormal)), np.log2(float(limits.max)), count)
    sizes = np.concatenate([np.exp2(exponents), random.uniform(0, 3, count), random.uniform(0, 90, count),
                            random.uniform(0, 750, count)])
    edges = [0.0, float(limits.smallest_subnormal), float(limits.tiny), float(limits.max)]
    inner = [*edges, 1.0, 709.7, 744.4, 88.7, 103.9]
    both = np.concatenate([sizes, inner, -sizes, -np.asarray(inner)])
    if np.isfinite(function.lowest) and np.isfinite(function.highest):
        both = np.concatenate([random.uniform(function.lowest, function.highest, 2 * count), both])
    if function.lowest == 1:
        both = np.concatenate([1 + np.exp2(random.uniform(-50, 3, count)), both])
    if function.lowest == -1:
        both = np.concatenate([-1 + np.exp2(random.uniform(-50, 0, count)), both])
    chosen = both.astype(kind)
    return chosen[(chosen > function.lowest) & (chosen < function.highest)]


def ulps(found: Any, exact: Any, kind: Any) -> float:
    """Return how far `found` lies from `exact` in units of the last place; overflow must be where it belongs."""
    limits = np.finfo(kind)
    if abs(exact) > mp.mpf(float(limits.max)) or mp.isinf(exact):
        return 0.0 if abs(float(found)) >= float(limits.max) and (found > 0) == (exact > 0) else np.inf
    if not np.isfinite(found):
        beyond = abs(exact) >= mp.mpf(float(limits.max)) * (1 - 4 * mp.mpf(float(limits.eps)))
        return 1.0 if beyond and np.isinf(found) else np.inf
    smallest = mp.mpf(float(limits.smallest_subnormal))
    if abs(exact) < mp.mpf(float(limits.tiny)):
        unit = smallest
    else:
        unit = mp.ldexp(1, mp.frexp(abs(exact))[1] - 1) * mp.mpf(float(limits.eps))
    return float(abs(mp.mpf(float(found)) - exact) / unit)


def near_zero_of_slope(function: Function, x: Any) -> Any:
    """Return where the derivative is the difference of two nearly equal numbers."""
    root = function.zero_of_slope
    return np.zeros(x.shape, bool) if root is None else np.abs(x.astype(float) - root) < 0.5


def _error(found: Any, exact: Exact, x: Any, kind: Any) -> float:
    try:
        return ulps(found, exact(mp.mpf(float(x))), kind)
    except ZeroDivisionError:  # a pole
        return 0.0 if np.isinf(found) else np.inf


def worst(found: Any, exact: Exact, x: Any, kind: Any) -> tuple[float, float]:
    """Return the largest error in ulp, and where it is."""
    errors = [_error(y, exact, at, kind) for y, at in zip(found, x, strict=True)]
    place = int(np.argmax(errors))
    return errors[place], float(x[place])


# Libraries: each gives, for a name, the values and the derivatives at an array of points ------------------------------

Answer = tuple[Any, Any]


def ours(name: str, x: Any) -> Answer:
    """Return values and derivatives as this library has them."""
    leaf = gg.tensor(x)
    y = getattr(gg, name)(leaf)
    y.backward(np.ones(x.shape, x.dtype))
    return y.value, leaf.grad


def numpy(name: str, x: Any) -> Answer | None:
    """Return NumPy's values, if it has the function; it has no derivatives."""
    return (getattr(np, name)(x), None) if hasattr(np, name) else None


def torch(name: str, x: Any) -> Answer | None:
    """Return PyTorch's values and derivatives, if it has the function."""
    import torch as library

    names = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
             "arctanh": "atanh"}
    name = names.get(name, name)
    spaces = (library, library.special, library.nn.functional)
    call = next((getattr(space, name) for space in spaces if hasattr(space, name)), None)
    if call is None:
        return None
    leaf = library.tensor(x, requires_grad=True)
    y = call(leaf)
    y.sum().backward()
    return y.detach().numpy(), leaf.grad.numpy()


def jax(name: str, x: Any) -> Answer | None:
    """Return JAX's values and derivatives, if it has the function."""
    import jax as library

    spaces = (library.numpy, library.nn, library.scipy.special)
    call = next((getattr(space, name) for space in spaces if hasattr(space, name)), None)
    if call is None:
        return None
    if name == "gelu":
        call = lambda x: library.nn.gelu(x, approximate=False)  # noqa: E731 - the same function, told to be exact
    with library.enable_x64(True):
        y, back = library.vjp(call, library.numpy.asarray(x))
        return np.asarray(y), np.asarray(back(library.numpy.ones_like(y))[0])


LIBRARIES: dict[str, Callable[[str, Any], Answer | None]] = {"glassgrad": ours, "NumPy": numpy, "PyTorch": torch,
                                                             "JAX": jax}


def asked(library: str, name: str, x: Any) -> Answer | str:
    """Return a library's answer, or why there is none."""
    try:
        with np.errstate(all="ignore"):
            answer = LIBRARIES[library](name, x)
    except ImportError:
        return "missing"
    return "-" if answer is None else answer


# Sets on which the textbook formula fails -----------------------------------------------------------------------------


def _softmax(row: list[Any]) -> list[Any]:
    top = max(row)
    parts = [mp.exp(x - top) if not mp.isinf(x) else mp.mpf(0) for x in row]
    return [part / mp.fsum(parts) for part in parts]


def _logsumexp(row: list[Any]) -> Any:
    top = max(row)
    return top + mp.log(mp.fsum(mp.exp(x - top) if not mp.isinf(x) else mp.mpf(0) for x in row))


def _variance(row: list[Any]) -> Any:
    mean = mp.fsum(row) / len(row)
    return mp.fsum((x - mean) ** 2 for x in row) / len(row)


def scores(seed: int = 0) -> list[Any]:
    """Return rows of scores: of 1e4, confident ones, ties, minus infinity."""
    random = np.random.default_rng(seed)
    far = random.uniform(-300, 300, (3, 6))
    return [
        1e4 + far[0], far[1] - 1e4, random.normal(size=6), np.array([1e4, 1e4, 0.0]), np.array([30.0, 0.0, -5.0, 0.0]),
        np.array([0.0, -np.inf, 40.0]), np.array([1e4, -1e4, 1e4 - 30]), np.array([3.0, 3.0, 3.0, 3.0]),
    ]


def samples(seed: int = 0) -> list[Any]:
    """Return numbers with mean over deviation up to 1e8, huge ones and tiny ones."""
    random = np.random.default_rng(seed)
    return [1e8 + random.normal(size=100), 1e4 + random.normal(size=50), random.normal(size=20),
            1e300 + 1e292 * random.normal(size=10), np.array([1e8 - 1, 1e8, 1e8 + 1])]


def adversarial(seed: int = 0) -> Iterable[tuple[str, Any, list[Any]]]:
    """Yield name, what was found, and what is exact, entry by entry, for every set."""
    for row in scores(seed):
        exact = [mp.mpf(float(x)) for x in row]
        p, total = _softmax(exact), _logsumexp(exact)
        yield "softmax", gg.softmax(row).value, p
        yield "log_softmax", gg.log_softmax(row).value, [x - total for x in exact]
        yield "logsumexp", [gg.logsumexp(row).value], [total]
        label = int(np.argmin(np.where(np.isfinite(row), row, np.inf)))
        for chosen in (label, int(np.argmax(row))):
            yield "cross_entropy", [gg.cross_entropy(row, chosen).value], [total - exact[chosen]]
            slopes = gg.grad(lambda x, chosen=chosen: gg.cross_entropy(x, chosen))(row)
            yield "cross_entropy'", slopes, [
                q if k != chosen else -mp.fsum(other for j, other in enumerate(p) if j != k) for k, q in enumerate(p)]
            weights = np.linspace(0.5, 2.0, len(row))  # of one row: they leave its mean as it is
            yield "cross_entropy', weighted", gg.grad(
                lambda x, chosen=chosen, weights=weights: gg.cross_entropy(x, chosen, weights))(row), [
                q if k != chosen else -mp.fsum(other for j, other in enumerate(p) if j != k) for k, q in enumerate(p)]
    for row in samples(seed):
        exact = [mp.mpf(float(x)) for x in row]
        mean = mp.fsum(exact) / len(exact)
        if max(exact) < 1e200:
            yield "var", [gg.var(row).value], [_variance(exact)]
            yield "std", [gg.std(row).value], [mp.sqrt(_variance(exact))]
            yield "var'", gg.grad(gg.var)(row), [2 * (x - mean) / len(exact) for x in exact]
        length = mp.sqrt(mp.fsum(x * x for x in exact))
        for scale in (1.0, 1e-308 if float(max(exact)) > 1e200 else 1e150, 1e-150):
            scaled = row * scale
            exact = [mp.mpf(float(x)) for x in scaled]
            length = mp.sqrt(mp.fsum(x * x for x in exact))
            yield "norm", [gg.norm(scaled).value], [length]
            yield "norm'", gg.grad(gg.norm)(scaled), [x / length for x in exact]


def relative(found: Any, exact: list[Any]) -> float:
    """Return the largest relative error; what is smaller than any normal float counts by the smallest of these."""
    least = mp.mpf(float(np.finfo(float).tiny))
    errors = []
    for y, true in zip(found, exact, strict=True):
        if mp.isinf(true):
            errors.append(0.0 if float(y) == float(true) else np.inf)
        elif np.isfinite(y):
            errors.append(float(abs(mp.mpf(float(y)) - true) / max(abs(true), least)))
        else:
            errors.append(np.inf)
    return max(errors)


def main() -> None:
    """Print the tables as a page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=400, help="points of each kind for a function")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(PAGE.format(numpy=np.__version__, machine=platform.machine(), count=options.count, seed=options.seed))
    print("| function | kind | " + " | ".join(LIBRARIES) + " | derivative: glassgrad | PyTorch | JAX |")
    print("| --- |" + " --- |" * 8)
    for function in FUNCTIONS:
        for kind in KINDS:
            print(_line(function, kind, options.count, options.seed))
    print("\n## Sets on which the textbook formula fails\n\n| what | relative error, float64 |\n| --- | --- |")
    errors: dict[str, float] = {}
    with np.errstate(all="ignore"):
        for name, found, exact in adversarial(options.seed):
            errors[name] = max(errors.get(name, 0.0), relative(found, exact))
    for name, error in errors.items():
        print(f"| {name} | {error:.1e} |")


def _line(function: Function, kind: Any, count: int, seed: int) -> str:
    x = points(function, kind, count, seed)
    away = ~near_zero_of_slope(function, x)
    answers = {library: asked(library, function.name, x) for library in LIBRARIES}
    cells = [_cell(answer, 0, function.value, x, kind) for answer in answers.values()]
    cells += [_cell(answers[name], 1, function.slope, x[away], kind, away) for name in ("glassgrad", "PyTorch", "JAX")]
    return f"| {function.name} | {np.dtype(kind)} | " + " | ".join(cells) + " |"


def _cell(answer: Answer | str, part: int, exact: Exact, x: Any, kind: Any, away: Any = slice(None)) -> str:
    if isinstance(answer, str):
        return answer
    error, place = worst(answer[part][away], exact, x, kind)
    size = "wrong" if np.isinf(error) else f"{error:.3g}" if error < 1e6 else f"{error:.0e}"
    return f"{size} at {place:.3g}"


PAGE = """# Accuracy

Printed by `python benchmarks/accuracy.py --count {count} --seed {seed}` with NumPy {numpy} on {machine}: the largest
error in units of the last place (ulp), and where it is; "wrong" stands for infinity or NaN where a number belongs, or a
number where there is none. The tests hold glassgrad to 2 ulp for values and 4 for derivatives; GELU to
4 (1 + x^2), as the rounding of x itself is magnified so. The derivatives of GELU and SiLU are not compared
within 1/2 of their zero, where they are the difference of two equal numbers of which every library has rounded both:
there the tests hold the absolute error to 2^-52. glassgrad computes exp of float32 as NumPy does, log, erf, the sigmoid
and what is made of it in float64.

## Functions of one number
"""

if __name__ == "__main__":
    main()
