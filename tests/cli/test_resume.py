"""A killed ``glassgrad train`` is gone on with from its run folder."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

OFTEN = "from glassgrad.train import checkpoint; checkpoint.EVERY = 0.05; checkpoint.SHARE = 0.5; "
MAIN = "import sys; from glassgrad.cli import main; main(sys.argv[1:])"
SETTINGS = ("train", "digits", "--iterations", "1500", "--dropout", "0.2", "--optimizer", "momentum", "--hidden", "20",
            "--engine", "interpret", "--validation", "0.1", "--no-check", "--quiet")


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folder of a run that was killed as soon as there was a checkpoint."""
    folder = tmp_path_factory.mktemp("killed") / "run"
    process = subprocess.Popen([sys.executable, "-c", OFTEN + MAIN, *SETTINGS, "--out", str(folder)])
    file = folder / "checkpoint.safetensors"
    while not file.exists():
        assert process.poll() is None, "it ended before there was a checkpoint"
        time.sleep(0.005)
    process.kill()
    assert process.wait() != 0
    return folder


@pytest.mark.skipif(os.name != "posix", reason="a process is killed")
def test_a_killed_run_goes_on_to_the_same_files(killed, run, tmp_path):
    shutil.copytree(killed, tmp_path / "resumed")
    assert [name.suffix for name in killed.glob("[!.]*")] == [".safetensors"]
    assert run(*SETTINGS, "--out", "whole")[0] == 0
    code, out, err = run("train", "--resume", str(tmp_path / "resumed"), "--quiet")
    assert (code, out, err) == (0, "", "")
    names = ["metrics.jsonl", "model.safetensors", "report.html", "settings.json"]
    assert sorted(path.name for path in (tmp_path / "resumed").glob("[!.]*")) == names
    assert (tmp_path / "resumed/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="a process is killed")
def test_other_settings_are_refused_and_nothing_is_lost(killed, run):
    before = (killed / "checkpoint.safetensors").read_bytes()
    for options, says in ((("--seed", "4"), "seed was 0, and is 4"), (("--batch", "7"), "batch was 100, and is 7")):
        code, _, err = run("train", "--resume", str(killed), "--quiet", *options)
        assert code == 1
        assert "is the checkpoint of another run" in err
        assert says in err
        assert err.count("\n") == 1
    assert (killed / "checkpoint.safetensors").read_bytes() == before


@pytest.mark.parametrize(("content", "says"), [
    (None, "there is no checkpoint.safetensors"), (b"x" * 50, "not a whole safetensors file")])
def test_without_a_checkpoint_one_sentence(run, tmp_path, content, says):
    if content is not None:
        (tmp_path / "checkpoint.safetensors").write_bytes(content)
    code, out, err = run("train", "--resume", str(tmp_path))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert says in err


def test_a_folder_that_is_not_there_is_called_that(run, tmp_path):
    code, out, err = run("train", "--resume", str(tmp_path / "nowhere"))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "there is no such folder" in err
