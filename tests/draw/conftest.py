"""What the tests of pictures share."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `drawn_graphs`
sys.path.insert(1, str(Path(__file__).parents[1]))  # for `hostile`

if find_spec("quickjs") is None or find_spec("resvg_py") is None:  # the extra [draw] is not installed
    collect_ignore = [
        "test_browser.py", "test_draw.py", "test_gallery.py", "test_html.py", "test_places.py", "test_writers.py",
    ]


@pytest.fixture
def golden(request):
    """Compare a text byte by byte with a file; ``--golden`` as an environment variable GOLDEN=1 writes it anew."""
    folder = Path(__file__).parent / "golden"

    def compare(name, content):
        file = folder / name
        if os.environ.get("GOLDEN") == "1":
            file.write_bytes(content.encode())
        assert content.encode() == file.read_bytes(), f"{name} differs; look at it, then run with GOLDEN=1 to keep it"

    return compare
