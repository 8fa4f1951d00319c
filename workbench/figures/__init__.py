"""The sentences, key figures, charts and tables of the analyses: each function takes their tables and gives one block.

Sentences are made from the same rows as the picture beside them. What cannot be known is said to be unknown, with the
reason; nothing here computes a rate or reads a file. One module per notebook; what they share stands in `shared`.
"""

from workbench.figures import impact
from workbench.figures.cases import cases_decided, filing_plan
from workbench.figures.health import covered, health_in_short, loaded, possible, set_aside, to_download, worth_knowing
from workbench.figures.loss import (
    by_reason,
    chance,
    kinds_over_time,
    largest,
    month_in_short,
    rate_over_time,
    watched,
    where,
    year_up_to,
)
from workbench.figures.recovery import (
    NEEDS,
    Earlier,
    claim_told,
    claims_by_type,
    claims_in_short,
    missed,
    owed_to_paid,
    policies_compared,
    work_list,
)
from workbench.figures.restatement import bridge_of_money, bridge_of_units, restated_in_short, restated_items
from workbench.figures.shared import columns
from workbench.figures.trust import not_covered, trust
from workbench.months import last_day, months_back

__all__ = [
    "NEEDS",
    "Earlier",
    "bridge_of_money",
    "bridge_of_units",
    "by_reason",
    "cases_decided",
    "chance",
    "claim_told",
    "claims_by_type",
    "claims_in_short",
    "columns",
    "covered",
    "filing_plan",
    "health_in_short",
    "impact",
    "kinds_over_time",
    "largest",
    "last_day",
    "loaded",
    "missed",
    "month_in_short",
    "months_back",
    "not_covered",
    "owed_to_paid",
    "policies_compared",
    "possible",
    "rate_over_time",
    "restated_in_short",
    "restated_items",
    "set_aside",
    "to_download",
    "trust",
    "watched",
    "where",
    "work_list",
    "worth_knowing",
    "year_up_to",
]
