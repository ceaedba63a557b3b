"""config/carriers: every table is whole, and a wrong one is refused with file, key and reason."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.status_maps import FOLDER, SOURCES, load_status_map, status_map
from connectors.carriers.shipengine_parse import NOT_MAPPED
from domain.parcels import ParcelState
from domain.status_maps import ANY, StatusCodePolicy, too_many_unmapped
from tests.support.openapi import load_spec

GOOD = (
    'carrier = "some"\nversion = 2\nsources = ["a page"]\n[codes]\n"A" = "in_transit"\n"A/b" = "delivered, corrects"\n'
)


@pytest.mark.row("TRK-2")
@pytest.mark.parametrize("source", SOURCES)
def test_every_table_that_ships_is_read(source: str) -> None:
    words = status_map(source)

    assert (source, words.version >= 1) == (words.source, True)
    assert ParcelState.DELIVERED in {meaning.state for meaning in words.meanings.values()}
    assert all(meaning.mapped for meaning in words.meanings.values())


def test_the_most_exact_entry_counts(tmp_path: Path) -> None:
    (tmp_path / "some.toml").write_text(GOOD + '"*/z" = "lost"\n')
    words = load_status_map(tmp_path / "some.toml")

    assert (ParcelState.DELIVERED, True) == (words.meaning("A", "b").state, words.meaning("A", "b").corrects)
    assert ParcelState.IN_TRANSIT is words.meaning("A", "y").state is words.meaning("A").state
    assert ParcelState.LOST is words.meaning("new", "z").state is words.meaning("A", "z").state
    assert ParcelState.LOST is words.meaning("new", "y/z").state is words.meaning("new", "z/y").state
    assert ParcelState.DELIVERED is words.meaning("A", "b/z").state  # its own word before anybody's
    strange = words.meaning("new", "new")
    assert (ParcelState.UNKNOWN, False) == (strange.state, strange.mapped)


@pytest.mark.row("TRK-2", bad_input=True)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"some"', '"other"', "some.toml: carrier: write 'some'"),
        ("version = 2", "version = 0", "some.toml: version: write a whole number from 1 on"),
        ("version = 2", 'version = "2"', "some.toml: version: write a whole number"),
        ('["a page"]', "[]", "some.toml: sources: name at least one"),
        ('"in_transit"', '"moving"', "some.toml: codes.A: write one of unknown, label_created"),
        (", corrects", ", maybe", "some.toml: codes.A/b: write one of"),
        ('"A/b"', '"*"', "some.toml: codes.*: write a code"),
        ('"A/b"', '"A/*"', "some.toml: codes.A/*: stands twice"),
        ("[codes]", "[code]", "some.toml: codes is missing"),
        ("version = 2", "version = ", "not valid TOML"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "some.toml"
    path.write_text(GOOD.replace(old, new))

    with pytest.raises(ConfigError) as caught:
        load_status_map(path)

    assert said in str(caught.value)


def test_no_table_is_without_a_reader() -> None:
    """Files of other kinds lie in the folder too; a table of codes is one that has codes."""
    tables = {path.stem for path in FOLDER.glob("*.toml") if "\n[codes]\n" in path.read_text()}

    assert set(SOURCES) == tables


@pytest.mark.row("TRK-2")
def test_every_word_of_shipengines_contract_has_a_meaning(shared: Path) -> None:
    schemas = load_spec(shared / "contracts/shipengine/openapi.yaml")["components"]["schemas"]
    words = status_map("shipengine")

    assert set(schemas["status_code"]["enum"]) == {code for code, detail in words.meanings if detail == ANY}
    details = {detail for code, detail in words.meanings if code == ANY}
    assert details <= set(schemas["status_detail_code"]["enum"]) - {NOT_MAPPED}


@pytest.mark.row("TRK-2")
def test_every_word_of_karrios_contract_has_a_meaning(shared: Path) -> None:
    spec = load_spec(shared / "contracts/karrio/openapi.yml")
    told = spec["components"]["schemas"]["TrackingStatus"]["properties"]["status"]["enum"]

    assert set(told) <= {code for code, _ in status_map("karrio").meanings}


@pytest.mark.parametrize(
    ("told", "unmapped", "alert"),
    [(200, 1, False), (199, 1, True), (1000, 5, False), (1000, 6, True), (0, 0, False), (1, 1, True)],
)
def test_the_share_itself_is_still_allowed(told: int, unmapped: int, alert: bool) -> None:
    assert too_many_unmapped(told, unmapped, StatusCodePolicy(0.005)) is alert


@pytest.mark.row("TRK-2", bad_input=True)
def test_a_text_in_the_place_of_a_code_is_cut_to_a_word() -> None:
    event = status_map("ups").event(datetime(2026, 3, 1, tzinfo=UTC), "A\x00\n" + "x" * 500, "D" * 500)

    assert (len(event.raw_code), len(event.detail_code)) == (62, 64)
    assert event.raw_code.isprintable()
    assert (event.state, event.mapped) == (ParcelState.UNKNOWN, False)
