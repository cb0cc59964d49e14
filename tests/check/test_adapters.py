"""What people bring: functions on Tensors, NumPy rules, layers of the deck, PyTorch and JAX."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.check import Verdict, check_gradient
from glassgrad.errors import DtypeError, GradientError, SettingError

V = np.array([0.5, -1.2, 2.0])


class Affine:
    """The deck's layer."""

    def __init__(self, W, b):
        self.W, self.b = W, b
        self.x = self.dW = self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class MeanBias(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.mean(axis=0)
        return dx


class InPlaceRelu:
    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, 0, x)

    def backward(self, dout):
        return np.where(self.mask, dout * 0.1, dout)


class DeckRelu:
    """As the deck prints it: zeros are written into what the next layer handed back."""

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


def affine(cls):
    rng = np.random.default_rng(0)
    return cls(rng.standard_normal((4, 2)), np.zeros(2)), rng.standard_normal((3, 4))


def test_a_layer_of_the_deck_with_its_parameters():
    layer, x = affine(Affine)
    W = layer.W.copy()
    report = check_gradient(layer, x)
    assert report.verdict is Verdict.CORRECT, str(report)
    assert {part.label for part in report.maps} == {"x", "W", "b"}
    np.testing.assert_array_equal(layer.W, W)


def test_the_wrong_parameter_of_a_layer_is_named():
    layer, x = affine(MeanBias)
    report = check_gradient(layer, x)
    assert report.verdict is Verdict.WRONG
    assert {finding.argument for finding in report.findings} == {"b"}
    assert report.cause == "mean for sum (a 1/N too many)"


def test_a_layer_without_parameters():
    assert check_gradient(InPlaceRelu(), V).verdict is Verdict.WRONG


def test_a_layer_that_writes_into_dout_is_wrong():
    report = check_gradient(DeckRelu(), V)
    assert report.verdict is Verdict.WRONG
    assert report.cause == "cotangent changed in place"


def test_functions_on_tensors_and_integer_arguments():
    assert check_gradient(gg.sigmoid, V).verdict is Verdict.CORRECT
    report = check_gradient(gg.cross_entropy, np.array([[0.3, 2.9, 4.0], [1, 0, -1.0]]), np.array([2, 0]))
    assert report.verdict is Verdict.CORRECT
    assert check_gradient(lambda x, w: [gg.sum(x * w), gg.exp(x)], V, V + 1).verdict is Verdict.CORRECT
    assert check_gradient(lambda p: gg.sum(p["a"] * p["b"]), {"a": V, "b": V * V}).verdict is Verdict.CORRECT


def test_integer_arguments_of_a_numpy_rule_are_held_fixed():
    report = check_gradient(lambda x, k: x**k, V, np.array([2, 3, 4]), vjp=lambda g, y, x, k: g * k * x ** (k - 1))
    assert report.verdict is Verdict.CORRECT


def test_torch_functions_and_modules():
    torch = pytest.importorskip("torch")

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            return -g * ctx.saved_tensors[0].cos()

    report = check_gradient(Wrong, torch.tensor(V))
    assert report.verdict is Verdict.WRONG
    assert report.cause == "sign"
    assert check_gradient(torch.tanh, torch.tensor(V)).verdict is Verdict.CORRECT
    module = torch.nn.Linear(3, 2)
    report = check_gradient(module, torch.tensor(V, dtype=torch.float32)[None])
    assert report.verdict is Verdict.CORRECT, str(report)
    assert {part.label for part in report.maps} == {"x", "weight", "bias"}
    assert all(p.grad is None for p in module.parameters())


class HalfSquares:
    """As scikit-learn has its losses: one loss and one gradient for every row."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def loss(self, y_true, raw_prediction, sample_weight=None):
        return 0.5 * (y_true - raw_prediction) ** 2

    def gradient(self, y_true, raw_prediction, sample_weight=None):
        return self.factor * (raw_prediction - y_true)


class Logistic:
    """A loss of coefficients, a single number."""

    def loss(self, coef, X, y):
        return np.log1p(np.exp(-y * (X @ coef))).mean()

    def gradient(self, coef, X, y):
        return -(y / (1 + np.exp(y * (X @ coef)))) @ X / len(y)


def test_objects_with_a_loss_and_its_gradient():
    assert check_gradient(HalfSquares(), V, V + 1).verdict is Verdict.CORRECT
    report = check_gradient(HalfSquares(2.0), V, V + 1)
    assert report.verdict is Verdict.WRONG
    assert report.cause == "factor 2"
    assert report.findings[0].argument == "raw_prediction"
    X, y = np.random.default_rng(0).standard_normal((5, 3)), np.array([1, -1, 1, 1, -1])
    report = check_gradient(Logistic(), V, X, y)
    assert report.verdict is Verdict.CORRECT
    assert [part.label for part in report.maps] == ["coef"]
    with pytest.raises(DtypeError, match="coef of the loss holds no floats"):
        check_gradient(Logistic(), np.array([1, 2, 3]), X, y)


def test_the_losses_of_scikit_learn():
    losses = pytest.importorskip("sklearn._loss.loss")
    rng = np.random.default_rng(1)
    assert check_gradient(losses.HalfBinomialLoss(), np.array([0.0, 1, 1]), rng.standard_normal(3))
    assert check_gradient(losses.HalfMultinomialLoss(n_classes=3), np.array([0.0, 1, 2]), rng.standard_normal((3, 3)))


def test_jax_functions_and_custom_rules():
    jax = pytest.importorskip("jax")

    @jax.custom_vjp
    def wrong(x):
        return jax.numpy.sin(x)

    wrong.defvjp(lambda x: (jax.numpy.sin(x), x), lambda x, g: (2 * g * jax.numpy.cos(x),))
    report = check_gradient(wrong, jax.numpy.asarray(V))
    assert report.verdict is Verdict.WRONG
    assert report.cause == "factor 2"
    assert check_gradient(jax.nn.softplus, jax.numpy.asarray(V)).verdict is Verdict.CORRECT


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: check_gradient(3, V), SettingError, "cannot be checked"),
    (lambda: check_gradient(np.sin, np.array([1, 2]), vjp=np.cos), DtypeError, "floats"),
    (lambda: check_gradient(np.sin, np.array([1j]), vjp=np.cos), DtypeError, "complex"),
    (lambda: check_gradient(np.sin, np.array([np.nan]), vjp=np.cos), GradientError, "NaN"),
    (lambda: check_gradient(np.sin, V, vjp=np.cos, resolution=2), SettingError, "resolution"),
    (lambda: check_gradient(gg.constant(1.0) * 2), GradientError, "constants"),
])
def test_misuse_is_explained(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_function_that_raises_or_gives_integers_is_a_verdict():
    def raises(x):
        raise ValueError("no such luck")

    report = check_gradient(raises, V, vjp=lambda g, y, x: g)
    assert report.verdict is Verdict.WRONG
    assert "no such luck" in str(report)
    assert "floating-point" in str(check_gradient(lambda x: np.array([1, 2]), V, vjp=lambda g, y, x: 0 * x))


def test_the_time_limit_ends_a_check():
    report = check_gradient(np.sin, V, vjp=lambda g, y, x: g * np.cos(x), time_limit=0.0)
    assert report.verdict is Verdict.NOISE
    assert "time limit" in str(report)
