"""Which worker of `make test` runs what: a file's tests stay together, some files too, and the longest begin first.

xdist's own groups by marker do nothing since pytest's node ids cannot be written any more (pytest 9.2, xdist 3.8); that
each worker played the demo for itself was how it showed.
"""

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[2]
# Files that share what takes long to make, in the order in which they run.
_TOGETHER = {
    # the canary comes last: it makes runs fail that others look at
    "the demo": ("tests/e2e/test_demo.py", "tests/e2e/test_prefect_ui.py", "tests/e2e/test_canary.py"),
    # one after the other: each starts a Prefect server
    "the supervisor": ("tests/apps/supervisor/test_supervisor.py", "tests/apps/supervisor/test_up.py"),
    # they share one
    "flows": (
        "tests/flows/test_dead_runs.py", "tests/flows/test_edit_order.py", "tests/flows/test_return_order.py",
        "tests/flows/test_process_orders.py", "tests/flows/test_other_flows.py", "tests/flows/test_report_returns.py",
        "tests/flows/test_handle_delays.py",
    ),
}  # fmt: skip
# No worker is left alone with one of them at the end. Beside the demo, which wants all of the machine, go those that
# mostly wait.
_FIRST = (
    *_TOGETHER["the demo"], "tests/outages/test_paused_worker.py", "tests/outages/test_receiver_killed.py",
    "tests/crash/test_take_over.py", "tests/outages/test_postgres_away.py", "tests/crash/test_matrix.py",
    "tests/chaos/test_chaos.py", *_TOGETHER["the supervisor"], *_TOGETHER["flows"], "tests/crash/test_edits.py",
    "tests/crash/test_deployed.py", "tests/crash/test_matrix_postgres.py",
)  # fmt: skip
_GROUP_OF = {path: name for name, paths in _TOGETHER.items() for path in paths}
_PLACE = {path: place for place, path in enumerate(_FIRST)}
assert all((ROOT / path).is_file() for path in _FIRST), "a file of the longest tests has another name now"


def group_of(nodeid: str) -> str:
    """What stays on one worker."""
    path = nodeid.partition("::")[0]
    return _GROUP_OF.get(path, path)


class ByGroup(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _PLACE.get(item.nodeid.partition("::")[0], len(_PLACE)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup:
    config.option.loadscopereorder = False
    return ByGroup(config, log)
