"""What must be so after every run: nothing lost, nothing twice, nobody without an owner.

Pure: evidence in, sentences out. A check yields one for each thing that it compares, and it is empty where all is
well: what compares nothing finds nothing, and that must be seen as well.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from domain.messages import CATALOGUE
from domain.money import to_minor
from domain.parcels import TERMINAL
from tests.chaos.evidence import Evidence, Row

ENDED = ("completed", "cancelled")
QUOTE = "POST /v2/shipments"  # a quote that nobody bought costs nothing: it may be asked for again
GONE = ("shipped", "delivered")
_SHOWN = 5  # sentences of one check that are printed


@dataclass
class Reckoning:
    """What is not as it must be ("check: sentence"), and how much each check has compared."""

    broken: list[str] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=dict)


def nothing_lost(e: Evidence) -> Iterator[str]:
    """Every order of a shop is in the ledger, once, and no other."""
    known = Counter((order["account"], order["external_id"]) for order in e.orders)
    there = {(shop, order["id"]): order["name"] for shop, order in e.shop_orders}
    for key, name in there.items():
        yield "" if known[key] == 1 else f"{key[0]} {name} is {known[key]} times in the ledger"
    for key in known.keys() - there.keys():
        yield f"{key[0]} {key[1]} is in the ledger only"


def everybody_has_an_owner(e: Evidence) -> Iterator[str]:
    """An order has ended, or a person owns it, or its parcels are looked after."""
    owned = {case["order_id"] for case in e.cases if case["owner"]}
    owned |= {hold["order_id"] for hold in e.holds if hold["owner"] and hold["due_at"]}
    for order in e.orders:
        fine = order["state"] in ENDED or order["id"] in owned or _all_under_way(e, order["id"])
        yield "" if fine else f"{order['account']} {order['name']} is {order['state']} without an owner"


def _all_under_way(e: Evidence, order_id: str) -> bool:
    """Every wanted unit has left and every parcel has arrived or is asked about."""
    lines = [line for line in e.lines if line["order_id"] == order_id and line["requires_shipping"]]
    parcels = [p for p in e.parcels if p["order_id"] == order_id and p["state"] != "cancelled"]
    gone = all(line["shipped"] >= line["ordered"] - line["cancelled"] for line in lines)
    followed = all(p["state"] == "delivered" or (p["polling"] and p["state"] not in TERMINAL) for p in parcels)
    return bool(parcels) and gone and followed


def nothing_done_twice(e: Evidence) -> Iterator[str]:
    """Every deed that a vendor accepted it accepted once. The own warehouse's people do not count: a shelf may be
    scanned anew, and what they send off is counted by `sent_no_unit_twice`."""
    for vendor, deeds in e.accepted.items():
        if vendor == "floor":
            continue
        for deed, keys in deeds.items():
            for key, count in keys.items():
                if deed != QUOTE:
                    yield "" if count == 1 else f"{vendor} did {deed} {count} times for {key}"


def told_nodes_once(e: Evidence) -> Iterator[str]:
    """The 3PL has each reference once, and exactly those that we hold for accepted there."""
    there = Counter(order["reference_id"] for order in e.node_orders)
    elsewhere = {part["id"] for part in e.parts if part["location_id"] not in e.own_nodes}
    taken = {f"{part['id']}.{part['attempt']}" for part in e.parts if part["accepted_at"] and part["id"] in elsewhere}
    doubted = {effect["subject_id"] for effect in e.effects if effect["id"] in _owned_effects(e)}
    for reference, count in there.items():
        if reference.rpartition(".")[0] not in elsewhere:
            yield f"{reference} is at the 3PL only"
        else:
            yield "" if count == 1 else f"{reference} is {count} times at the 3PL"
    for reference in taken - there.keys():
        if reference.rpartition(".")[0] not in doubted:
            yield f"{reference} is accepted by nobody"


def sent_no_unit_twice(e: Evidence) -> Iterator[str]:
    """What left the buildings for an order is never more than was ordered."""
    order_of = {part["id"]: part["order_id"] for part in e.parts}
    wanted: dict[str, Counter[str]] = {}
    for line in e.lines:
        for sku, per in e.kits.get(line["sku"]) or [(line["sku"], 1)]:
            wanted.setdefault(line["order_id"], Counter())[sku] += line["ordered"] * per
    sent: dict[str, Counter[str]] = {}
    for part_id, _, lines in _sent_off(e):
        for line in lines:
            sent.setdefault(order_of.get(part_id, part_id), Counter())[line["sku"]] += line["quantity"]
    for order_id, units in sent.items():
        more = units - wanted.get(order_id, Counter())
        yield f"order {order_id}: {dict(more)} left beyond what was ordered" if more else ""


def _sent_off(e: Evidence) -> Iterator[tuple[str, str, list[Row]]]:
    """Fulfilment order, tracking number and lines of each parcel that has left."""
    for order in e.node_orders:
        for parcel in order["shipments"]:
            if parcel["stage"] in GONE:
                yield order["reference_id"].rpartition(".")[0], parcel["tracking_number"], parcel["lines"]
    for parcel in e.packed:
        yield parcel["fulfilment_order_id"], parcel["tracking_number"], parcel["lines"]


def shops_know_their_parcels(e: Evidence) -> Iterator[str]:
    """Each parcel that left is one fulfilment in its shop (or its order is cancelled or owned), and nothing else is."""
    shown = Counter(
        part["tracking_number"]
        for _, order in e.shop_orders
        for part in order["fulfillments"]
        if part["tracking_number"] and part["status"] == "SUCCESS"
    )
    order_of = {part["id"]: part["order_id"] for part in e.parts}
    excused = {order["id"] for order in e.orders if order["state"] == "cancelled"}
    excused |= {case["order_id"] for case in e.cases}
    sent = {code: order_of.get(part_id, "") for part_id, code, _ in _sent_off(e)}
    for code, order_id in sent.items():
        if shown[code] == 1:
            yield ""
        elif shown[code] or order_id not in excused:
            yield f"parcel {code} of order {order_id} is {shown[code]} times in its shop"
    for code in shown.keys() - sent.keys():
        yield f"parcel {code} is in a shop and never left"


def labels_have_parcels(e: Evidence) -> Iterator[str]:
    """A label that was paid for is one parcel's, and a reference has one."""
    paid = [label for label in e.labels if not label["refunded"]]
    ours = {parcel["tracking_number"] for parcel in e.parcels if parcel["state"] != "cancelled"}
    doubted = {effect["external_id"] for effect in e.effects if effect["id"] in _owned_effects(e)}
    for label in paid:
        if label["tracking_code"] in ours:
            yield ""
        elif label["shipment_id"] not in doubted:
            yield f"label {label['tracking_code']} ({label['reference']}) belongs to no parcel"
    for reference, count in Counter(label["reference"] for label in paid).items():
        if count > 1:
            yield f"{count} labels for {reference}"


