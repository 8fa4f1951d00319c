"""Can the files be trusted? One row per check: passed, failed, or unknown when the files cannot tell.

Every check states what must hold whatever the seller sells: the ledger's own identity, detail against summary, amounts
against their totals, identifiers and dates that can be. A failed check names the rows that break it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench import currencies, history, specs, values
from workbench.books import Books
from workbench.coverage import FEW_SILENCE, FEWEST, SPARSE_SILENCE, gaps, longest_silence

DAMAGE = ("E", "6", "7", "H", "K", "U")
# Checks that are unknown, not left out, when their report is absent: the figures of every page stand on them.
CORE = ("identity", "chain", "detail_summary", "damage_pairs", "settlement_totals")
# The summary's movements, and which of them leave stock: some files write those as positive magnitudes.
MOVEMENTS = ("units_received", "units_shipped", "units_returned", "units_removed", "units_transferred", "units_found",
             "units_lost", "units_damaged", "units_disposed", "units_other", "units_unknown")
LEAVING = ("units_shipped", "units_removed", "units_lost", "units_damaged", "units_disposed")


@dataclass(frozen=True)
class Checks:
    """`table`: one row per check and report (check, report, outcome, count, of, detail); `breaks`: what fails."""

    table: pd.DataFrame
    breaks: pd.DataFrame  # check, fnsku, disposition, place, day, expected, found, file, line

    @property
    def failed(self) -> int:
        """How many checks failed."""
        return int((self.table["outcome"] == "failed").sum())


def checks(books: Books, today: dt.date | None = None) -> Checks:
    """All checks of the seller's books. Pure: the same books give the same table. With `today`, rows dated later fail."""
    rows: list[tuple] = []
    breaks: list[pd.DataFrame] = []
    for name, found in (("identity", _identity(books)), ("chain", _chain(books)),
                        ("detail_summary", _detail_against_summary(books)), ("damage_pairs", _damage_pairs(books)),
                        ("settlement_totals", _settlement_totals(books)),
                        ("row_totals", _row_totals(books)),
                        ("reimbursement_amounts", _reimbursement_amounts(books))):
        report, of, wrong = found
        if books.is_absent(report) and name not in CORE:
            continue
        outcome = "unknown" if of == 0 else "failed" if len(wrong) else "passed"
        rows.append((name, report, outcome, len(wrong), of, ""))
        breaks.append(wrong.assign(check=name))
    for table in specs.tables():
        if not books.is_absent(table):
            rows += _days(books, table, today)
    if not any(row[0] == "dates" for row in rows):
        rows.append(("dates", "", "passed", 0, int(books.files["rows_used"].sum()), ""))
    rows += history.compared(books)
    rows.append(_identifiers(books))
    read = books.files[books.files["status"] != "not an export"]
    not_read = read[read["status"] == "not read"]
    rows.append(("files_read", "", "failed" if len(not_read) else "passed", len(not_read), len(read),
                 "; ".join(not_read["file"])))
    aside = books.files[books.files["rows_set_aside"] > 0]
    rows.append(("rows_read", "", "failed" if len(aside) else "passed", int(aside["rows_set_aside"].sum()),
                 int(books.files["rows"].sum()), "; ".join(aside["file"])))
    table = pd.DataFrame(rows, columns=["check", "report", "outcome", "count", "of", "detail"])
    columns = ["check", "fnsku", "disposition", "place", "day", "expected", "found", "file", "line"]
    return Checks(table, pd.concat(breaks, ignore_index=True).reindex(columns=columns))


def signed_summary(summary: pd.DataFrame) -> pd.DataFrame:
    """The ledger summary with movements signed so that the identity closes, and `gap`: what still does not close.

    Ending = Starting + every movement; In Transit is not part of it. Files that write shipments and losses as positive
    magnitudes are turned round, file by file, when that closes more rows (domain: real US and IN files are signed, a
    scrubbed template is not). Blank movements count as none.
    """
    table = summary.copy()
    movements = table[list(MOVEMENTS)].astype("float64").fillna(0.0)
    turned = movements.copy()
    turned[list(LEAVING)] = -turned[list(LEAVING)].abs()
    change = (table["units_end"] - table["units_start"]).astype("float64")
    closes = pd.DataFrame({"file": table["file"], "as_is": movements.sum(axis=1).eq(change),
                           "turned": turned.sum(axis=1).eq(change)})
    votes = closes.groupby("file", observed=True)[["as_is", "turned"]].transform("sum")
    use = (votes["turned"] > votes["as_is"]).to_numpy()
    table[list(MOVEMENTS)] = np.where(use[:, None], turned.to_numpy(), movements.to_numpy())
    table["gap"] = change - table[list(MOVEMENTS)].sum(axis=1)
    return table


