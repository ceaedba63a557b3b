"""Returns of a Shopify shop.

Documents consulted: the vendor's schema file of 2026-10. No mutation about returns honours an idempotency key. Opening
one is looked up by the reason's note, which holds our reference; dispositions and processed units are counted twice
when said twice, so they are read first and only what is lacking is sent; the others are told apart by the state that
the return is in afterwards. A return, unlike an order, has no time of its last change, and it leaves its order's alone.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from typing import Any

from connectors.errors import ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent, returned
from connectors.shops import shopify_return_documents as documents
from connectors.shops import shopify_return_parse as parse
from connectors.shops.returning import (
    Awaited,
    CreditRefund,
    DeclineReason,
    Disposal,
    Placed,
    ReturnableUnits,
    ReturnCapabilities,
    ReturnDraft,
    SendBack,
    ShopDispute,
    ShopReturn,
    ShopReturnState,
)
from connectors.shops.shopify_budget import VENDOR
from connectors.shops.shopify_client import Node, ShopifyClient, inner_nodes
from connectors.shops.shopify_disputes import ShopifyDisputes
from connectors.shops.shopify_documents import ORDER_REFUNDS, REFUND, Mutation
from connectors.shops.shopify_edits import read
from connectors.shops.shopify_fields import Fields
from connectors.shops.shopify_requests import refund_of_note, refunded
from connectors.shops.shopify_return_hooks import read_dispute_hook
from connectors.shops.shopify_store_credit import ShopifyStoreCredit
from domain.disputes import StatedDispute

_APPROVED = (ShopReturnState.OPEN, ShopReturnState.CLOSED)
_LIVING = (ShopReturnState.OPEN, ShopReturnState.REQUESTED, ShopReturnState.CLOSED)


class ShopifyReturns(ShopifyStoreCredit, ShopifyDisputes):
    """The part of a shop that keeps its returns; see `ReturningShop` for what the methods promise."""

    return_capabilities = ReturnCapabilities(keyed_refunds=True, lookup_by_reference=True, repeats_look_first=True)

    _client: ShopifyClient
    _reasons: dict[str, str] | None = None

    # reading

    async def returnable(self, order: str) -> list[ReturnableUnits]:
        found: list[Node] = []
        pages = self._client.pages("returnable", documents.RETURNABLE, "returnableFulfillments", {"id": order})
        async for data in pages:
            found += data["returnableFulfillments"]["nodes"]
        for node in found:
            await self._client.complete(node, "returnableFulfillmentLineItems", documents.RETURNABLE_LINES)
        return read("returnable", lambda: [units for each in found for units in parse.parse_returnable(Fields(each))])

    async def returns_of(self, order: str) -> list[ShopReturn]:
        listed = await self._of_order("returns_of", documents.RETURNS_OF_ORDER, order)
        return await self._returns([each.need_text("id") for each in listed.nodes("returns")])

    async def fetch_return(self, external_id: str) -> ShopReturn | None:
        found = await self._returns([external_id])
        return found[0] if found else None

    async def returns_about(self, subject: str) -> list[ShopReturn]:
        if subject.startswith("gid://shopify/Return/"):
            return await self._returns([subject])
        try:
            return await self.returns_of(subject)
        except VendorRejected as refused:
            if refused.reason != "not_found":
                raise
            return []

    async def returns_under_way(self, known: Sequence[str]) -> AsyncIterator[list[ShopReturn]]:
        if known:
            yield await self._returns(known)
        for status in ("return_requested", "in_progress"):
            variables = {"query": f"return_status:{status}"}
            pages = self._client.pages("returns_under_way", documents.ORDERS_WITH_RETURNS, "orders", variables)
            async for data in pages:
                ids = [back["id"] for node in data["orders"]["nodes"] for back in inner_nodes(node, "returns")]
                if fresh := [each for each in ids if each not in known]:
                    yield await self._returns(fresh)

    async def find_return(self, order: str, reference: str) -> ShopReturn | None:
        ours = [each for each in await self.returns_of(order) if each.referenced(reference)]
        return max(ours, key=lambda each: each.state in _LIVING, default=None)

    async def disputes_of(self, order: str) -> list[ShopDispute]:
        found = await self._of_order("disputes_of", documents.DISPUTES, order)
        return read("disputes_of", lambda: parse.parse_disputes(found))

    async def told_dispute(self, body: bytes) -> StatedDispute:
        said = read_dispute_hook(body)
        listed = await self.disputes_of(said.order) if said.order else []
        present = {each.external_id.rpartition("/")[2]: each.state for each in listed}
        return StatedDispute(
            external_id=said.dispute,
            state=present.get(said.dispute, said.state),
            is_inquiry=said.is_inquiry,
            amount_minor=said.amount_minor,
            currency=said.currency,
            reason=said.reason,
            answer_by=said.answer_by,
            order=said.order,
        )

    async def _of_order(self, operation: str, document: str, order: str) -> Fields:
        data = await self._client.query(operation, document, {"id": order})
        if data.get("order") is None:
            raise VendorRejected(VENDOR, operation, "no such order", "not_found")
        return read(operation, lambda: Fields(data["order"]))

    async def _returns(self, ids: Sequence[str]) -> list[ShopReturn]:
        nodes = [each for each in await self._client.nodes("returns", documents.RETURNS_BY_ID, ids) if "id" in each]
        for node in nodes:
            await self._client.complete(node, "returnLineItems", documents.RETURN_LINES)
            await self._client.complete(node, "exchangeLineItems", documents.EXCHANGE_LINES)
            for each in inner_nodes(node, "reverseFulfillmentOrders"):
                await self._client.complete(each, "lineItems", documents.AWAITED_LINES)
        return read("returns", lambda: [parse.parse_return(Fields(each)) for each in nodes])

    async def _present(self, operation: str, external_id: str) -> ShopReturn:
        found = await self.fetch_return(external_id)
        if found is None:
            raise VendorRejected(VENDOR, operation, "no such return", "not_found")
        return found

    # states

    @returned
    async def create_return(self, draft: ReturnDraft) -> Outcome:
        reasons = await self._known_reasons()
        variables = read(documents.CREATE.field, lambda: parse.create_variables(draft, reasons))
        try:
            payload = await self._write(documents.CREATE, variables)
        except VendorRejected:
            self._reasons = None  # one of them may be gone
            raise
        return Sent(str((payload.get("return") or {}).get("id") or ""))

    async def _known_reasons(self) -> dict[str, str]:
        """The shop's library of reasons: a shop rarely changes it, and a reason that is gone is refused."""
        if self._reasons is None:
            data = await self._client.query("return_reasons", documents.REASONS, {})
            self._reasons = read(
                "return_reasons", lambda: parse.reason_ids(Fields(data).nodes("returnReasonDefinitions"))
            )
        return self._reasons

    @returned
    async def approve_return(self, external_id: str) -> Outcome:
        variables = {"input": {"id": external_id, "notifyCustomer": False}}
        return await self._move(documents.APPROVE, variables, external_id, _APPROVED)

    @returned
    async def decline_return(self, external_id: str, reason: DeclineReason, note: str) -> Outcome:
        variables = parse.decline_variables(external_id, reason, note)
        return await self._move(documents.DECLINE, variables, external_id, (ShopReturnState.DECLINED,))

    @returned
    async def cancel_return(self, external_id: str) -> Outcome:
        return await self._move(documents.CANCEL, {"id": external_id}, external_id, (ShopReturnState.CANCELLED,))

    @returned
    async def close_return(self, external_id: str) -> Outcome:
        return await self._move(documents.CLOSE, {"id": external_id}, external_id, (ShopReturnState.CLOSED,))

    async def _move(
        self, mutation: Mutation, variables: Node, external_id: str, wanted: Collection[ShopReturnState]
    ) -> Outcome:
        """A refusal of what is so already is none."""
        [result] = await self._client.mutate(mutation, [variables], safe=True)
        if not isinstance(result, ConnectorError):
            return Sent(external_id)
        if isinstance(result, VendorRejected) and result.reason == "invalid_state":
            if (await self._present(mutation.field, external_id)).state in wanted:
                return Sent(external_id)
        return result

    # goods

    @returned
    async def process_return(self, external_id: str, processed: Sequence[tuple[str, int]]) -> Outcome:
        operation = documents.PROCESS.field
        lines = {each.external_id: each for each in (await self._present(operation, external_id)).lines}
        if any(line not in lines for line, _ in processed):
            raise VendorRejected(VENDOR, operation, "not a line of the return", "unknown_line")
        lacking = [(line, units - lines[line].processed) for line, units in processed]
        lacking = [(line, units) for line, units in lacking if units > 0]
        if lacking:
            await self._write(documents.PROCESS, parse.process_variables(external_id, lacking))
        return Sent(external_id, {"units": sum(units for _, units in lacking)})

    @returned
    async def process_exchanges(self, external_id: str) -> Outcome:
        operation = documents.PROCESS.field
        lines = (await self._present(operation, external_id)).exchanges
        if not lines:
            raise VendorRejected(VENDOR, operation, "the return promises nothing in exchange", "no_exchange")
        lacking = [(each.external_id, each.quantity - each.processed) for each in lines]
        lacking = [(line, units) for line, units in lacking if units > 0]
        if lacking:
            await self._write(documents.PROCESS, parse.exchange_variables(external_id, lacking))
        return Sent(external_id, {"units": sum(units for _, units in lacking)})

    @returned
    async def send_back(self, parcel: SendBack) -> Outcome:
        operation = documents.SEND_BACK.field
        awaited = [each for each in (await self._present(operation, parcel.returned)).awaited if each.is_open]
        if not awaited:
            raise VendorRejected(VENDOR, operation, "nothing is awaited", "invalid_state")
        told = [await self._parcel(each, parcel) for each in awaited]
        return Sent(told[0])

    async def _parcel(self, awaited: Awaited, parcel: SendBack) -> str:
        """One parcel for what one place awaits; the shop's id of it."""
        known = {each.tracking_number: each.external_id for each in awaited.parcels}
        if parcel.tracking_number in known:
            return known[parcel.tracking_number]
        variables: dict[str, Any] = parse.parcel_variables(parcel)
        if parcel.replaces and parcel.replaces in known:
            changed = {"reverseDeliveryId": known[parcel.replaces], **variables}
            payload = await self._write(documents.CHANGE_PARCEL, changed)
        else:
            # without lines it holds all that no other parcel does
            made = {"reverseFulfillmentOrderId": awaited.external_id, "reverseDeliveryLineItems": [], **variables}
            payload = await self._write(documents.SEND_BACK, made)
        return str((payload.get("reverseDelivery") or {}).get("id") or "")

    @returned
    async def dispose(self, external_id: str, disposals: Sequence[Disposal]) -> Outcome:
        now = await self._present(documents.DISPOSE.field, external_id)
        units = 0
        for each in _lacking(now, disposals):  # the vendor takes the lines of one place at a time
            await self._write(documents.DISPOSE, parse.dispose_variables(each))
            units += sum(one.quantity for one in each)
        return Sent(external_id, {"units": units})

    # money

    async def refund_to_credit(self, request: CreditRefund) -> Outcome:
        [result] = await self._client.mutate(REFUND, [parse.credit_variables(request)], safe=True)
        return refunded(REFUND.field, result)

    async def find_credit(self, request: CreditRefund) -> Outcome | None:
        data = await self._client.query("order_refunds", ORDER_REFUNDS, {"id": request.order})
        return refund_of_note("order_refunds", data.get("order"), request.note)

    async def _write(self, mutation: Mutation, variables: Node) -> Node:
        """One write that must not be made twice. Raises: ConnectorError."""
        [result] = await self._client.mutate(mutation, [variables], safe=False)
        if isinstance(result, ConnectorError):
            raise result
        return result