def money_agrees(e: Evidence) -> Iterator[str]:
    """Captured and refunded money of the shops is that of our payments, and never above the order."""
    ours: dict[str, tuple[int, int]] = {}
    for payment in e.payments:
        captured, refunded = ours.get(payment["order_id"], (0, 0))
        ours[payment["order_id"]] = (captured + payment["captured_minor"], refunded + payment["refunded_minor"])
    by_id = {(order["account"], order["external_id"]): order["id"] for order in e.orders}
    for shop, order in e.shop_orders:
        said = to_minor(order["captured"], order["currency"]), to_minor(order["refunded"], order["currency"])
        mine = ours.get(by_id.get((shop, order["id"]), ""), (0, 0))
        if said != mine:
            yield f"{shop} {order['name']}: captured, refunded {said} there and {mine} here"
        elif said[1] > said[0]:
            yield f"{shop} {order['name']}: refunded {said[1]} of {said[0]}"
        elif said[0]:
            yield ""
    for entry in e.unbalanced:
        yield f"entry {entry} does not balance"


def said_once(e: Evidence) -> Iterator[str]:
    """A mail in the mailbox for each message that is called sent, none twice; a doubtful one has a case."""
    box = Counter(mail.strip("<>").partition("@")[0] for mail in e.mails)
    by_effect = {effect["id"]: effect for effect in e.effects if effect["kind"] == "mail.send"}
    messages = {message["id"]: message for message in e.messages}
    owned, told = _owned_effects(e), Counter[tuple[str, str]]()
    for effect_id, count in box.items():
        effect = by_effect.get(effect_id)
        yield "" if count == 1 else f"mail {effect_id} was sent {count} times"
        if effect is None:
            yield f"mail {effect_id} is nobody's"
            continue
        message = messages[effect["subject_id"]]
        told[message["kind"], message["subject_id"]] += 1
        if effect["state"] != "done" and effect_id not in owned:
            yield f"mail {effect_id} was sent, and we call it {effect['state']} without a case"
    for effect_id, effect in by_effect.items():
        if effect["state"] == "done" and effect_id not in box and messages[effect["subject_id"]]["state"] == "sent":
            yield f"mail {effect_id} is called sent and never was"
    once = {str(kind) for kind, entry in CATALOGUE.items() if not entry.repeatable}
    for (kind, subject), count in told.items():
        if count > 1 and kind in once:
            yield f"{kind} was said {count} times about {subject}"