def _identity(books: Books) -> tuple[str, int, pd.DataFrame]:
    table = signed_summary(books["ledger_summary"])
    wrong = table[table["gap"] != 0]
    return "ledger_summary", len(table), _broken(wrong, wrong["units_end"] - wrong["gap"], wrong["units_end"])


def _chain(books: Books) -> tuple[str, int, pd.DataFrame]:
    """The end of one period is the start of the next, per FNSKU, disposition and location: SKUs that share a label have a
    row each, but units of the one may be booked on the other."""
    key = ["fnsku", "disposition", "location"]
    rows = books["ledger_summary"].groupby([*key, "event_date"], observed=True)
    table = rows[["units_start", "units_end"]].sum(min_count=1).join(rows[["file", "line"]].first()).reset_index()
    table = table.sort_values([*key, "event_date"], kind="stable")
    before = table.groupby(key, observed=True)[["units_end", "event_date"]].shift()
    periods = pd.Series(np.sort(table["event_date"].unique()))
    previous = table["event_date"].map(dict(zip(periods[1:], periods[:-1], strict=True)))
    chained = before["event_date"].notna() & (before["event_date"] == previous)
    wrong = table[chained & (before["units_end"] != table["units_start"])]
    return "ledger_summary", int(chained.sum()), _broken(wrong, before["units_end"].loc[wrong.index],
                                                         wrong["units_start"])


def _detail_against_summary(books: Books) -> tuple[str, int, pd.DataFrame]:
    """Receipts, shipments, returns, removals, transfers and all adjustments of the detail are those of the summary.

    Compared per FNSKU, disposition, place and period, for the periods that both reports cover in full. The split of
    adjustments into found, lost, damaged, disposed and other is Amazon's; only their sum is compared. One date alone does
    not tell whether it stands for a day, a week or a month: the one that fits best counts.
    """
    summary = signed_summary(books["ledger_summary"])
    detail = books.table("ledger_detail", ["event_date", "fnsku", "disposition", "fulfillment_center", "country",
                                           "event_type", "units"])
    nothing = _broken(summary.head(0), [], [])
    if summary.empty or detail.empty:
        return "ledger_summary", 0, nothing
    ends = np.sort(summary["event_date"].unique())
    compared = [_compared(summary, detail, ends, starts) for starts in _period_starts(ends)]
    rows, wrong = min(compared, key=lambda one: (not one[0], len(one[1]) / max(one[0], 1), -one[0]))
    return "ledger_summary", rows, wrong


def _compared(summary: pd.DataFrame, detail: pd.DataFrame, ends: np.ndarray,
              starts: np.ndarray) -> tuple[int, pd.DataFrame]:
    """How many rows of the summary's periods were compared with the detail, and those that differ."""
    centers = set(detail["fulfillment_center"].cat.categories)
    place = "fulfillment_center" if set(summary["location"].cat.categories) & centers else "country"
    first, last = detail["event_date"].min(), detail["event_date"].max()
    at = np.searchsorted(ends, detail["event_date"].to_numpy())
    inside = at < len(ends)
    inside[inside] &= detail["event_date"].to_numpy()[inside] >= starts[at[inside]]
    detail = detail[inside].assign(period=ends[at[inside]], place=detail.loc[inside, place].astype("str"))
    names = {"Receipts": "units_received", "Shipments": "units_shipped", "CustomerReturns": "units_returned",
             "VendorReturns": "units_removed", "WhseTransfers": "units_transferred"}
    detail["movement"] = detail["event_type"].astype("str").map(names).fillna("adjustments")
    key = ["fnsku", "disposition", "place", "period"]
    left = detail.astype({"fnsku": "str", "disposition": "str"}).pivot_table(
        index=key, columns="movement", values="units", aggfunc="sum", fill_value=0, observed=True)
    summary = summary.assign(
        place=summary["location"].astype("str"), period=summary["event_date"],
        adjustments=summary[["units_found", "units_lost", "units_damaged", "units_disposed", "units_other",
                             "units_unknown"]].sum(axis=1)).astype({"fnsku": "str", "disposition": "str"})
    compared = [*names.values(), "adjustments"]
    right = summary.groupby(key, observed=True)[compared].sum()
    covered = [pd.Timestamp(end) for end, start in zip(ends, starts, strict=True) if start >= first and end <= last]
    left, right = left.reindex(columns=compared, fill_value=0).align(right, fill_value=0)
    both = left.index.get_level_values("period").isin(covered)
    left, right = left[both], right[both]
    differs = (left.to_numpy() != right.to_numpy()).any(axis=1)
    wrong = left[differs].reset_index()[key].rename(columns={"period": "day"}).assign(
        expected=right[differs].sum(axis=1).to_numpy(), found=left[differs].sum(axis=1).to_numpy(), file="", line=0)
    return len(left), wrong


