"""UPS: labels for the way back.

API: Shipping v2409, Label Recovery v1, OAuth client credentials; OpenAPI files of the vendor read 2026-11. Auth: a
token of four hours for client id and secret. Rate limit: 429.
Quirks: no idempotency keys, a repeat makes a second label, so an unknown outcome is looked up by our reference with
the shipper's number; a purchase gives no PDF, a recovery does; one code of a refused void stands for a label that is
too old and for one that is void already. A label of the way back is paid when it is used.
"""

import time
from collections.abc import Callable
from typing import Any

from connectors.carriers.returning import ReturnLabel, ReturnLabelCapabilities, ReturnLabelRequest
from connectors.carriers.ups_parse import (
    NOT_FOUND,
    VENDOR,
    parse_bought,
    parse_recovered,
    recovery_body,
    ship_body,
)
from connectors.carriers.ups_session import UpsSession, ups_http
from connectors.errors import ConnectorError, OutcomeUnknown, VendorRejected
from connectors.http import VendorHttp
from connectors.reading import Unreadable

__all__ = ["VENDOR", "Ups", "ups_http"]

_SHIP = "/api/shipments/v2409/ship"
_VOID = "/api/shipments/v2409/void/cancel"
_RECOVER = "/api/labels/v1/recovery"


class Ups:
    """One shipper's account. `service` is UPS's code of the service that returns travel by (03: Ground)."""

    code = VENDOR
    return_label_capabilities = ReturnLabelCapabilities(keyed_writes=False, lookup_by_reference=True, paid_on_use=True)

    def __init__(
        self,
        http: VendorHttp,
        *,
        account: str,
        client_id: str,
        secret: str,
        shipper: str,
        service: str = "03",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account = account
        self._session = UpsSession(http, client_id=client_id, secret=secret, clock=clock)
        self._shipper = shipper
        self._service = service

    async def buy_return(self, request: ReturnLabelRequest) -> ReturnLabel:
        """See `ReturnLabels.buy_return`. A label whose file cannot be had is an unknown outcome: a look-up has it."""
        body = ship_body(request, self._shipper, self._service)
        answer = await self._session.call("buy_return", "POST", _SHIP, body, write=True)
        try:
            number, cost, currency = parse_bought(answer.body)
        except Unreadable as exc:
            raise OutcomeUnknown(VENDOR, "buy_return", str(exc)) from exc
        try:
            label = await self._recovered("buy_return", recovery_body(tracking_number=number))
        except ConnectorError as exc:
            raise OutcomeUnknown(VENDOR, "buy_return", "no_file") from exc
        if label is None:
            raise OutcomeUnknown(VENDOR, "buy_return", "no_file")
        return ReturnLabel(
            external_id=number,
            tracking_number=label.tracking_number,
            carrier=label.carrier,
            service=label.service,
            pdf=label.pdf,
            cost_minor=cost,
            currency=currency,
        )

    async def find_return(self, reference: str) -> ReturnLabel | None:
        """See `ReturnLabels.find_return`. The cost is not told."""
        return await self._recovered("find_return", recovery_body(reference=reference, shipper=self._shipper))

    async def _recovered(self, operation: str, body: Any) -> ReturnLabel | None:
        try:
            answer = await self._session.call(operation, "POST", _RECOVER, body, write=False)
        except VendorRejected as refused:
            if refused.reason == NOT_FOUND:
                return None
            raise
        try:
            return parse_recovered(answer.body, self._service)
        except Unreadable as exc:
            reason = "ambiguous_reference" if exc.code == "ambiguous" else "unreadable_answer"
            raise VendorRejected(VENDOR, operation, str(exc), reason) from exc

    async def void_return(self, tracking_number: str) -> None:
        """See `ReturnLabels.void_return`. A label that UPS does not know any more counts as void."""
        try:
            await self._session.call("void_return", "DELETE", f"{_VOID}/{tracking_number}", None, write=True, safe=True)
        except VendorRejected as refused:
            known = await self._recovered("void_return", recovery_body(tracking_number=tracking_number))
            if known is not None:
                raise VendorRejected(VENDOR, "void_return", refused.detail, "not_voidable") from refused

    async def check(self) -> str:
        """See `ReturnLabels.check`. Asks for a new token, which is all that costs nothing."""
        await self._session.renew()
        return f"UPS {self.account}"
