"""Each call that UPS's connector can make, and each answer of the sandbox, against UPS's OpenAPI files."""

from pathlib import Path

import pytest

from connectors.errors import VendorRejected
from tests.connectors.carriers.ups_account import REQUEST, checked, made
from tests.support.recording import Exchange, RecordingClient
from tests.support.sandbox import SandboxProcess

CALLS = {
    "POST /security/v1/oauth/token",
    "POST /shipments/{version}/ship",
    "POST /labels/{version}/recovery",
    "DELETE /shipments/{version}/void/cancel/{shipmentidentificationnumber}",
}


@pytest.mark.row("RET-2")
async def test_every_call_is_as_the_contract_says(sandbox: SandboxProcess, shared: Path) -> None:
    exchanges: list[Exchange] = []
    async with RecordingClient(exchanges) as client:
        ups = made(client, sandbox)
        label = await ups.buy_return(REQUEST)
        assert await ups.find_return(REQUEST.reference)
        await ups.void_return(label.tracking_number)
        await ups.void_return(label.tracking_number)  # refused, then a look-up
        assert await ups.find_return(REQUEST.reference) is None
        with pytest.raises(VendorRejected):
            await made(client, sandbox, service="99").buy_return(REQUEST)
        await ups.check()

    assert CALLS == checked(exchanges)
    calls = [each for each in exchanges if "/api/" in each.path]
    assert {each.headers["transactionSrc"] for each in calls} == {"aftercart"}
    assert len({each.headers["transId"] for each in calls}) == len(calls)
