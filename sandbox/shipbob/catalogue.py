"""What the fake ShipBob stocks and where: the products that the seeded shops sell."""

from dataclasses import dataclass, field
from typing import Any

CICERO_ID = 4
VENLO_ID = 156
_EU = frozenset("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE GB NO CH".split())
_SEED_ON_HAND = {CICERO_ID: 500, VENLO_ID: 200}
_FIRST_INVENTORY_ID = 8_100_001
_FIRST_VARIANT_ID = 61_000_001

_SEED = """
TENT-2P-GRN|Ridge tent for two, green|96|  TENT-2P-ORG|Ridge tent for two, orange|96|
TENT-4P-GRN|Ridge tent for four, green|158|  BAG-45-BLK|Trail pack 45 l, black|52|
BAG-45-RED|Trail pack 45 l, red|52|  BAG-60-BLK|Trail pack 60 l, black|64|
SLP-0C-REG|Sleeping bag 0 C, regular|40|  SLP-0C-LNG|Sleeping bag 0 C, long|44|
SLP-M10-REG|Sleeping bag -10 C, regular|56|  MAT-STD|Camping mat, standard|18|
MAT-WIDE|Camping mat, wide|24|  STOVE-1|Pocket stove|7|
GAS-230|Gas canister 230 g|13|hazmat  GAS-450|Gas canister 450 g|24|hazmat
POT-SET-S|Pot set, small|16|  POT-SET-L|Pot set, large|28|
LAMP-200|Camp lamp 200 lm|8|  LAMP-400|Camp lamp 400 lm|11|
BOT-750-BLU|Steel bottle 750 ml, blue|12|  BOT-750-GRY|Steel bottle 750 ml, grey|12|
BOT-1000-BLU|Steel bottle 1 l, blue|15|  SHELL-M-S|Rain shell, men S|14|
SHELL-M-M|Rain shell, men M|15|  SHELL-M-L|Rain shell, men L|16|
SHELL-W-S|Rain shell, women S|13|  SHELL-W-M|Rain shell, women M|14|
SHELL-W-L|Rain shell, women L|15|  SOCK-S|Wool socks, S|3|  SOCK-M|Wool socks, M|3|
SOCK-L|Wool socks, L|4|  KNIFE-1|Pocket knife|5|  ROPE-20|Cord 20 m|9|  ROPE-40|Cord 40 m|17|
FILTER-1|Water filter|10|  TOWEL-M|Travel towel, M|6|  TOWEL-L|Travel towel, L|9|
MUG-ENA-WHT|Enamel mug, white|7|  MUG-ENA-BLU|Enamel mug, blue|7|
KIT-COOK|Cook kit|23|bundle:STOVE-1+POT-SET-S  GIFT-50|Gift card 50|0|digital
"""


@dataclass(frozen=True, slots=True)
class Centre:
    """A fulfilment centre."""

    id: int
    name: str
    address1: str
    city: str
    state: str | None
    zip_code: str
    country: str
    timezone: str
    region: str


CENTRES = {
    CICERO_ID: Centre(
        CICERO_ID, "Cicero (IL)", "5900 W Ogden Ave", "Cicero", "IL", "60804", "USA", "Central Standard Time",
        "US Midwest",
    ),
    VENLO_ID: Centre(
        VENLO_ID, "Venlo (NL)", "Columbusweg 16", "Venlo", None, "5928 LC", "NLD",
        "W. Europe Standard Time", "EU West",
    ),
}  # fmt: skip


@dataclass(slots=True)
class Item:
    """One variant; a bundle has parts and no stock of its own, a digital one needs none."""

    sku: str
    name: str
    weight_oz: float
    inventory_id: int
    variant_id: int
    hazmat: bool = False
    digital: bool = False
    parts: tuple[str, ...] = ()
    on_hand: dict[int, int] = field(default_factory=dict)
    committed: dict[int, int] = field(default_factory=dict)

    @property
    def stocked(self) -> bool:
        return not self.parts and not self.digital

    def free(self, centre_id: int) -> int:
        return self.on_hand.get(centre_id, 0) - self.committed.get(centre_id, 0)


class Catalogue:
    """Variants by SKU, variant id and inventory id, with their stock per centre."""

    def __init__(self) -> None:
        self.by_sku: dict[str, Item] = {}
        self.by_inventory: dict[int, Item] = {}
        self.by_variant: dict[int, Item] = {}
        for entry in (part for line in _SEED.splitlines() for part in line.split("  ") if part.strip()):
            sku, name, weight, mark = entry.split("|")
            item = self.add(sku.strip(), name, float(weight))
            item.hazmat, item.digital = mark == "hazmat", mark == "digital"
            if mark.startswith("bundle:"):
                item.parts = tuple(mark.removeprefix("bundle:").split("+"))
            if item.stocked:
                item.on_hand = dict(_SEED_ON_HAND)

    def add(self, sku: str, name: str, weight_oz: float = 16.0) -> Item:
        number = len(self.by_sku)
        item = Item(sku, name, weight_oz, _FIRST_INVENTORY_ID + number, _FIRST_VARIANT_ID + number)
        self.by_sku[sku] = self.by_inventory[item.inventory_id] = self.by_variant[item.variant_id] = item
        return item

    def set_level(self, level: dict[str, Any]) -> Item:
        """Set a SKU's stock on hand at a centre (id or name; Cicero when unnamed); a new SKU is added.

        Raises KeyError, TypeError or ValueError on a bad level.
        """
        sku, on_hand = str(level["sku"]), int(level["on_hand"])
        item = self.by_sku.get(sku) or self.add(sku, str(level.get("name") or sku))
        item.on_hand[centre_named(level.get("fulfillment_center"))] = on_hand
        return item


def centre_named(value: Any) -> int:
    """The id of a centre given by id, by name or by "US" / "EU". Raises ValueError."""
    if value is None:
        return CICERO_ID
    for centre in CENTRES.values():
        if str(value) in (str(centre.id), centre.name, centre.region[:2]):
            return centre.id
    raise ValueError(f"no fulfilment centre {value!r}")


def centre_for(country: str) -> int:
    """The centre that serves a destination."""
    return VENLO_ID if country.upper() in _EU else CICERO_ID
