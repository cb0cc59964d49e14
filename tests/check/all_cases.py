"""All published cases in two tables: those of the development, and those written before they were tried."""

from __future__ import annotations

from cases_held_out import RIGHT as HELD_OUT_RIGHT
from cases_held_out import WRONG as HELD_OUT_WRONG
from cases_right import CASES as DEVELOPED_RIGHT
from cases_wrong import CASES as DEVELOPED_WRONG

WRONG = [*DEVELOPED_WRONG, *HELD_OUT_WRONG]
RIGHT = [*DEVELOPED_RIGHT, *HELD_OUT_RIGHT]
