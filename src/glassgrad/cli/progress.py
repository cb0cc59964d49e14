"""The live display of a training run."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import Console

    from ..train import Progress


class Display:
    """A bar with epoch, loss, accuracies, speed and time left; on a console that is no terminal, nothing."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.last: Progress | None = None
        self._bar = Bar(
            TextColumn("epoch {task.fields[epoch]}"), BarColumn(bar_width=None), TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(), console=console, transient=not console.is_terminal,
            disable=console.quiet or not console.is_terminal,
        )
        self._task: Any = self._bar.add_task("train", total=None, epoch="0", figures="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, progress: Progress) -> None:
        """Show where the run stands."""
        self.last = progress
        row = progress.row
        names = (("loss", "loss", ".4f"), ("train_accuracy", "train", ".3f"), ("test_accuracy", "test", ".3f"))
        figures = [f"{label} {row[key]:{form}}" for key, label, form in names if key in row]
        figures.append(f"{progress.samples_per_second:,.0f} samples/s")
        self._bar.update(
            self._task, total=progress.iterations, completed=progress.iteration,
            epoch=f"{progress.epoch}/{progress.epochs}", figures="  ".join(figures),
        )
