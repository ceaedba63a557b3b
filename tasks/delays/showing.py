"""The day's page about parcels in trouble. Counts, carriers and towns; nobody."""

from collections.abc import Mapping
from datetime import timedelta

from prefect import task

from config import wiring
from domain.anomalies.facts import AnomalyKind
from domain.anomalies.words import ANOMALIES
from domain.decisions import in_words
from ledger.anomalies.incidents import title
from ledger.anomalies.overview import Overview, overview
from tasks.runtime import read_ledger
from tasks.visibility import show_text

DAY = timedelta(days=1)


@task(name="show delays")
async def show_delays() -> dict[str, int]:
    """A markdown artifact of the last day. Returns how many troubles are open, by kind."""
    until = wiring.current().now()
    found = await read_ledger(overview, until - DAY, until)
    await show_text("delays", as_markdown(found), headline(found))
    return {row["kind"]: row["parcels"] for row in found.open}


def headline(found: Overview) -> str:
    """The whole in one sentence."""
    troubles, incidents = sum(row["parcels"] for row in found.open), len(found.incidents)
    return f"{found.under_way} parcels under way, {troubles} troubles, {incidents} incidents open"


def as_markdown(found: Overview) -> str:
    lines = [f"# {headline(found)}", "", "## Incidents", ""]
    lines += [f"- {title(row)}, since {row['opened_at']:%Y-%m-%d %H:%M} UTC" for row in found.incidents] or ["none"]
    lines += ["", "## Troubles", "", "| | open | in incidents | oldest since | began | ended |"]
    lines += ["| --- | ---: | ---: | --- | ---: | ---: |"]
    standing = {row["kind"]: row for row in found.open}
    for kind in AnomalyKind:
        row = standing.get(kind, {"parcels": 0, "grouped": 0, "since": None})
        counts = (row["parcels"], row["grouped"], f"{row['since']:%Y-%m-%d %H:%M}" if row["since"] else "")
        day = (found.opened.get(kind, 0), found.cleared.get(kind, 0))
        lines.append(f"| {ANOMALIES[kind]} | {' | '.join(map(str, (*counts, *day)))} |")
    period = f"{found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC"
    return "\n".join([*lines, "", f"Began and ended: {period}.", "", _why(found.reasons)])


def _why(reasons: Mapping[str, int]) -> str:
    if not reasons:
        return "Nothing has ended."
    listed = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return "What has ended: " + ", ".join(f"{in_words(reason)} {count}" for reason, count in listed) + "."
