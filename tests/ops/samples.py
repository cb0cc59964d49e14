"""The table of samples: for every op, inputs at which all that is said about it is tested.

A row gives the op's name, its inputs and its params as the op itself takes them. Floats are float64 here; the tests
cast them where they look at other kinds. All inputs keep a distance of at least 1/4 from kinks, jumps and the edges of
the domain, so that differences taken around them are those of a smooth function.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

STEP = 0.25  # nothing within this distance of an input is a kink


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def positive(*shape: int, seed: int = 0) -> Any:
    """Return numbers between 1/2 and 2."""
    return _random(seed).uniform(0.5, 2.0, shape)


def signed(*shape: int, seed: int = 0) -> Any:
    """Return numbers of both signs, with magnitudes between 1/2 and 2."""
    random = _random(seed)
    return random.uniform(0.5, 2.0, shape) * random.choice([-1.0, 1.0], shape)


def apart(*shape: int, seed: int = 0) -> Any:
    """Return numbers of which no two are nearer to each other than 0.6, nor any to 0."""
    count = int(np.prod(shape))
    return ((_random(seed).permutation(count) - count // 2) * 0.6 + 0.3).reshape(shape)


def rows_of(classes: int, *shape: int, seed: int = 0) -> Any:
    """Return probabilities, in rows that sum to 1."""
    p = positive(*shape, classes, seed=seed)
    return p / p.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class Sample:
    """One row of the table."""

    op: str
    inputs: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)
    elsewhere: bool = True  # whether JAX is asked as well: not where it has no such op, nor for every shape

    def cast(self, dtype: str) -> tuple[Any, ...]:
        """Return the inputs with floats of this kind; the rest as it is."""
        arrays = (np.asarray(x) for x in self.inputs)
        return tuple(x.astype(dtype)[()] if x.dtype.kind == "f" else x[()] for x in arrays)

    def __str__(self) -> str:
        shapes = " ".join("x".join(map(str, np.shape(x))) or "0d" for x in self.inputs)
        settings = ",".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.op}({shapes}{';' if settings else ''}{settings})"


def _one(name: str, inputs: Any = signed) -> list[Sample]:
    """Rows for a function of one number: a matrix, a single number, no number at all, a view with strides."""
    return [Sample(name, (inputs(2, 3),)), Sample(name, (inputs(),), elsewhere=False),
            Sample(name, (inputs(0, 3),), elsewhere=False),
            Sample(name, (inputs(4, 4, seed=1)[::2, ::-2].T,), elsewhere=False)]


def _two(name: str, left: Any = signed, right: Any = signed) -> list[Sample]:
    """Rows for a function of two: equal shapes, broadcasting both ways, single numbers, empty."""
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((2, 3), (2, 3)), ((3, 1), (1, 4)), ((2, 3), (3,)), ((), (2, 2)), ((), ()), ((0, 3), (1, 3)),
    ]
    return [Sample(name, (left(*x, seed=1), right(*y, seed=2)), elsewhere=x == (3, 1)) for x, y in shapes]


def _over_axes(name: str, inputs: Any = signed, **more: Any) -> list[Sample]:
    """Rows for a reduction: over all, one, two of three, or no axes."""
    cases: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((2, 3), (0, 1)), ((2, 3), (1,)), ((2, 3, 2), (0, 2)), ((2, 3), ()), ((4,), (0,)), ((), ()),
    ]
    return [Sample(name, (inputs(*shape),), {"axis": axis, "keepdims": keep, **more}, len(shape) > 1 and not keep)
            for shape, axis in cases for keep in (False, True)]



def within(*shape: int, seed: int = 0) -> Any:
    """Return numbers between -0.7 and 0.7, of both signs."""
    return _random(seed).uniform(0.1, 0.7, shape) * _random(seed + 1).choice([-1.0, 1.0], shape)


def between(*shape: int, seed: int = 0) -> Any:
    """Return numbers that keep a distance of 0.3 from whole ones and from halves between them."""
    return apart(*shape, seed=seed) / 0.6 + 0.2


def _ordered() -> list[Sample]:
    names = ("maximum", "minimum", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
    x, y = apart(3, 1), apart(1, 4, seed=1)[:, :4] * 5 + 0.15
    both = apart(2, 2, 3)
    return [row for name in names for row in (
        Sample(name, (x, y)), Sample(name, (both[0], both[1]), elsewhere=False),
        Sample(name, (np.array(0.5), np.array(-1.0)), elsewhere=False),
    )]


_FLAGS = np.array([[True, False, True], [False, False, True]])
_LABELS = np.array([2, 0, 1])
_PART = (1, None, 2)  # the slice 1::2

MORE_SAMPLES: list[Sample] = [
    # functions
    *_one("log2", positive), *_one("log10", positive), *_one("exp2"), *_one("cbrt"), *_one("tan", within),
    *_one("sinh"), *_one("cosh"), *_one("arcsin", within), *_one("arccos", within), *_one("arctan"), *_one("arcsinh"),
    *_one("arccosh", lambda *shape, seed=0: 1 + positive(*shape, seed=seed)), *_one("arctanh", within),
    *_two("hypot"), *_two("arctan2", signed, positive), *_two("logaddexp"),
    *[row for name in ("floor", "ceil", "trunc", "rint") for row in _one(name, between)],
    *[Sample(name, (apart(3, 1) + 0.05, np.array([[4.0, -5.0, 7.0]]))) for name in ("remainder", "floor_divide")],
    *[Sample(name, (np.array(5.5), np.array(3.0)), elsewhere=False) for name in ("remainder", "floor_divide")],
    *_one("isnan"), *_one("isinf"), *_one("logical_not"),
    *[Sample(name, (_FLAGS, np.array([True, False, False]))) for name in ("logical_and", "logical_or", "logical_xor")],
    Sample("clip", (apart(3, 3), np.array(-0.6), np.array([0.6, 0.0, 1.2]))),
    Sample("clip", (np.array(0.5), np.array(1.0), np.array(2.0)), elsewhere=False),
    # special functions and activations
    *_one("gaussian"), *_one("erf"), *_one("erfc"),
    *[Sample("leaky_relu", row.inputs, {"slope": 0.2}, row.elsewhere) for row in _one("")],
    *[Sample("elu", row.inputs, {"alpha": 0.5}, row.elsewhere) for row in _one("")],
    *_one("softplus"), *_one("silu"), *_one("gelu"),
    # reductions
    *_over_axes("any"), *_over_axes("all"), *_over_axes("length"), *_over_axes("prod"),
    Sample("prod", (np.array([[2.0, 0.0, 3.0, 0.5], [0.0, 0.0, 1.0, 2.0]]),), {"axis": (1,), "keepdims": False}),
    Sample("prod", (signed(0, 3),), {"axis": (0,), "keepdims": False}),
    Sample("argmin", (apart(2, 3),), {"axis": 1}), Sample("argmin", (apart(4),), {"axis": 0}),
    *[Sample(name, (x,), {"axis": axis}) for name in ("cumsum", "cumprod") for x, axis in (
        (signed(2, 3), 0), (signed(2, 3), 1), (signed(4), 0), (signed(2, 3, 2), 1), (signed(0, 2), 0),
        (np.array([2.0, 0.0, 3.0, 0.0, 5.0]), 0),
    )],
    Sample("linear_recurrence", (signed(2, 4), signed(2, 4, seed=1))),
    Sample("linear_recurrence", (signed(1), signed(1, seed=1))), Sample("linear_recurrence", (signed(0), signed(0))),
    *[Sample(name, (apart(2, 3),), {"axis": axis}) for name in ("sort", "argsort") for axis in (0, 1)],
    Sample("sort", (apart(0),), {"axis": 0}, False),
    # arrangements
    Sample("flip", (signed(2, 3),), {"axis": (1,)}), Sample("flip", (signed(2, 3),), {"axis": (0, 1)}),
    Sample("flip", (signed(),), {"axis": ()}),
    Sample("roll", (signed(2, 3),), {"shift": (1,), "axis": None}),
    Sample("roll", (signed(2, 3),), {"shift": (4, -1), "axis": (0, 1)}),
    Sample("roll", (signed(0, 3),), {"shift": (1,), "axis": (0,)}),
    Sample("pad_with", (signed(2, 3),), {"width": ((1, 0), (0, 2)), "value": 1.5}),
    Sample("pad_with", (signed(),), {"width": (), "value": 0}),
    Sample("tile", (signed(2, 3),), {"reps": (2, 1)}), Sample("tile", (signed(3),), {"reps": (2, 2)}),
    Sample("tile", (signed(2),), {"reps": (0,)}), Sample("tile", (signed(),), {"reps": (3,)}),
    Sample("repeat_each", (signed(2, 3),), {"repeats": 2, "axis": 1}),
    Sample("repeat_each", (signed(2, 3),), {"repeats": 0, "axis": 0}),
    *[Sample("diagonal", (signed(*shape),), {"offset": k}) for shape, k in (
        ((3, 3), 0), ((2, 4), 1), ((2, 3, 2), -1), ((2, 2), 5))],
    *[Sample("diagonal_matrix", (signed(2),), {"offset": k}) for k in (0, 2, -1)],
    *[Sample(name, (signed(*shape),), {"k": k}) for name in ("tril", "triu")
      for shape, k in (((3, 3), 0), ((2, 3, 2), -1), ((2, 3), 1))],
    # contractions
    Sample("tensordot", (signed(2, 3, 2), signed(3, 2, 4, seed=1)), {"axes": ((1, 2), (0, 1))}),
    Sample("tensordot", (signed(2, 3), signed(3, 2, seed=1)), {"axes": ((1, 0), (0, 1))}),
    Sample("tensordot", (signed(2), signed(3, seed=1)), {"axes": ((), ())}),
    Sample("outer", (signed(2), signed(3, seed=1))), Sample("outer", (signed(), signed(2, 2, seed=1))),
    Sample("trace", (signed(3, 3),), {"offset": 0}), Sample("trace", (signed(2, 3, 4),), {"offset": 1}),
    *[Sample("einsum", tuple(signed(*shape, seed=i) for i, shape in enumerate(shapes)), {"subscripts": text})
      for text, *shapes in (
        ("ij,jk->ik", (2, 3), (3, 2)), ("ij->j", (2, 3)), ("ij->ji", (2, 3)), ("i,i->", (3,), (3,)),
        ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("i,j,k->ki", (2,), (3,), (2,)), ("ij,kj->", (2, 3), (1, 3)),
        ("ij,ij->i", (2, 3), (1, 3)), (",i->i", (), (2,)),
    )],
    # losses
    Sample("cross_entropy", (signed(3, 4), _LABELS, positive(4))),
    Sample("cross_entropy", (signed(3, 4), rows_of(4, 3), positive(4))),
    Sample("cross_entropy", (signed(3), np.array(1), positive(3))),
    Sample("binary_cross_entropy", (signed(2, 3), np.array([[0, 1, 1], [1, 0, 0]]))),
    Sample("binary_cross_entropy", (signed(2, 3), positive(3) / 2)),
    Sample("binary_cross_entropy", (signed(), np.array(True)), elsewhere=False),
    Sample("huber", (apart(2, 3), apart(3, seed=1) * 1.01 + 0.15), {"delta": 0.55}),
    Sample("huber", (signed(3) / 2, signed(3) / 8), {"delta": 1.5}),
    Sample("huber", (signed(), signed(seed=1)), {"delta": 9.0}, False),
]

SAMPLES: list[Sample] = [
    *_two("add"), *_two("subtract"), *_two("multiply"), *_two("divide"), *_two("power", positive),
    *_one("reciprocal"), *_one("negative"), *_one("exp"), *_one("expm1"), *_one("log", positive),
    *_one("log1p", positive), *_one("sqrt", positive), *_one("square"), *_one("sin"), *_one("cos"), *_one("abs"),
    *_one("sign"), *_one("identity"), *_one("stop_gradient"), *_one("isfinite"), *_ordered(),
    *[Sample("power_by", (positive(2, 3),), {"exponent": e}) for e in (2, 3, 0, 1, -1, 0.5, -1.5, 2.0)],
    Sample("power_by", (signed(3),), {"exponent": 3}), Sample("power_by", (positive(),), {"exponent": 2}),
    Sample("where", (_FLAGS, signed(2, 3), signed(2, 3, seed=1))), Sample("where", (_FLAGS, signed(), signed(2, 1))),
    *_one("sigmoid"), *_one("tanh"), *_one("relu"),
    *[Sample(name, (signed(*shape),), {"axis": axis}) for name in ("softmax", "log_softmax")
      for shape, axis in (((2, 3), -1), ((2, 3), -2), ((4,), -1), ((2, 1, 3), -2), ((0, 3), -1))],
    *_over_axes("logsumexp"), *_over_axes("sum"), *_over_axes("mean"), *_over_axes("var", ddof=0),
    Sample("var", (signed(3, 4),), {"axis": (0,), "keepdims": False, "ddof": 1}),
    Sample("sum", (signed(0, 3),), {"axis": (0,), "keepdims": False}),
    *_over_axes("max", apart), *_over_axes("min", apart),
    Sample("argmax", (apart(2, 3),), {"axis": 1}), Sample("argmax", (apart(4),), {"axis": 0}),
    Sample("reshape", (signed(2, 3),), {"shape": (3, 2)}), Sample("reshape", (signed(1, 1),), {"shape": ()}),
    Sample("reshape", (signed(2, 0),), {"shape": (0, 5)}), Sample("transpose", (signed(2, 3),), {"axes": (1, 0)}),
    Sample("transpose", (signed(2, 3, 2),), {"axes": (1, 2, 0)}),
    Sample("transpose", (signed(),), {"axes": ()}),
    Sample("broadcast_to", (signed(3, 1),), {"shape": (2, 3, 4)}), Sample("broadcast_to", (signed(),), {"shape": (2,)}),
    Sample("astype", (signed(2, 3),), {"dtype": np.dtype("float64")}),
    Sample("astype", (np.arange(3),), {"dtype": np.dtype("float32")}),
    Sample("astype", (signed(2, 3) * 3,), {"dtype": np.dtype("int64")}),
    Sample("concatenate", (signed(2, 3), signed(1, 3, seed=1), signed(0, 3)), {"axis": 0}),
    Sample("concatenate", (signed(2, 1), signed(2, 2, seed=1)), {"axis": 1}),
    *[Sample("getitem", (signed(4, 3, 2),), {"pattern": pattern}) for pattern in (
        (1,), (_PART,), (None, (None, None, -1), "..."), ("...", 0), (-1, None, 2, 1), (0, 0, 0),
    )],
    Sample("getitem", (signed(4, 3), np.array([0, 2, 2])), {"pattern": ("array",)}),
    Sample("getitem", (signed(4, 3), np.array([0, 2]), np.array([1, -1])), {"pattern": ("array", "array")}),
    Sample("getitem", (signed(4, 3), np.array([[0, 2], [0, 0]])), {"pattern": ((None, None, None), "array")}),
    Sample("getitem", (signed(4), np.array([], np.intp)), {"pattern": ("array",)}),
    Sample("put_back", (signed(2, 3),), {"pattern": (_PART,), "shape": (4, 3)}),
    Sample("put_back", (signed(3, 2), np.array([1, 1, 0])), {"pattern": ("array",), "shape": (4, 2)}),
    Sample("one_hot", (_LABELS,), {"classes": 3, "dtype": np.dtype("float64")}),
    Sample("one_hot", (np.array(1),), {"classes": 3, "dtype": np.dtype("float32")}),
    *[Sample("matmul", (signed(*x, seed=1), signed(*y, seed=2))) for x, y in (
        ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2)),
        ((2, 1, 2, 3), (2, 3, 1)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((0, 3), (3, 2)), ((2, 0), (0, 2)),
    )],
    Sample("affine", (signed(4, 3), signed(3, 2, seed=1), signed(2, seed=2))),
    Sample("affine", (signed(3), signed(3, 2, seed=1), signed(2, seed=2))),
    *[Sample(name, (x, t)) for name, x, t in (
        ("cross_entropy", signed(3, 4), _LABELS), ("cross_entropy", signed(3, 4), rows_of(4, 3)),
        ("cross_entropy", signed(3), np.array(1)), ("cross_entropy", signed(3), np.array([0, 1, 0])),
        ("cross_entropy", signed(2, 2, 3), np.array([[0, 1], [2, 2]])), ("cross_entropy", signed(2, 3), positive(2, 3)),
        ("cross_entropy_error", rows_of(4, 3), _LABELS), ("cross_entropy_error", rows_of(4, 3), rows_of(4, 3, seed=1)),
        ("cross_entropy_error", rows_of(3), np.array(1)),
    )],
    *_two("mean_squared_error")[:-1], *MORE_SAMPLES,
    Sample("uniform", (np.array([7, 3]),), {"shape": (2, 3), "stream": 1, "dtype": np.dtype("float64")}, False),
    Sample("uniform", (np.array([7, 3]),), {"shape": (), "stream": 0, "dtype": np.dtype("float32")}, False),
]
