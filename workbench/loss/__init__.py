"""The loss rate: units Amazon lost per unit it handled, where the loss sits, and since when.

Definitions (docs: the loss rate of this project, per month of the ledger day, per FC, SKU …):

- handled = receipts (signed) + customer shipments + customer returns;
- lost, gross = units of ledger adjustments M and 5; lost, net = gross less the units found (F) of the same FNSKU, first
  in first out, a find never before its loss, across fulfilment centres, booked in the month and FC of the loss;
- damaged = units of E, 6, 7, H, K, U, apart. N, O, P, Q, D, G, 3 and 4 are neither lost nor found.

The sign decides where a file holds the odd one: a unit of M, 5 or F that leaves is lost, one that comes is found.
Reason codes are those of the Inventory Ledger (Seller Central help G4FKT5KQWFFJ7LDN).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import currencies, rates
from workbench.loss.cells import Cells
from workbench.loss.events import Events

BY = ("month", "fulfillment_center", "fnsku", "msku", "asin", "country", "reason", "disposition")
OF_THE_LOSS = ("reason", "disposition")  # attributes of the loss: handled units have none
NEEDED = ("event_date", "fnsku", "msku", "asin", "event_type", "fulfillment_center", "disposition", "reason", "country",
          "units")
MATURE_DAYS = 90  # finds and reimbursements arrive up to 60-90 days late


@dataclass(frozen=True)
class Headline:
    """One period's loss rate and what may be said of it; the page's sentence is made from this object."""

    period: str
    units_handled: int
    units_lost_gross: int
    units_lost: int
    units_damaged: int
    loss_rate: float  # NaN when nothing was handled
    low: float
    high: float
    baseline: float
    verdict: str  # "above", "below", "unclear" against the baseline, or "unknown"
    is_mature: bool
    amount_lost: float  # at sourcing cost; NaN when unknown
    units_unvalued: int
    currency: str


def loss_rates(ledger: pd.DataFrame, by: Sequence[str] = ("month",), *, as_of: dt.date,
               costs: pd.DataFrame | None = None, baseline: float = 0.003,
               months: tuple[str, str] | None = None) -> pd.DataFrame:
    """One row per combination of the `by` columns (see BY) in which anything was handled, lost or damaged.

    `ledger`: the detailed inventory ledger; rows after `as_of` are left out. `months`: the first and last month ("2026-06")
    that count; what was found later up to `as_of` still lowers their losses. `reason` and `disposition` are attributes
    of the loss, so the units handled are then those of the other `by` columns. `costs`: the analyst's sheet (msku,
    unit_cost, currency, from_date); None means money is unknown.

    Returns the `by` columns and units_handled, units_lost_gross, units_found, units_lost (net), units_damaged (all
    units, 0 or more), loss_rate (share, NaN when nothing was handled), loss_rate_low, loss_rate_high (95 %, clusters of
    one FNSKU and week allowed for), verdict ("above", "below", "unclear", "unknown" against `baseline`), amount_lost
    with currency (units_lost at sourcing cost; NaN where no cost is known), units_unvalued (lost units without a cost)
    and, with month, is_mature (the month ended at least MATURE_DAYS before as_of).

    Raises ValueError for a column that is not in BY, or costs in two currencies.

    >>> day = lambda text: pd.Timestamp(text)
    >>> ledger = pd.DataFrame({
    ...     "event_date": [day("2026-03-01"), day("2026-03-05"), day("2026-04-02")], "fnsku": "X1", "msku": "A",
    ...     "asin": "B1", "event_type": ["Receipts", "Adjustments", "Adjustments"], "reason": ["", "M", "F"],
    ...     "fulfillment_center": ["PHX7", "PHX7", "ABE2"], "disposition": "SELLABLE", "country": "US",
    ...     "units": [1000, -3, 2]})
    >>> loss_rates(ledger, as_of=dt.date(2026, 6, 30))[["month", "units_handled", "units_lost_gross", "units_lost"]]
         month  units_handled  units_lost_gross  units_lost
    0  2026-03           1000                 3           1
    """
    events = Events(ledger, as_of, months)
    return rated(_counted(events, by, costs), clusters=events.clusters(), as_of=as_of, baseline=baseline)


class Parts(NamedTuple):
    """What each row of a ledger adds to what is counted: for whoever adds the same rows up in more than one way."""

    table: pd.DataFrame  # the ledger's rows up to the day
    day: np.ndarray  # of each row, days since 1970
    added: dict[str, tuple[np.ndarray, np.ndarray]]  # units_handled …, amount_lost: the rows that add to it, and how much
    clusters: rates.Clusters  # of the whole account
    currency: str  # of amount_lost, which is 0 where no cost is known


def parts(ledger: pd.DataFrame, *, as_of: dt.date, costs: pd.DataFrame | None = None) -> Parts:
    """The rows behind `loss_rates`, one by one."""
    events = Events(ledger, as_of)
    amount, unvalued, currency = _values(events, costs)
    lost = {"units_lost_gross": events.units_lost, "units_found": events.units_lost - events.open,
            "units_lost": events.open, "units_unvalued": unvalued, "amount_lost": amount}
    return Parts(events.table, events.day, {"units_handled": (events.handled, events.units_handled),
                                            "units_damaged": (events.damaged, events.units_damaged),
                                            **{name: (events.lost, values) for name, values in lost.items()}},
                 events.clusters(), currency)


def rated(counted: pd.DataFrame, *, clusters: rates.Clusters, as_of: dt.date, baseline: float = 0.003) -> pd.DataFrame:
    """Counts with their rates, intervals and verdicts: the columns that `loss_rates` gives.

    `counted`: the `by` columns, units_handled, units_lost_gross, units_found, units_lost, units_damaged, units_unvalued,
    amount_lost, currency; of a finer grain they add up to those of a coarser one. `clusters`: in which units were lost,
    and how the months differ (`clusters_of`).
    """
    handled = counted["units_handled"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(handled > 0, counted["units_lost"].to_numpy() / handled, np.nan)
    timed = "month" in counted
    low, high = rates.clustered(counted["units_lost"].to_numpy(), handled, clusters, months=1 if timed else clusters.months)
    columns = dict(counted.items())
    at = list(columns).index("units_damaged") + 1
    found = {"loss_rate": rate, "loss_rate_low": low, "loss_rate_high": high, "verdict": verdict(low, high, baseline)}
    out = {**dict(list(columns.items())[:at]), **found, **dict(list(columns.items())[at:])}
    if timed:
        ends = (counted["month"].to_numpy("datetime64[M]") + 1).astype("datetime64[D]") - 1
        out["is_mature"] = ends + MATURE_DAYS <= np.datetime64(as_of)
    return pd.DataFrame(out)


def losses(ledger: pd.DataFrame, *, as_of: dt.date, months: tuple[str, str] | None = None) -> pd.DataFrame:
    """One row per loss event: what was lost, found again and is still missing, with the lines that say so.

    Columns: month, event_date, fnsku, msku, asin, fulfillment_center, disposition, reason, reference_id where the
    ledger has it, units_lost_gross, units_found, units_lost (units, 0 or more) and `sources` (file:line of the loss,
    then of its finds, joined by ";").
    """
    events = Events(ledger, as_of, months)
    columns = [name for name in ("event_date", "fnsku", "msku", "asin", "fulfillment_center", "disposition", "reason",
                                 "reference_id") if name in events.table]
    found = events.table.iloc[events.lost]
    out = found[columns].reset_index(drop=True)
    out.insert(0, "month", found["event_date"].dt.strftime("%Y-%m").to_numpy())
    out["units_lost_gross"] = events.units_lost
    out["units_found"] = events.units_lost - events.open
    out["units_lost"] = events.open
    if {"file", "line"} <= set(ledger.columns):
        told = np.isin(events.matched.demand, events.at)
        pairs = pd.DataFrame({"loss": events.matched.demand[told],
                              "place": _places(events, events.found[events.matched.supply[told]])})
        finds = pairs.groupby("loss")["place"].agg(";".join).reindex(events.at).fillna("").reset_index(drop=True)
        out["sources"] = (_places(events, events.lost) + ";" + finds).str.rstrip(";")
    return out


def headline(table: pd.DataFrame, month: str, *, baseline: float = 0.003) -> Headline:
    """What `loss_rates(by=("month",))` says about one month; an unknown month has the verdict "unknown"."""
    rows = table[table["month"] == month]
    if rows.empty:
        nan = float("nan")
        return Headline(month, 0, 0, 0, 0, nan, nan, nan, baseline, "unknown", False, nan, 0, "")
    row = rows.iloc[0]
    return Headline(month, int(row["units_handled"]), int(row["units_lost_gross"]), int(row["units_lost"]),
                    int(row["units_damaged"]), float(row["loss_rate"]), float(row["loss_rate_low"]),
                    float(row["loss_rate_high"]), baseline, str(row["verdict"]), bool(row["is_mature"]),
                    float(row["amount_lost"]), int(row["units_unvalued"]), str(row["currency"]))


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Where the loss sits: the rows of `loss_rates` by centre, SKU …, most lost first, those alike in their order.

    Adds share_lost and share_handled (of all units, 0-1), their running total share_so_far, and concentration =
    share_lost / share_handled: 2 means twice its part.
    """
    ordered = table.iloc[np.argsort(-table["units_lost"].to_numpy(), kind="stable")].reset_index(drop=True)
    lost, handled = (ordered[name].to_numpy() / max(ordered[name].sum(), 1) for name in ("units_lost", "units_handled"))
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(ordered["units_handled"] > 0, lost / handled, np.nan)
    return pd.DataFrame({**dict(ordered.items()), "share_lost": lost, "share_handled": handled,
                         "share_so_far": lost.cumsum(), "concentration": times})