def _period_starts(ends: np.ndarray) -> list[np.ndarray]:
    """First day of each period, from the distance between period dates: daily, weekly or monthly reports; of a single
    date each of the three."""
    days = ends.astype("datetime64[D]")
    steps = [1, 7, 27] if len(days) == 1 else [int(np.median(np.diff(days).astype(int)))]
    starts = [days.astype("datetime64[M]").astype("datetime64[D]") if step >= 27 else days - (step - 1) for step in steps]
    return [each.astype(ends.dtype) for each in starts]


def _damage_pairs(books: Books) -> tuple[str, int, pd.DataFrame]:
    """Every unit Amazon damages leaves one disposition and enters another the same day at the same place (P)."""
    table = books.table("ledger_detail", ["event_date", "fnsku", "fulfillment_center", "disposition", "reason", "units",
                                          "event_type"])
    table = table[(table["event_type"] == "Adjustments") & table["reason"].isin((*DAMAGE, "Q", "P"))]
    key = ["fnsku", "fulfillment_center", "event_date"]
    balance = table.groupby(key, observed=True)["units"].transform("sum")
    damaged = table["reason"].isin(DAMAGE)
    wrong = table[damaged & (balance != 0)].rename(columns={"fulfillment_center": "place", "event_date": "day"})
    wrong = wrong.assign(expected=0, found=balance.loc[wrong.index])
    return "ledger_detail", int(damaged.sum()), wrong[["fnsku", "disposition", "place", "day", "expected", "found",
                                                       "file", "line"]]


def _settlement_totals(books: Books) -> tuple[str, int, pd.DataFrame]:
    """Every settlement's lines sum to the total on its first row, to the minor unit."""
    table = books.table("settlements", ["settlement_id", "amount", "total_amount", "settlement_end_on"], cut=False)
    whole = table.groupby("settlement_id", observed=True).agg(
        found=("amount", "sum"), expected=("total_amount", "max"), file=("file", "first"), line=("line", "min"),
        day=("settlement_end_on", "max"))
    whole = whole[whole["expected"].notna()]
    wrong = whole[(whole["found"] - whole["expected"]).abs() > 0.004]
    return "settlements", len(whole), wrong.reset_index().rename(columns={"settlement_id": "place"}).assign(
        fnsku="", disposition="")


def _row_totals(books: Books) -> tuple[str, int, pd.DataFrame]:
    """Every transaction's parts sum to its total: a date or number format that changes inside a file shows here."""
    spec = next(spec for spec in specs.reports().values() if spec.parts)
    table = books.table(spec.table, [spec.day, "marketplace", "amount", "currency", *spec.parts], cut=False)
    parts = table[list(spec.parts)].astype("float64").fillna(0.0).sum(axis=1)
    half = currencies.half_unit(table["currency"])
    wrong = table[(parts - table["amount"]).abs() > half]
    wrong = wrong.rename(columns={spec.day: "day", "marketplace": "place", "amount": "expected"})
    found = currencies.rounded(parts.loc[wrong.index], wrong["currency"])
    return spec.table, len(table), wrong.assign(fnsku="", disposition="", found=found)


def _reimbursement_amounts(books: Books) -> tuple[str, int, pd.DataFrame]:
    """An amount is its units in cash times the amount per unit, to a rounding per unit. Signs differ on take-backs."""
    table = books.table("reimbursements", ["approved_on", "reimbursement_id", "fnsku", "amount", "amount_per_unit",
                                           "units_cash", "currency"], cut=False)
    table = table[table["amount_per_unit"].notna() & table["units_cash"].notna() & (table["units_cash"] != 0)]
    units = table["units_cash"].astype("float64").abs()
    expected = table["amount_per_unit"].abs() * units
    half = currencies.half_unit(table["currency"])
    wrong = table[(expected - table["amount"].abs()).abs() > half * units + 0.001]
    wrong = wrong.rename(columns={"approved_on": "day", "reimbursement_id": "place", "amount": "found"})
    expected = currencies.rounded(expected.loc[wrong.index], wrong["currency"])
    return "reimbursements", len(table), wrong.assign(disposition="", expected=expected)


