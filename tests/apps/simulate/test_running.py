"""`aftercart simulate`: wrong usage is told, and small trials are played on the real thing."""

import json
import re
from pathlib import Path

import pytest

from apps.cli.output import UserError
from apps.simulate import arms, running
from apps.simulate.arms import Arm
from apps.simulate.errors import SimulationError
from apps.simulate.stage import VENDORS
from apps.simulate.trial import Plan, played
from tests.support.shared import ROOT


def plan(folder: Path, **changes: object) -> Plan:
    given = {"world": "calm", "seed": 3, "orders": 6, "arm": "without", "step_h": 12.0, "folder": str(folder)}
    return Plan.from_json({**given, **changes})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--orders", "0"], "at least 1"),
        (["--arms", "with,without,magic"], "there is no arm magic"),
        (["--step-hours", "48"], "to a day"),
        (["--step-hours", "nan"], "to a day"),
        (["--colour"], "unrecognized"),
    ],
)
def test_wrong_usage_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        running.run(arguments)

    assert 2 == stopped.value.code
    assert says in capsys.readouterr().err


def test_the_arm_without_the_workflow_is_always_played() -> None:
    assert ("without,with", "without,placebo", "without") == tuple(
        running._arms(text) for text in ("with", "placebo,without", "without")
    )


def test_a_folder_of_somebodys_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()

    with pytest.raises(UserError, match="would be emptied"):
        running.run(["--arms", "without", "--folder", str(tmp_path)])
    assert (tmp_path / "thesis.txt").exists()


def test_this_build_has_the_workflow() -> None:
    assert [] == arms.missing()
    for engine in (False, True):
        assert arms.steps(Arm.WITH, engine=engine)


def test_a_build_without_the_workflow_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(arms, "missing", lambda: ["tasks.delays.offering"])

    with pytest.raises(UserError, match=r"no tasks\.delays\.offering"):
        running.run(["--folder", str(tmp_path / "new")])


def test_a_trial_never_sees_the_users_accounts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AFTERCART_ACCOUNTS_FILE", "/real/accounts.toml")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")

    for engine in (False, True):
        found = running.environment(plan(tmp_path, engine=engine))
        assert not {"AFTERCART_ACCOUNTS_FILE", "PREFECT_API_URL"} & found.keys()
        assert (str(tmp_path / "prefect"), engine) == (
            found["PREFECT_HOME"],
            found["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "true",
        )


def test_every_vendor_that_the_sandboxs_accounts_name_is_started() -> None:
    text = (ROOT / "config" / "accounts.sandbox.toml").read_text(encoding="utf-8")
    named = set(re.findall(r'^base_url = "http://127\.0\.0\.1:9400/(\w+)', text, re.MULTILINE))

    assert {"shopify", "twilio"} < named
    assert named <= set(VENDORS.split(","))


def test_a_plan_comes_back_from_its_file(tmp_path: Path) -> None:
    made = plan(tmp_path, arm="placebo", engine=True, days=3.0)

    assert made == Plan.from_json(json.loads(json.dumps(made.as_json())))
    assert Arm.PLACEBO is made.arm


def two_weeks(folder: Path, **changes: float) -> str:
    """The calm world, over before a test becomes slow; `changes` are other numbers of its."""
    text = (ROOT / "sandbox" / "simulation" / "worlds" / "calm.toml").read_text(encoding="utf-8")
    for name, value in {"within_days": 2, "then_days": 12, **changes}.items():
        text, found = re.subn(
            rf"^{name} = {{ value = [\d.]+,", f"{name} = {{ value = {value},", text, flags=re.MULTILINE
        )
        assert found == 1, name
    path = folder / "short.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


async def test_a_small_trial_is_played_from_purchase_to_door(tmp_path: Path) -> None:
    """The real steps over HTTP; whatever happens to them, six orders of the calm world end within it."""
    found = await played(plan(tmp_path / "trial", world=two_weeks(tmp_path)))

    assert (6, "without", 3) == (found["orders"], found["arm"], found["seed"])
    assert ([], []) == (found["broken_invariants"], found["wrong"])
    assert found["measures"]["messages_per_order"] >= 3, "confirmed, shipped, delivered"
    assert 0 == found["measures"]["contradictions"] == found["measures"]["duplicates"]


@pytest.mark.row("DLY-4")
async def test_the_workflow_makes_good_what_a_carrier_has_lost(tmp_path: Path) -> None:
    """Three parcels that their carrier gives up after two days; their customers take what they are offered."""
    world = two_weeks(tmp_path, lost=1, declared=1, declared_days=2, takes_replacement=1, takes_refund=1)

    found = await played(plan(tmp_path / "trial", world=world, orders=3, arm="with"))

    assert ([], []) == (found["broken_invariants"], found["wrong"])
    assert 100 == found["measures"]["gone_percent"] == found["measures"]["late_told_first_percent"]
    assert found["measures"]["lost_to_offer_days"] < 1


async def test_a_trial_is_the_same_again(tmp_path: Path) -> None:
    """Nothing of it depends on how fast the machine is."""
    world = two_weeks(tmp_path)
    one, again = [await played(plan(tmp_path / name, world=world, orders=4, days=7.0)) for name in ("one", "again")]

    assert one["measures"] == again["measures"]


async def test_a_world_that_is_not_there_ends_a_trial_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"choose of calm, rough, winter"):
        await played(plan(tmp_path / "trial", world="sunny"))
