"""The prover where people work: files, JUnit, pytest, and the decorator."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.check import check_file, checked
from glassgrad.cli import main

pytest_plugins = ["pytester"]

FILE = '''
import numpy as np

class Relu:
    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, 0, x)
    def backward(self, dout):
        return np.where(self.mask, 0, dout)

class Leaky:
    """Its slope is forgotten in backward."""
    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, 0.1 * x)
    def backward(self, dout):
        return np.where(self.x > 0, dout, dout)

class Affine:
    def __init__(self, W, b):
        self.W, self.b, self.dW, self.db = W, b, None, None
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T

def Affine_example():
    rng = np.random.default_rng(1)
    return Affine(rng.standard_normal((3, 2)), np.zeros(2)), rng.standard_normal((4, 3))

class NeedsMore:
    def __init__(self, size):
        self.size = size
    def forward(self, x):
        return x
    def backward(self, dout):
        return dout

def cube(x):
    return x ** 3

def cube_vjp(g, y, x):
    return g * 3 * x ** 2

def swapped(x, y):
    return x * y

swapped.vjp = lambda g, z, x, y: (g * x, g * y)

def helper(x):
    return x
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "layers.py"
    path.write_text(FILE)
    return path


def test_a_files_layers_and_rules_are_found_and_judged(file):
    found = {item.name: item for item in check_file(file)}
    assert list(found) == ["Relu", "Leaky", "Affine", "NeedsMore", "cube", "swapped"]
    assert [name for name, item in found.items() if item.correct] == ["Relu", "Affine", "cube"]
    assert "NeedsMore_example()" in found["NeedsMore"].problem
    assert found["Leaky"].line == FILE.splitlines().index("class Leaky:") + 1
    assert "claimed" in str(found["Leaky"])


def test_the_command_exits_with_1_and_names_the_guilty(file, capsys):
    for target, code in ((str(file), 1), (f"{file}:Relu", 0), (f"{file}:Leaky", 1), (f"{file}:Rely", 1)):
        with pytest.raises(SystemExit) as stop:
            main(["check", target])
        assert (stop.value.code or 0) == code
    shown = capsys.readouterr()
    assert "layers.py:4 Relu: CORRECT" in shown.out
    assert "Leaky: WRONG" in shown.out
    assert "Did you mean 'Relu'" in shown.err
    assert "Running" in shown.err


def test_json_and_junit(file, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["check", str(file), "--json", "--junit", str(tmp_path / "result.xml")])
    found = {item["name"]: item for item in json.loads(capsys.readouterr().out)}
    assert found["cube"]["report"]["verdict"] == "CORRECT"
    assert found["swapped"]["correct"] is False
    assert found["swapped"]["report"]["verdict"] == "WRONG"
    assert found["NeedsMore"]["report"] is None
    suite = ElementTree.parse(tmp_path / "result.xml").getroot()  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures")) == ("6", "3")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["Leaky", "NeedsMore", "swapped"]
    assert [failure.get("message") for failure in suite.iter("failure")] == ["WRONG", "NOT CHECKED", "WRONG"]


@pytest.mark.parametrize(("text", "message"), [
    ("x = ", "cannot be run: SyntaxError"), ("1 / 0", "cannot be run: ZeroDivisionError"),
    ("x = 1", "nothing to check"), ("raise SystemExit(3)", "cannot be run: SystemExit"),
])
def test_files_that_cannot_be_used(tmp_path, text, message):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(gg.DataError, match=message):
        check_file(tmp_path / "bad.py")
    with pytest.raises(gg.DataError, match="is no file"):
        check_file(tmp_path / "missing.py")


def test_the_decorator_proves_once_at_first_use():
    calls = []

    @checked(vjp=lambda g, y, x: g * 2 * x)
    def squares(x):
        calls.append(1)
        return x * x

    x = np.array([1.0, 3.0])
    np.testing.assert_array_equal(squares(x), x * x)
    many = len(calls)
    assert many > 2
    squares(x)
    assert len(calls) == many + 1
    assert squares.vjp(1.0, 0.0, 3.0) == 6.0


def test_the_decorator_stops_a_wrong_rule():
    @checked(vjp=lambda g, y, x: g * x)
    def squares(x):
        return x * x

    for _ in range(2):  # it stays unproved
        with pytest.raises(gg.GradientError, match="WRONG"):
            squares(np.array([1.0, 3.0]))


def test_the_decorator_on_a_function_on_tensors_and_on_a_class():
    assert checked(gg.tanh)(np.array([0.5])).op.name == "tanh"

    @checked
    class Double:
        def forward(self, x):
            return 2 * x

        def backward(self, dout):
            return dout

    with pytest.raises(gg.GradientError, match="WRONG"):
        Double().forward(np.ones((2, 3)))


def test_the_fixture(gradient_checked):
    assert gradient_checked(gg.tanh, np.array([0.5, -1.0]))
    with pytest.raises(pytest.fail.Exception, match="WRONG"):
        gradient_checked(np.sin, np.array([0.5]), vjp=lambda g, y, x: g)


@pytest.mark.gradient
def test_the_mark():
    return np.sin, np.array([0.5, 2.0]), {"vjp": lambda g, y, x: g * np.cos(x)}


def test_the_mark_fails_a_wrong_rule(pytester):
    pytester.makepyfile("""
        import numpy as np, pytest

        @pytest.mark.gradient
        def test_right():
            return np.sin, np.array([0.5]), {"vjp": lambda g, y, x: g * np.cos(x)}

        @pytest.mark.gradient
        def test_wrong():
            return np.sin, np.array([0.5]), {"vjp": lambda g, y, x: -g * np.cos(x)}

        @pytest.mark.gradient
        def test_nothing():
            pass
    """)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*WRONG*", "*returns what to check*"])
