"""The measuring: results before times, ratios within a round, whoever is missing is named; no test looks at a clock."""

import json
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import glassgrad
from glassgrad.bench import programs
from glassgrad.bench.cases import CASES, shell
from glassgrad.bench.cases.grid import cells
from glassgrad.bench.child import Child, environment
from glassgrad.bench.contest import agree, contest
from glassgrad.bench.job import AbsentError
from glassgrad.bench.outcome import Goal, best_goal, goal, table_of, title
from glassgrad.bench.peers import PEERS
from glassgrad.bench.peers.products import shapes
from glassgrad.bench.session import Session
from glassgrad.bench.work import Function, Inference, Training, from_plain, orders, raw, scaled, to_plain, weights

FAKE = Path(__file__).with_name("fake_peers.py")
FAKES = runpy.run_path(str(FAKE))["FAKES"]
RUN = f"import runpy; runpy.run_path({str(FAKE)!r}, run_name='__main__')"
WORK = Training((4, 3, 2), 5, steps=10)
SMALL = Training((784, 12, 10), 20, steps=10, data="noise", initial="he")
TINY = Training((2, 8, 1), 16, steps=10, activation="tanh", initial="xavier", data="spiral")


@pytest.fixture(scope="module", autouse=True)
def _children_find_this_package():
    """However the tests were started, and wherever they stand now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(glassgrad.__file__).parents[1]))
        yield


def session(**settings):
    return Session(rounds=5, known=FAKES, start=lambda session: Child(None, program=RUN), **settings)


def hold(*peers, **settings):
    with session(**settings) as fake:
        return contest("a case", WORK, peers, fake)


def test_medians_quartiles_and_ratios_are_those_of_the_rounds():
    held = hold("glassgrad", "fast", "slow")
    assert held.times["glassgrad"].seconds == pytest.approx([0.4, 0.6, 0.8, 1.0, 1.2])  # the first round is not counted
    assert held.times["glassgrad"].median == pytest.approx(0.8)
    assert held.times["glassgrad"].quartiles == pytest.approx((0.6, 1.0))
    assert (held.ratio("fast"), held.ratio("slow"), held.ratio("slow", "fast")) == pytest.approx((2, 0.5, 0.25))
    assert held.best_peer == "fast"
    assert not held.out


def test_who_gets_other_results_is_refused_before_its_time_is_taken():
    held = hold("glassgrad", "wrong", "nan", "short", "nearly")
    assert sorted(held.times) == ["glassgrad", "nearly"]
    assert sorted(held.out) == ["nan", "short", "wrong"]
    assert held.out["wrong"] == "refused: its results (2.3, 1.2) are not (2.3, 1.1)"
    assert held.best_peer == "nearly"
    assert held.ratio("wrong") is None


def test_ours_is_refused_like_any_other(monkeypatch):
    with session() as fake:
        fake.start = lambda session: Child(None, program=RUN.replace("__main__", "other") + "; " + ";".join([
            f"import sys; sys.path.insert(0, {str(FAKE.parent)!r})", "from fake_peers import FAKES, main",
            "main({**FAKES, 'glassgrad': FAKES['wrong']})"]))
        held = contest("a case", WORK, ["glassgrad", "fast"], fake)
    assert list(held.times) == ["fast"]
    assert held.out["glassgrad"].startswith("refused: ")
    assert not goal(held, 1.0, "fast").met
    assert "not measured" in str(goal(held, 1.0, "fast"))


def test_who_is_absent_breaks_or_dies_is_named_and_the_others_go_on():
    held = hold("glassgrad", "absent", "broken", "dies", "tires", "fast")
    assert sorted(held.times) == ["fast", "glassgrad"]
    assert held.out == {
        "absent": "not installed: pip install fake", "broken": "failed: ValueError: it broke",
        "dies": "failed: it ended: the last words", "tires": "failed: ZeroDivisionError: division by zero",
    }
    table = table_of(held, "step")
    assert table.rows[0] == ("fast", "400 ms", "300 ms to 500 ms", "2")
    assert ("absent", "-", "not installed: pip install fake", "") in table.rows


@pytest.mark.parametrize(("other", "rounds"), [("equal", 20), ("fast", 20), ("slow", 3)])
def test_a_close_race_is_measured_longer(other, rounds):
    with session() as fake:
        held = contest("a case", WORK, ["glassgrad", other], fake, seconds=1e-9, if_close=1e9)
    assert len(held.times["glassgrad"].seconds) == rounds


def test_only_those_asked_for_take_part():
    assert sorted(hold("glassgrad", "fast", "slow", peers=["slow"]).times) == ["glassgrad", "slow"]


def test_a_silent_child_has_failed():
    with Child(None, program="import time; time.sleep(60)", patience=0.2) as child:
        assert child.ask({"round": 0}) == {"failed": "no answer in 0.2 seconds"}


def test_children_have_thread_pools_of_the_size_asked_for_and_the_cores(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        assert environment(3)[name] == "3"
    if hasattr(os, "sched_getaffinity"):
        core = min(os.sched_getaffinity(0))
        told = "import json, os; input(); print(json.dumps({'cores': list(os.sched_getaffinity(0))}))"
        with Child({core}, program=told) as child:
            assert child.ask({}) == {"cores": [core]}


def test_a_contest_that_was_held_is_not_held_again():
    saved = []
    with session() as fake:
        fake.keep = lambda: saved.append(json.dumps(fake.kept))
        first = contest("a case", WORK, ["glassgrad", "fast"], fake)
    with Session(kept=json.loads(saved[-1]), start=lambda session: pytest.fail("a child was started")) as later:
        again = contest("a case", WORK, ["glassgrad", "fast"], later)
    assert again == first


def test_another_work_under_the_same_label_is_held():
    with session() as fake:
        contest("a case", WORK, ["glassgrad", "fast"], fake)
        held = contest("a case", SMALL, ["glassgrad", "slow"], fake)
    assert "slow" in held.times


def test_goals_are_met_or_not():
    held = hold("glassgrad", "fast", "slow")
    assert goal(held, 0.5, "slow").met
    assert not goal(held, 0.49, "slow").met
    assert best_goal(held, 1.0).found == 2
    assert Goal("unknown", None, 1.0).met is None


@pytest.mark.parametrize("work", [WORK, Inference((784, 50, 10), 1, 7), Function(10)])
def test_work_travels_as_json(work):
    assert from_plain(json.loads(json.dumps(to_plain(work)))) == work


def test_all_have_the_same_data_weights_and_order():
    x, t = scaled(SMALL)
    pixels, labels, divisor = raw(SMALL)
    assert pixels.dtype == np.uint8
    assert x.shape == (200, 784)
    np.testing.assert_allclose(x, pixels / divisor, rtol=1e-6)
    np.testing.assert_array_equal(t, labels)
    first, second = orders(SMALL)
    assert sorted(first) == sorted(second) == list(range(200))
    assert list(first) != list(second)
    weights(SMALL)[0][:] = 0
    assert weights(SMALL)[0].all()


def test_flops_are_those_of_the_products():
    work = Training((784, 50, 40, 10), 100)
    assert work.flops == sum(2 * m * k * n for _, (m, k, n) in shapes(work))


def test_the_grid_has_every_cell_with_a_bounded_number_of_steps():
    labels = [label for label, _ in cells(quick=False)]
    assert len(set(labels)) == 4 * 4 * 3 * 2
    assert all(2 <= work.steps <= 400 and work.samples <= 60_000 for _, work in cells(quick=False))


@pytest.fixture(scope="module")
def libraries():
    """A session whose children live through all tests."""
    with Session(rounds=1) as real:
        yield real


TRAINERS = ("deck", "torch", "jax", "jax.scan", "tensorflow", "tensorflow.epoch", "sklearn", "autograd", "mygrad")


@pytest.mark.parametrize("work", [SMALL, TINY, Training((784, 12, 12, 10), 20, 10, "adam", 0.001, initial="he",
                                                        data="noise")], ids=["softmax", "logistic", "adam"])
def test_every_library_here_learns_the_same(libraries, work):
    held = contest("the same", work, ("glassgrad", *TRAINERS), libraries)
    assert {"glassgrad", "deck"} <= set(held.times)
    for name, reason in held.out.items():
        assert reason.startswith(("not installed", "has no optimisers")), f"{name}: {reason}"
    for losses in held.results.values():
        np.testing.assert_allclose(losses, held.results["deck"], rtol=1e-3)


@pytest.mark.parametrize("work", [Inference((784, 12, 10), 3, 2, initial="he", data="noise"), Function(2000, 3, 2)],
                         ids=["inference", "function"])
def test_every_library_here_computes_the_same(libraries, work):
    able = {Inference: ("numpy", "torch", "jax", "tensorflow", "sklearn", "onnxruntime"),
            Function: ("torch", "jax", "tensorflow", "autograd", "mygrad")}
    held = contest("the same", work, ("glassgrad", *able[type(work)]), libraries)
    assert "glassgrad" in held.times
    assert all(reason.startswith("not installed") for reason in held.out.values()), held.out


def test_a_model_for_onnx_runtime_has_the_activation_of_the_work():
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    work = Inference((784, 12, 12, 10), 3, 2, activation="tanh", initial="he", data="noise")
    ours, theirs = (PEERS[name].prepare(work)().results for name in ("glassgrad", "onnxruntime"))
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("peer", "missing", "remedy"), [
    ("tensorflow", "tensorflow", "pip install tensorflow"),
    ("onnxruntime", "onnxruntime", "pip install onnxruntime onnx"),
    ("onnxruntime", "onnx", "pip install onnxruntime onnx"),
])
def test_a_library_that_is_missing_is_named_with_all_that_is_needed(monkeypatch, peer, missing, remedy):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(AbsentError, match=f"^not installed .*{remedy}$"):
        PEERS[peer].prepare(Inference((784, 12, 10), 3, 2, data="noise"))


def test_products_are_the_ones_of_the_step():
    job = PEERS["products"].prepare(SMALL)
    assert job().units == SMALL.steps


def test_a_compiler_that_is_missing_is_named(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with Session(rounds=1) as real:
        held = contest("no compiler", SMALL, ["glassgrad", "torch.compile"], real)
    assert held.out == {"torch.compile": "torch.compile needs a C++ compiler, and there is none: install g++"}


def test_agreement_is_relative_to_the_largest_result():
    assert agree([1000.0, 0.5], [1001.0, 0.0])
    assert not agree([1000.0], [1003.0])
    assert not agree([np.inf], [np.inf])


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A folder with files as Fashion-MNIST is published, of images in which one pixel says what they are."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("published")
    for part, count in (("train", 60_000), ("t10k", 100)):
        t = rng.integers(0, 10, count).astype(np.uint8)
        x = np.zeros((count, 784), np.uint8)
        x[np.arange(count), 40 * t] = 255
        (folder / f"{part}-images-idx3-ubyte").write_bytes(bytes(16) + x.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(bytes(8) + t.tobytes())
    return folder


@pytest.mark.parametrize("peer", programs.PROGRAMS)
def test_programs_read_what_is_published_and_reach_their_accuracy(peer, published, tmp_path):
    _, found = shell._run(Session(), peer, published, str(tmp_path), "--until", "0.9", "--epochs", "5")
    if peer not in ("glassgrad", "deck") and isinstance(found, str):
        assert found.startswith("not installed: ")
        return
    assert found["accuracies"][-1] >= 0.9
    assert found["data"] == 60_000 * 784 * {"glassgrad": 1, "deck": 8}.get(peer, 4)


def test_time_to_an_accuracy_is_a_mean_over_seeds_and_nothing_compiled_is_told_apart(monkeypatch):
    ran = []

    def run_(session, name, folder, caches, *options):
        seed = int(options[-1])
        ran.append((name, seed, caches))
        if name == "torch" and seed == 1:
            return 1.0, "it failed"
        reached = 0.5 if name == "sklearn" else 0.9
        return 2.0 * seed + 10 * (ran.count(ran[-1]) == 1) + 4 * (name == "deck"), {"accuracies": [0.1, reached]}

    monkeypatch.setattr(shell, "_folder", lambda: Path("data"))
    monkeypatch.setattr(shell, "_run", run_)
    found = shell.accuracy(session(peers=["torch", "deck", "sklearn"]))
    assert [row[0] for row in found.tables[0].rows] == [title(n) for n in ("glassgrad", "torch", "sklearn", "deck")]
    assert found.tables[0].rows[0][1:] == ("14.0 s", "4.00 s", "2.0", "0.9000")
    assert found.tables[0].rows[1][-1] == "it failed"
    assert found.tables[0].rows[2][-1] == "not reached"
    assert [goal.found for goal in found.goals] == [14 / 18, 4 / 8]
    assert [ran.count(each) for each in dict.fromkeys(ran)] == [2] * len(set(ran))  # a folder of caches is used twice


def test_every_case_says_what_it_does():
    assert all(case.about.endswith(".") and case.title for case in CASES.values())


# The command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def without_torch(tmp_path_factory, monkeypatch):
    """Children that find no PyTorch."""
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "torch.py").write_text("raise ImportError('No module named torch')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ["PYTHONPATH"]]))


def test_the_command_writes_json_and_markdown_and_names_the_missing(run, without_torch):
    code, out, err = run("bench", "inference", "--peers", "numpy,torch", "--quick", "--json", "f.json", "--markdown",
                         "f.md")
    assert (code, err) == (0, "")
    assert Path("f.md").read_text("utf-8") == out
    assert "| PyTorch, eager | - | not installed (No module named torch): pip install torch |" in out
    assert "## Predictions" in out
    figures = json.loads(Path("f.json").read_text("utf-8"))
    held = figures["contests"]["784-50-10, 1 row"]
    assert set(held["times"]) == {"glassgrad", "numpy"}
    assert len(held["times"]["numpy"]["seconds"]) == 3
    assert figures["machine"]["cores"] == 1
    assert figures["cases"]["inference"]["goals"][0]["met"] is None  # there is no PyTorch to compare with
    assert sorted(file.name for file in Path().iterdir()) == ["f.json", "f.md"]


def test_the_command_resumes_and_refuses_what_does_not_fit(run):
    wanted = ("bench", "inference", "--peers", "numpy", "--quick", "--json", "f.json")
    assert run(*wanted)[0] == 0
    before = json.loads(Path("f.json").read_text("utf-8"))["contests"]
    assert run(*wanted, "--resume")[0] == 0
    assert json.loads(Path("f.json").read_text("utf-8"))["contests"] == before
    code, _, err = run("bench", "inference", "--peers", "torch", "--quick", "--json", "f.json", "--resume")
    assert code == 1
    assert err.startswith("error: f.json was measured with peers ['numpy']; here it is ['torch']. Leave out --resume")
    whole = Path("f.json").read_text("utf-8")
    damaged = [whole.replace(name, "other") for name in ('"seconds"', '"work"', '"kind"')]
    for text in ("[1, 2]", "{", "null", *damaged, whole.replace('"seconds": [', '"seconds": ["x", ')):
        Path("f.json").write_text(text)
        code, _, err = run(*wanted, "--resume")
        assert code == 1
        assert err.startswith("error: f.json holds no figures of glassgrad bench, or not all of them any more. Leave")
    Path("f.json").unlink()
    code, _, err = run(*wanted, "--resume")
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("error: cannot read 'f.json': No such file")


@pytest.mark.parametrize(("arguments", "said"), [
    (["dek"], "error: case 'dek' is not known. Did you mean 'deck'? Known: deck, tiny, "),
    (["deck", "--peers", "torhc"], "error: peer 'torhc' is not known. Did you mean 'torch'? Known: "),
    (["deck", "--resume"], "error: --resume goes on with a file of figures: name it with --json FILE."),
    (["deck", "--json", "no/folder/f.json"], "error: cannot write 'no/folder/f.json': its folder does not exist."),
    (["deck", "--json", "."], "error: cannot write '.': it is a folder. Name a file in it."),
    (["deck", "--markdown", "."], "error: cannot write '.': it is a folder."),
])
def test_what_cannot_be_used_is_said_in_one_line_before_anything_is_measured(run, arguments, said):
    code, out, err = run("bench", *arguments)
    assert code == 1
    assert out == ""
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_the_list_names_cases_and_peers(run):
    code, out, _ = run("bench", "--list")
    assert code == 0
    assert all(name in out for name in [*CASES, *PEERS])
