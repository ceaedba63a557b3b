"""A dispute's case leads to its evidence."""

from datetime import timedelta

import pytest

from config.wiring import Wiring
from ledger.label_effects import store_document
from tests.apps.desk.support import at_desk, make_agent, make_case
from tests.ledger.support import make_order

pytestmark = pytest.mark.row("PEO-1")


async def test_an_agent_gets_the_evidence_of_the_order_and_nobody_else_does(wiring: Wiring) -> None:
    order_id, other = make_order(wiring), make_order(wiring)
    document = wiring.ledger(
        store_document, "dispute_evidence", "application/pdf", b"%PDF-1.7",
        order_id=order_id, subject_id="dsp_1", now=wiring.now(), keep=timedelta(days=9),
    )  # fmt: skip
    case_id = make_case(
        wiring, "payment_dispute", order_id=order_id, subject_id="dsp_1",
        facts={"amount_minor": 1260, "currency": "USD", "evidence": document},
    )  # fmt: skip
    path = f"/desk/orders/{order_id}/evidence/{document.partition(':')[2]}"
    async with at_desk(wiring) as browser:
        assert (await browser.get(path)).status_code in (303, 401, 403)
        make_agent(wiring)
        await browser.log_in()
        page = (await browser.get(f"/desk/cases/{case_id}")).text
        assert (f'href="{path}"' in page, document in page) == (True, False)
        found = await browser.get(path)
        assert (found.status_code, found.content) == (200, b"%PDF-1.7")
        assert found.headers["content-type"] == "application/pdf"
        assert 404 == (await browser.get(path.replace(order_id, other))).status_code
