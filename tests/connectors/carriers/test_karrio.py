"""The bridge to the Karrio library, which need not be installed: a double hands on what its connectors decode."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.status_maps import DIRECT, status_map
from connectors.carriers.base import ParcelRef
from connectors.carriers.karrio_bridge import Karrio, karrio_gateway
from connectors.errors import AuthFailed, NotSupported, Retryable, VendorRejected
from domain.parcels import ParcelState, merge_state

NUMBER = "776094337676"
FEDEX = "fixtures/carriers/fedex/tracking__parse_duplicate_tracking_response.json"


@dataclass
class Gateway:
    """`raw` is the carrier's decoded body, `details` and `messages` what Karrio makes of it."""

    raw: Any = None
    details: list[Any] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    failure: Exception | None = None
    asked: list[Any] = field(default_factory=list)

    @property
    def mapper(self) -> Any:
        return SimpleNamespace(
            create_tracking_request=lambda request: request,
            parse_tracking_response=lambda _answer: (self.details, self.messages),
        )

    @property
    def proxy(self) -> Any:
        return SimpleNamespace(get_tracking=self._ask)

    def _ask(self, request: Any) -> Any:
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        return SimpleNamespace(deserialize=lambda: self.raw)


class Refused(Exception):
    """Stands for the library's own errors."""


def bridge(gateway: Gateway, carrier: str = "fedex") -> Karrio:
    def request(numbers: Sequence[str]) -> Any:
        return list(numbers)

    return Karrio(
        carrier,
        account="main",
        gateway=lambda: gateway,
        words=status_map(carrier if carrier in DIRECT else "karrio"),
        request=request,
        refusals=lambda: (Refused,),
    )


def ref(number: str = NUMBER, carrier: str = "FedEx") -> ParcelRef:
    return ParcelRef(f"karrio:fedex:{number}", number, carrier)


@pytest.mark.row("TRK-1")
async def test_a_carriers_own_body_is_read(shared: Path) -> None:
    recording = json.loads((shared / FEDEX).read_text())
    gateway = Gateway(raw=recording["vendor_responses"][0]["body"])

    told = await bridge(gateway).fetch([ref("1"), ref()])

    assert gateway.asked == [["1", NUMBER]]
    assert [(each.external_id, each.tracking_number, each.carrier) for each in told] == [
        (f"karrio:fedex:{NUMBER}", NUMBER, "FedEx")
    ]
    assert merge_state(told[0].events) is ParcelState.DELIVERED
    assert told[0].events[-1].occurred_at.utcoffset() is not None


def unified(**changes: Any) -> Any:
    place = "Oslo, 0150, NO"
    event = {"date": "2026-03-02", "time": "02:05 PM", "code": "X1", "location": place, "status": "out_for_delivery"}
    return SimpleNamespace(**{**event, **changes})


def parcel(*events: Any) -> Any:
    # the library's word for the whole parcel is a default: it must not be read
    return SimpleNamespace(tracking_number=NUMBER, events=list(events), status="in_transit", delivered=False)


@pytest.mark.row("TRK-2")
async def test_other_carriers_are_read_by_karrios_words_for_single_events() -> None:
    events = [unified(), unified(time="14:29 PM", code="X9", status=None, location=None)]

    [told] = await bridge(Gateway(details=[parcel(*events)]), "posten").fetch([ref()])

    first, second = told.events
    assert (first.state, first.raw_code, first.detail_code) == (ParcelState.OUT_FOR_DELIVERY, "out_for_delivery", "X1")
    assert first.occurred_at.isoformat() == "2026-03-02T14:05:00+01:00"
    assert (second.state, second.raw_code, second.mapped) == (ParcelState.UNKNOWN, "X9", False)
    assert second.occurred_at.isoformat() == "2026-03-02T14:29:00+01:00"
    assert (second.city, second.country) == ("Oslo", "NO")


@pytest.mark.row("TRK-2")
async def test_a_parcel_without_events_is_not_under_way() -> None:
    [told] = await bridge(Gateway(details=[parcel()]), "posten").fetch([ref()])

    assert merge_state(told.events) is ParcelState.UNKNOWN


@pytest.mark.row("TRK-1", bad_input=True)
@pytest.mark.parametrize(
    ("gateway", "error"),
    [
        pytest.param(Gateway(failure=Refused("secret")), AuthFailed, id="sign-on"),
        pytest.param(Gateway(failure=ConnectionResetError()), Retryable, id="away"),
        pytest.param(
            Gateway(raw={}, messages=[SimpleNamespace(code="401", message="Client authentication failed.")]),
            AuthFailed,
            id="credentials",
        ),
        pytest.param(Gateway(raw=3), VendorRejected, id="unreadable"),
    ],
)
async def test_failures_have_our_names(gateway: Gateway, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        await bridge(gateway).fetch([ref()])

    assert "secret" not in str(caught.value)


async def test_numbers_that_nobody_knows_are_left_out() -> None:
    messages = [SimpleNamespace(code="TRACKING.TRACKINGNUMBER.NOTFOUND", message="Tracking number cannot be found.")]

    assert await bridge(Gateway(raw={"output": {"completeTrackResults": []}}, messages=messages)).fetch([ref()]) == []


async def test_nothing_is_made_before_the_first_question() -> None:
    made: list[int] = []

    def gateway() -> Any:
        made.append(1)
        return Gateway(raw={})

    source = Karrio("fedex", account="main", gateway=gateway, words=status_map("fedex"), request=list)
    assert (await source.follow(NUMBER, "FedEx")).external_id == f"karrio:fedex:{NUMBER}"
    assert made == []
    await source.fetch([ref()])
    await source.check()
    assert made == [1]


@pytest.mark.row("TRK-1", bad_input=True)
def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("connectors.carriers.karrio_bridge.importlib.import_module", missing)

    with pytest.raises(NotSupported, match="aftercart\\[karrio\\]"):
        karrio_gateway("fedex", {})


def test_the_library_itself_has_what_the_bridge_uses() -> None:
    """Runs only where the extra is installed."""
    pytest.importorskip("karrio.sdk", reason="karrio is not installed: pip install aftercart[karrio]")

    with pytest.raises(NotSupported, match="karrio-no_such_carrier"):
        karrio_gateway("no_such_carrier", {})


@pytest.mark.row("TRK-1")
async def test_the_library_itself_hands_on_what_the_carrier_said(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Runs only where the extra is installed: only the call of the carrier is replaced, by a recorded body."""
    proxy = pytest.importorskip("karrio.mappers.fedex.proxy", reason="pip install aftercart[karrio] karrio-fedex")
    answer = json.loads((shared / FEDEX).read_text())["vendor_responses"][0]

    def answered(**call: Any) -> str:
        call["trace"]({"url": call["url"], "data": call["data"]}, "request")
        return json.dumps(answer["body"])

    monkeypatch.setattr(proxy.lib, "request", answered)
    monkeypatch.setattr(proxy.Proxy, "authenticate", lambda *_: proxy.lib.Deserializable("token"))
    gateway = karrio_gateway("fedex", {"track_api_key": "k", "track_secret_key": "s", "account_number": "1"})
    source = Karrio("fedex", account="main", gateway=lambda: gateway, words=status_map("fedex"))
    capfd.readouterr()

    [tracker] = await source.fetch([ref()])

    assert merge_state(tracker.events) is ParcelState.DELIVERED
    assert gateway.tracer.records == []
    assert capfd.readouterr().err == ""
