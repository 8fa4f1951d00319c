"""The analyses with controls around them: what a notebook shows in JupyterLab, and once, at its defaults, in a report."""

from workbench.explore.live import ANY, Control, live
from workbench.explore.loss import loss_rates
from workbench.explore.sheet import sheet

__all__ = ["ANY", "Control", "live", "loss_rates", "sheet"]
