"""What the demo shows in the terminal: progress while it runs, then a short summary."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from apps.demo.report import STAGES, Result
from domain.money import to_decimal_text

_MOST_NAMES = 3


class Screen:
    """Progress of the day, one line per act; plain lines where there is no terminal."""

    def __init__(self, console: Console, acts: int) -> None:
        self.console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._bar = self._progress.add_task("", total=acts)

    def __enter__(self) -> "Screen":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, what: str) -> None:
        self._progress.update(self._bar, description=what)

    def done(self, what: str, seconds: float, at: datetime | None = None) -> None:
        """A line that stays: the product's time, what happened, how long it really took."""
        when = f"{at:%d %b %H:%M}" if at else "now"
        self.console.print(Text.assemble((f"{when:>12}  ", "cyan"), what, (f"  {seconds:.1f} s", "dim")))
        self._progress.advance(self._bar)

    def say(self, line: str) -> None:
        """A line of the supervisor, dim."""
        self.console.print(f"              {line}", style="dim", highlight=False, soft_wrap=True)


def show(console: Console, result: Result) -> None:
    """The summary."""
    console.print()
    console.print(Columns([_stages(result), _counted("How the orders ended", result.ends)], padding=(0, 6)))
    console.print()
    console.print(
        Columns(
            [
                _counted("Mails by message", {_words(k): n for k, n in result.messages.items()}),
                _counted("Open cases", {_words(k): n for k, n in result.cases.items()}),
                _balance(result.trial_balance),
            ],
            padding=(0, 6),
        )
    )
    if result.edits:
        console.print()
        console.print(_edits(result.edits))
    if result.returns:
        console.print()
        console.print(_returns(result.returns))
    if result.held:
        console.print()
        console.print(_held(result.held))
    for note in result.notes:
        console.print(f"  {note}", style="dim", highlight=False)
    console.print()
    console.print(_checks(result))
    console.print(_verdict(result))


def _table(title: str, *columns: tuple[str, str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]  # a literal, says rich
    return table


def _stages(result: Result) -> Table:
    table = _table("The six stages", ("", "left"), ("", "right"), ("", "left"), ("runs", "right"), ("seconds", "right"))
    for name, values in result.stages.items():
        table.add_row(
            name,
            f"{values['count']:.0f}",
            STAGES[name],
            f"{values.get('runs', 0):.0f}",
            f"{values.get('seconds', 0):.1f}",
        )
    return table


def _counted(title: str, counts: Mapping[str, int]) -> Table:
    table = _table(title, ("", "left"), ("", "right"))
    for name, number in counts.items():
        table.add_row(name, str(number))
    if not counts:
        table.add_row("none", "")
    return table


def _balance(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Debit and credit per currency."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        side = sums.setdefault(row["currency"], [0, 0])
        side[row["minor"] < 0] += abs(row["minor"])
    table = _table("Trial balance", ("", "left"), ("debit", "right"), ("credit", "right"))
    for currency, (debit, credit) in sums.items():
        table.add_row(currency, to_decimal_text(debit, currency), to_decimal_text(credit, currency))
    return table


def _edits(edits: Sequence[Mapping[str, Any]]) -> Table:
    """Requests that came to the same end share a line."""
    by_end: dict[str, list[str]] = {}
    for edit in edits:
        why = f" ({_words(edit['code'])})" if edit["code"] and edit["end"] != "applied" else ""
        by_end.setdefault(edit["end"] + why, []).append(edit["story"])
    table = _table(f"{len(edits)} customers changed their orders", ("", "left"), ("", "right"), ("", "left"))
    for end, stories in by_end.items():
        kinds = dict.fromkeys(story.partition(",")[0] for story in stories)
        table.add_row(end, str(len(stories)), Text(", ".join(kinds), style="dim"))
    return table


def _returns(returns: Sequence[Mapping[str, Any]]) -> Table:
    columns = (("", "left"), ("", "left"), ("refund", "right"), ("", "left"))
    table = _table(f"{len(returns)} customers sent something back, or meant to", *columns)
    for each in returns:
        reminded = f"reminded {_times(each['reminders'])}" if each["reminders"] else ""
        table.add_row(f"{each['name']} {each['story']}", each["end"], each["refunded"], Text(reminded, style="dim"))
    return table


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _held(held: Sequence[Mapping[str, Any]]) -> Table:
    """Orders held for the same reason share a line."""
    by_reason: dict[str, list[str]] = {}
    for row in held:
        by_reason.setdefault(row["reason"], []).append(f"{row['shop']} {row['name']}")
    table = _table(f"{len(held)} orders are held, each with an owner and a due time", ("", "left"), ("", "left"))
    for reason, names in by_reason.items():
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        table.add_row(", ".join(names[:_MOST_NAMES]) + more, reason)
    return table


def _checks(result: Result) -> Table:
    table = _table("Checked against the fake vendors' own counters", ("", "left"), ("", "left"), ("", "left"))
    for check in result.checks:
        mark = "[green]✓[/]" if check["ok"] else "[bold red]✗[/]"
        table.add_row(mark, check["name"], Text(check["detail"], style="dim" if check["ok"] else "red"))
    return table


def _verdict(result: Result) -> Panel:
    wrong = [check["name"] for check in result.checks if not check["ok"]]
    width = max((len(name) for name in result.addresses), default=0)
    lines: list[RenderableType] = [
        Text(f"{name:<{width}}  {url}", no_wrap=True) for name, url in result.addresses.items()
    ]
    if result.error:
        lines.insert(0, Text(result.error, style="bold red"))
    title = f"{result.orders_accounted_for} of {result.orders_made} orders accounted for"
    if wrong:
        title += f"; wrong: {', '.join(wrong)}"
    return Panel(
        Group(*lines), title=title, border_style="green" if result.ok else "red", expand=False, title_align="left"
    )


def _words(code: str) -> str:
    return code.replace("_", " ")
