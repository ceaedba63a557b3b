"""Who tells of parcels, by the accounts file."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from config.accounts import ConfigError
from config.tracking_sources import follower, source_of, subscribing
from connectors.carriers.easypost import EasyPost
from connectors.carriers.karrio_bridge import Karrio
from connectors.carriers.shipengine import ShipEngine
from connectors.carriers.ups_tracking import UpsTracking
from tests.config.test_wiring import wired

MORE = """
[[tracking]]
system = "ups"
account = "main"
base_url = "http://127.0.0.1:9400/ups"
token = "sandbox-ups-secret"
client_id = "sandbox-ups-client"

[[tracking]]
system = "shipengine"
account = "main"
base_url = "http://127.0.0.1:9400/shipengine"
token = "sandbox-shipengine-key"
carriers = ["OnTrac"]

[[tracking]]
system = "karrio"
account = "fedex"
carrier = "fedex"
token = "secret"
token_is = "track_secret_key"
settings = { track_api_key = "key" }

[[tracking]]
system = "karrio"
account = "dhl"
carrier = "dhl_universal"
token = "secret"
token_is = "consumer_key"
carriers = ["DHL", "Deutsche Post"]
"""
MAIL = '[mail]\nhost = "127.0.0.1"\n'
EASYPOST = """
[[carriers]]
system = "easypost"
account = "main"
base_url = "http://127.0.0.1:9400/easypost"
token = "sandbox-easypost-key"
"""
ALL = MAIL + EASYPOST + MORE


@pytest.mark.row("TRK-1")
async def test_each_account_is_a_source(tmp_path: Path) -> None:
    wiring = wired(tmp_path, ALL)

    sources = wiring.tracking_sources()

    assert {target: type(source) for target, source in sources.items()} == {
        "easypost/main": EasyPost,
        "ups/main": UpsTracking,
        "shipengine/main": ShipEngine,
        "karrio/fedex": Karrio,
        "karrio/dhl": Karrio,
    }
    assert sources["easypost/main"] is wiring.parcels()
    assert wiring.tracking_sources() is sources
    assert list(subscribing(sources)) == ["easypost/main", "shipengine/main"]
    assert all(0 < source.batch <= 100 and source.limits.at_once > 0 for source in sources.values())
    await wiring.aclose()


@pytest.mark.row("TRK-1")
async def test_a_parcel_is_followed_by_who_names_its_carrier(tmp_path: Path) -> None:
    wiring = wired(tmp_path, ALL)
    sources = wiring.tracking_sources()

    followed = {carrier: follower(sources, carrier) for carrier in ("UPS", " FedEx", "dhl", "ontrac", "USPS", "")}

    assert followed == {
        "UPS": "ups/main",
        " FedEx": "karrio/fedex",
        "dhl": "karrio/dhl",
        "ontrac": "shipengine/main",
        "USPS": "easypost/main",
        "": "easypost/main",
    }
    await wiring.aclose()


async def test_an_account_that_was_renamed_keeps_its_parcels(tmp_path: Path) -> None:
    wiring = wired(tmp_path, ALL)
    sources = wiring.tracking_sources()

    assert source_of(sources, "ups/main") is sources["ups/main"]
    assert source_of(sources, "ups/before") is sources["ups/main"]
    assert source_of(sources, "gone/main") is None
    assert source_of(sources, "") is None
    await wiring.aclose()


@pytest.mark.row("TRK-1", bad_input=True)
def test_nobody_follows_without_an_account() -> None:
    with pytest.raises(ConfigError, match=r"add a \[\[carriers\]\] entry"):
        follower({}, "UPS")
    only_ups = SimpleNamespace(carriers=frozenset({"ups"}))
    with pytest.raises(ConfigError):
        follower({"ups/main": only_ups}, "USPS")  # type: ignore[dict-item]


@pytest.mark.row("TRK-1", bad_input=True)
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('system = "shipengine"', 'system = "aftership"', r"\[\[tracking\]\]: system 'aftership' is not supported"),
        ('client_id = "sandbox-ups-client"\n\n', "\n", r"ups/main: client_id is missing"),
        ('["OnTrac"]', '"OnTrac"', r"shipengine/main: carriers is a list"),
        ('carrier = "fedex"', "", r"karrio/fedex: carrier is missing"),
        ('token_is = "track_secret_key"', "", r"karrio/fedex: token_is is missing"),
        ('{ track_api_key = "key" }', '"key"', r"karrio/fedex: settings is a table"),
        ('base_url = "http://127.0.0.1:9400/shipengine"', "", r"tracking\[2\]\.base_url is missing"),
    ],
)
async def test_a_wrong_account_is_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in MORE
    wiring = wired(tmp_path, MAIL + MORE.replace(before, after))

    with pytest.raises(ConfigError, match=said):
        wiring.tracking_sources()
    await wiring.aclose()


@pytest.mark.row("TRK-1", bad_input=True)
async def test_one_account_stands_once(tmp_path: Path) -> None:
    wiring = wired(tmp_path, MAIL + MORE + MORE)

    with pytest.raises(ConfigError, match="ups/main stands twice"):
        wiring.tracking_sources()
    await wiring.aclose()
