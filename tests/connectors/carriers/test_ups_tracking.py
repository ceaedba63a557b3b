"""UPS as a source of tracking, against the sandbox and against its recorded errors."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.status_maps import status_map
from connectors.carriers.base import ParcelRef
from connectors.carriers.ups import Ups
from connectors.carriers.ups_session import ups_http
from connectors.carriers.ups_track_parse import parse_tracking
from connectors.carriers.ups_tracking import UpsTracking
from connectors.errors import AuthFailed, VendorRejected
from connectors.reading import Unreadable
from connectors.transport import Request
from domain.parcels import ParcelState, merge_state
from tests.connectors.carriers.canned import CannedClient
from tests.connectors.carriers.conftest import no_sleep
from tests.connectors.carriers.ups_account import FOLDER, REQUEST, TOKEN_PATH, account
from tests.support.openapi import load_spec
from tests.support.recording import Exchange, RecordingClient, check_exchanges
from tests.support.sandbox import SandboxProcess

WORDS = status_map("ups")
TOKEN = {"access_token": "t", "expires_in": "14399"}


def ref(number: str) -> ParcelRef:
    return ParcelRef(f"ups:{number}", number, "UPS")


def tracking(client: Any, url: str, secret: str = "sandbox-ups-secret") -> UpsTracking:
    http = ups_http(client, url, sleep=no_sleep)
    return UpsTracking(http, account="main", client_id="sandbox-ups-client", secret=secret, words=WORDS)


@pytest.fixture
async def ups(sandbox: SandboxProcess, exchanges: list[Exchange]) -> AsyncIterator[UpsTracking]:
    """On the way out each call and each answer is as UPS's file says."""
    async with RecordingClient(exchanges) as client:
        yield tracking(client, f"{sandbox.url}/ups")
    if FOLDER.is_dir():
        # a token that is refused (401) is not in this file
        calls = [each for each in exchanges if each.path != TOKEN_PATH and each.status not in (401, 500, 503)]
        seen = check_exchanges(load_spec(FOLDER / "Tracking.yaml"), calls, prefix="/ups/api")
        assert seen <= {"GET /track/v1/details/{inquiryNumber}"}
        assert all(each.headers["transId"] and each.headers["transactionSrc"] for each in calls)
        assert len({each.headers["transId"] for each in calls}) == len(calls)


async def label(sandbox: SandboxProcess) -> str:
    async with account(sandbox, []) as make:
        maker: Ups = make()
        return (await maker.buy_return(REQUEST)).tracking_number


@pytest.mark.row("TRK-1")
async def test_a_parcels_way_is_told(ups: UpsTracking, sandbox: SandboxProcess) -> None:
    number = await label(sandbox)
    followed = await ups.follow(number, "UPS")
    [before] = await ups.fetch([ref(number)])
    sandbox.control(f"ups/parcels/{number}/hand_in", {})
    sandbox.control("clock", {"offset_s": timedelta(hours=47).total_seconds()})
    [under_way] = await ups.fetch([ref(number)])
    sandbox.control("clock", {"offset_s": timedelta(days=4).total_seconds()})
    [after] = await ups.fetch([ref(number)])

    assert followed.external_id == f"ups:{number}" == after.external_id
    states = [merge_state(each.events) for each in (before, under_way, after)]
    assert states == [ParcelState.LABEL_CREATED, ParcelState.OUT_FOR_DELIVERY, ParcelState.DELIVERED]
    assert [event.occurred_at for event in after.events] == sorted(event.occurred_at for event in after.events)
    assert {(event.source, event.map_version, event.mapped) for event in after.events} == {("ups", WORDS.version, True)}


@pytest.mark.row("TRK-1", bad_input=True)
async def test_unknown_numbers_are_left_out(ups: UpsTracking, sandbox: SandboxProcess) -> None:
    number = await label(sandbox)

    told = await ups.fetch([ref("1Z0000000000000000"), ref(number)])

    assert [each.tracking_number for each in told] == [number]
    with pytest.raises(VendorRejected):
        await ups.fetch([ref("1Z")])  # too short


async def test_wrong_credentials_are_for_an_operator(sandbox: SandboxProcess, exchanges: list[Exchange]) -> None:
    async with RecordingClient(exchanges) as client:
        with pytest.raises(AuthFailed):
            await tracking(client, f"{sandbox.url}/ups", "wrong").check()


@pytest.mark.row("TRK-2", bad_input=True)
@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("invalid_tracking_number_response_parsing", 400, VendorRejected),
        ("tracking_auth_error_parsing", 401, AuthFailed),
        ("tracking_number_not_found_response_parsing", 404, None),
        ("tracking_number_not_found_response_parsing", 200, None),
    ],
)
async def test_recorded_refusals(shared: Path, name: str, status: int, error: type[Exception] | None) -> None:
    recording = json.loads((shared / f"fixtures/carriers/ups/tracking__{name}.json").read_text())
    body = recording["vendor_responses"][0]["body"]

    def answer(request: Request) -> tuple[int, Any]:
        return (200, TOKEN) if request.url.endswith("/token") else (status, body)

    ups = tracking(CannedClient(answer), "https://ups.example")
    if error is None:
        assert await ups.fetch([ref("1Z12345E0205271688")]) == []
    else:
        with pytest.raises(error):
            await ups.fetch([ref("1Z12345E0205271688")])


