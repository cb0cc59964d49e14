"""Gradient checks whose verdict can be trusted: measured slopes with error bars, in words."""

from .files import check_file as check_file
from .front import check_gradient as check_gradient
from .graph_proof import prove_graph as prove_graph
from .sweep import Sweep as Sweep
from .sweep import step_sweep as step_sweep
from .table import GradientTable as GradientTable
from .table import parameter_table as parameter_table
from .verdict import Finding as Finding
from .verdict import Report as Report
from .verdict import Verdict as Verdict
from .watch import checked as checked

__all__ = [
    "Finding", "GradientTable", "Report", "Sweep", "Verdict", "check_file", "check_gradient", "checked",
    "parameter_table", "prove_graph", "step_sweep",
]
