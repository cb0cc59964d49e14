"""``python -m glassgrad`` is the command ``glassgrad``."""

from .cli import main

main()
