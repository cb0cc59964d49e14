"""Which module may know which: every import goes from what stands below to what stands above."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import glassgrad

PACKAGE = Path(glassgrad.__file__).parent
LAYERS = [
    {"errors", "locks"}, {"cache", "tree", "files", "watch", "array_type"}, {"place"}, {"origin"}, {"graph"},
    {"floats"}, {"build"},
    {"ops.define"}, {"ops.elementwise"}, {"ops.functions", "ops.special"},
    {"ops.shape", "ops.reduce", "ops.index", "ops.linalg", "ops.activation", "ops.random"},
    {"ops.arrange", "ops.cumulative", "ops.joining"}, {"ops.contract", "ops.loss"},
    {"ops.operators"}, {"ops"}, {"interpret"}, {"gradient"}, {"propagation"}, {"fault"}, {"trace"},
    {"simplify", "transform", "batch"}, {"vectorise", "derivatives", "subgraph"},
    {"control"}, {"scan", "custom"},
    {"engine.blas"}, {"engine.llvm"}, {"engine.plan"}, {"engine.writing"}, {"engine"}, {"check"},
    {"nn", "optim", "expression"}, {"deck", "data", "io"}, {"train", "words"}, {"evaluate"},
    {"explain", "report"}, {"draw"}, {"run", "sklearn", "notebook", "lab"}, {"bench"}, {"cli"}, {"__main__"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
STRANGERS = [{"draw", "engine"}, {"nn", "draw"}, {"nn", "engine"}]
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
)
MODULES.remove("__init__")


def imported(module: str) -> set[str]:
    """Return the modules of this package that a module imports anywhere, inside functions too."""
    path = PACKAGE.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    here = [*module.split("."), "__init__"] if path.is_dir() else module.split(".")
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = [*here[: len(here) - node.level], *(node.module.split(".") if node.module else [])]
            elif node.module and node.module.split(".")[0] == "glassgrad":
                base = node.module.split(".")[1:]
            else:
                continue
            for alias in node.names:
                longer = ".".join([*base, alias.name])
                found.add(longer if longer in MODULES else ".".join(base))
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("glassgrad").lstrip(".") for alias in node.names
                      if alias.name.split(".")[0] == "glassgrad"}
    return found


def part(module: str) -> str:
    """Return the entry of the list that a module belongs to: itself, or the innermost package there that it is in."""
    while module not in RANK and "." in module:
        module = module.rpartition(".")[0]
    return module


def test_the_list_knows_every_module() -> None:
    assert {part(module) for module in MODULES} <= set(RANK)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_stands_above_it(module: str) -> None:
    own = part(module)
    for other in imported(module):
        if other == "" and (own == "cli" or module == "bench.programs"):
            continue  # they use the package as anybody does
        assert other, f"{module} imports the package itself, which imports everything"
        assert part(other) == own or RANK[part(other)] < RANK[own], f"{module} imports {other}"
        families = {name.split(".", maxsplit=1)[0] for name in (module, other)}
        assert families not in STRANGERS, f"{module} imports {other}"


def test_modules_of_one_package_do_not_import_in_a_circle() -> None:
    waiting = {module: {other for other in imported(module) if other != module} for module in MODULES}
    while waiting:
        free = [module for module, needs in waiting.items() if not needs & set(waiting)]
        assert free, f"these import each other in a circle: {waiting}"
        for module in free:
            del waiting[module]


def test_the_test_sees_imports_inside_functions() -> None:
    assert "ops.define" in imported("gradient")
    assert "graph" in imported("ops.elementwise")
    assert "ops.activation" in imported("ops")


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, glassgrad; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"numba", "jax", "torch", "sklearn", "rich", "click", "safetensors", "scipy", "pandas",
                         "matplotlib", "starlette", "quickjs", "resvg_py", "PIL"}
