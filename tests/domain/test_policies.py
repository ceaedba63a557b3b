"""Policy is data: the shipped files parse, and a wrong value is refused with file, key and reason."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from config.reading import duration
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped policies to spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "policies"))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text, f"{file} no longer says {old}"
    path.write_text(text.replace(old, new, 1))


def test_shipped_policies_are_right() -> None:
    policies = load_policies(SHIPPED)

    assert policies.capture.edit_window == timedelta(minutes=45)
    assert policies.validation.review_above_minor["JPY"] == 220_000
    assert policies.validation.review_above_minor["KWD"] == 450_000
    assert {node.id for node in policies.nodes} >= {"cicero", "brooklyn"}
    assert policies.node("brooklyn").ships_itself is False
    with pytest.raises((KeyError, StopIteration)):
        policies.node("nowhere")


def test_version_changes_with_any_byte_and_only_then(folder: Path) -> None:
    before = load_policies(folder).version
    assert before == load_policies(SHIPPED).version

    edit(folder, "routing.toml", "split_penalty = ", "split_penalty = 1")

    assert load_policies(folder).version != before


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "orders.toml",
            'edit_window = "45 min"',
            'edit_window = "45 minutes"',
            "capture.edit_window: write a duration",
        ),
        ("orders.toml", 'edit_window = "45 min"', "edit_window = 45", "capture.edit_window: write a duration"),
        ("orders.toml", 'edit_window = "45 min"', "", "capture.edit_window is missing"),
        ("orders.toml", "velocity_orders = 4", 'velocity_orders = "4"', "validation.velocity_orders: write a whole"),
        ("orders.toml", "velocity_orders = 4", "velocity_orders = -1", "validation.velocity_orders: write a whole"),
        ("orders.toml", "velocity_orders = 4", "velocity_orders = true", "validation.velocity_orders: write a whole"),
        ("orders.toml", "JPY = 220000", "XYZ = 220000", "validation.review_above: unknown_currency"),
        ("orders.toml", "JPY = 220000", "JPY = 0.5", "validation.review_above: write a whole"),
        ("orders.toml", 'fraud = "risk"', "", "validation.hold_due and hold_owner need an entry for fraud"),
        ("orders.toml", '["48 h", "12 h"]', '["48 h", "soon"]', "validation.authorisation_alerts: write a duration"),
        ("orders.toml", '["48 h", "12 h"]', '"48 h"', "validation.authorisation_alerts: write a list"),
        ("routing.toml", "max_nodes = 3", "max_nodes = 2.5", "routing.max_nodes: write a whole"),
        ("routing.toml", 'country = "US"', "country = 1", "nodes.0.country: write text in quotes"),
        ("routing.toml", "ships_itself = true", 'ships_itself = "yes"', "nodes.0.ships_itself: write true or false"),
        ("shipping.toml", "parcel_mm = [350, 250, 150]", "parcel_mm = [350, 250]", "shipping.parcel_mm"),
        ("shipping.toml", "parcel_mm = [350, 250, 150]", 'parcel_mm = ["a", 2, 3]', "shipping.parcel_mm"),
        ("routing.toml", "America/Chicago", "Mars/Base", "nodes.0.time_zone: write a time zone"),
        ("routing.toml", '["US", "CA"]', '["US", 1]', "nodes.1.serves: write text in quotes"),
        ("shipping.toml", "default_max_days = 6", "default_max_days = ", "not valid TOML"),
        ("offers.toml", "refund_from = 0.7", "refund_from = 7", "offers.refund_from: write a share"),
        ("offers.toml", "share = 0.20", "share = 0.60", "offers.lost: write at least one entry, silent_days and share"),
        ("offers.toml", "percent = 10\n", "percent = 101\n", "offers.credit.percent: write per cent"),
        ("offers.toml", "at_most = { default = 15,", "at_most = {", "offers.credit.at_most: write a default"),
        ("carrier_claims.toml", 'ground = "lost"', 'ground = "late"', "claims.windows.0.ground: write one of lost"),
        ("carrier_claims.toml", 'opens_after = "15 d"', 'opens_after = "61 d"', "closes_after: write a later day"),
        ("carrier_claims.toml", 'fallback = "other"', 'fallback = "none"', "claims.fallback: there is no window of"),
        ("carrier_claims.toml", 'carrier = "ups"', 'carrier = "usps"', "usps lost: there is more than one window"),
        (
            "carrier_claims.toml",
            'currency = "USD"',
            'currency = "XYZ"',
            "claims.windows.0.currency: write the currency",
        ),
        ("portal.toml", 'window = "1 h"', 'window = "25 h"', "look_up.window: write a duration of at most one day"),
    ],
)
def test_wrong_value_is_refused_with_file_key_and_reason(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    edit(folder, file, old, new)

    with pytest.raises(ConfigError) as caught:
        load_policies(folder)

    assert str(caught.value).startswith(f"{file}: ")
    assert said in str(caught.value)


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "shipping.toml").unlink()

    with pytest.raises(ConfigError, match=r"shipping\.toml is missing"):
        load_policies(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90 s", timedelta(seconds=90)), ("45min", timedelta(minutes=45)), ("1.5 h", timedelta(minutes=90)),
     (" 3 d ", timedelta(days=3)), ("0 s", timedelta(0))],
)  # fmt: skip
def test_duration(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "3", "h", "-1 h", "3 weeks", "1 h 30 min", None, 5, "３ h x"])
def test_bad_duration(text: object) -> None:
    with pytest.raises(ValueError, match="write a duration"):
        duration(text)