def parcel(*activity: dict[str, Any], **more: Any) -> dict[str, Any]:
    package = {"trackingNumber": "1Z1", "activity": list(activity), **more}
    return {"trackResponse": {"shipment": [{"package": [package]}]}}


def scan(code: str, kind: str, **more: Any) -> dict[str, Any]:
    place = {"city": "Wayne", "stateProvince": "NJ", "countryCode": "US"}
    status = {"code": code, "type": kind}
    return {"status": status, "date": "20260310", "time": "120000", "location": {"address": place}, **more}


@pytest.mark.row("TRK-2")
def test_a_code_that_is_not_known_has_the_meaning_of_its_kind_and_a_new_kind_none() -> None:
    told = parse_tracking(parcel(scan("QQ", "I"), scan("QQ", "??")), "ups:1Z1", "1Z1", WORDS)

    assert told is not None
    assert {(event.state, event.raw_code, event.mapped) for event in told.events} == {
        (ParcelState.IN_TRANSIT, "QQ", True),
        (ParcelState.UNKNOWN, "QQ", False),
    }


@pytest.mark.row("TRK-2")
@pytest.mark.parametrize(
    ("code", "kind", "number", "state"),
    [
        ("SE", "X", "012", ParcelState.CUSTOMS),
        ("SR", "X", "014", ParcelState.IN_TRANSIT),
        ("SR", "X", "003", ParcelState.IN_TRANSIT),  # as recorded: its own word counts before the number
        ("48", "X", "022", ParcelState.ATTEMPTED),
        ("ZP", "I", "040", ParcelState.AVAILABLE_FOR_PICKUP),
        ("OT", "I", "021", ParcelState.OUT_FOR_DELIVERY),
        ("LS", "X", "013", ParcelState.LOST),
        ("X1", "X", "013", ParcelState.EXCEPTION),
        ("RT", "I", "036", ParcelState.RETURNING),
        ("RS", "RS", "034", ParcelState.RETURNED),
        ("OR", "P", "005", ParcelState.ACCEPTED),
        ("FS", "D", "011", ParcelState.DELIVERED),
        ("QQ", "X", "999", ParcelState.EXCEPTION),
        ("QQ", "", "999", ParcelState.UNKNOWN),
    ],
)
def test_words(code: str, kind: str, number: str, state: ParcelState) -> None:
    activity = scan(code, kind)
    activity["status"]["statusCode"] = number

    told = parse_tracking(parcel(activity), "ups:1Z1", "1Z1", WORDS)

    assert told is not None
    assert [(event.state, event.raw_code) for event in told.events] == [(state, code)]


@pytest.mark.parametrize(
    ("more", "moment"),
    [
        pytest.param({}, "2026-03-10T16:00:00+00:00", id="by the clock of the place, in summer time"),
        pytest.param({"gmtOffset": "-05:00"}, "2026-03-10T17:00:00+00:00", id="by the offset"),
        pytest.param(
            {"gmtDate": "20260310", "gmtTime": "74700", "gmtOffset": "-05:00"}, "2026-03-10T07:47:00+00:00", id="told"
        ),
        pytest.param({"gmtDate": "20260310", "gmtTime": "07:47:01"}, "2026-03-10T07:47:01+00:00", id="with colons"),
        pytest.param({"location": {}}, "2026-03-10T12:00:00+00:00", id="nowhere"),
    ],
)
def test_times_of_scans(more: dict[str, Any], moment: str) -> None:
    told = parse_tracking(parcel(scan("AR", "I", **more)), "ups:1Z1", "1Z1", WORDS)

    assert told is not None
    [event] = told.events
    assert event.occurred_at == datetime.fromisoformat(moment)


def test_the_expected_day_ends_at_the_destination() -> None:
    address = {"countryCode": "US", "stateProvince": "CA"}
    dates = [{"type": "SDD", "date": "20260312"}, {"type": "RDD", "date": "20260313"}]
    body = parcel(deliveryDate=dates, packageAddress=[{"type": "DESTINATION", "address": address}])

    told = parse_tracking(body, "ups:1Z1", "1Z1", WORDS)

    assert told is not None
    assert told.estimated_delivery is not None
    assert told.estimated_delivery.isoformat() == "2026-03-13T23:59:59-07:00"


@pytest.mark.row("TRK-2", bad_input=True)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="nothing"),
        pytest.param({"trackResponse": []}, id="a list"),
        pytest.param(parcel(scan("AR", "I", date="2026-03-10")), id="bad date"),
        pytest.param(parcel(scan("AR", "I", time="noon")), id="bad time"),
        pytest.param(parcel("scan"), id="no object"),  # type: ignore[arg-type]
        pytest.param(
            {"trackResponse": {"shipment": [{"package": [{"trackingNumber": "a"}, {"trackingNumber": "b"}]}]}},
            id="other parcels",
        ),
    ],
)
def test_what_cannot_be_read(body: Any) -> None:
    with pytest.raises(Unreadable):
        parse_tracking(body, "ups:1Z1", "1Z1", WORDS)
