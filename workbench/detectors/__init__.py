"""What Amazon owes, kind by kind: each detector reads the tables and finds events, and what has settled them.

A detector gives `Found`: one row per event owed (COLUMNS) and the file lines that say so. Nothing is valued and no date
is judged here; what the files cannot settle is found all the same and says why it is `ambiguous`. Definitions and traps:
the claim types of this project, after Seller Central's ledger help and practitioners' reconciliation rules.
"""

from __future__ import annotations

from workbench.detectors.account import day_numbers
from workbench.detectors.audit import balances
from workbench.detectors.fees import fee_overcharge
from workbench.detectors.found import COLUMNS, Found, Needs, nothing
from workbench.detectors.orders import refund_not_returned, returned_damaged, returned_not_restocked
from workbench.detectors.papers import Papers, key, products, reimbursements
from workbench.detectors.payments import underpaid, wrong_reversal
from workbench.detectors.reach import unknown
from workbench.detectors.sales import has_money, ordered, preview, sales, sku_in
from workbench.detectors.transport import inbound_shortage, removal_lost, removal_short
from workbench.detectors.trust import unread
from workbench.detectors.warehouse import BACK_AFTER, damaged_warehouse, disposed_unrequested, lost_warehouse

# claim type -> how it is found, and the tables without which nothing can be said
DETECTORS = {
    "lost_warehouse": Needs(lost_warehouse, ("ledger_detail", "reimbursements")),
    "damaged_warehouse": Needs(damaged_warehouse, ("ledger_detail", "reimbursements")),
    "disposed_unrequested": Needs(disposed_unrequested, ("ledger_detail", "removal_orders", "reimbursements")),
    "refund_not_returned": Needs(refund_not_returned, ("settlements", "returns", "reimbursements")),
    "inbound_shortage": Needs(inbound_shortage, ("inbound_shipments", "reimbursements")),
    "removal_lost": Needs(removal_lost, ("removal_orders", "removal_shipments", "reimbursements")),
    "fee_overcharge": Needs(fee_overcharge, ("settlements", "fee_preview", "reimbursements")),
    "underpaid": Needs(underpaid, ("reimbursements",)),
    "wrong_reversal": Needs(wrong_reversal, ("reimbursements", "ledger_detail")),
    "removal_short": Needs(removal_short, ("reimbursements",)),  # of the analyst's own sheet: without it, nothing is said
    "returned_damaged": Needs(returned_damaged, ("returns", "reimbursements")),
    "returned_not_restocked": Needs(returned_not_restocked, ("returns", "ledger_detail", "reimbursements")),
}

__all__ = ["BACK_AFTER", "COLUMNS", "DETECTORS", "Found", "Needs", "Papers", "balances", "day_numbers", "has_money", "key",
           "nothing", "ordered", "preview", "products", "reimbursements", "sales", "sku_in", "unknown", "unread"]