def standing(table: pd.DataFrame, *, clusters: rates.Clusters, baseline: float = 0.003) -> pd.DataFrame:
    """The rows of `loss_rates` by centre or SKU with what their thin data really says, worst chance first.

    `clusters`: units were lost in, with what months vary by centre or SKU (`clusters_of`). Adds loss_rate_shrunk (drawn
    towards the common mean by gamma-Poisson empirical Bayes, the more the fewer units were handled), p_above (probability
    that the true rate lies above `baseline`) and is_flagged (worse than all others together, with at most one flag in
    twenty false).
    """
    units, handled = table["units_lost"].to_numpy(float), table["units_handled"].to_numpy(float)
    dispersion = clusters.over(handled)
    drawn = rates.shrunk(units, handled, dispersion=dispersion)
    found = table.assign(loss_rate_shrunk=drawn.rate, p_above=drawn.above(baseline),
                         is_flagged=rates.flagged(rates.worse(units, handled, dispersion=dispersion)))
    return found.sort_values(["p_above", "units_lost"], ascending=False, ignore_index=True)


def clusters_of(ledger: pd.DataFrame, by: str | None = None, *, as_of: dt.date,
                months: tuple[str, str] | None = None) -> rates.Clusters:
    """The clusters units were lost in, net units of one FNSKU and week, and what months vary beyond them: those of the
    whole account, or of each centre or SKU (`by`). All months tell; `months` are those in question."""
    return Events(ledger, as_of, months).clusters(by)