def _identifiers(books: Books) -> tuple:
    """Identifiers that a spreadsheet has turned into numbers: 1.23E+11, or leading zeros that other reports have."""
    notes = books.problems[books.problems["why"].str.endswith((values.SHORTENED, values.DECIMAL))]
    mangled, of = [f"{row.file}: {row.column} {row.why.split()[0]}" for row in notes.itertuples()], 0
    for column in ("fnsku", "asin", "msku"):
        spelled = [(file, set(texts)) for table, columns in specs.tables().items()
                   if any(known.name == column for known in columns) and not books.is_absent(table)
                   for file, texts in books.distinct(table, column).items()]
        zeros = {text for _, texts in spelled for text in texts if text.startswith("0") and text.isdigit()}
        stripped = {text.lstrip("0"): text for text in zeros}
        of += sum(len(texts) for _, texts in spelled)
        for file, texts in spelled:
            odd = {text: stripped[text] for text in texts & stripped.keys() if stripped[text] not in texts}
            if column != "msku":  # Amazon's own numbers have ten places
                odd |= {text: text.zfill(10) for text in texts if text.isdigit() and 6 <= len(text) < 10}
            mangled += [f"{file}: {column} {text} for {full}" for text, full in sorted(odd.items())]
    outcome = "failed" if mangled else "passed" if of else "unknown"
    return "identifiers", "", outcome, len(mangled), of, "; ".join(mangled[:20])


def _days(books: Books, table: str, today: dt.date | None) -> list[tuple]:
    """Gaps inside the report, how far its last day is from the end (measured by the report's own rhythm), and days that
    cannot be: after today, or a year away from all others."""
    spec = next((spec for spec in specs.reports().values() if spec.table == table and spec.owner is None and spec.day),
                None)
    if spec is None:
        return []
    dated = books.table(table, [spec.day])
    days = np.unique(dated[spec.day].dropna().to_numpy().astype("datetime64[D]"))
    if not len(days):
        return [("days", table, "unknown", 0, 0, "")]
    astray = _astray(days, today)
    rows = []
    if astray:
        odd = dated[dated[spec.day].isin(pd.to_datetime(astray))]
        shown = [f"{row.file}:{row.line} {getattr(row, spec.day):%Y-%m-%d}" for row in odd.head(20).itertuples()]
        rows.append(("dates", table, "failed", len(odd), len(dated), "; ".join(shown)))
        days = days[~np.isin(days, astray)]
    if spec.seldom:
        return rows
    found = gaps(days)
    shown = "; ".join(f"{first}..{last}" for first, last in found[:20])
    longest = max(((last - first).days + 1 for first, last in found), default=0)
    rows.append(("days", table, _told(longest, days), len(found), len(days), shown))
    silent = int((np.datetime64(books.through) - days[-1]).astype(int))
    rows.append(("up_to_date", table, _told(silent, days), silent, 0, str(days[-1])))
    return rows


def _told(silent: int, days: np.ndarray) -> str:
    """What a run of empty days means: a few days with rows tell no rhythm, so a short run after them tells nothing, and
    after days that lie far apart no run in which no claim window opens and closes."""
    if silent <= longest_silence(days):
        return "passed"
    is_apart = len(days) <= 1 + int((np.diff(days).astype(int) - 1).sum())
    return "unknown" if len(days) < FEWEST and silent <= (FEW_SILENCE if is_apart else SPARSE_SILENCE) else "failed"


def _astray(days: np.ndarray, today: dt.date | None) -> list[np.datetime64]:
    """Days after `today` (a day is allowed for the zones), and days a year and more away from the bulk of the others."""
    late = days > np.datetime64(today + dt.timedelta(days=1)) if today else np.zeros(len(days), bool)
    breaks = np.flatnonzero(np.diff(days).astype(int) > 366)
    runs = np.split(np.arange(len(days)), breaks + 1)
    bulk = max(runs, key=len)
    lonely = [at for run in runs for at in run if len(run) < 0.1 * len(bulk)]
    late[lonely] = True
    return [] if late.all() else list(days[late])


def _broken(rows: pd.DataFrame, expected: object, found: object) -> pd.DataFrame:
    columns = {"event_date": "day", "location": "place"}
    table = rows.rename(columns=columns)[["fnsku", "disposition", "place", "day", "file", "line"]].copy()
    return table.assign(expected=expected, found=found)
