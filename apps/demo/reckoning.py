"""What vendors counted against what the ledger says: the comparisons, pure, for the demo and for chaos runs.

Each gives one sentence for everything that it compares, empty where both sides agree: one that finds nothing to
compare is seen by that.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from domain.messages import CATALOGUE
from domain.money import to_minor

GONE = ("shipped", "delivered")
UNPROMISED = ("received", "validating", "held", "accepted")
_ONCE = frozenset(str(kind) for kind, entry in CATALOGUE.items() if not entry.repeatable)
_ZIP_4 = re.compile(r"^(\d{5})-\d{4}$")
Row = Mapping[str, Any]
ShopOrder = tuple[str, Row]  # shop, order as the sandbox reports it
Kits = Mapping[str, Sequence[Sequence[Any]]]  # sku -> (part, units)


def sent_off(node_orders: Iterable[Row], packed: Iterable[Row]) -> Iterator[tuple[str, str, Sequence[Row]]]:
    """Fulfilment order, tracking number and lines of each parcel that has left the 3PL or the own warehouse."""
    for order in node_orders:
        for parcel in order["shipments"]:
            if parcel["stage"] in GONE:
                yield order["reference_id"].rpartition(".")[0], parcel["tracking_number"], parcel["lines"]
    for parcel in packed:
        yield parcel["fulfilment_order_id"], parcel["tracking_number"], parcel["lines"]


def units_of(lines: Iterable[Row], kits: Kits) -> Counter[str]:
    """Units by sku, kits taken apart."""
    units: Counter[str] = Counter()
    for line in lines:
        for sku, per in kits.get(line["sku"]) or [(line["sku"], 1)]:
            units[sku] += line["quantity"] * per
    return units


def parcels(
    sent: Mapping[str, Counter[str]], shop_orders: Iterable[ShopOrder], kits: Kits, excused: Collection[str]
) -> Iterator[str]:
    """Each parcel that left is one fulfilment of its shop, with the same units, and nothing else is. Those with
    `excused` tracking numbers need none."""
    shown: dict[str, list[Counter[str]]] = {}
    for _, order in shop_orders:
        for part in order["fulfillments"]:
            if part["tracking_number"] and part["status"] == "SUCCESS":
                shown.setdefault(part["tracking_number"], []).append(units_of(part["lines"], kits))
    for code, units in sent.items():
        there = shown.get(code, [])
        if there == [units]:
            yield ""
        elif len(there) == 1:
            yield f"parcel {code} left with {dict(units)}, its shop says {dict(there[0])}"
        elif there or code not in excused:
            yield f"parcel {code} is {len(there)} times in its shop"
    yield from (f"parcel {code} is in a shop and never left" for code in shown.keys() - sent.keys())


def contents(
    sent: Mapping[tuple[str, str], Counter[str]], shop_orders: Iterable[ShopOrder], kits: Kits,
    excused: Collection[tuple[str, str]],
) -> Iterator[str]:  # fmt: skip
    """What left for an order (units by shop and its order) is what the shop shows after all edits: never more, and
    all of it once the shop says that the order is fulfilled; what came back has left all the same. `excused`: a person
    looks after them."""
    for shop, order in shop_orders:
        key = shop, order["id"]
        if key in excused:
            continue
        shown = units_of(({**line, "quantity": line["current_quantity"]} for line in order["lines"]), kits)
        processed = (line for back in order.get("returns", ()) for line in back["lines"])
        shown += units_of(({**line, "quantity": line["processed"]} for line in processed), kits)
        digital = [
            part for part in order["fulfillments"] if part["status"] == "SUCCESS" and not part["tracking_number"]
        ]
        left = sent.get(key, Counter[str]()) + units_of((line for part in digital for line in part["lines"]), kits)
        if more := left - shown:
            yield f"{shop} {order['name']}: {dict(more)} left that the shop does not show"
        elif order["fulfillment_status"] == "FULFILLED" and (missing := shown - left):
            yield f"{shop} {order['name']}: {dict(missing)} shown as sent and never left"
        elif left:
            yield ""


def destination(address: Row) -> tuple[str, str]:
    """Street and postal code, as far as everybody writes them the same (a carrier adds four digits to a ZIP code); of
    a shop, the 3PL or a label."""
    street = address.get("address1") or address.get("street1") or ""
    code = address.get("zip_code") or address.get("zip") or ""
    return " ".join(street.upper().split()), _ZIP_4.sub(r"\1", code.upper().replace(" ", ""))


def addressed(
    node_orders: Iterable[Row], packed: Iterable[Row], bought: Iterable[Row]
) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Fulfilment order, tracking number and destination of each parcel that has left: the 3PL's by what it was told,
    our own warehouse's by the label."""
    for order in node_orders:
        for parcel in order["shipments"]:
            if parcel["stage"] in GONE:
                to = destination(parcel["recipient"]["address"])
                yield order["reference_id"].rpartition(".")[0], parcel["tracking_number"], to
    labels = {label["tracking_code"]: label for label in bought}
    for parcel in packed:
        if label := labels.get(parcel["tracking_number"]):
            yield parcel["fulfilment_order_id"], parcel["tracking_number"], destination(label["to"])


