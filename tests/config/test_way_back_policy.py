"""The way of goods back is data: the shipped file parses, and a wrong value is refused with file, key and reason."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"
UNUSED_LABELS = timedelta(days=30)  # EasyPost gives their money back for so long


def test_the_shipped_way_back_is_right() -> None:
    policies = load_policies(SHIPPED)

    assert not policies.node(policies.way_back.send_to).ships_itself
    assert policies.way_back.send_within < UNUSED_LABELS, "or no label that expires is paid back"
    assert policies.way_back.remind_after


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'send_to = "brooklyn"',
            'send_to = "reno"',
            "way_back.send_to: name a node that opens parcels",
        ),
        ('"10 d", "21 d"', '"21 d", "10 d"', "way_back.remind_after: write rising durations below send_within"),
        ('"10 d", "21 d"', '"10 d", "27 d"', "way_back.remind_after: write rising durations below send_within"),
        ('inspect_within = "2 d"', 'inspect_within = "soon"', "way_back.inspect_within"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    path = folder / "way_back.toml"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")

    with pytest.raises(ConfigError, match=f"way_back.toml.*{said}"):
        load_policies(folder)


def test_a_shop_without_a_warehouse_of_its_own_names_none(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    routing, way_back = folder / "routing.toml", folder / "way_back.toml"
    head, first, *_ = routing.read_text("utf-8").split("[[nodes]]")
    routing.write_text(f"{head}[[nodes]]{first}", "utf-8")
    with pytest.raises(ConfigError, match=r"way_back\.send_to: no node opens parcels"):
        load_policies(folder)

    way_back.write_text(way_back.read_text("utf-8").replace('send_to = "brooklyn"', 'send_to = ""'), "utf-8")

    assert "" == load_policies(folder).way_back.send_to
