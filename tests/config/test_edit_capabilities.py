"""The table of what can be changed where: the shipped file parses, a wrong entry is refused with file, key, reason."""

from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import CAPABILITIES, load_policies
from domain.edit_capabilities import EditField, Stage
from tests.support.shared import ROOT

FOLDER = ROOT / "config" / "policies"


def test_shipped_table_is_complete() -> None:
    policies = load_policies(FOLDER)
    table = policies.capabilities

    assert all(set(kind.until) == set(EditField) for kind in table.nodes.values())
    assert {node.system for node in policies.nodes} <= set(table.systems)
    assert table.node("shipbob").until[EditField.ADDRESS] is Stage.LABELLED


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('own = "sheet"\n', "", "systems.own: is missing, and a node of routing.toml"),
        ('own = "sheet"\n', 'own = "paper"\n', "systems.own: names no entry of [nodes]"),
        ("completed = []\n", "", "orders.completed: is missing"),
        ("completed = []\n", "completed = []\nlost = []\n", "orders.lost: there is no such name"),
        ("completed = []\n", 'completed = ["colour"]\n', 'orders: write one of "address"'),
        ('default = ["contact"]', "", "holds.default: is missing"),
        ('shipping = "told"            # no call for it\n', "", "nodes.edits.shipping is missing"),
        ('lines = "picking"', 'lines = "packed"', "nodes.edits.lines: write one of its stages"),
        ('"picking", "labelled", "shipped"]', '"picking", "labelled"]', "nodes.edits.stages: write each stage once"),
        ('"picking", "packed", "shipped"]', '"picking", "wrapped", "shipped"]', "nodes.sheet.stages: write one of"),
        ('beyond_node = ["contact"]', 'beyond_node = "contact"', "beyond_node: write a list"),
        ("[sources]", "[source]", "sources is missing"),
        ("completed = []", "completed = [", "not valid TOML"),
    ],
)
def test_wrong_entry_is_refused_with_file_key_and_reason(tmp_path: Path, old: str, new: str, said: str) -> None:
    table = CAPABILITIES.read_text()
    assert old in table, f"the table no longer says {old}"
    path = tmp_path / "edit_capabilities.toml"
    path.write_text(table.replace(old, new, 1))

    with pytest.raises(ConfigError) as caught:
        load_policies(FOLDER, path)

    assert str(caught.value).startswith("edit_capabilities.toml: ")
    assert said in str(caught.value)


def test_version_changes_with_the_table(tmp_path: Path) -> None:
    path = tmp_path / "edit_capabilities.toml"
    path.write_text(CAPABILITIES.read_text() + "\n")

    assert load_policies(FOLDER, path).version != load_policies(FOLDER).version
