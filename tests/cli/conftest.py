"""The command line, called as a person calls it."""

import pytest

from glassgrad.cli import main


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Return a function that runs the command in an empty folder and gives (code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        shown = capsys.readouterr()
        return stop.value.code or 0, shown.out, shown.err

    return call
