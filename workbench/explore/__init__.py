"""The analyses with controls around them: what a notebook shows in JupyterLab, and once, at its defaults, in a report."""

import os

from workbench import display
from workbench.explore.claims import Desk, filing_plan, work_list
from workbench.explore.live import ANY, Action, Control, live, shown
from workbench.explore.loss import loss_rates
from workbench.explore.sheet import sheet
from workbench.explore.sops import sop_impact

__all__ = ["ANY", "Action", "Control", "Desk", "filing_plan", "live", "loss_rates", "sheet", "sop_impact", "work_list"]

if os.environ.get("WORKBENCH_LAB"):  # set by `workbench lab`
    display.shown_in_lab = shown
