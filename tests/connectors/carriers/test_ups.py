"""UPS's connector against the sandbox."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.carriers.ups import Ups
from connectors.errors import AuthFailed, OutcomeUnknown, VendorRejected
from tests.connectors.carriers.conftest import CUSTOMER
from tests.connectors.carriers.ups_account import REQUEST, TOKEN_PATH, account
from tests.support.recording import Exchange
from tests.support.sandbox import SandboxProcess

SHIP = "POST /api/shipments/*/ship"
RECOVER = "POST /api/labels/*/recovery"


@pytest.fixture
async def accounts(sandbox: SandboxProcess, exchanges: list[Exchange]) -> AsyncIterator[Callable[..., Ups]]:
    async with account(sandbox, exchanges) as make:
        yield make


@pytest.fixture
def ups(accounts: Callable[..., Ups]) -> Ups:
    return accounts()


def labels(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.control("ups/labels")
    return found


@pytest.mark.row("RET-2")
async def test_a_label_for_the_way_back_can_be_printed(ups: Ups, sandbox: SandboxProcess) -> None:
    label = await ups.buy_return(REQUEST)

    [made] = labels(sandbox)
    assert (made["number"], made["reference"], made["return_service"]) == (label.tracking_number, "RMA-1.1", "9")
    assert (label.carrier, label.service, label.currency) == ("UPS", "03", "USD")
    assert label.cost_minor
    assert label.pdf.startswith(b"%PDF")
    assert label.tracking_number.encode() in label.pdf


@pytest.mark.row("RET-2")
async def test_an_unknown_outcome_is_looked_up_by_the_reference(ups: Ups, sandbox: SandboxProcess) -> None:
    assert await ups.find_return("RMA-1.1") is None
    sandbox.fault("ups", SHIP, "error_after", status=502)
    with pytest.raises(OutcomeUnknown):
        await ups.buy_return(REQUEST)

    found = await ups.find_return("RMA-1.1")

    [made] = labels(sandbox)
    assert found is not None
    assert (found.tracking_number, found.cost_minor) == (made["number"], None)
    assert await ups.find_return("RMA-1") is None
    assert ups.return_label_capabilities.lookup_by_reference
    assert not ups.return_label_capabilities.keyed_writes


async def test_a_label_without_its_file_is_looked_up_too(ups: Ups, sandbox: SandboxProcess) -> None:
    sandbox.fault("ups", RECOVER, "error", status=503, times=None)
    with pytest.raises(OutcomeUnknown):
        await ups.buy_return(REQUEST)
    sandbox.control("faults", {}, method="DELETE")

    found = await ups.find_return("RMA-1.1")

    assert found is not None
    assert [found.tracking_number] == [each["number"] for each in labels(sandbox)]


@pytest.mark.row("RET-2")
async def test_a_label_is_voided_once_and_not_when_it_is_used(ups: Ups, sandbox: SandboxProcess) -> None:
    unused, used = await ups.buy_return(REQUEST), await ups.buy_return(replace(REQUEST, reference="RMA-2.1"))
    sandbox.fault("ups", "DELETE /api/shipments/*", "error_after", status=502)
    for _ in range(2):  # the first answer is lost, and asked for again
        await ups.void_return(unused.tracking_number)
    assert await ups.find_return("RMA-1.1") is None
    sandbox.control(f"ups/parcels/{used.tracking_number}/hand_in", {})
    with pytest.raises(VendorRejected) as caught:
        await ups.void_return(used.tracking_number)
    assert caught.value.reason == "not_voidable"
    assert [each["voided"] for each in labels(sandbox)] == [True, False]


@pytest.mark.row("RET-2", bad_input=True)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reference": ""}, "bad_reference"),
        ({"reference": "x" * 36}, "bad_reference"),
        ({"sender": replace(CUSTOMER, city="")}, "bad_address"),
        ({"sender": replace(CUSTOMER, line1="")}, "bad_address"),
        ({"sender": replace(CUSTOMER, name="")}, "bad_address"),
        ({"sender": replace(CUSTOMER, line1="a long street " * 8)}, "bad_address"),
    ],
)
async def test_what_fits_no_label_is_refused_unsent(
    ups: Ups, exchanges: list[Exchange], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(VendorRejected) as caught:
        await ups.buy_return(replace(REQUEST, **changes))
    assert caught.value.reason == reason
    assert exchanges == []


async def test_a_wrong_shipper_is_named(accounts: Callable[..., Ups], sandbox: SandboxProcess) -> None:
    with pytest.raises(VendorRejected) as caught:
        await accounts(shipper="ZZZZZZ").buy_return(REQUEST)
    assert caught.value.reason == "unknown_shipper"
    assert labels(sandbox) == []


async def test_a_token_is_kept_and_renewed(
    accounts: Callable[..., Ups], sandbox: SandboxProcess, exchanges: list[Exchange]
) -> None:
    now = [0.0]
    ups = accounts(clock=lambda: now[0])

    def tokens() -> int:
        return sum(each.path == TOKEN_PATH for each in exchanges)

    await ups.find_return("RMA-1.1")
    await ups.find_return("RMA-1.1")
    assert tokens() == 1
    now[0] = 14_399.0
    await ups.find_return("RMA-1.1")
    assert tokens() == 2
    sandbox.control("clock", {"offset_s": 20_000})  # the vendor's clock runs ahead of ours: it refuses the token
    await ups.buy_return(REQUEST)
    assert tokens() == 3
    assert len(labels(sandbox)) == 1


@pytest.mark.row("PEO-2", bad_input=True)
async def test_wrong_credentials_are_told(accounts: Callable[..., Ups]) -> None:
    assert await accounts().check() == "UPS main"
    with pytest.raises(AuthFailed):
        await accounts(secret="wrong").check()
    with pytest.raises(AuthFailed):
        await accounts(client_id="wrong").buy_return(REQUEST)