def addresses(
    sent: Iterable[tuple[tuple[str, str], str, tuple[str, str]]], shop_orders: Iterable[ShopOrder]
) -> Iterator[str]:
    """Each parcel (shop and its order, tracking number, destination) went to the address that the shop shows. Never
    says the address."""
    shown = {(shop, order["id"]): (order["name"], order["shipping_address"]) for shop, order in shop_orders}
    for key, code, to in sent:
        name, address = shown.get(key, ("an order of no shop", None))
        if address is None or destination(address) != to:
            yield f"{key[0]} {name}: parcel {code} left for another address"
        else:
            yield ""


def settled(shop_orders: Iterable[ShopOrder], excused: Collection[tuple[str, str]] = ()) -> Iterator[str]:
    """What was taken and not given back is what the order comes to, once anything was taken. `excused`: shop and order
    of returns, whose fees and kept goods a shop need not know."""
    for shop, order in shop_orders:
        if (shop, order["id"]) in excused:
            continue
        captured, refunded, total = (
            to_minor(order[word], order["currency"]) for word in ("captured", "refunded", "total")
        )
        if captured:
            kept = captured - refunded
            yield "" if kept == total else f"{shop} {order['name']}: {kept} kept, its total is {total}"


def edits(expected: Iterable[tuple[str, str, str, Row]]) -> Iterator[str]:
    """Each request (its name, the state and the reason's beginning that are due, its row) ended as it must."""
    for name, end, code, row in expected:
        state = row.get("state", "never taken in")
        why = str(row["reasons"][0]["code"]) if row.get("reasons") else ""
        yield "" if state == end and why.startswith(code) else f"{name}: {state} {why}, not {end} {code}".rstrip()


def told(expected: Iterable[tuple[str, str]], mailed: Collection[str], tickets: Iterable[Row]) -> Iterator[str]:
    """Of each request (its name and id) that has ended its customer was mailed, and the helpdesk has one ticket of it
    that nobody need look at. `mailed`: ids of the requests that a mail in the mailbox tells of."""
    found: dict[str, list[str]] = {}
    for ticket in tickets:
        found.setdefault(str(ticket["external_id"]), []).append(ticket["status"])
    for name, request_id in expected:
        states = found.get(request_id, [])
        if states != ["solved"]:
            yield f"{name}: tickets {', '.join(states) or 'none'} at the helpdesk, not one that is solved"
        yield "" if request_id in mailed else f"{name}: its customer was never told how it ended"


def money(shop_orders: Iterable[ShopOrder], ours: Mapping[tuple[str, str], tuple[int, int]]) -> Iterator[str]:
    """Captured and refunded money of every order, in minor units by shop and its order, never more back than taken."""
    for shop, order in shop_orders:
        there = tuple(to_minor(order[word], order["currency"]) for word in ("captured", "refunded"))
        here = ours.get((shop, order["id"]), (0, 0))
        if there != here:
            yield f"{shop} {order['name']}: captured, refunded {there} there and {here} here"
        elif there[1] > there[0]:
            yield f"{shop} {order['name']}: refunded {there[1]} of {there[0]}"
        elif any(there):
            yield ""


