"""The `workbench` command. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but inputs stale or incomplete."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

DONE, FAILED, USAGE, INCOMPLETE = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code. A user's mistake is one line on standard error, never a traceback."""
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print("workbench: stopped; nothing half-made was left behind.", file=sys.stderr)
        return FAILED
    except (ValueError, OSError) as error:
        if isinstance(error, UnicodeError) or os.environ.get("WORKBENCH_TRACEBACK"):
            raise
        print(f"workbench: {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    from workbench import __version__

    parser = argparse.ArgumentParser(
        prog="workbench", description="Loss rates, claims and reports from a folder of Amazon FBA export files. "
        "Everything stays on this machine.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but inputs stale or incomplete.")
    parser.add_argument("--version", action="version", version=f"workbench {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("--quiet", action="store_true", help="no progress, only errors")
        made.set_defaults(run=run)
        return made

    def seller(of: argparse.ArgumentParser) -> None:
        of.add_argument("seller", type=Path, metavar="SELLER", help="the folder of the seller's export files")

    def as_of(of: argparse.ArgumentParser, otherwise: str = "the last day of the files") -> None:
        of.add_argument("--as-of", type=_day, metavar="DATE", help=f"what was known on that day; {otherwise} by default")

    def rules(of: argparse.ArgumentParser) -> None:
        of.add_argument("--policy", type=_policy, metavar="NAME", help="reimbursement rules: the seller's, else amazon")

    publish = command("publish", _publish, "Make the monthly HTML reports.")
    publish.add_argument("sellers", nargs="*", type=Path, metavar="SELLER",
                         help="seller folders; the demo seller by default")
    when = publish.add_mutually_exclusive_group()
    when.add_argument("--month", type=_months, dest="months", metavar="YYYY-MM",
                      help="the month; the last complete one by default")
    when.add_argument("--months", type=_months, dest="months", metavar="A..B", help="from month A to month B")
    as_of(publish, "the month's end")
    rules(publish)
    publish.add_argument("--lang", choices=("en", "zh", "both"), default="both",
                         help="the language of the pages; both by default")
    publish.add_argument("--out", type=Path, default=Path("reports"), metavar="DIR",
                         help="the folder of the pages and their index; reports by default")
    publish.add_argument("--jobs", type=_count, metavar="N", help="pages made at a time; by default one a core, at most 4")
    publish.add_argument("--force", action="store_true", help="make pages again that are there already")
    publish.add_argument("--lock", action="store_true", help="close the months: their pages stay, and a page beside them "
                         "says what changed since; removing a month's lock.json opens it again")
    publish.add_argument("--scheduler", metavar="ADDR", help="make the pages on a Dask cluster, like tcp://host:8786; "
                         "its workers must see the same folders")

    check = command("check", _check, "Say what was read, from when to when, and what cannot be trusted.")
    seller(check)
    check.add_argument("--out", type=_table, metavar="FILE.csv|.xlsx", help="what was set aside, refused or doubted")
    check.add_argument("--notes", action="store_true", help="write the notes into FILE.csv too")

    loss = command("loss", _loss, "Loss rates as a table.")
    seller(loss)
    loss.add_argument("--by", type=_columns, default="month", metavar="month,fulfillment_center,…",
                      help="month, fulfillment_center, fnsku, msku, asin, country, reason, disposition")
    as_of(loss)
    loss.add_argument("--out", type=_table, required=True, metavar="FILE.csv|.xlsx", help="where the table goes")

    claims = command("claims", _claims, "What Amazon owes, what settled it, what can be claimed until when, as a table.")
    seller(claims)
    as_of(claims)
    rules(claims)
    claims.add_argument("--type", action="append", default=[], dest="types", metavar="CLAIM_TYPE", help="only this type")
    claims.add_argument("--explain", metavar="CLAIM_ID", help="tell one claim's story with its file lines")
    claims.add_argument("--compare", type=_policy, metavar="NAME",
                        help="what another policy would make of it, per claim type")
    claims.add_argument("--audit", type=_table, metavar="FILE.csv",
                        help="the balance audit: per label what should be there, what is there")
    claims.add_argument("--out", type=_table, metavar="FILE.csv|.xlsx",
                        help="where the table goes; a workbook also holds totals, payments and rules")

    impact = command("impact", _impact, "What an SOP did to losses: ratio, interval, verdict, reasons, checks, as JSON.")
    seller(impact)
    impact.add_argument("--sop", metavar="NAME", help="one SOP of the sops sheet; the sheet's first by default, with all "
                                                      "others under \"sops\"")
    as_of(impact, "the last day of the ledger")
    impact.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="where the answer goes")

    packet = command("packet", _packet, "Make one claim ready to file: the case text, and a PDF that joins its evidence. "
                     "Nothing is filed.")
    seller(packet)
    packet.add_argument("claim_id", metavar="CLAIM_ID", help="as in the claims table")
    as_of(packet)
    rules(packet)
    packet.add_argument("--out", type=Path, required=True, metavar="FILE.pdf|.txt",
                        help="the packet; .txt writes the case text alone")

    sheets = command("sheets", _sheets, "Make empty sheets for costs, cases, SOPs, incidents and removal receipts.")
    seller(sheets)
    sheets.add_argument("--lang", choices=("en", "zh"), default="en", help="the language of the headers")

    lab = command("lab", _lab, "Open the notebooks in JupyterLab, with the seller chosen.")
    lab.add_argument("seller", nargs="?", type=Path, metavar="SELLER", help="the demo seller by default")
    lab.add_argument("--folder", type=Path, metavar="DIR", help="where the notebooks' copies go; lab/<seller> by default")
    lab.add_argument("--lang", choices=("en", "zh"), help="the language to begin in: that of WORKBENCH_LANG, else English")
    lab.add_argument("--no-browser", action="store_true", help="print the address, open no window")
    lab.add_argument("--port", type=_count, default=0, metavar="N", help="a free port by default")

    from workbench import simulate

    simulate.add_arguments(command("simulate", _simulate, "Make a simulated seller, with the truth beside it."))
    return parser


# ---------------------------------------------------------------------------------------------------- arguments

def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a date like 2026-06-30") from error


def _months(text: str) -> list[str]:
    """'2026-05' or '2025-07..2026-06' as the months in between, both included."""
    from workbench.months import months_back

    parts = text.split("..")
    if not 1 <= len(parts) <= 2 or not all(re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", part) for part in parts):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a month like 2026-06, or 2025-07..2026-06")
    if parts[0] > parts[-1]:
        raise argparse.ArgumentTypeError(f"found {text!r}: the first month is after the last")
    months = [parts[0]]
    while months[-1] < parts[-1]:
        months.append(months_back(months[-1], -1))
    return months


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number from 1 up")
    return int(text)


def _policy(name: str) -> str:
    from workbench import policy

    if name not in policy.names():
        raise argparse.ArgumentTypeError(f"found {name!r}, expected one of {', '.join(policy.names())}")
    return name


def _columns(text: str) -> list[str]:
    """'month,fulfillment_center' as the names of columns that rates can be grouped by."""
    from workbench import loss

    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not set(names) <= set(loss.BY):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected some of {','.join(loss.BY)}")
    return names


def _table(text: str) -> Path:
    if not text.lower().endswith((".csv", ".xlsx")):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a name that ends in .csv or .xlsx")
    return Path(text)


# ---------------------------------------------------------------------------------------------------- commands

def _publish(args: argparse.Namespace) -> int:
    from workbench import crew, publish

    sellers = args.sellers or [publish.demo_seller()]
    with crew.stopped_by(signal.SIGTERM), crew.cluster(args.scheduler) as executor:
        outcomes = publish.publish(sellers, months=args.months, out=args.out, as_of=args.as_of, policy=args.policy,
                                   lang=args.lang, jobs=args.jobs or crew.default_jobs(), force=args.force,
                                   quiet=args.quiet, executor=executor, lock=args.lock)
    for outcome in outcomes:
        if outcome.ok and not args.quiet:
            print(outcome.page)
        elif not outcome.ok:
            print(f"workbench: {outcome.error}", file=sys.stderr)
    failed = sum(not outcome.ok for outcome in outcomes)
    same = sum(outcome.ok and outcome.skipped for outcome in outcomes)
    if not args.quiet:
        print(f"workbench: {len(outcomes) - failed - same} made, {same} unchanged, {failed} failed; "
              f"all pages: {Path(args.out) / 'index.html'}", file=sys.stderr)
    if failed:
        return FAILED
    return INCOMPLETE if any(outcome.incomplete for outcome in outcomes) else DONE


def _check(args: argparse.Namespace) -> int:
    from workbench import checks, export, story

    books = _books(args)
    found = checks.checks(books, today=dt.date.today())
    if not args.quiet:
        print(story.story(books, found))
    aside = books.problems[books.problems["kind"] != "note"]
    if args.out:
        told = books.problems if args.notes else aside
        export.write(told[["file", "line", "column", "value", "why"]], args.out)
    complete = not found.failed and not (aside["kind"] != "empty").any() and (books.files["report"] != "").any()
    if args.quiet and not complete:
        print(f"workbench: incomplete: {story.short(books, found)}. `workbench check` without --quiet says more.",
              file=sys.stderr)
    return DONE if complete else INCOMPLETE


def _loss(args: argparse.Namespace) -> int:
    from workbench import export, loss

    books = _books(args, through=args.as_of)
    costs = None if books.is_absent("costs") else books["costs"]
    as_of = args.as_of or books.last_day("ledger_detail") or _until(books)
    rates = loss.loss_rates(books["ledger_detail"], args.by, as_of=as_of, costs=costs, baseline=books.seller.baseline)
    export.write(rates, args.out)
    if books["ledger_detail"].empty:
        print("workbench: no row of an inventory ledger (detailed view) was found: the loss rate is unknown. "
              "Download it from Reports > Fulfillment > Inventory Ledger > Detailed view.", file=sys.stderr)
        return INCOMPLETE
    return _trust(books, "ledger_detail")


def _claims(args: argparse.Namespace) -> int:
    from workbench import checks, claims, export, narrative, policy

    if not (args.out or args.explain or args.compare or args.audit):
        print("workbench: claims needs --out FILE.csv or FILE.xlsx, or --explain CLAIM_ID, --compare NAME, "
              "--audit FILE.csv.", file=sys.stderr)
        return USAGE
    unheard = set(args.types) - set(claims.TYPES)
    if unheard:
        print(f"workbench: there is no claim type {sorted(unheard)[0]!r}; there are {', '.join(claims.TYPES)}.",
              file=sys.stderr)
        return USAGE
    books = _books(args, through=args.as_of)
    as_of = args.as_of or _until(books)
    rules = policy.load(args.policy or books.seller.policy, books.seller.market)
    other = policy.load(args.compare, books.seller.market) if args.compare else None
    lacking = claims.unknown(books)
    lacking = lacking[lacking["claim_type"].isin(args.types)] if args.types else lacking
    found = claims.detected(books, as_of, types=args.types) if args.out or args.explain or other else None
    table = claims.under(found, rules) if args.out or args.explain else None
    if args.explain:
        print(narrative.told(table, books, args.explain).en)
    if other:
        print(claims.compared(found, rules, other).to_string(index=False))
    if args.audit:
        export.write(claims.balances(books, as_of), args.audit)
    if args.out:
        sheets = {"totals": claims.totals(table), "unknown": lacking, "payments": claims.payments(table, books, as_of),
                  "rules": claims.rules(rules)} if args.out.suffix.lower() == ".xlsx" else {}
        export.write(table, args.out, **sheets)
    for row in lacking.itertuples():
        print(f"workbench: {row.claim_type} is unknown: no row of {row.missing.replace(';', ', of ')} in the folder.",
              file=sys.stderr)
    for row in claims.unvalued(table).itertuples() if table is not None else ():
        print(f"workbench: the amount of {row.claims} {row.claim_type} claims ({row.units} units, {row.skus} SKUs) is "
              f"{row.why}.", file=sys.stderr)
    broken = _told_failed(checks.checks(books).table)
    return INCOMPLETE if len(lacking) or broken else DONE


def _impact(args: argparse.Namespace) -> int:
    from workbench import export, impact
    from workbench.impact import sentences

    books = _books(args, through=args.as_of)
    found = impact.all_sops(books.table("ledger_detail", impact.NEEDED), books["sops"], sop=args.sop,
                            as_of=args.as_of or books.last_day("ledger_detail") or _until(books),
                            groups=impact.groups(books["costs"]))
    export.write_json({"seller": books.seller.name, **sentences.answer(found[0], found[1:])}, args.out)
    if not args.quiet:
        print("\n".join(line for each in found for line in (
            sentences.verdict(each).en, *(f"  {sentences.reason(why).en}" for why in each.reasons))))
    for table in ("ledger_detail", "sops"):
        if books.is_absent(table):
            print(f"workbench: no {table} file of {args.seller} could be used: the SOP's impact is unknown. If there is "
                  "one, `workbench check` says why it was refused.", file=sys.stderr)
            return INCOMPLETE
    return _trust(books, "ledger_detail")


def _packet(args: argparse.Namespace) -> int:
    from workbench import claims, evidence, export, narrative, packet, policy

    if args.out.suffix.lower() not in (".pdf", ".txt"):
        raise ValueError(f"{args.out}: expected a name that ends in .pdf or .txt.")
    books = _books(args, through=args.as_of)
    as_of = args.as_of or _until(books)
    rules = policy.load(args.policy or books.seller.policy, books.seller.market)
    table = claims.claims(books, as_of, rules)
    story = narrative.told(table, books, args.claim_id)
    one = table[table["claim_id"] == args.claim_id]
    own = evidence.belonging(one, evidence.files(args.seller))
    papers = evidence.papers(one, own, books)
    claim = one.iloc[0]
    fit = evidence.fits(claim, own)
    said = packet.text(claim, papers, fit)
    export.write_bytes(packet.pdf(claim, papers, fit, own, story, books.seller.name)
                       if args.out.suffix.lower() == ".pdf" else said.encode(), args.out)
    if not args.quiet:
        print(said)
    return DONE if packet.is_ready(claim, papers, fit) else INCOMPLETE


def _simulate(args: argparse.Namespace) -> int:
    from workbench import simulate

    code = simulate.run(args)
    if code != DONE or not args.score:
        return code
    from workbench import books as sellers
    from workbench import claims, policy

    books = sellers.open(args.out)
    found = claims.claims(books, books.through, policy.load(books.seller.policy, books.seller.market))
    print(simulate.score(found, args.out.parent / f"{args.out.name}.truth").to_string())
    return DONE


def _sheets(args: argparse.Namespace) -> int:
    from workbench import sheets

    if not args.seller.is_dir():
        raise FileNotFoundError(f"{args.seller}: no such folder. Give the folder that holds a seller's export files.")
    made = sheets.templates(args.seller, language=args.lang)
    if not args.quiet:
        print("\n".join(map(str, made)) or "Every sheet is there already; nothing was made.")
    return DONE


def _lab(args: argparse.Namespace) -> int:
    from workbench import display, lab, publish

    os.environ["WORKBENCH_LANG"] = args.lang or display.language()  # the notebooks' kernels read it
    args.seller = args.seller or publish.demo_seller()
    books = _books(args)
    as_of = _until(books)
    month = (as_of + dt.timedelta(days=1)).replace(day=1) - dt.timedelta(days=1)  # the last complete one
    folder = args.folder or Path("lab") / (re.sub(r"[^\w-]+", "-", books.seller.name).strip("-") or "seller")
    lab.prepare(args.seller, folder, month=f"{month:%Y-%m}", as_of=as_of, policy=books.seller.policy,
                language=display.language())
    lab.open_(folder, browser=not args.no_browser, port=args.port)
    return DONE


def _books(args: argparse.Namespace, through: dt.date | None = None):
    from tqdm import tqdm

    from workbench import books

    def progress(parts: list) -> Sequence:
        return tqdm(parts, desc="reading", unit="file", leave=False, disable=args.quiet or not sys.stderr.isatty())

    return books.open(args.seller, through, progress=progress)


def _until(books) -> dt.date:
    """The last day of the files; today where nothing in the folder is dated."""
    from workbench.books import EPOCH

    return dt.date.today() if books.through == EPOCH else books.through


def _trust(books, report: str) -> int:
    """DONE when every file was read whole and the report has no gap, INCOMPLETE otherwise."""
    from workbench import checks

    table = checks.checks(books).table
    return INCOMPLETE if _told_failed(table[table["report"].isin(("", report))]) else DONE


def _told_failed(table) -> bool:
    """Whether a check failed, each said on a line of its own: an exit code alone does not say what is incomplete."""
    from workbench import story

    failed = table[table["outcome"] == "failed"]
    for row in failed.itertuples():
        where = " ".join(filter(None, (row.report, row.check)))
        print(f"workbench: incomplete: {where} failed: {story.said(row)}".rstrip() + ". "
              "`workbench check` says more.", file=sys.stderr)
    return len(failed) > 0


if __name__ == "__main__":
    sys.exit(main())
