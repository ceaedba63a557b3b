"""Of a change that stopped half-way: what each side had when it was looked at, field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.desk.requests import address_line, contact_line
from domain.decisions import in_words
from ledger.stories import Story

Facts = Mapping[str, Any]
_NOTHING, _UNKNOWN, _GONE = "–", "not known", "no such order"


@dataclass(frozen=True, slots=True)
class Has:
    """What one side has; `differs` from what the change wants."""

    text: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class SideRow:
    field: str
    before: str
    wanted: str
    shop: Has
    node: Has


def sides_shown(sides: Facts, story: Story, places: Mapping[str, str], titles: Mapping[str, str]) -> list[SideRow]:
    """Only what the change wants otherwise, or what one side has otherwise. `sides`: as `ledger.editing` keeps it with
    the case; empty when nothing could be read."""
    if not sides:
        return []
    homes = {row["id"]: places.get(row["location_id"], row["location_id"]) for row in story.fulfilment_orders}
    nodes = [{**node, "place": homes.get(node["fulfilment_order"], "a warehouse")} for node in sides.get("nodes", [])]
    there = bool(sides.get("shop", True))
    return [
        *_units(sides.get("lines", []), nodes, titles, there),
        *_people(sides.get("contact"), nodes, story, there),
        *_shipping(sides.get("shipping"), there),
        *_cancelled(sides.get("cancelled")),
        *(
            SideRow(f"Order at {node['place']}", _NOTHING, _NOTHING, Has(_NOTHING), Has(in_words(str(node["state"]))))
            for node in nodes
        ),
    ]


def _units(lines: Sequence[Facts], nodes: Sequence[Facts], titles: Mapping[str, str], there: bool) -> list[SideRow]:
    rows = []
    told: set[str] = set()
    for line in lines:
        sku, wanted, shop = line["sku"], line["wanted"], line["shop"]
        # two lines may be of one product, which the warehouse counts once
        node = Has(_NOTHING) if sku in told else _at_nodes(sku, nodes)
        told.add(sku)
        in_shop = _in_shop(None if shop is None else str(shop), str(wanted), there)
        if line["before"] != wanted or in_shop.differs or node.differs:
            rows.append(SideRow(titles.get(sku, sku), str(line["before"]), str(wanted), in_shop, node))
    for sku in dict.fromkeys(
        sku for node in nodes for what in ("before", "wanted", "node") for sku in node[what] or ()
    ):
        found = _at_nodes(sku, nodes)
        before, wanted = (sum(node[what].get(sku, 0) for node in nodes) for what in ("before", "wanted"))
        if sku not in told and (before != wanted or found.differs):  # a part of what is sold as one
            rows.append(SideRow(titles.get(sku, sku), str(before), str(wanted), Has(_NOTHING), found))
    return rows


def _at_nodes(sku: str, nodes: Sequence[Facts]) -> Has:
    mine = [node for node in nodes if any(sku in (node[what] or {}) for what in ("before", "wanted", "node"))]
    if not mine:
        return Has(_NOTHING)
    texts = [_UNKNOWN if node["node"] is None else str(node["node"].get(sku, 0)) for node in mine]
    if len(nodes) > 1:
        texts = [f"{text} at {node['place']}" for text, node in zip(texts, mine, strict=True)]
    unlike = any(node["node"] is not None and node["node"].get(sku, 0) != node["wanted"].get(sku, 0) for node in mine)
    return Has("; ".join(texts), unlike)


def _people(contact: Facts | None, nodes: Sequence[Facts], story: Story, there: bool) -> list[SideRow]:
    if not contact:
        return []
    before, wanted, shop = (story.contacts.get(contact[name] or "") for name in ("before", "wanted", "shop"))
    rows = []
    for field, line in (("Address", address_line), ("E-mail and phone", contact_line)):
        in_shop = _in_shop(line(shop) if contact["shop"] else None, line(wanted), there)
        node = _address_at(nodes, story, line(wanted)) if field == "Address" else Has(_NOTHING)
        if line(before) != line(wanted) or in_shop.differs or node.differs:
            rows.append(SideRow(field, line(before), line(wanted), in_shop, node))
    return rows


def _address_at(nodes: Sequence[Facts], story: Story, wanted: str) -> Has:
    asked = [node for node in nodes if "contact_node" in node]
    found = [(node, address_line(story.contacts.get(node["contact_node"] or ""))) for node in asked]
    texts = [text or _UNKNOWN for _, text in found]
    if len(nodes) > 1:
        texts = [f"{text} ({node['place']})" for (node, _), text in zip(found, texts, strict=True)]
    return Has("; ".join(texts) or _NOTHING, any(text and text != wanted for _, text in found))


def _shipping(shipping: Facts | None, there: bool) -> list[SideRow]:
    if not shipping:
        return []
    in_shop = _in_shop(shipping["shop"], shipping["wanted"], there)
    if shipping["before"] == shipping["wanted"] and not in_shop.differs:
        return []
    return [SideRow("Shipping", shipping["before"], shipping["wanted"], in_shop, Has(_NOTHING))]


def _cancelled(cancelled: Facts | None) -> list[SideRow]:
    if not cancelled:
        return []
    wanted, shop = (_yes(cancelled[name]) for name in ("wanted", "shop"))
    return [SideRow("Cancelled", _yes(False), wanted, Has(shop, shop != wanted), Has(_NOTHING))]


def _in_shop(value: str | None, wanted: str, there: bool) -> Has:
    if value is None:
        return Has(_UNKNOWN) if there else Has(_GONE, differs=True)
    return Has(value, value != wanted)


def _yes(value: object) -> str:
    return "yes" if value else "no"
