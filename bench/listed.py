"""Where an operator finds each request in Prefect: as a run of its own, or as a line of the artifact."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import httpx
import orjson

from bench.load import Timed

ARTIFACT = "run-missing"
SOON_S, LISTED_WITHIN_S = 5.0, 120.0
PAGE = 200
Row = dict[str, Any]


class PrefectEyes:
    """By the API that the UI uses. The server's own times count: what is written is there to be seen."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api", timeout=60)

    def close(self) -> None:
        self._client.close()

    def runs(self, flow: str) -> dict[str, float]:
        """When the first run of each request was made, in epoch seconds."""
        found: dict[str, float] = {}
        wanted = {"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_ASC"}
        for row in self._pages("/flow_runs/filter", wanted):
            request = str(row["name"]).rpartition(" ")[2]
            made = _epoch(row["created"])
            found[request] = min(made, found.get(request, made))
        return found

    def lines(self) -> dict[str, float]:
        """When each request was first listed in the artifact."""
        found: dict[str, float] = {}
        for row in self._pages("/artifacts/filter", {"artifacts": {"key": {"any_": [ARTIFACT]}}}):
            made = _epoch(row["created"])
            for line in orjson.loads(row["data"]):
                found[line["request"]] = min(made, found.get(line["request"], made))
        return found

    def _pages(self, path: str, wanted: Row) -> Iterator[Row]:
        offset = 0
        while True:
            answer = self._client.post(path, json={**wanted, "limit": PAGE, "offset": offset})
            answer.raise_for_status()
            rows = answer.json()
            yield from rows
            if len(rows) < PAGE:
                return
            offset += PAGE


def listed(url: str, flow: str, made: Sequence[Timed], *, since: float | None = None) -> Row:
    """Wait until each is listed, `LISTED_WITHIN_S` at most. `since`: the server was away until then."""
    eyes = PrefectEyes(url)
    ends = max(since or 0.0, max(each.sent for each in made)) + LISTED_WITHIN_S
    try:
        while True:
            runs, lines = eyes.runs(flow), eyes.lines()
            if all(each.id in runs or each.id in lines for each in made) or time.time() > ends:
                return _counted(made, runs, lines, since)
            time.sleep(2)
    finally:
        eyes.close()


def _counted(made: Sequence[Timed], runs: dict[str, float], lines: dict[str, float], since: float | None) -> Row:
    after = [runs[each.id] - each.sent for each in made if each.id in runs]
    both = [
        min(runs.get(each.id, float("inf")), lines.get(each.id, float("inf"))) - max(each.sent, since or 0.0)
        for each in made
        if each.id in runs or each.id in lines
    ]
    return {
        "own_run": len(after),
        "own_run_within_5_s": sum(seconds <= SOON_S for seconds in after),
        "own_run_worst_s": round(max(after), 2) if after else None,
        "line_only": sum(each.id in lines and each.id not in runs for each in made),
        "unlisted": sum(each.id not in runs and each.id not in lines for each in made),
        "listed_worst_s": round(max(both), 1) if both else None,
    }


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