def _lacking(now: ShopReturn, disposals: Sequence[Disposal]) -> Iterator[list[Disposal]]:
    """What is still to be said, by place. Raises: VendorRejected before anything is yielded."""
    operation = documents.DISPOSE.field
    place = {line.external_id: each for each in now.awaited for line in each.lines}
    lines = {line.external_id: line for each in now.awaited for line in each.lines}
    wanted: dict[str, list[Disposal]] = defaultdict(list)
    final: dict[str, int] = defaultdict(int)
    for each in disposals:
        line = lines.get(each.awaited_line)
        if line is None:
            raise VendorRejected(VENDOR, operation, "not awaited by the return", "unknown_line")
        if each.placed is Placed.RESTOCKED and not each.location:
            raise VendorRejected(VENDOR, operation, "restocked where?", "no_location")
        missing = each.quantity - line.said(each.placed, each.location)
        if missing <= 0:
            continue
        final[each.awaited_line] += missing
        if final[each.awaited_line] > line.open:
            detail = f"{line.open} of {line.quantity} units are without a final word"
            raise VendorRejected(VENDOR, operation, detail, "already_disposed")
        if not place[each.awaited_line].is_open:
            raise VendorRejected(VENDOR, operation, "no longer awaited", "invalid_state")
        lacking = Disposal(each.awaited_line, each.placed, missing, each.location)
        wanted[place[each.awaited_line].external_id].append(lacking)
    yield from wanted.values()
