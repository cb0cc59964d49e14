"""Gradient checks whose verdict can be trusted: measured slopes with error bars, in words."""

from .table import GradientTable as GradientTable
from .table import parameter_table as parameter_table
from .verdict import Verdict as Verdict

__all__ = ["GradientTable", "Verdict", "parameter_table"]
