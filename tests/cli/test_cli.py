"""The command line as a person uses it: what it prints, writes, refuses, and the codes it exits with."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.cli import main
from glassgrad.cli.doctor import advice
from glassgrad.engine.blas import Measured

FAST = ("--iterations", "60")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder of a network that has learned to read."""
    folder = tmp_path_factory.mktemp("trained") / "digits"
    with pytest.raises(SystemExit) as stop:
        main(["train", "--iterations", "1500", "--out", str(folder), "--quiet"])
    assert not stop.value.code
    return folder


def test_train_checks_trains_and_writes_a_run(run):
    code, out, err = run("train", *FAST)
    assert (code, err) == (0, "")
    for words in ("1,437 training and 360 test samples", "W1", "b2", "CORRECT", "Test accuracy", "report.html"):
        assert words in out
    folder = Path("runs/digits-1")
    assert sorted(file.name for file in folder.iterdir()) == [
        "metrics.jsonl", "model.safetensors", "report.html", "settings.json"]
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["iteration"] == 60
    assert run("train", *FAST)[1].count("digits-2")


def test_it_reads_digits(trained, run):
    code, out, _ = run("predict", str(trained), "digits")
    assert code == 0
    assert float(out.split(": ")[1].split(" of ")[0]) > 0.93
    found = json.loads(run("predict", str(trained), "digits", "--json")[1])
    assert len(found["predicted"]) == 360


def test_the_report_is_one_page_without_scripts_or_addresses(trained):
    page = (trained / "report.html").read_text("utf-8")
    assert "Content-Security-Policy" in page
    assert "<script" not in page
    assert "src=\"http" not in page
    assert "CC BY 4.0" in page


def test_a_loaded_run_predicts_what_the_trained_one_did(trained):
    loaded = gg.run.load(trained)
    data = gg.data.load("digits")
    accuracy = float(np.mean(loaded.model.predict(data.x_test) == data.y_test))
    assert accuracy == loaded.result["test_accuracy"]


def test_an_image_is_read(trained, run, tmp_path):
    image_library = pytest.importorskip("PIL.Image", reason="reading image files needs Pillow")
    data = gg.data.load("digits")
    right = np.flatnonzero(gg.run.load(trained).model.predict(data.x_test) == data.y_test)[0]
    pixels = (data.x_test[right].reshape(8, 8) * 15).astype(np.uint8)
    image_library.fromarray(np.kron(pixels, np.ones((10, 10), np.uint8))).save(tmp_path / "light.png")
    image_library.fromarray(255 - pixels).save(tmp_path / "dark.png")
    for arguments in (("light.png",), ("dark.png", "--invert")):
        code, out, _ = run("predict", str(trained), *arguments)
        assert code == 0
        assert f": {data.y_test[right]} (" in out


def test_json_is_one_object_and_quiet_is_silent(run):
    code, out, _ = run("train", *FAST, "--json", "--no-check")
    found = json.loads(out)
    assert (code, found["iterations"], found["gradients_correct"]) == (0, 60, None)
    assert run("train", *FAST, "--quiet") == (0, "", "")


def test_the_same_seed_gives_the_same_file_in_two_processes(tmp_path):
    files = []
    for name in ("a", "b"):
        command = [sys.executable, "-m", "glassgrad", "train", *FAST, "--no-check", "--dropout", "0.2", "--quiet"]
        subprocess.run([*command, "--out", str(tmp_path / name)], check=True)
        files.append((tmp_path / name / "model.safetensors").read_bytes())
    assert files[0] == files[1]


def test_settings_from_a_file_and_the_command_line_wins(run, tmp_path):
    (tmp_path / "run.toml").write_text('hidden = "7"\nlr = 0.05\niterations = 30\nweight-decay = 0.001\n')
    code, out, _ = run("train", "--config", "run.toml", "--hidden", "9", "--out", "here")
    assert code == 0
    assert "64-9-10" in out
    settings = json.loads(Path("here/settings.json").read_text())["training"]
    assert (settings["lr"], settings["weight_decay"], settings["iterations"]) == (0.05, 0.001, 30)


def test_check_shows_the_decks_four_numbers_and_verdicts(run, trained):
    for target in ((), (str(trained),)):
        code, out, _ = run("check", *target)
        assert code == 0
        for word in ("W1", "b1", "W2", "b2", "CORRECT"):
            assert word in out
    table = json.loads(run("check", "--json")[1])
    figures = {row["name"]: row["mean_difference"] for row in table["rows"]}
    assert 1e-11 < figures["b2"] < 1e-9  # h**2 truncation, as in the deck's book: 1.2e-10
    assert max(figures["W1"], figures["b1"], figures["W2"]) < 1e-11
    epsilon = {row["name"]: row["epsilon_in_log"] for row in table["rows"]}
    assert set(epsilon) == set(figures)
    lines = [line.split() for line in run("check")[1].splitlines()]
    for name, figure in epsilon.items():
        assert [line[-1] for line in lines if line[:1] == [name]][-1] == f"{figure:.1e}"


