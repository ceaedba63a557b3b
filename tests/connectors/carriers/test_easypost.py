"""EasyPost's connector against the sandbox."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.status_maps import status_map
from connectors.carriers.base import AddressVerdict, ParcelRef
from connectors.carriers.easypost import TOPICS, EasyPost, easypost_http
from connectors.errors import AuthFailed, OutcomeUnknown, VendorRejected
from connectors.transport import HttpClient
from domain.parcels import Label, Parcel, ParcelState, Quote, cheapest_in_time, merge_state
from tests.connectors.carriers.conftest import CUSTOMER, DEPOT, KEY
from tests.support.recording import Exchange
from tests.support.sandbox import SandboxProcess

PARCEL = Parcel(weight_g=1200, length_mm=300, width_mm=200, height_mm=100)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = status_map("easypost")


async def get_quote(easypost: EasyPost) -> Quote:
    return await easypost.quote(ship_from=DEPOT, ship_to=CUSTOMER, parcel=PARCEL, reference="FO-1.1")


async def buy_cheapest(easypost: EasyPost) -> Label:
    quote = await get_quote(easypost)
    rate = cheapest_in_time(quote.rates, max_days=None)
    assert rate is not None
    return await easypost.buy(quote.external_id, rate.external_id)


@pytest.mark.row("VAL-3")
@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        pytest.param({}, AddressVerdict.DELIVERABLE, id="as it is"),
        pytest.param({"line1": "3101 western avenue."}, AddressVerdict.DELIVERABLE, id="other spelling"),
        pytest.param({"line1": "1 Mispelt St"}, AddressVerdict.CORRECTED, id="corrected"),
        pytest.param({"line1": "1 Missing Unit St", "line2": ""}, AddressVerdict.MISSING_UNIT, id="missing unit"),
        pytest.param({"line1": "1 Undeliverable St"}, AddressVerdict.UNVERIFIABLE, id="unknown"),
    ],
)
async def test_verify(easypost: EasyPost, changes: dict[str, str], verdict: AddressVerdict) -> None:
    check = await easypost.verify(replace(CUSTOMER, **changes))

    assert verdict is check.verdict
    assert (check.suggestion is not None) == (verdict is AddressVerdict.CORRECTED)


async def test_verify_is_one_call_without_the_person(easypost: EasyPost, exchanges: list[Exchange]) -> None:
    await easypost.verify(CUSTOMER)

    [sent] = exchanges
    assert ("POST", "/easypost/v2/addresses", True) == (sent.method, sent.path, sent.body["verify"])
    assert {"street1", "street2", "city", "state", "zip", "country"} == set(sent.body["address"])
    assert sent.headers["authorization"] == "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()


async def test_suggestion_keeps_the_person(easypost: EasyPost) -> None:
    check = await easypost.verify(replace(CUSTOMER, line1="1 Mispelt St"))

    assert check.suggestion is not None
    assert ("Ada Byron", "+12065550100") == (check.suggestion.name, check.suggestion.phone)


@pytest.mark.row("FUL-2")
async def test_quote_buys_nothing(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    quote = await get_quote(easypost)

    assert len(quote.rates) > 3
    assert all(rate.cost_minor > 0 and rate.currency == "USD" for rate in quote.rates)
    assert sandbox.control("easypost/labels") == []
    assert await easypost.find_label(quote.external_id) is None


async def test_quote_sends_ounces_and_inches(easypost: EasyPost, exchanges: list[Exchange]) -> None:
    await get_quote(easypost)

    assert {"weight": 42.4, "length": 11.9, "width": 7.9, "height": 4.0} == (exchanges[0].body["shipment"]["parcel"])


@pytest.mark.row("FUL-2")
async def test_buy_then_find_the_same_label(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    label = await buy_cheapest(easypost)

    assert label == await easypost.find_label(label.quote_external_id)
    [paid] = sandbox.control("easypost/labels")
    assert (label.tracking_number, "FO-1.1") == (paid["tracking_code"], paid["reference"])


async def test_buy_again_gives_the_same_label(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    quote = await get_quote(easypost)
    first = await easypost.buy(quote.external_id, quote.rates[0].external_id)

    again = await easypost.buy(quote.external_id, quote.rates[0].external_id)

    assert first == again
    assert len(sandbox.control("easypost/labels")) == 1


async def test_buy_another_rate_afterwards_is_refused(easypost: EasyPost) -> None:
    quote = await get_quote(easypost)
    await easypost.buy(quote.external_id, quote.rates[0].external_id)

    with pytest.raises(VendorRejected) as caught:
        await easypost.buy(quote.external_id, quote.rates[1].external_id)

    assert caught.value.reason == "already_bought"


@pytest.mark.row("FUL-2", bad_input=True)
async def test_buy_an_unknown_rate_is_refused(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    quote = await get_quote(easypost)

    with pytest.raises(VendorRejected):
        await easypost.buy(quote.external_id, "rate_none")

    assert sandbox.control("easypost/labels") == []


async def test_lost_answer_of_a_purchase_is_found(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    quote = await get_quote(easypost)
    sandbox.fault("easypost", "POST /v2/shipments/*/buy", "error_after", status=500)

    with pytest.raises(OutcomeUnknown):
        await easypost.buy(quote.external_id, quote.rates[0].external_id)

    assert await easypost.find_label(quote.external_id) is not None
    assert len(sandbox.control("easypost/labels")) == 1


async def test_find_label_of_an_unknown_quote(easypost: EasyPost) -> None:
    assert await easypost.find_label("shp_none") is None


@pytest.mark.row("FUL-2")
async def test_label_file_as_pdf_and_zpl(easypost: EasyPost) -> None:
    label = await buy_cheapest(easypost)

    zpl = await easypost.label_url(label.quote_external_id, "ZPL")

    assert (await easypost.fetch_label(label.label_url)).startswith(b"%PDF")
    assert (await easypost.fetch_label(zpl)).startswith(b"^XA")


@pytest.mark.row("FUL-3")
async def test_void_twice_asks_the_money_back_once(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    label = await buy_cheapest(easypost)

    await easypost.void(label.quote_external_id)
    await easypost.void(label.quote_external_id)

    found = await easypost.find_label(label.quote_external_id)
    assert found is not None
    assert found.voided
    assert [True] == [paid["refunded"] for paid in sandbox.control("easypost/labels")]


async def test_void_without_label_is_refused(easypost: EasyPost) -> None:
    quote = await get_quote(easypost)

    with pytest.raises(VendorRejected):
        await easypost.void(quote.external_id)


async def test_tracker_is_made_once(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    first = await easypost.create_tracker("9400100000000000000042", "USPS")

    second = await easypost.create_tracker("9400100000000000000042", "USPS")

    assert first.external_id == second.external_id
    assert len(sandbox.control("easypost/trackers")) == 1


@pytest.mark.row("TRK-2")
@pytest.mark.parametrize(
    ("plan", "state"),
    [
        ("normal", ParcelState.DELIVERED),
        ("lost", ParcelState.LOST),
        ("returned", ParcelState.RETURNING),
        ("exception", ParcelState.EXCEPTION),
        ("attempted", ParcelState.DELIVERED),
        ("stuck", ParcelState.IN_TRANSIT),
    ],
)
async def test_parcel_ends_as_planned(
    easypost: EasyPost, sandbox: SandboxProcess, plan: str, state: ParcelState
) -> None:
    number = "9400100000000000000042"
    sandbox.control(f"easypost/parcels/{number}", {"plan": plan})
    tracker = await easypost.create_tracker(number, "USPS")

    sandbox.control("clock", {"offset_s": 40 * 86_400})

    [now] = await easypost.fetch_trackers([tracker.external_id])
    assert state is merge_state(now.events)
    assert list(now.events) == sorted(now.events, key=lambda event: event.occurred_at)


async def test_fetch_trackers_leaves_unknown_ids_out(easypost: EasyPost) -> None:
    tracker = await easypost.create_tracker("9400100000000000000042", "USPS")

    found = await easypost.fetch_trackers(["trk_none", tracker.external_id])

    assert [tracker.external_id] == [each.external_id for each in found]


async def test_trackers_updated_since_pages_through_all(easypost: EasyPost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.carriers.easypost._PAGE", 2)
    made = {(await easypost.create_tracker(f"94001000000000000000{n}", "USPS")).external_id for n in range(5)}

    pages = [page async for page in easypost.trackers_updated_since(LONG_AGO)]

    assert [2, 2, 1] == [len(page) for page in pages]
    assert made == {tracker.external_id for page in pages for tracker in page}


async def test_trackers_updated_since_leaves_older_out(easypost: EasyPost) -> None:
    await easypost.create_tracker("9400100000000000000042", "USPS")

    later = datetime.now(UTC) + timedelta(hours=1)

    assert [] == [page async for page in easypost.trackers_updated_since(later)]


async def test_webhook_is_made_once_and_enabled_again(easypost: EasyPost, exchanges: list[Exchange]) -> None:
    url = "http://127.0.0.1:9/hooks/easypost/main"

    first = await easypost.ensure_subscriptions(url)
    second = await easypost.ensure_subscriptions(url)

    assert (list(TOPICS), []) == (first, second)
    [made] = [exchange for exchange in exchanges if exchange.method == "POST"]
    assert made.body == {"webhook": {"url": url, "webhook_secret": "sécret"}}


async def test_disabled_webhook_is_enabled(easypost: EasyPost, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:9/hooks/easypost/main"
    await easypost.ensure_subscriptions(url)
    call = easypost._http.call

    async def disabled(operation: str, method: str, path: str, **rest: Any) -> Any:
        answer = await call(operation, method, path, **rest)
        if operation == "list_webhooks":
            answer.body["webhooks"][0]["disabled_at"] = "2026-11-01T00:00:00Z"
        return answer

    monkeypatch.setattr(easypost._http, "call", disabled)

    assert list(TOPICS) == await easypost.ensure_subscriptions(url)


async def test_wrong_key_is_for_an_operator(sandbox: SandboxProcess) -> None:
    async with HttpClient() as client:
        carrier = EasyPost(easypost_http(client, f"{sandbox.url}/easypost", "wrong"), account="main", words=WORDS)

        with pytest.raises(AuthFailed):
            await carrier.check()


@pytest.mark.row("TRK-1")
async def test_it_is_one_source_of_tracking_among_others(easypost: EasyPost) -> None:
    label = await buy_cheapest(easypost)
    followed = await easypost.follow(label.tracking_number, label.carrier)
    refs = [ParcelRef(followed.external_id, label.tracking_number, label.carrier), ParcelRef("trk_none", "1", "USPS")]

    [told] = await easypost.fetch(refs)

    assert (label.followed_by, label.tracker_external_id) == ("easypost/main", followed.external_id)
    assert (told.external_id, told.tracking_number) == (followed.external_id, label.tracking_number)
    assert {event.source for event in told.events} <= {"easypost"}
