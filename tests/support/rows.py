"""A pytest plugin: which rows of REQUIREMENTS a run has proven, written to build/rows.json.

A row is proven when an ordinary and a bad-input test of it have passed and none of its tests was skipped or failed.
Only a run of the whole suite is written, so that trying out one test does not forget the others.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.rows_list import ROWS
from tests.support.shared import ROOT, missing_reason

FILE = ROOT / "build" / "rows.json"
PROPERTY = "row"


@dataclass
class Outcome:
    """One test: its rows as (row, bad input), and whether every phase of it passed."""

    rows: set[tuple[str, bool]] = field(default_factory=set)
    called: bool = False
    broken: bool = False

    @property
    def passed(self) -> bool:
        return self.called and not self.broken


class RowsPlugin:
    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.without_contracts = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Marks travel with the reports, also from xdist's workers."""
        for item in items:
            for mark in item.iter_markers("row"):
                [row] = mark.args
                if row not in ROWS:
                    raise pytest.UsageError(f"{item.nodeid}: REQUIREMENTS has no row {row}")
                item.user_properties.append((PROPERTY, [row, bool(mark.kwargs.get("bad_input"))]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and missing_reason().split(":")[0] in str(report.longrepr):
            self.without_contracts += 1
        rows = {(value[0], value[1]) for name, value in report.user_properties if name == PROPERTY}  # type: ignore[index]
        if not rows:
            return
        outcome = self.outcomes.setdefault(report.nodeid, Outcome())
        outcome.rows |= rows
        outcome.called |= report.when == "call" and report.passed
        outcome.broken |= not report.passed or hasattr(report, "wasxfail")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not hasattr(session.config, "workerinput") and whole_suite(session.config):
            FILE.parent.mkdir(exist_ok=True)
            FILE.write_text(json.dumps(proven(self.outcomes), indent=1) + "\n", encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.without_contracts:
            terminalreporter.write_line(f"{self.without_contracts} tests were skipped: {missing_reason()}", yellow=True)


def whole_suite(config: pytest.Config) -> bool:
    """Whether nothing was left out by a path, -k, -m, --deselect or --lf."""
    last_failed = getattr(config.option, "lf", False)  # the option belongs to the cache, which may be switched off
    chosen = (config.option.keyword, config.option.markexpr, config.option.deselect, last_failed)
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(chosen)


def proven(outcomes: dict[str, Outcome]) -> dict[str, list[str]]:
    """Row -> its passed tests; none where the row is open."""
    return {row: _proof(row, outcomes) for row in ROWS}


def _proof(row: str, outcomes: dict[str, Outcome]) -> list[str]:
    tests = {name: outcome for name, outcome in outcomes.items() if row in {r for r, _ in outcome.rows}}
    if not all(outcome.passed for outcome in tests.values()):
        return []
    kinds = set(_kinds(row, tests.values()))
    return sorted(tests) if kinds == {True, False} else []


def _kinds(row: str, outcomes: Iterable[Outcome]) -> Iterable[bool]:
    return (bad for outcome in outcomes for name, bad in outcome.rows if name == row)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RowsPlugin(), "aftercart-rows")