def requests(
    there: Iterable[str], accepted: Collection[str], known: Collection[str], doubted: Collection[str] = ()
) -> Iterator[str]:
    """References at the 3PL: each once and one that we have made, and all that we hold for accepted. `doubted`: the
    fulfilment orders whose request a person looks after."""
    counted = Counter(there)
    for reference, count in counted.items():
        if reference not in known:
            yield f"{reference} is at the 3PL only"
        else:
            yield "" if count == 1 else f"{reference} is {count} times at the 3PL"
    for reference in set(accepted) - counted.keys():
        if reference.rpartition(".")[0] not in doubted:
            yield f"{reference} is accepted by nobody"


def labels(bought: Iterable[Row], parcels: Iterable[Row], doubted: Collection[str] = ()) -> Iterator[str]:
    """A label that was paid for is one parcel's, a parcel's own label was paid for, and a reference has one. `doubted`:
    the rated shipments whose purchase a person looks after."""
    paid = [label for label in bought if not label["refunded"]]
    ours = {p["tracking_number"] for p in parcels if p["state"] != "cancelled" and p["label_document_id"]}
    for label in paid:
        if label["tracking_code"] in ours:
            yield ""
        elif label["shipment_id"] not in doubted:
            yield f"label {label['tracking_code']} ({label['reference']}) belongs to no parcel"
    yield from (f"label {code} was not bought" for code in ours - {label["tracking_code"] for label in paid})
    for reference, count in Counter(label["reference"] for label in paid).items():
        if count > 1:
            yield f"{count} labels for {reference}"


def mails(
    box: Iterable[str], effects: Iterable[Row], messages: Iterable[Row], owned: Collection[str] = ()
) -> Iterator[str]:
    """A mail in the mailbox for each message that is called sent, none twice; one in doubt is `owned` by a person.
    `box` holds Message-IDs, `effects` those of mails."""
    counted = Counter(mail.strip("<>").partition("@")[0] for mail in box)
    by_effect = {effect["id"]: effect for effect in effects}
    by_id = {message["id"]: message for message in messages}
    told: Counter[tuple[str, str]] = Counter()
    for effect_id, count in counted.items():
        yield "" if count == 1 else f"mail {effect_id} was sent {count} times"
        effect = by_effect.get(effect_id)
        if effect is None:
            yield f"mail {effect_id} is nobody's"
            continue
        message = by_id[effect["subject_id"]]
        told[message["kind"], message["subject_id"]] += 1
        if effect_id not in owned and (effect["state"], message["state"]) != ("done", "sent"):
            words = f"{effect['state']}, its message {message['state']}"
            yield f"mail {effect_id} was sent, and we call it {words} without a case"
    for effect_id, effect in by_effect.items():
        if effect["state"] == "done" and effect_id not in counted and by_id[effect["subject_id"]]["state"] == "sent":
            yield f"mail {effect_id} is called sent and never was"
    for (kind, subject), count in told.items():
        if count > 1 and kind in _ONCE:
            yield f"{kind} was said {count} times about {subject}"


def unpromised(orders: Iterable[Row], lines: Iterable[Row]) -> set[tuple[str, str]]:
    """Shop and sku of goods that wait to be promised: the shop has taken them off what it shows, nobody else has."""
    waiting = {order["id"]: order["account"] for order in orders if order["state"] in UNPROMISED}
    return {
        (waiting[line["order_id"]], line["sku"])
        for line in lines
        if line["order_id"] in waiting and line["reserved"] < line["ordered"] - line["cancelled"]
    }


def stock(
    shown: Iterable[tuple[str, str, str, int]], nodes: Mapping[tuple[str, str], str],
    free: Mapping[tuple[str, str], int], busy: Collection[tuple[str, str]],
) -> Iterator[str]:  # fmt: skip
    """Units shown (shop, its location, sku, units) are the free ones of the `nodes` that stand behind the locations."""
    for shop, place, sku, units in shown:
        key = nodes.get((shop, place), ""), sku
        if key in free and (shop, sku) not in busy:
            yield "" if units == free[key] else f"{shop} shows {units} of {sku} at {place}, {free[key]} are free"


def books(balance: Iterable[Row], unbalanced: Iterable[str]) -> Iterator[str]:
    """Entries balance, each and all together in every currency. `balance` has a row per currency and account."""
    sums: Counter[str] = Counter()
    for row in balance:
        sums[row["currency"]] += int(row["minor"])
    for currency, left in sums.items():
        yield f"{currency}: {left} too much" if left else ""
    yield from (f"entry {entry} does not balance" for entry in unbalanced)