def test_check_exits_with_1_when_a_gradient_is_wrong(run, monkeypatch):
    from dataclasses import replace

    from glassgrad.ops import loss

    wrong = replace(loss.cross_entropy, vjp=lambda xp, g, y, x, t: (g * (loss.softmax(xp, x, axis=-1)), None))
    monkeypatch.setattr("glassgrad.cli.network.nodes.cross_entropy",
                        lambda x, t: gg.graph.nodes.record(wrong, (x, t)))
    code, out, _ = run("check", "--hidden", "3")
    assert code == 1
    assert "WRONG" in out


def test_doctor_names_versions_and_blas(run):
    code, out, _ = run("doctor")
    assert code == 0
    assert f"numpy             {np.__version__}" in out
    assert "GF/s, one thread" in out
    found = json.loads(run("doctor", "--json")[1])
    assert set(found) >= {"glassgrad", "Python", "environment", "cache", "BLAS"}
    used = found["BLAS"]["used"]
    assert found["BLAS"]["measured"][used]["mean"] > 0
    assert [line.split()[0] for line in out.splitlines() if line.endswith("<- used")] == [used]


def rates(**means):
    """Libraries with these means, as doctor has them; NumPy's and SciPy's have the kernels Haswell."""
    cores = {"numpy": "Haswell", "scipy": "Haswell"}
    return {name: Measured(cores.get(name, "SkylakeX"), {"square": mean}) for name, mean in means.items()}


@pytest.mark.parametrize(("means", "words"), [
    ({"numpy": 100, "openblas": 102}, ["98% of the best speed"]),
    ({"numpy": 108, "openblas": 207}, ["about half", "kernels Haswell", "set OPENBLAS_CORETYPE=SkylakeX", "before"]),
    ({"numpy": 10, "openblas": 207}, ["at 5% of", "OPENBLAS_CORETYPE=SkylakeX"]),
    ({"numpy": 50, "scipy": 100}, ["about half", "the library of scipy is faster", "pip install"]),
    ({"openblas": 100}, ["could not be measured"]),
])
def test_doctor_says_in_words_whether_numpy_is_slow(monkeypatch, means, words):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    said = advice(rates(**means))
    assert all(word in said for word in words)
    assert "OPENBLAS_CORETYPE" not in advice(rates(numpy=100, openblas=100))


