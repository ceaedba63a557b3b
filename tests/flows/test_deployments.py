"""prefect.yaml and prefect.toml against the flows and the Prefect that is installed."""

import tomllib
from typing import Any

import pytest
import yaml
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.settings.models.root import Settings as PrefectSettings
from pydantic import BaseModel

from apps.automations import FIND, RESTART
from apps.doctor import AUTOMATIONS, DEPLOYMENTS
from tests.support.shared import ROOT

CONFIG = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
ENTRIES = {entry["name"]: entry for entry in CONFIG["deployments"]}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_deployment_loads_its_flow_by_module(entry: dict[str, Any]) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(entry["entrypoint"])

    assert entry["name"] == flow.name
    assert entry["entrypoint"] == f"{flow.fn.__module__}.{flow.fn.__name__}"
    assert entry["entrypoint"].split(".")[1].replace("_", "-") == entry["name"]
    assert flow.isasync


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_deployment_says_what_it_is_for(entry: dict[str, Any]) -> None:
    assert entry["description"].endswith(".")
    assert entry["tags"]
    assert entry["work_pool"] == {"name": "aftercart"}
    assert "concurrency_limit" not in entry


def test_every_flow_is_deployed() -> None:
    files = {path.stem.replace("_", "-") for path in (ROOT / "flows").glob("*.py") if path.stem != "__init__"}

    assert files == set(ENTRIES)
    assert files == DEPLOYMENTS
    assert AUTOMATIONS == {FIND, RESTART}


def test_schedules_are_crons_in_utc_that_do_not_all_start_at_once() -> None:
    lines = [line for entry in ENTRIES.values() for line in entry["schedules"]]

    for line in lines:
        CronSchedule(cron=line["cron"], timezone=line["timezone"])
        assert line["timezone"] == "UTC"
    assert len({line["cron"] for line in lines}) == len(lines)


def test_pull_copies_nothing() -> None:
    [step] = CONFIG["pull"]

    assert list(step) == ["prefect.deployments.steps.set_working_directory"]


def test_server_settings_are_known_to_this_prefect() -> None:
    """A misspelt or renamed key would be ignored without a word."""
    data = tomllib.loads((ROOT / "prefect.toml").read_text("utf-8"))

    assert list(_unknown(PrefectSettings, data, "")) == []


def _unknown(model: type[BaseModel], data: dict[str, Any], where: str) -> list[str]:
    found: list[str] = []
    for key, value in data.items():
        field = model.model_fields.get(key)
        if field is None:
            found.append(f"{where}{key}")
        elif isinstance(value, dict):
            assert isinstance(field.annotation, type)
            found += _unknown(field.annotation, value, f"{where}{key}.")
    return found


def test_server_settings_are_in_force_in_the_project_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("PREFECT_TEST_MODE", raising=False)

    settings = PrefectSettings()

    services = settings.server.services
    assert services.task_run_recorder.read_batch_size == 100
    assert services.task_run_recorder.batch_size == 100
    assert services.task_run_recorder.flush_interval == 1
    assert services.event_persister.batch_size == 500
    assert services.event_persister.read_batch_size == 100
    assert services.triggers.read_batch_size == 100
    assert services.db_vacuum.enabled_vacuum_types >= {"events", "flow_runs"}
    assert settings.server.analytics_enabled is False
    assert settings.flows.heartbeat_frequency
