"""`python -m bench.sweep` in the small: what it fills, the loop that it is held against, and its verdicts."""

import base64
from typing import Any

import pytest

from bench.floor_sweep import sweep
from bench.sweep_figures import FLOORS, SHARE, summary, targets
from bench.sweep_parcels import SOURCE, fill, make_due, make_trackers, scans, touched
from config.wiring import Wiring
from ledger.following import claim_parcels, due_sources
from tests.support.sandbox import SandboxProcess

AUTH = {"authorization": f"Basic {base64.b64encode(b'sandbox-easypost-key:').decode()}"}


def due(wiring: Wiring) -> list[str]:
    now, real_now = wiring.now(), wiring.real_now()
    assert {SOURCE} >= set(wiring.read(due_sources, now=now, real_now=real_now))
    claimed = wiring.ledger(claim_parcels, SOURCE, limit=100, now=now, real_now=real_now)
    return sorted(row["tracker_external_id"] for row in claimed.rows)


def test_only_the_first_parcels_are_due_and_known_to_the_vendor(wiring: Wiring) -> None:
    fill(wiring.engine, ["trk_a", "trk_b"], 5)
    assert [] == due(wiring)

    make_due(wiring.engine, 2)

    assert ["trk_a", "trk_b"] == due(wiring)
    assert (2, 0) == (touched(wiring.engine), scans(wiring.engine))


@pytest.mark.parametrize("client", FLOORS)
async def test_a_bare_loop_asks_about_each_parcel_once(client: str, sandbox: SandboxProcess) -> None:
    url = f"{sandbox.url}/easypost"
    made = await make_trackers(url, AUTH, 5)

    asked = {"urls": {"easypost": url}, "headers": {"easypost": AUTH}, "at_once": 2, "ids": made, "client": client}
    told = await sweep(asked)

    assert 5 == told == len(set(made))
    assert 5 == sum(sandbox.requests("easypost")["GET /v2/trackers/{id}"].values())


@pytest.mark.row("TRK-1")
@pytest.mark.parametrize(
    ("ours", "few", "stray", "met"),
    [
        pytest.param(10.0, 10.0, 0, [True, False, True, True], id="as it should be, but for the fastest loop"),
        pytest.param(12.0, 9.0, 0, [False, False, False, True], id="too slow, and slower among many"),
        pytest.param(5.0, 5.0, 1, [True, True, True, False], id="one was touched that was not due"),
    ],
)
def test_the_verdicts(ours: float, few: float, stray: int, met: list[bool]) -> None:
    def runs(seconds: float, **more: Any) -> list[dict[str, Any]]:
        return [{"seconds": seconds, "cpu_s": seconds / 2, "touched": 100, **more} for _ in range(3)]

    found: dict[str, Any] = {
        "due": 100, "open": 1_000, "few_open": 200, "few": runs(few), "ours": runs(ours, touched=100 + stray),
        "httpx": runs(10.0 * SHARE), "aiohttp": runs(5.0 * SHARE),
    }  # fmt: skip

    found["summary"] = summary(found)

    assert met == [each[-1] for each in targets(found)]