def test_doctor_knows_that_the_user_has_set_the_kernels(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert "OPENBLAS_CORETYPE is set" in advice(rates(numpy=100, openblas=100))


def test_doctor_knows_that_the_user_has_chosen_the_library(run, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_BLAS", "numpy")
    out = run("doctor")[1]
    assert "Other libraries were not measured, because GLASSGRAD_BLAS is set" in out
    head, row = next((one, two) for one, two in itertools.pairwise(out.splitlines()) if "GF/s, one thread" in one)
    assert row.index(json.loads(run("doctor", "--json")[1])["BLAS"]["kernels"]) == head.index("kernels")


def test_doctor_says_where_programs_cannot_be_kept(run, monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    assert "programs  kept" in run("doctor")[1]
    (tmp_path / "programs").chmod(0o777)
    assert "programs  compiled anew by every process" in run("doctor")[1]


def test_doctor_works_where_no_library_can_be_called(run, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_BLAS", "none")
    code, out, _ = run("doctor")
    assert code == 0
    assert "none: matrix products are left to NumPy" in out
    assert "GLASSGRAD_BLAS=none is set" in out


@pytest.mark.parametrize("command", [(), ("train",), ("predict",), ("check",), ("doctor",)])
def test_help_teaches(run, command):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert "Usage: glassgrad" in out
    assert "glassgrad train" in out or command != ()


def test_shell_completion_is_there():
    environment = {**os.environ, "_GLASSGRAD_COMPLETE": "bash_source"}
    code = "from glassgrad.cli import main; main([])"
    made = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "_glassgrad_completion" in made.stdout


def bad_run(tmp_path, trained, damage):
    import shutil

    folder = tmp_path / "damaged"
    shutil.copytree(trained, folder)
    damage(folder)
    return str(folder)


@pytest.mark.parametrize(("arguments", "message"), [
    (("train", "digtis"), "digits"),
    (("train", "no/such/folder"), "no/such/folder"),
    (("train", "--hidden", "0"), "at least 1 unit"),
    (("train", "--hidden", "ten"), "whole numbers are needed"),
    (("train", "--lr", "-1"), "lr must be a positive number"),
    (("train", "--optimizer", "adm"), "Did you mean 'adam'"),
    (("train", "--activation", "rely"), "Did you mean 'relu'"),
    (("train", "--batch", "5000"), "there are 1437 samples"),
    (("train", "--batch", "0"), "batch must be a whole number"),
    (("train", "--dtype", "int8"), "computes in float32 or float64"),
    (("train", "--dropout", "1"), "dropout rate"),
    (("train", "--epochs", "1", "--iterations", "1"), "not both"),
    (("train", "--init", "xaver"), "Did you mean 'xavier'"),
    (("train", "--seed", "-1"), "seed"),
    (("train", "--lr", "1e30", "--no-check"), "first appears in"),
    (("train", "--config", "missing.toml"), "settings file missing.toml cannot be read"),
    (("train", "--out", "/proc/nowhere/run"), "the run folder /proc/nowhere/run cannot be written"),
    (("predict", "nowhere", "digits"), "is no run folder"),
    (("check", "nowhere"), "nowhere"),
])
def test_what_cannot_be_used_is_one_line_and_exit_code_1(run, arguments, message):
    code, _, err = run(*arguments)
    assert code == 1
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert not Path("runs").exists()


def test_a_config_with_an_unknown_key_is_refused(run, tmp_path):
    (tmp_path / "run.toml").write_text("hiden = 3\n")
    code, _, err = run("train", "--config", "run.toml")
    assert (code, "Did you mean 'hidden'" in err) == (1, True)


def test_wrong_command_line_is_exit_code_2(run):
    assert run("train", "--nonsense")[0] == 2
    assert run("nonsense")[0] == 2
    assert run("predict")[0] == 2


def test_a_folder_that_is_not_empty_is_left_alone(run, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "letter.txt").write_text("mine")
    code, _, err = run("train", *FAST, "--out", "kept")
    assert (code, "is not empty" in err) == (1, True)
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["letter.txt"]
    assert run("train", *FAST, "--out", "kept/letter.txt")[0] == 1
    assert run("train", *FAST, "--out", "kept", "--overwrite", "--quiet")[0] == 0
    assert (tmp_path / "kept" / "letter.txt").read_text() == "mine"


@pytest.mark.parametrize("damage", [
    lambda folder: (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-9]),
    lambda folder: (folder / "model.safetensors").unlink(),
    lambda folder: (folder / "settings.json").write_text("{"),
    lambda folder: (folder / "settings.json").write_text("[]"),
    lambda folder: (folder / "settings.json").write_text(
        (folder / "settings.json").read_text().replace('"outputs": 50', '"outputs": 51')),
], ids=["cut", "missing", "half json", "other json", "other model"])
def test_a_damaged_run_is_refused(run, tmp_path, trained, damage):
    code, _, err = run("predict", bad_run(tmp_path, trained, damage), "digits")
    assert code == 1
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_what_was_learned_is_not_lost_when_the_folder_cannot_be_written_any_more(run, monkeypatch, tmp_path):
    from glassgrad.run import Run

    save = Run.save

    def full(self, folder):
        if "runs" in str(folder):
            raise gg.DataError("the disk is full.")
        return save(self, folder)

    monkeypatch.setattr(Run, "save", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, _, err = run("train", *FAST, "--no-check")
    assert code == 1
    assert err.startswith("error: the disk is full. The run was saved to ")
    refuge = err.split("saved to ")[1].split(" instead")[0]
    assert gg.run.load(refuge).model.parameter_count == 3760
    assert not Path("runs").exists()


def test_a_full_disk_names_the_folder_that_was_asked_for(tmp_path):
    """A limit on the size of files, as a full disk: nothing half-written, nothing left behind."""
    command = f"ulimit -f 8; exec {sys.executable} -m glassgrad train --iterations 30 --no-check --quiet --out here"
    made = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "TMPDIR": str(tmp_path)})
    assert made.returncode == 1
    assert "here/model.safetensors" in made.stderr
    assert "bytes are needed" in made.stderr
    assert made.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(tmp_path):
    command = [sys.executable, "-m", "glassgrad", "--debug", "predict", "nowhere", "digits"]
    made = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert made.returncode == 1
    assert "Traceback" in made.stderr


def test_ctrl_c_saves_what_was_learned(tmp_path):
    """A real signal to a real process: it stops, writes a run that loads, and says so by its exit code."""
    command = [sys.executable, "-m", "glassgrad", "train", "--iterations", "100000000", "--no-check",
               "--engine", "interpret"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*command, "--out", "stopped"], cwd=tmp_path, text=True, **pipes)
    try:
        assert process.stdout.readline().startswith("digits")  # it has begun
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()  # where it ignores the signal, it does not train on for days
    assert (process.returncode, err) == (130, "")
    assert "interrupted" in out
    loaded = gg.run.load(tmp_path / "stopped")
    assert loaded.result["interrupted"] is True
    assert loaded.result["test_accuracy"] > 0.1
