"""``glassgrad show`` and ``glassgrad data``: pictures, steps and words from the shell."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glassgrad.cli.show import read_values


def test_the_apples_of_the_deck(run):
    code, out, _ = run("show", "apple * count * tax", "--at", "apple=100,count=2", "--at", "tax=1.1")
    assert code == 0
    for number in ("220", "2.2", "110", "200", "1.1"):
        assert number in out


def test_opening_shows_the_local_graph(run):
    closed = run("show", "sigmoid(x)", "--at", "x=1")[1]
    opened = run("show", "sigmoid(x)", "--at", "x=1", "--open", "sigmoid")[1]
    assert "exp" not in closed
    assert "exp" in opened
    assert "0.7311" in closed
    assert "0.7311" in opened
    assert run("show", "sigmoid(x)", "--at", "x=1", "--open", "sigmod")[0] == 1


def test_opening_proves_that_the_derivatives_stay_the_same(run):
    told = "Opened and closed give the same derivatives: the largest relative difference is "
    opened = ("show", "sigmoid(x)", "--at", "x=1", "--open", "sigmoid")
    code, out, err = run(*opened)
    assert (code, err) == (0, "")
    difference = out.split(told)[1].strip().rstrip(".").replace("−", "-")
    assert 0 <= float(difference) < 1e-14
    assert told not in run("show", "sigmoid(x)", "--at", "x=1")[1]
    assert told not in run(*opened, "--no-backward")[1]
    code, out, err = run(*opened, "--format", "svg")  # a picture on standard output stays one
    assert out.rstrip().endswith("</svg>")
    assert told in err
    assert "相同的微分" in run(*opened, "-o", "s.svg", "--language", "zh_TW")[1]


def test_without_derivatives(run):
    assert "∂" not in run("show", "x * x", "--at", "x=3", "--no-backward")[1]


@pytest.mark.parametrize(("name", "begins"), [
    ("p.svg", b"<svg"), ("p.png", b"\x89PNG"), ("p.html", b"<!doctype html"), ("p.tex", b"\\documentclass"),
    ("p.dot", b"digraph"), ("p.txt", b""),
])
def test_files_by_suffix(run, name, begins):
    code, out, err = run("show", "(x + y) ** 2", "--at", "x=2,y=3", "-o", name)
    assert (code, err) == (0, "")
    assert name in out
    assert Path(name).read_bytes().lower().startswith(begins.lower())


def test_all_steps_where_no_keys_can_be_pressed(run):
    code, out, _ = run("show", "(x + y) ** 2", "--at", "x=2,y=3", "--step", "--language", "zh_TW")
    assert code == 0
    assert "正向傳播" in out
    assert "反向傳播" in out
    assert "= 25" in out


def test_steps_obey_arrow_keys(tmp_path, request):
    """A real pseudo-terminal: right twice, left once, quit."""
    keys, terminal = pty.openpty()
    command = [sys.executable, "-m", "glassgrad", "show", "(x + y) ** 2", "--at", "x=2,y=3", "--step"]
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=tmp_path)
    os.close(terminal)
    request.addfinalizer(process.wait)
    request.addfinalizer(process.kill)
    seen = b""
    deadline = time.monotonic() + 30
    for wanted, key in ((b"1/6", b"\x1b[C"), (b"2/6", b"\x1b[C"), (b"3/6", b"\x1b[D"), (b"2/6", b"q")):
        while wanted not in seen:
            assert select.select([keys], [], [], max(deadline - time.monotonic(), 0))[0], seen
            seen += os.read(keys, 4096)
        seen = b""
        time.sleep(0.5)  # what is typed before the program listens for keys is thrown away
        os.write(keys, key)
    assert process.wait(timeout=30) == 0
    os.close(keys)


def test_explanation_in_words(run):
    code, out, _ = run("show", "s ** 2 * (3 * s)", "--at", "s=2", "--explain", "s")
    assert code == 0
    assert "24 + 12 = 36" in out
    assert run("show", "s * 2", "--at", "s=2", "--explain", "t")[0] == 1


def test_a_trained_network_is_shown_with_a_sample(run):
    assert run("train", "--iterations", "30", "--hidden", "5", "--no-check", "--quiet", "--out", "net")[0] == 0
    code, out, _ = run("show", "net", "--sample", "7")
    assert code == 0
    assert "Affine1" in out
    assert "Softmax-with-Loss" in out
    code, _, err = run("show", "net", "--sample", "360")
    assert (code, "there are 360 test samples" in err) == (1, True)


HOSTILE = [
    "__import__('os').system('true')", "x.__class__", "lambda: 1", "[x for x in y]", "x[0]", "f'{x}'", "9**9**9**9",
    "x; y", "x := 2", "exec(x)", "\u202ex", "ｘ + 1", "x\x00", "(" * 500, "1e999",
    "<script>alert(1)</script>", "x if y else z", "open('a')", "'x'", "x, y", "", " ", "#", "sigmoid", "sigmoid(x, y)",
    "where(x, 1, 2)", "x y", "2x", "_" * 3000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_what_is_no_formula_is_refused_with_a_column(run, text):
    code, out, err = run("show", text, "--at", "x=1,y=2")
    assert code == 1
    assert out == ""
    assert "column" in err or "has no such name" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("arguments", "message"), [
    (("--at", "x"), "write name=number"),
    (("--at", "x=two"), "a number such as 2.5"),
    (("--at", "x=[1,"), "an array such as"),
    (("--at", "x=1,x=2"), "x is given twice"),
    (("--at", "z=1"), "no such name"),
    ((), "'x' has no value"),
    (("--at", "x=1", "-o", "no/such/folder/x.svg"), "cannot be written"),
    (("--at", "x=1", "-o", "x.bmp"), "suffix"),
    (("--at", "x=1", "--format", "pdf"), "format 'pdf' is not known"),
    (("--at", "x=1", "--language", "tlh"), "language 'tlh' is not known"),
])
def test_bad_input_is_one_line(run, arguments, message):
    code, _, err = run("show", "x * 2", *arguments)
    assert code == 1
    assert message in err
    assert err.count("\n") == 1


def test_values_may_be_arrays():
    assert read_values(("W=[[1, 2], [3, 4]],b=[0.5, 1]",)) == {"W": [[1, 2], [3, 4]], "b": [0.5, 1]}


def test_data_commands(run):
    assert {"digits", "mnist"} <= {entry["name"] for entry in json.loads(run("data", "list", "--json")[1])}
    assert "included" in run("data", "list")[1]
    assert "1,437 examples" in run("data", "info", "digits")[1]
    shown = run("data", "show", "digits", "--sample", "3")[1]
    assert len(shown.splitlines()) == 9
    assert "x1 = " in run("data", "show", "spiral")[1]
    assert run("data", "show", "digits", "--sample", "9999")[0] == 1
    assert run("data", "info", "digtis")[0] == 1
    assert run("data", "download", "digtis")[0] == 1
