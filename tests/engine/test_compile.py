"""`gg.compile`: containers, kinds of arguments, engines, what it says, what it refuses."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engine import compiled as module
from glassgrad.engine import program as program_module
from glassgrad.engine.llvm import native as native_module
from glassgrad.engine.llvm.native import CannotCompileError
from glassgrad.engine.llvm.sizes import own_registers
from glassgrad.engine.same import difference

ENGINES = ("interpret", "numpy", "native")
each_engine = pytest.mark.parametrize("engine", ENGINES)
X = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])


@each_engine
def test_nested_containers_in_and_out(engine: str) -> None:
    def move(p: Any, more: Any) -> Any:
        return {"p": [p["W"] - more[0], (p["b"] * 2, None)], "n": gg.sum(p["b"])}

    found = gg.compile(move, engine=engine)({"W": X, "b": np.ones(2)}, (np.float64(0.5), []))
    assert list(found) == ["p", "n"]
    assert found["p"][1][1] is None
    assert type(found["p"][1]) is tuple
    np.testing.assert_array_equal(found["p"][0], X - 0.5)
    np.testing.assert_array_equal(found["p"][1][0], [2.0, 2.0])
    assert isinstance(found["n"], np.float64)
    assert found["n"] == 2


def test_a_new_kind_of_arguments_is_another_program() -> None:
    double = gg.compile(lambda x: x + x, engine="numpy")
    for shape in ((), (3,), (0, 2), (2, 1, 3)):
        for dtype in ("float32", "float64", "int64"):
            found = double(np.ones(shape, dtype))
            assert (found.shape, found.dtype) == (shape, dtype)
    assert repr(double) == "<compiled <lambda>: 12 kinds of arguments>"


def test_the_programs_that_are_remembered_are_bounded() -> None:
    double = gg.compile(lambda x: 2.0 * x, engine="interpret")
    for size in range(module.KEPT + 20):
        assert double(np.ones(size)).size == size
    assert len(double._kept) == module.KEPT
    assert len(double._plain) <= module.KEPT
    assert double(np.ones(0)).size == 0  # forgotten, and made again


@each_engine
def test_a_python_number_takes_the_dtype_of_what_stands_beside_it(engine: str) -> None:
    add = gg.compile(lambda x, y: x + y, engine=engine)
    for x, y in ((X.astype("float32"), 0.1), (0.1, X.astype("float32")), (X, 3), (np.arange(3), 2), (1.5, 2), (1, 2),
                 (np.arange(3), 0.5), (X.astype("float32"), True)):
        found, wanted = add(x, y), np.add(x, y)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


@each_engine
def test_tensors_are_arguments_and_parameters_are_captured(engine: str) -> None:
    layer = gg.nn.Affine(3, 2, seed=0, dtype="float64")
    score = gg.compile(lambda x: layer(x), engine=engine)
    W, b = (tensor.value for tensor in layer.parameters().values())
    for x in (gg.tensor(X), X, gg.constant(X)):
        found = score(x)
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, X @ W + b, rtol=1e-15, atol=1e-15)


def test_a_compiled_function_is_a_part_of_a_function_that_is_traced() -> None:
    square = gg.compile(lambda x: x * x)
    np.testing.assert_allclose(gg.grad(lambda x: gg.sum(gg.sin(square(x))))(X), np.cos(X * X) * 2 * X)
    outer = gg.compile(lambda x: gg.tanh(square(x)), engine="interpret")
    np.testing.assert_allclose(outer(X), np.tanh(X * X))
    assert [node.op.name for node in outer.graph.operations] == ["multiply", "tanh"]


def test_what_is_differentiated_around_passes_through() -> None:
    scaled = gg.compile(lambda w, x: gg.sum(w * x))
    assert scaled(2.0, X) == 2 * X.sum()
    slope = gg.grad(lambda w: scaled(w, X) ** 2)(3.0)
    assert float(slope) == pytest.approx(2 * 3 * X.sum() ** 2)
    second = gg.grad(gg.grad(lambda w: scaled(w, X) ** 2))(3.0)
    assert float(second) == pytest.approx(2 * X.sum() ** 2)


def test_a_function_may_give_nothing() -> None:
    assert gg.compile(lambda x: [], engine="native")(X) == []


def test_an_unknown_engine() -> None:
    with pytest.raises(gg.SettingError, match=r"engine 'cuda' is not known.*auto.*native"):
        gg.compile(lambda x: x, engine="cuda")


def test_it_says_what_it_did() -> None:
    step = gg.compile(lambda x, W: gg.sum(gg.tanh(x @ W), axis=1), engine="native")
    with pytest.raises(gg.TraceError, match=r"has not been called yet.*Call it once"):
        step.explain()
    with pytest.raises(gg.TraceError, match="has not been called yet"):
        _ = step.graph
    step(np.ones((40, 30)), np.ones((30, 20)))
    text = step.explain()
    assert "3 operations in 2 steps" in text
    assert f"{2 * 40 * 30 * 20:,} flops" in text
    assert "1. 40 x 30 x 20 product" in text
    assert "tanh, sum over 40 x 20" in text
    assert "def program(table):" in text
    assert [node.op.name for node in step.graph.operations] == ["matmul", "tanh", "sum"]
    assert step.graph.outputs[0].shape == (40,)


@pytest.mark.parametrize(("engine", "words"), [("numpy", "each a call of NumPy"), ("interpret", "the interpreter")])
def test_the_other_engines_say_what_they_do(engine: str, words: str) -> None:
    double = gg.compile(lambda x: 2 * gg.sin(x), engine=engine)
    double(X)
    assert words in double.explain()
    assert "sin float64[2, 3]" in double.explain()


def test_what_is_not_compiled_is_called_between_compiled_parts() -> None:
    def both(x: Any) -> Any:
        return gg.sum(gg.sort(gg.sin(x), axis=1) * gg.logaddexp(x * 2, 0.1))

    found = gg.compile(gg.value_and_grad(both), engine="native")
    value, slope = found(X)
    wanted = gg.value_and_grad(both)(X)
    np.testing.assert_allclose(value, wanted[0], rtol=1e-14)
    np.testing.assert_allclose(slope, wanted[1], rtol=1e-13)
    said = next(line for line in found.explain().splitlines() if line.startswith("not compiled, called in NumPy: "))
    assert said == "not compiled, called in NumPy: sort, argsort"


TRANSFORMS: dict[str, Any] = {
    "grad": lambda f, x: gg.grad(lambda x: gg.sum(f(x)))(x), "of grad": lambda f, x: gg.jacobian(gg.grad(
        lambda x: gg.sum(f(x))))(x), "hessian": lambda f, x: gg.hessian(lambda x: gg.sum(f(x)))(x),
    "jacobian": lambda f, x: gg.jacobian(f)(x), "vmap": lambda f, x: gg.vmap(f)(np.stack([x, 2 * x])),
    "jvp": lambda f, x: gg.jvp(f, (x,), (x,))[1], "vjp": lambda f, x: gg.vjp(f, x)[1](np.ones(5))[0],
}


@pytest.mark.parametrize("engine", ["native", "numpy", "interpret"])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_compiled_functions_are_transformed_and_transforms_compiled(name: str, engine: str) -> None:
    def f(x: Any) -> Any:
        return gg.tanh(x[1:] * x[:-1]) * x[0]

    x, transform = np.random.default_rng(0).standard_normal(6), TRANSFORMS[name]
    wanted = transform(f, x)
    np.testing.assert_allclose(transform(gg.compile(f, engine=engine), x), wanted, rtol=1e-12, atol=1e-14)
    whole = gg.compile(lambda x: transform(gg.compile(f, engine=engine), x), engine=engine)
    if name in ("grad", "hessian", "of grad", "jacobian", "vmap"):
        np.testing.assert_allclose(whole(x), wanted, rtol=1e-12, atol=1e-14)


# What it refuses ------------------------------------------------------------------------------------------------------


def test_random_numbers_and_counters_are_refused_with_line_and_remedy() -> None:
    rng, calls = np.random.default_rng(0), []

    def noisy(x: Any) -> Any:
        return x + rng.standard_normal(3)

    def counting(x: Any) -> Any:
        calls.append(1)
        return x * len(calls)

    for function in (noisy, counting):
        with pytest.raises(gg.TraceError, match=r"another graph .* second time: .*\(.*test_compile\.py:\d+.*\)\. .*"
                                                "pass random numbers, counters and the like as arguments"):
            gg.compile(function)(X)


@pytest.mark.parametrize("function", [
    lambda w: gg.mean(gg.reshape(w, (29, 3)) ** 2), lambda w: gg.mean(np.ones((2, 5, 3)) @ w),
    lambda w: gg.var(gg.reshape(w, (3, -1))), lambda w: gg.mean(w, axis=0)[0] ** 3,
])
def test_what_is_remembered_from_the_first_tracing_makes_no_other_graph_of_the_second(function: Any) -> None:
    """Sizes that nothing else here has: what is remembered of an op belongs to its shapes."""
    w = np.linspace(-1, 1, 87).reshape(3, 29)
    np.testing.assert_allclose(gg.compile(gg.grad(function))(w), gg.grad(function)(w), rtol=1e-12, atol=1e-15)


def test_graphs_of_other_inputs_or_outputs_differ() -> None:
    types = [gg.ArrayType((3,)), gg.ArrayType((3,))]
    graphs = [gg.trace(f)(*types) for f in (lambda x, y: x - y, lambda x, y: y - x, lambda x, y: (x, y),
                                           lambda x, y: x - x, lambda x, y: x - 2.0 * y)]
    for i, left in enumerate(graphs):
        for j, right in enumerate(graphs):
            assert bool(difference(left, right)) == (i != j)


def test_control_flow_that_depends_on_data_is_refused_with_its_line() -> None:
    def choosing(x: Any) -> Any:
        if gg.sum(x) > 0:
            return x
        return -x

    with pytest.raises(gg.TraceError, match=r"test_compile\.py:\d+"):
        gg.compile(choosing)(X)


def test_arrays_of_objects_and_other_things_are_refused() -> None:
    double = gg.compile(lambda x: x + x)
    for given in (X.astype(object), "text", np.array(["a"]), object()):
        with pytest.raises(gg.GlassgradError) as caught:
            double(given)
        assert "\n" not in str(caught.value)


@each_engine
def test_a_wrong_index_is_said_as_the_interpreter_says_it(engine: str) -> None:
    chosen = gg.compile(lambda x, i: x[i] * 2, engine=engine)
    np.testing.assert_array_equal(chosen(X, np.array([1, -1, -2])), 2 * X[[1, 1, 0]])
    for index in (2, -3):
        with pytest.raises(gg.ShapeError, match=rf"getitem: index {index} is out of bounds.*\(test_compile.py:\d+\)"):
            chosen(X, np.array([0, index]))
    np.testing.assert_array_equal(chosen(X, np.array([0, 0, 1])), 2 * X[[0, 0, 1]])


@each_engine
def test_a_label_that_is_no_class_is_refused(engine: str) -> None:
    loss = gg.compile(gg.cross_entropy, engine=engine)
    for dtype in ("int8", "int64"):
        assert loss(X, np.array([0, 2], dtype)) == pytest.approx(float(gg.cross_entropy(X, [0, 2]).value))
        for label in (-1, 3):
            with pytest.raises(gg.ShapeError, match=f"label {label} at index .1,. is not among the 3 classes"):
                loss(X, np.array([0, label], dtype))


@each_engine
def test_what_a_traced_function_left_behind_is_no_value(engine: str) -> None:
    left: list[Any] = []
    gg.compile(lambda x: left.append(x) or x * 2)(X)  # type: ignore[func-returns-value]
    for function in (lambda x: x + left[0], lambda x: x + gg.exp(left[0])):
        with pytest.raises(gg.TraceError, match="'x' is a placeholder of another traced function"):
            gg.compile(function, engine=engine)(X)


def test_arguments_may_be_given_by_name() -> None:
    scaled = gg.compile(lambda x, scale=2.0, shift=0.0: x * scale + shift, engine="interpret")
    np.testing.assert_array_equal(scaled(X, scale=3.0), X * 3)
    np.testing.assert_array_equal(scaled(shift=1.0, x=X, scale=3.0), X * 3 + 1)
    with pytest.raises(gg.TraceError, match=r"unexpected keyword argument 'shfit'\. \(test_compile.py:\d+\)"):
        scaled(X, shfit=1.0)
    for function in (lambda x, *, shift: x + shift, lambda x, scale=2.0, shift=0.0: x * scale + shift):
        with pytest.raises(gg.TraceError, match=r"shift cannot be given by position.*Give what stands before it"):
            gg.compile(function)(X, shift=2.0)


def test_a_parameter_that_is_not_a_number_is_the_same_the_second_time() -> None:
    edged = gg.compile(lambda x: gg.pad(x, 1, constant_values=np.nan), engine="interpret")
    assert np.isnan(edged(X)).sum() == 20 - X.size


def test_debug_names_the_first_value_that_is_not_finite_in_a_compiled_run() -> None:
    def slope(x: Any) -> Any:
        return gg.sum(gg.sqrt(x) * 2)

    for engine in ENGINES:
        value, both = gg.compile(lambda x: gg.sum(gg.log(x)), engine=engine), gg.compile(gg.grad(slope), engine=engine)
        with np.errstate(all="ignore"):
            assert np.isnan(value(X))  # nobody looks
        with gg.debug():
            assert value(np.ones(3)) == 0
            with pytest.raises(gg.NonFiniteError, match=r"nan first appears in the result of log at index \(0, 1\) of "
                                                        r"shape \(2, 3\); its inputs: x .*test_compile\.py:\d+"):
                value(X)
            with pytest.raises(gg.NonFiniteError, match=r"inf first appears going backward through .*sqrt"):
                both(np.zeros(2))
        with gg.debug(infinity=False):
            both(np.zeros(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 7, 3001])
def test_debug_sees_every_entry_of_every_result_of_a_native_program(size: int, dtype: str, bad: float) -> None:
    many = gg.compile(lambda x, y: {"same": x + 0.0, "most": gg.max(x), "signs": y > 0, "wide": y * 2.0},
                      engine="native")
    empty = gg.compile(lambda x: x * 2.0, engine="native")
    x, y = np.ones(size, dtype), np.ones((size, 2))
    with gg.debug():
        assert many(x, y)["most"] == 1
        assert empty(x[:0]).shape == (0,)
        for place in {0, size // 2, size - 1}:
            for given in (x, y):
                entries = given.reshape(-1)
                entries[place] = bad
                with pytest.raises(gg.NonFiniteError):
                    many(x, y)
                entries[place] = 1
        many(x, y)


def test_a_wrong_class_number_is_said_as_the_interpreter_says_it() -> None:
    loss = gg.compile(gg.cross_entropy, engine="native")
    assert loss(X, np.array([0, 2])) == pytest.approx(float(gg.cross_entropy(X, np.array([0, 2])).item()))
    with pytest.raises(gg.ShapeError, match="label 3"):
        loss(X, np.array([0, 3]))


# What is missing ------------------------------------------------------------------------------------------------------


def test_without_llvm_there_is_one_warning_and_numpy_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_warned", set())
    monkeypatch.setattr(native_module.importlib.util, "find_spec", lambda name: None)
    native_module.native.cache_clear()
    first = gg.compile(lambda x: gg.sin(x) * 3)
    with pytest.warns(RuntimeWarning, match="llvmlite is not installed, so programs run by NumPy, slower: pip install"
                      ) as said:
        found = first(X)
    assert said[0].filename == __file__
    np.testing.assert_allclose(found, np.sin(X) * 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(gg.compile(lambda x: gg.cos(x))(X), np.cos(X))
    assert "each a call of NumPy" in first.explain()


def test_a_compiler_that_fails_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise CannotCompileError("LLVM could not compile the program (a reason), so NumPy runs it, slower")

    monkeypatch.setattr(module, "_warned", set())
    monkeypatch.setattr(program_module, "native", broken)
    with pytest.warns(RuntimeWarning, match="LLVM could not compile the program .a reason., so NumPy runs it, slower"):
        np.testing.assert_array_equal(gg.compile(lambda x: x + 1)(X), X + 1)


def test_without_a_blas_products_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_warned", set())
    monkeypatch.setattr(program_module, "best", lambda: None)
    x, y = np.random.default_rng(0).standard_normal((2, 100, 100))
    with pytest.warns(RuntimeWarning, match="no BLAS was found that native code could call, so NumPy multiplies"):
        found = gg.compile(lambda x, y: x @ y + 1)(x, y)
    np.testing.assert_allclose(found, x @ y + 1, rtol=1e-12)


@pytest.mark.skipif(own_registers() is None, reason="this processor has no fused multiplication")
def test_no_blas_is_looked_for_where_none_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> None:
        raise AssertionError("choosing one takes a second")

    monkeypatch.setattr(program_module, "best", asked)
    x, y = np.random.default_rng(0).standard_normal((2, 40, 40))
    compiled = gg.compile(lambda x, y: x @ y + 1, engine="native")
    np.testing.assert_allclose(compiled(x, y), x @ y + 1, rtol=1e-12)
    assert "BLAS: not needed" in compiled.explain()


# Whose arrays -------------------------------------------------------------------------------------------------------


def outputs_of_all_kinds(x: Any, y: Any) -> Any:
    return x, x.T, x[1:], gg.flip(x, 0), x * 2, x * 2, gg.reshape(y, (-1,)), gg.stop_gradient(y), gg.tanh(y), gg.sum(y)


@each_engine
@pytest.mark.parametrize("rows", [2, 2000])  # small arguments are copied, large ones read where they lie
def test_the_callers_arrays_stay_and_results_are_the_callers_own(engine: str, rows: int) -> None:
    step = gg.compile(outputs_of_all_kinds, engine=engine)
    x, y = np.random.default_rng(0).standard_normal((2, rows, 3))
    before = x.copy(), y.copy()
    first = step(x, y)
    kept = [np.array(value) for value in first]
    for value in first:
        if isinstance(value, np.ndarray):
            assert value.flags.writeable
            assert not any(np.shares_memory(value, other) for other in (x, y))
            assert sum(np.shares_memory(value, other) for other in first) == 1
            value[...] = 7.0  # must change nothing else
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])
    for value, old in zip(step(x, y), kept, strict=True):
        assert np.array_equal(value, old)  # the same bits


@each_engine
def test_arguments_may_lie_as_they_like(engine: str) -> None:
    wide = np.random.default_rng(0).standard_normal((60, 80))
    product = gg.compile(lambda a, b: a @ b + a[:, :1], engine=engine)
    for a in (wide[::2, ::2], wide.T[:30, :40], wide[29::-1, 39::-1], np.asfortranarray(wide[:30, :40]),
              wide[:30, :40].astype(">f8").astype("f8")):
        a.flags.writeable = False
        np.testing.assert_allclose(product(a, a.T), a @ a.T + a[:, :1], rtol=1e-12, atol=1e-12)


def test_an_argument_changed_in_place_is_read_again() -> None:
    step = gg.compile(lambda x: gg.sum(x), engine="native")
    x = np.ones(5000)
    assert step(x) == 5000
    x[:] = 2
    assert step(x) == 10000


def test_other_orders_of_bytes() -> None:
    swapped = X.astype(X.dtype.newbyteorder())
    np.testing.assert_array_equal(gg.compile(lambda x: x * 2)(swapped), X * 2)


def test_nothing_heavy_is_imported_before_something_is_compiled() -> None:
    code = "import sys, glassgrad as gg; gg.compile(lambda x: x); print('llvmlite' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


@pytest.mark.parametrize("inner", [401, 402, 403, 404])
@pytest.mark.parametrize("function", [
    lambda x, W, b: x @ W, lambda x, W, b: x @ W + b, lambda x, W, b: b - 2.5 * (x @ W), lambda x, W, b: -(x[0] @ W),
])
def test_a_row_times_a_matrix_for_any_number_of_rows(function: Any, inner: int) -> None:
    rng = np.random.default_rng(inner)
    x, W, b = rng.standard_normal((1, inner)), rng.standard_normal((inner, 19)), rng.standard_normal((1, 19))
    compiled = gg.compile(function, engine="native")
    np.testing.assert_allclose(compiled(x, W, b), function(x, W, b), rtol=1e-12, atol=1e-12)
    assert "gem" not in compiled.explain().replace("gemm calls", "")


def test_native_code_may_be_asked_for_by_the_name_of_numba() -> None:
    assert gg.compile(lambda x: x, engine="numba").engine == "native"