def verdict(low: np.ndarray, high: np.ndarray, baseline: float) -> np.ndarray:
    """"above" or "below" where the whole interval lies on that side of the baseline, else "unclear"."""
    return np.select([np.isnan(low), low > baseline, high < baseline], ["unknown", "above", "below"], "unclear")


# ---------------------------------------------------------------------------------------------------- inside

def _places(events: Events, rows: np.ndarray) -> pd.Series:
    """The file and line of each of the rows."""
    held = events.table[["file", "line"]].iloc[rows].reset_index(drop=True)
    return held["file"].astype("str") + ":" + held["line"].astype("str")


def _counted(events: Events, by: Sequence[str], costs: pd.DataFrame | None) -> pd.DataFrame:
    """What `rated` takes: one row per combination of the `by` columns."""
    unknown = [name for name in by if name not in BY]
    if unknown or not by:
        raise ValueError(f"loss: cannot group by {', '.join(unknown) or 'nothing'}; expected some of {', '.join(BY)}.")
    amount, unvalued, currency = _values(events, costs)
    keys, labels = events.keys(by)
    shared = [name for name in by if name not in OF_THE_LOSS]
    lost, damaged = events.lost, events.damaged
    cells = Cells(keys, labels, by, rows=[lost, damaged] + ([events.handled] if shared == list(by) else []))
    out = cells.frame()
    gross, net = events.units_lost, events.open
    out["units_handled"] = _handled(events, keys, labels, by, shared, cells)
    out["units_lost_gross"] = cells.sums(lost, gross)
    out["units_found"] = cells.sums(lost, gross - net)
    out["units_lost"] = cells.sums(lost, net)
    out["units_damaged"] = cells.sums(damaged, events.units_damaged)
    out["units_unvalued"] = cells.sums(lost, unvalued)
    nothing_known = (out["units_lost"] > 0) & (out["units_unvalued"] == out["units_lost"]) | (costs is None)
    out["amount_lost"] = np.where(nothing_known, np.nan, currencies.rounded(cells.sums(lost, amount), currency))
    out["currency"] = currency
    return out


