"""What the printed tables of all benchmarks share."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table

Target = tuple[str, str, str, bool]  # what, measured, target, met


def show_targets(console: Console, targets: Iterable[Target]) -> None:
    table = Table("what", "measured", "target", "", title="Targets")
    for what, measured, target, met in targets:
        table.add_row(what, measured, target, "[green]✓[/]" if met else "[red]✗[/]")
    console.print(table)


def show_calls(console: Console, sandbox: Mapping[str, float]) -> None:
    """`sandbox`: p50 of each call in milliseconds."""
    table = Table("call to the sandbox", "p50 ms", title="The same calls with nothing else going on")
    for call, took in sandbox.items():
        table.add_row(call, ms(took))
    console.print(table)


def ms(value: float | None) -> str:
    """Milliseconds."""
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
