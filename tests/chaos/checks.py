"""What must be so after every run: nothing lost, nothing twice, nobody without an owner.

Pure: evidence in, sentences out; what the demo compares as well is in `apps/demo/reckoning.py`. A check yields one for
each thing that it compares, and it is empty where all is well: what compares nothing finds nothing, and that must be
seen as well.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from apps.demo import reckoning
from domain.arbiter import Spoken, contradicts, stance_of
from domain.messages import ClaimKind
from domain.parcels import TERMINAL
from tests.chaos.evidence import Evidence
from tests.crash.doubles import each_once, free_to_repeat

ENDED = ("completed", "cancelled")
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
    return each_once({vendor: deeds for vendor, deeds in e.accepted.items() if vendor != "floor"}, free_to_repeat())


def told_nodes_once(e: Evidence) -> Iterator[str]:
    """The 3PL has each reference once, all that we hold for accepted there, and no attempt that we have not made."""
    elsewhere = [part for part in e.parts if part["location_id"] not in e.own_nodes]
    return reckoning.requests(
        (order["reference_id"] for order in e.node_orders),
        {f"{part['id']}.{part['attempt']}" for part in elsewhere if part["accepted_at"]},
        {f"{part['id']}.{attempt}" for part in elsewhere for attempt in range(1, part["attempt"] + 1)},
        {effect["subject_id"] for effect in e.effects if effect["id"] in _owned_effects(e)},
    )


def sent_no_unit_twice(e: Evidence) -> Iterator[str]:
    """What left the buildings for an order is never more than was ordered."""
    wanted, sent = defaultdict[str, Counter[str]](Counter), defaultdict[str, Counter[str]](Counter)
    for line in e.lines:
        wanted[line["order_id"]] += reckoning.units_of([{"sku": line["sku"], "quantity": line["ordered"]}], e.kits)
    for order_id, _, units in _sent_off(e):
        sent[order_id] += units
    for order_id, units in sent.items():
        more = units - wanted[order_id]
        yield f"order {order_id}: {dict(more)} left beyond what was ordered" if more else ""


def _sent_off(e: Evidence) -> Iterator[tuple[str, str, Counter[str]]]:
    """Order, tracking number and units of each parcel that has left."""
    order_of = {part["id"]: part["order_id"] for part in e.parts}
    for part_id, code, lines in reckoning.sent_off(e.node_orders, e.packed):
        yield order_of.get(part_id, part_id), code, reckoning.units_of(lines, {})


def shops_know_their_parcels(e: Evidence) -> Iterator[str]:
    """Each parcel that left is one fulfilment in its shop (or its order is cancelled or owned), and nothing else is."""
    excused = {order["id"] for order in e.orders if order["state"] == "cancelled"}
    excused |= {case["order_id"] for case in e.cases}
    sent = list(_sent_off(e))
    return reckoning.parcels(
        {code: units for _, code, units in sent},
        e.shop_orders,
        e.kits,
        {code for order_id, code, _ in sent if order_id in excused},
    )


def labels_have_parcels(e: Evidence) -> Iterator[str]:
    """A label that was paid for is one parcel's, and the other way round."""
    doubted = {effect["external_id"] for effect in e.effects if effect["id"] in _owned_effects(e)}
    return reckoning.labels(e.labels, e.parcels, doubted)


def money_agrees(e: Evidence) -> Iterator[str]:
    """Captured and refunded money of the shops is that of our payments, and never above the order."""
    ours = defaultdict[str, tuple[int, int]](lambda: (0, 0))
    for payment in e.payments:
        captured, refunded = ours[payment["order_id"]]
        ours[payment["order_id"]] = captured + payment["captured_minor"], refunded + payment["refunded_minor"]
    by_order = {(order["account"], order["external_id"]): ours[order["id"]] for order in e.orders}
    return reckoning.money(e.shop_orders, by_order)


def books_balance(e: Evidence) -> Iterator[str]:
    return reckoning.books(e.balance, e.unbalanced)


def said_once(e: Evidence) -> Iterator[str]:
    """A mail in the mailbox for each message that is called sent, none twice; a doubtful one has a case."""
    sending = [effect for effect in e.effects if effect["kind"] == "mail.send"]
    return reckoning.mails(e.mails, sending, e.messages, _owned_effects(e))


def one_voice(e: Evidence) -> Iterator[str]:
    """No message contradicts the one before it about the same parcel."""
    last: dict[str, Spoken] = {}
    sent = [message for message in e.messages if message["state"] == "sent"]
    for message in sorted(sent, key=lambda row: (str(row.get("sent_at", "")), row["id"])):
        said = Spoken(message["id"], ClaimKind(message["kind"]), message.get("facts") or {}, message.get("sent_at"))
        before = last.get(message["subject_id"])
        wrong = before is not None and contradicts(before, said)
        yield f"{message['subject_id']} was told {said.kind} after {before.kind}" if before and wrong else ""
        if stance_of(said.kind, said.facts) is not None:
            last[message["subject_id"]] = said


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
    return reckoning.stock(e.shown, e.nodes, e.free, reckoning.unpromised(e.orders, e.lines))


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
    books_balance,
    said_once,
    one_voice,
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