def _handled(events: Events, keys: list[np.ndarray], labels: list[np.ndarray], by: Sequence[str],
             shared: list[str], cells: Cells) -> np.ndarray:
    """Units handled per cell. Attributes of the loss do not divide them."""
    if shared == list(by):
        return cells.sums(events.handled, events.units_handled)
    if not shared:
        return np.full(len(cells), events.units_handled.sum(), np.int64)
    at = [list(by).index(name) for name in shared]
    fewer = Cells([keys[i] for i in at], [labels[i] for i in at], shared, rows=[events.handled])
    handled = fewer.frame().assign(units_handled=fewer.sums(events.handled, events.units_handled))
    joined = cells.frame().merge(handled, on=shared, how="left", validate="many_to_one")["units_handled"]
    return joined.fillna(0).astype(np.int64).to_numpy()


def _values(events: Events, costs: pd.DataFrame | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Per loss row: its value at sourcing cost, its units without a known cost; and the currency."""
    net = events.open
    if costs is None or costs.empty or not len(net):
        return np.zeros(len(net)), net.copy(), ""
    currencies = sorted(set(costs["currency"].astype("str")) - {""})
    if len(currencies) > 1:
        raise ValueError(f"loss: costs are in {' and '.join(currencies)}, which cannot be added. Keep one currency per "
                         "seller folder.")
    lost = events.table.iloc[events.lost][["msku", "event_date"]].astype({"msku": "str"}).reset_index()
    lost["at"] = np.arange(len(lost))
    sheet = pd.DataFrame({"msku": costs["msku"].astype("str").to_numpy(), "cost": costs["unit_cost"].to_numpy(),
                          "event_date": costs["from_date"].fillna(pd.Timestamp("1995-01-01")).to_numpy()})
    valued = pd.merge_asof(lost.sort_values("event_date", kind="stable"),
                           sheet.astype({"event_date": lost["event_date"].dtype}).sort_values("event_date",
                                                                                            kind="stable"),
                           on="event_date", by="msku").sort_values("at")["cost"].to_numpy()
    known = ~np.isnan(valued)
    return (np.where(known, net * np.nan_to_num(valued), 0.0), np.where(known, 0, net),
            currencies[0] if currencies else "")
