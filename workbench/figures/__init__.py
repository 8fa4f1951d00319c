"""The sentences, key figures, charts and tables of the analyses: each function takes their tables and gives one block.

Sentences are made from the same rows as the picture beside them. What cannot be known is said to be unknown, with the
reason; nothing here computes a rate or reads a file. One module per notebook; what they share stands in `shared`.
"""

from workbench.figures.loss import by_reason, kinds_over_time, largest, month_in_short, rate_over_time, where
from workbench.figures.shared import columns, months_back
from workbench.figures.trust import not_covered, trust

__all__ = ["by_reason", "columns", "kinds_over_time", "largest", "month_in_short", "months_back", "not_covered",
           "rate_over_time", "trust", "where"]
