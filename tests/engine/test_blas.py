"""The choice of a BLAS: by what was measured, remembered, within what the user and the system allow."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import math
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import glassgrad
from glassgrad.engine import blas
from glassgrad.engine.blas import Candidate, Measured, choice, find, numpys, remember, threads, timing
from glassgrad.errors import SettingError

RATES = {"numpy": 50.0, "scipy": 60.0, "openblas": 50.0, "openblas:Haswell": 100.0}
REST = "OPENBLAS_THREAD_TIMEOUT"


def rated(places, rates=None):
    """What `measure` would find if the libraries had these rates; who has none could not run."""
    rates = RATES if rates is None else rates
    return {place.name: Measured("Haswell", dict.fromkeys(("a", "b"), rates[place.name]))
            if place.name in rates else Measured("", {}) for place in places}


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A cache folder of its own, and nothing set by the environment the tests run in."""
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "cache"))
    for name in ("GLASSGRAD_BLAS", "OPENBLAS_CORETYPE", REST, *threads.VARIABLES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def measured(monkeypatch):
    """Replace the measuring; return the list of how often each was asked, and a function that sets the rates."""
    calls, rates = [], dict(RATES)

    def pretend(places):
        calls.append([place.name for place in places])
        return rated(places, rates)

    monkeypatch.setattr(choice, "measure", pretend)
    monkeypatch.setattr(choice, "crossings", lambda place, cores: [(1_000_000, 2), (8_000_000, 4)])
    return calls, rates


def multiply(chosen, n=5):
    """A product by the library's sgemm, called as C would, beside what it should be."""
    integer = ctypes.c_int64 if chosen.ints == 64 else ctypes.c_int32
    kinds = [ctypes.c_int] * 3 + [integer] * 3 + [ctypes.c_float, ctypes.c_void_p, integer, ctypes.c_void_p, integer,
                                                  ctypes.c_float, ctypes.c_void_p, integer]
    a, b = np.random.default_rng(0).random((2, n, n), "f4")
    c = np.zeros((n, n), "f4")
    ctypes.CFUNCTYPE(None, *kinds)(chosen.sgemm)(
        101, 111, 111, n, n, n, 1.0, a.ctypes.data, n, b.ctypes.data, n, 0.0, c.ctypes.data, n)
    return c, a @ b


def python(program, **environment):
    """What a Python of its own prints."""
    source = str(Path(glassgrad.__file__).parents[1])
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": source, **environment})
    assert not done.returncode, done.stderr
    return done.stdout.strip()


# Finding

def test_numpys_own_copy_is_always_a_candidate_and_the_first():
    first = blas.candidates()[0]
    assert first.name == "numpy"
    assert Path(first.path).is_file()
    assert not first.private


def test_the_private_copy_comes_with_every_family_the_processor_can_run(monkeypatch):
    def names(*has):
        monkeypatch.setattr(find, "features", lambda: frozenset(has))
        return [place.family for place in blas.candidates() if place.private]

    assert names("SSE3", "SSE42", "AVX") == [None, "Sandybridge", "Nehalem", "Prescott"]
    assert names("AVX2", "FMA3", *find.AVX512) == [None, "SkylakeX", "Zen", "Haswell"]
    assert "SapphireRapids" not in names("AVX512BF16", *find.AVX512)
    assert names("ASIMD") == [None, "NeoverseN1", "CortexA57", "ARMv8"]
    assert names() == [None]


def test_the_users_kernels_are_the_only_ones(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    assert [place.family for place in blas.candidates() if place.private] == [None]


def test_without_wheels_numpys_own_remains(monkeypatch, measured):
    monkeypatch.setattr(find.importlib.util, "find_spec", lambda name: None)
    assert [place.name for place in blas.candidates()] == ["numpy"]
    found = blas.choose()
    assert found.blas.name == "numpy"
    assert "scipy-openblas32 is missing" in found.reason


def test_without_any_library_there_is_none_and_a_reason(monkeypatch):
    monkeypatch.setattr(choice, "candidates", list)
    found = blas.choose()
    assert found.blas is None
    assert "scipy-openblas32" in found.reason
    assert "\n" not in found.reason


def test_what_has_to_be_set_while_a_library_is_loaded(monkeypatch):
    private, numpy = Candidate("openblas:Zen", "", "", 32, "Zen"), Candidate("numpy", "", "", 64, "Haswell")
    assert private.environment() == {"OPENBLAS_CORETYPE": "Zen", REST: find.REST}
    assert numpy.environment() == {"OPENBLAS_CORETYPE": "Haswell"}
    monkeypatch.setenv(REST, "26")
    assert private.environment() == {"OPENBLAS_CORETYPE": "Zen"}


# Measuring

def test_a_measurement_says_which_kernels_and_how_fast():
    places = [place for place in blas.candidates() if place.name in {"numpy", "openblas", "openblas:Haswell"}]
    found = blas.measure(places, rounds=1)
    assert list(found) == [place.name for place in places]
    for each in found.values():
        assert set(each.gflops) == {case.name for case in blas.CASES}
        assert min(each.gflops.values()) <= each.score <= max(each.gflops.values())
    if found["openblas"].core == found["openblas:Haswell"].core:
        assert found["openblas"] == found["openblas:Haswell"]  # measured once


@pytest.mark.parametrize("path", [sys.executable, "/nowhere.so", __file__])
def test_what_cannot_be_loaded_did_nothing_and_harms_nobody(path):
    good = blas.candidates()[0]
    found = blas.measure([Candidate("bad", path, "scipy_{}", 32), good], rounds=1)
    assert found["bad"] == Measured("", {})
    assert found["bad"].score == 0
    assert found["numpy"].score > 0
    assert blas.crossings(Candidate("bad", path, "scipy_{}", 32), 2) == []


def test_kernels_that_the_processor_cannot_run_harm_nobody():
    place = private()
    foreign = next((family for family in ("SkylakeX", "Haswell") if family not in find.families_of_processor()), None)
    if foreign is None or "SSE3" not in find.features():
        pytest.skip("this processor can run all of them, or is of another kind")
    impossible = dataclasses.replace(place, name="openblas:foreign", family=foreign)
    found = blas.measure([place, impossible], rounds=1)
    assert found["openblas"].score > 0
    assert not found["openblas:foreign"].score


def test_children_that_hang_are_ended(monkeypatch, tmp_path):
    (tmp_path / "worker.py").write_text("import time; time.sleep(1000)")
    monkeypatch.setattr(timing, "__file__", str(tmp_path / "timing.py"))
    monkeypatch.setattr(timing, "PATIENCE", 0.3)
    found = blas.measure(blas.candidates()[:1])
    assert not found["numpy"].score


def test_who_is_held_up_once_is_measured_again(monkeypatch):
    """On a busy machine one product of the first round may take twenty times as long; slow kernels lose them all."""

    class Pretend:
        process = None

        def __init__(self, place, number):
            self.core, self.slow, self.calls = place.name, 3.0 if place.name == "openblas" else 1.0, 0

        def start(self):
            return True

        def end(self):
            pass

        def seconds(self, case, about):
            self.calls += 1
            return 1e-4 * self.slow * (20 if self.core == "numpy" and self.calls == 1 else 1)

    workers = []
    monkeypatch.setattr(timing, "Worker", lambda *given: workers.append(Pretend(*given)) or workers[-1])
    places = [Candidate(name, f"/{name}.so", "scipy_{}", 32) for name in ("numpy", "scipy", "openblas")]
    found = blas.measure(places)
    assert found["numpy"].gflops == found["scipy"].gflops
    assert [worker.calls // len(blas.CASES) for worker in workers] == [timing.ROUNDS, timing.ROUNDS, 1]


def test_more_threads_are_worth_it_from_the_first_of_two_sizes_in_a_row(monkeypatch):
    fast = {96: {2}, 192: {2}, 256: {2}, 384: {2, 4}, 512: {2, 4}, 768: {2, 4}}

    class Pretend:
        core = ""

        def __init__(self, place, number):
            assert number == 8

        def start(self):
            return True

        def end(self):
            pass

        def seconds(self, case, about, number):
            return 1 / sum(each <= number for each in {1} | fast.get(case.m, set()))

        process = None

    monkeypatch.setattr(timing, "Worker", Pretend)
    assert blas.crossings(blas.candidates()[0], 8) == [(2 * 192**3, 2), (2 * 384**3, 4)]
    assert blas.crossings(blas.candidates()[0], 1) == []


# Choosing

def test_the_fastest_is_chosen_and_works(measured):
    if "openblas:Haswell" not in {place.name for place in blas.candidates()}:
        pytest.skip("another kind of processor")
    found = blas.choose()
    assert (found.blas.name, found.blas.core) == ("openblas:Haswell", "Haswell")
    assert found.reason == "2.00 times as fast as NumPy's own"
    assert found.blas.gflops == {"a": 100.0, "b": 100.0}
    assert np.allclose(*multiply(found.blas))


@pytest.mark.parametrize(("cores", "other"), [(1, 40.0), (1, 50.0), (1, 52.0), (2, 40.0), (2, 47.0)])
def test_numpys_own_is_kept_where_nothing_is_gained(measured, monkeypatch, cores, other):
    monkeypatch.setattr(choice, "allowed", lambda: cores)
    measured[1].update(dict.fromkeys(measured[1], other), numpy=50.0)
    found = blas.choose()
    assert (found.blas.name, found.reason) == ("numpy", "no other is faster")
    assert np.allclose(*multiply(found.blas))


def test_what_was_measured_but_cannot_be_loaded_is_passed_over(measured, monkeypatch):
    real = choice.load

    def load(place, *rest):
        if place.private:
            raise OSError("no memory")
        return real(place, *rest)

    monkeypatch.setattr(choice, "load", load)
    assert blas.choose().blas.name in {"numpy", "scipy"}


def test_where_nothing_can_be_measured_numpys_own_is_used(measured, monkeypatch):
    monkeypatch.setattr(choice, "measure", lambda places: (_ for _ in ()).throw(OSError("no processes")))
    found = blas.choose()
    assert (found.blas.name, found.reason) == ("numpy", "no library could be measured here")
    assert found.blas.threads_for(1e12) == 1
    assert not list(remember.file_for({}).parent.glob("*.json"))  # another time it may be possible


@pytest.mark.parametrize("other", [48.0, 50.0, 52.0])
def test_where_threads_are_allowed_a_private_copy_is_preferred_to_an_equal_one(measured, monkeypatch, other):
    monkeypatch.setattr(choice, "allowed", lambda: 2)
    measured[1].update(dict.fromkeys(measured[1], other), numpy=50.0)
    found = blas.choose()
    assert (found.blas.name, found.reason) == ("openblas", "as fast as NumPy's own, with threads for itself")


@pytest.mark.parametrize(("asked", "chosen"), [("numpy", "numpy"), ("openblas", "openblas:Haswell"),
                                               ("openblas:Haswell", "openblas:Haswell")])
def test_the_user_may_choose(measured, monkeypatch, asked, chosen):
    monkeypatch.setenv("GLASSGRAD_BLAS", asked)
    monkeypatch.setattr(find, "features", lambda: frozenset({"AVX2", "FMA3"}))
    found = blas.choose()
    assert (found.blas.name, found.reason) == (chosen, f"GLASSGRAD_BLAS={asked} is set")
    assert all(name.startswith(asked) for name in measured[0][0])


def test_the_user_may_choose_none(measured, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_BLAS", "none")
    assert blas.choose().blas is None
    assert measured[0] == []


def test_an_unknown_choice_is_an_error_that_names_the_known(measured, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_BLAS", "nunpy")
    with pytest.raises(SettingError, match=r"'nunpy' is not known\. Did you mean 'numpy'\? Known: numpy"):
        blas.choose()


def test_in_a_browser_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert blas.choose().blas is None


# Remembering

def test_it_is_measured_once(measured):
    first, second = blas.choose(), blas.choose()
    assert len(measured[0]) == 1
    assert dataclasses.replace(first.blas) == second.blas
    assert first.measured == second.measured
    blas.choose(again=True)
    assert len(measured[0]) == 2


def replaced(old, new):
    return lambda text: text.replace(old, new)


DAMAGE = {
    "empty": lambda text: "",
    "cut": lambda text: text[:-20],
    "no object": lambda text: "[1]",
    "binary": lambda text: "\0\1",
    "deep": lambda text: "[" * 100_000,
    "too long": lambda text: text + " " * (remember.LARGEST + 1),
    "another machine": replaced('"processor": [', '"processor": ["x",'),
    "a name missing": replaced('"numpy": {', '"other": {'),
    "negative": replaced("50.0", "-1"),
    "no number": replaced("50.0", "{}"),
    "infinite": replaced("50.0", "1e999"),
    "not finite": replaced("50.0", "NaN"),
    "crossings": replaced("1000000", '"many"'),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_broken_or_foreign_file_is_measured_anew_and_replaced(measured, damage):
    first = blas.choose()
    (file,) = Path(os.environ["GLASSGRAD_CACHE"], "blas").glob("*.json")
    good = file.read_text()
    file.write_text(DAMAGE[damage](good))
    assert file.read_text() != good
    assert blas.choose().blas == first.blas
    assert len(measured[0]) == 2
    assert json.loads(file.read_text())["measured"] == json.loads(good)["measured"]


def test_another_environment_is_measured_for_itself(measured, monkeypatch):
    blas.choose()
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    blas.choose()
    assert len(measured[0]) == 2


def test_a_changed_library_is_measured_again(measured, monkeypatch):
    blas.choose()
    monkeypatch.setattr(remember, "_stamp", lambda path: (1, 2))
    blas.choose()
    assert len(measured[0]) == 2


def test_a_machine_that_was_busy_is_measured_again_after_an_hour(measured, monkeypatch):
    monkeypatch.setattr(choice, "allowed", lambda: 2)
    monkeypatch.setattr(choice, "crossings", lambda place, cores: [])
    blas.choose()
    blas.choose()
    assert len(measured[0]) == 1
    now = choice.time.time()
    monkeypatch.setattr(choice.time, "time", lambda: now + 3601)
    blas.choose()
    assert len(measured[0]) == 2


def test_a_cache_that_cannot_be_written_is_no_failure(measured, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "file"))
    assert blas.choose().blas is not None


def test_best_is_chosen_once_in_a_process(measured, monkeypatch):
    monkeypatch.setattr(choice, "_choice", None)
    assert blas.best() is blas.best()
    assert len(measured[0]) == 1


def test_what_the_environment_says_is_followed_by_a_program_of_its_own():
    program = "from glassgrad.engine.blas import best; print(best().name, best().core, best().threads_for(1e15))"
    core = "Nehalem" if "Nehalem" in find.families_of_processor() else ""
    name, found, number = python(program, OPENBLAS_CORETYPE=core, OMP_NUM_THREADS="1").split(" ")
    assert name in {"numpy", "scipy", "openblas"}
    assert found == core or not core
    assert number == "1"


# Threads

def test_threads_grow_with_the_work_within_what_is_allowed(measured, monkeypatch):
    chosen = blas.choose().blas
    monkeypatch.setattr("glassgrad.engine.blas.library.allowed", lambda: 8)
    assert [chosen.threads_for(work) for work in (0, 999_999, 1e6, 7e6, 8e6, 1e15)] == [1, 1, 2, 2, 4, 4]
    monkeypatch.setattr("glassgrad.engine.blas.library.allowed", lambda: 3)
    assert chosen.threads_for(1e15) == 3
    assert dataclasses.replace(chosen, set_num_threads=0).threads_for(1e15) == 1


@pytest.mark.parametrize(("variables", "expected"), [
    ({}, 6), ({"OMP_NUM_THREADS": "2"}, 2), ({"OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "2"}, 3),
    ({"OMP_NUM_THREADS": "4,2"}, 4), ({"OPENBLAS_NUM_THREADS": "64"}, 6), ({"OPENBLAS_NUM_THREADS": "0"}, 6),
    ({"OPENBLAS_NUM_THREADS": "many", "GOTO_NUM_THREADS": "5"}, 5),
])
def test_the_users_number_of_threads_is_a_limit(monkeypatch, variables, expected):
    monkeypatch.setattr(threads, "cores", lambda: 6)
    assert threads.allowed(variables, Path("/nowhere")) == expected


@pytest.mark.parametrize(("text", "expected"), [("max 100000", 6), ("150000 100000", 2), ("10000 100000", 1), ("?", 6)])
def test_the_share_of_a_container_is_a_limit(monkeypatch, tmp_path, text, expected):
    monkeypatch.setattr(threads, "cores", lambda: 6)
    (tmp_path / "cpu.max").write_text(text)
    assert threads.allowed({}, tmp_path / "cpu.max") == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_cores_are_those_of_this_process():
    program = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
    assert python(program + "from glassgrad.engine.blas import allowed; print(allowed())") == "1"


def private():
    """The private copy, where its wheel is installed."""
    place = next((place for place in blas.candidates() if place.name == "openblas"), None)
    return place or pytest.skip("the wheel scipy-openblas32 is missing")


def test_a_private_copy_has_one_thread_outside_of_a_block():
    program = """
from glassgrad.engine.blas import candidates, load
import os
private = load(next(place for place in candidates() if place.name == "openblas"))
numpy = load(candidates()[0])
before = numpy.threads_now()
print(private.threads_now(), end=" ")
with private.threads(2):
    print(private.threads_now(), numpy.threads_now() == before, end=" ")
print(private.threads_now(), os.environ.get("OPENBLAS_NUM_THREADS"), os.environ.get("OPENBLAS_CORETYPE"))
"""
    private()
    assert python(program) == "1 2 True 1 None None"


def test_a_block_gives_numpys_own_threads_back_even_after_an_error():
    chosen = blas.load(blas.candidates()[0])
    before = chosen.threads_now()

    def use_and_fail():
        with chosen.threads(2):
            assert chosen.threads_now() == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    assert chosen.threads_now() == before


def test_numpys_products_inside_a_block_have_no_more_threads_than_before():
    chosen = blas.load(blas.candidates()[0])
    before = chosen.threads_now()
    for most in (1, before + 5):
        with blas.threads_of_numpy(most):
            assert chosen.threads_now() == min(most, before)
        assert chosen.threads_now() == before


def test_where_numpys_library_cannot_be_called_there_is_nothing_to_limit(monkeypatch):
    monkeypatch.setattr(numpys, "of_numpy", lambda: iter([Candidate("numpy", "/nowhere.so", "{}", 32)]))
    numpys._numpys.cache_clear()
    with blas.threads_of_numpy(1):
        assert numpys._numpys() is None
    numpys._numpys.cache_clear()


def test_blocks_that_overlap_leave_the_number_as_it_was():
    chosen = blas.load(private())
    first, second = chosen.threads(2), chosen.threads(3)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert chosen.threads_now() == 3
    second.__exit__(None, None, None)
    assert chosen.threads_now() == 1


def test_many_threads_multiply_at_once(measured):
    chosen = blas.choose().blas

    def use(seed):
        with chosen.threads(1 + seed % 2):
            return all(np.allclose(*multiply(chosen, 64 + seed), rtol=1e-4) for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(16)))


def test_a_file_that_somebody_loaded_with_other_kernels_is_loaded_once_more():
    place = private()
    if place.family is None and "Nehalem" not in find.families_of_processor():
        pytest.skip("another kind of processor")
    program = """
import ctypes, os
from glassgrad.engine.blas import candidates, load
places = {place.name: place for place in candidates()}
os.environ["OPENBLAS_CORETYPE"] = "Sandybridge"
theirs = ctypes.CDLL(places["openblas"].path)
del os.environ["OPENBLAS_CORETYPE"]
ours = load(places["openblas:Nehalem"], "Nehalem")
theirs.scipy_openblas_get_corename.restype = ctypes.c_char_p
print(theirs.scipy_openblas_get_corename().decode(), ours.core)
"""
    assert python(program) == "Sandybridge Nehalem"


# Processes

def in_a_child(connection):
    """What a child process finds: whether products are right, on one thread and on two."""
    chosen = blas.best()
    right = [bool(np.allclose(*multiply(chosen, 300), rtol=1e-4))]
    with chosen.threads(2):
        right.append(bool(np.allclose(*multiply(chosen, 300), rtol=1e-4)))
    connection.send((chosen.name, chosen.path, right))


@pytest.mark.parametrize("how", sorted(set(multiprocessing.get_all_start_methods()) & {"fork", "spawn"}))
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork.*:RuntimeWarning")  # of JAX, if an earlier test has used it
def test_a_child_multiplies_as_its_parent_does(measured, monkeypatch, how):
    monkeypatch.setattr(choice, "_choice", None)
    chosen = blas.best()
    with chosen.threads(2):
        assert np.allclose(*multiply(chosen, 300), rtol=1e-4)  # now the library has threads, which a fork does not copy
    context = multiprocessing.get_context(how)
    ours, theirs = context.Pipe()
    child = context.Process(target=in_a_child, args=(theirs,))
    child.start()
    assert ours.poll(60)
    assert ours.recv() == (chosen.name, chosen.path, [True, True])
    child.join(60)
    assert child.exitcode == 0


def test_many_processes_that_start_at_once_measure_once():
    program = "from glassgrad.engine.blas import best; blas = best(); print(blas.name, sorted(blas.gflops.items()))"
    source = str(Path(glassgrad.__file__).parents[1])
    children = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True,
                                 env={**os.environ, "PYTHONPATH": source}) for _ in range(6)]
    said = {child.communicate(timeout=120)[0] for child in children}
    assert len(said) == 1
    assert all(child.returncode == 0 for child in children)


def test_importing_it_loads_nothing_heavy():
    loaded = python("import sys, glassgrad.engine.blas; print(*sys.modules)").split()
    assert not {"numba", "llvmlite", "scipy", "scipy_openblas32"} & set(loaded)


def test_a_score_is_the_geometric_mean():
    assert math.isclose(Measured("", {"a": 10.0, "b": 1000.0}).score, 100.0)
    assert not Measured("", {}).score
