"""The stage is patient with Prefect."""

from typing import Any, cast

import pytest

from apps.demo.controls import Controls
from apps.demo.stage import Stage, StoryError
from apps.prefect_api import PrefectApi, PrefectUnreachable
from config.wiring import Wiring


class BusyPrefect:
    """Refuses so many runs before it takes one."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    async def deployment_id(self, name: str) -> str | None:
        return None if name == "nothing/nothing" else name

    async def start_run(self, deployment: str) -> str:
        self.refusals -= 1
        if self.refusals >= 0:
            raise PrefectUnreachable("answered 503")
        return f"run of {deployment}"


def stage(prefect: Any) -> Stage:
    return Stage(cast(Wiring, None), cast(Controls, None), cast(PrefectApi, prefect))


async def test_a_run_that_is_refused_is_asked_for_again() -> None:
    busy = stage(BusyPrefect(2))

    assert ["run of sweep-shops/sweep-shops"] == await busy.start("sweep-shops")
    assert ["sweep-shops"] == list(busy.runs.values())


async def test_what_is_not_deployed_is_said() -> None:
    with pytest.raises(StoryError, match="no deployment nothing"):
        await stage(BusyPrefect(0)).start("nothing")
