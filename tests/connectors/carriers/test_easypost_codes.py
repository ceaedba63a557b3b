"""Codes that counters print labels from, at the fake EasyPost."""

import pytest

from connectors.carriers.easypost import EasyPost
from connectors.carriers.easypost_parse import code_url
from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.reading import Unreadable
from tests.connectors.carriers.test_easypost import get_quote
from tests.support.sandbox import SandboxProcess

FORMS = "POST /v2/shipments/{id}/forms"


async def bought(easypost: EasyPost, carrier: str) -> str:
    quote = await get_quote(easypost)
    rate = next(each for each in quote.rates if each.carrier == carrier)
    await easypost.buy(quote.external_id, rate.external_id)
    return quote.external_id


@pytest.mark.row("RET-2")
async def test_a_code_is_made_once(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    quote = await bought(easypost, "USPS")
    sandbox.fault("easypost", "POST /v2/shipments/*/forms", "error_after", status=500)
    with pytest.raises(OutcomeUnknown):
        await easypost.paperless_code(quote)

    first, second = await easypost.paperless_code(quote), await easypost.paperless_code(quote)

    assert first == second
    assert (first.content_type, first.content[:4]) == ("image/png", b"\x89PNG")
    assert sandbox.accepted("easypost")[FORMS] == {f"{quote}:label_qr_code": 1}


@pytest.mark.row("RET-2", bad_input=True)
async def test_a_carrier_without_codes_is_told_apart(easypost: EasyPost) -> None:
    quote = await bought(easypost, "UPSDAP")
    with pytest.raises(VendorRejected) as caught:
        await easypost.paperless_code(quote)
    assert caught.value.reason == "no_code"
    with pytest.raises(VendorRejected) as caught:
        await easypost.paperless_code("shp_none")
    assert caught.value.reason == "not_found"


def test_only_the_form_that_is_a_code_counts() -> None:
    slip = {"form_type": "return_packing_slip", "form_url": "https://f.example/1.pdf"}
    code = {"form_type": "label_qr_code", "form_url": "https://f.example/2.png"}
    assert code_url({"forms": [slip, code]}) == "https://f.example/2.png"
    assert code_url({"forms": [slip]}) == code_url({"forms": None}) == ""
    with pytest.raises(Unreadable):
        code_url({"forms": ["x"]})