def effects_have_ended(e: Evidence) -> Iterator[str]:
    """Nothing is under way or in doubt any more; what was given up or refused has an owner."""
    owned = _owned_effects(e)
    for effect in e.effects:
        if effect["state"] in ("sending", "unknown"):
            yield f"{effect['kind']} {effect['key']} is still {effect['state']} ({effect['error']})"
        elif effect["state"] == "parked" and effect["id"] not in owned:
            yield f"{effect['kind']} {effect['key']} was given up without a case"
        else:
            yield ""


def _owned_effects(e: Evidence) -> set[str]:
    return {case["subject_id"] for case in e.cases if case["kind"].startswith("effect_")}


def holds_are_gone(e: Evidence) -> Iterator[str]:
    """No order that has left is still held in its shop by us."""
    waiting = {hold["order_id"] for hold in e.holds} | {case["order_id"] for case in e.cases}
    states = {(order["account"], order["external_id"]): (order["id"], order["state"]) for order in e.orders}
    for shop, order in e.shop_orders:
        order_id, state = states.get((shop, order["id"]), ("", ""))
        if state in ("in_fulfilment", "completed") and order_id not in waiting:
            yield f"{shop} {order['name']} is {state} and still held in its shop" if order["held"] else ""


def shops_show_what_is_free(e: Evidence) -> Iterator[str]:
    """Stock shown is stock free, except of goods that wait to be promised."""
    done = ("routing", "in_fulfilment", *ENDED)
    open_orders = {order["id"]: order["account"] for order in e.orders if order["state"] not in done}
    busy = {(open_orders[line["order_id"]], line["sku"]) for line in e.lines if line["order_id"] in open_orders}
    for shop, place, sku, units in e.shown:
        node = e.nodes.get((shop, place), "")
        if (node, sku) in e.free and (shop, sku) not in busy:
            free = e.free[node, sku]
            yield "" if units == free else f"{shop} shows {units} of {sku} at {place}, {free} are free"


def invariants_hold(e: Evidence) -> Iterator[str]:
    for name, ids in e.invariants.items():
        yield f"{name}: {', '.join(ids[:3])}" if ids else ""


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    nothing_lost,
    everybody_has_an_owner,
    nothing_done_twice,
    told_nodes_once,
    sent_no_unit_twice,
    shops_know_their_parcels,
    labels_have_parcels,
    money_agrees,
    said_once,
    effects_have_ended,
    holds_are_gone,
    shops_show_what_is_free,
    invariants_hold,
)


def reckon(evidence: Evidence) -> Reckoning:
    """All checks."""
    found = Reckoning()
    for check in CHECKS:
        words = list(check(evidence))
        wrong = [sentence for sentence in words if sentence]
        name = check.__name__.replace("_", " ")
        found.compared[name] = len(words)
        found.broken += [f"{name}: {sentence}" for sentence in wrong[:_SHOWN]]
        if len(wrong) > _SHOWN:
            found.broken.append(f"{name}: and {len(wrong) - _SHOWN} more")
    return found


def ends(e: Evidence) -> dict[str, int]:
    """How many orders ended how."""
    waiting = {case["order_id"] for case in e.cases} | {hold["order_id"] for hold in e.holds}
    words = Counter(
        order["state"] if order["state"] in ENDED else "with a person" if order["id"] in waiting else "under way"
        for order in e.orders
    )
    return dict(sorted(words.items()))
