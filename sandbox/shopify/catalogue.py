"""What the seeded shops sell: one pool of merchandise, the same SKUs in every shop."""

from typing import NamedTuple


class Sku(NamedTuple):
    """`price` is in USD; `weight` in grams."""

    sku: str
    options: tuple[str, ...]
    price: str
    weight: int
    stock: int = 400


class Goods(NamedTuple):
    title: str
    product_type: str
    category: str
    options: tuple[str, ...]
    hs_code: str
    origin: str
    tags: tuple[str, ...]
    description: str
    care: str
    skus: tuple[Sku, ...]
    usage: str = ""
    hazmat: str = ""
    gift_card: bool = False
    bundle: tuple[str, ...] = ()


GOODS: tuple[Goods, ...] = (
    Goods(
        "Trailhead Tent",
        "Tents",
        "Sporting Goods > Outdoor Recreation > Camping & Hiking > Tents",
        ("Capacity", "Colour"),
        "630622",
        "VN",
        ("outdoor", "camping", "tent"),
        "Three-season tent with a full-coverage fly and two vestibules.",
        "Pitch to dry before storing. Sponge clean with cold water; never machine wash.",
        (
            Sku("TENT-2P-GRN", ("2 person", "Green"), "249.00", 2350),
            Sku("TENT-2P-ORG", ("2 person", "Orange"), "249.00", 2350),
            Sku("TENT-4P-GRN", ("4 person", "Green"), "389.00", 4100, 180),
        ),
        usage="Stake the corners first, then raise the poles. Guy out the fly in wind.",
    ),
    Goods(
        "Ridgeline Backpack",
        "Backpacks",
        "Luggage & Bags > Backpacks",
        ("Volume", "Colour"),
        "420292",
        "VN",
        ("outdoor", "hiking", "pack"),
        "Framed trekking pack with a ventilated back panel and rain cover.",
        "Hand wash with mild soap. Hang to dry out of the sun.",
        (
            Sku("BAG-45-BLK", ("45 l", "Black"), "139.00", 1450),
            Sku("BAG-45-RED", ("45 l", "Red"), "139.00", 1450),
            Sku("BAG-60-BLK", ("60 l", "Black"), "169.00", 1780),
        ),
    ),
    Goods(
        "Summit Down Sleeping Bag",
        "Sleeping bags",
        "Sporting Goods > Outdoor Recreation > Camping & Hiking > Sleeping Bags",
        ("Comfort", "Length"),
        "940430",
        "CN",
        ("outdoor", "camping", "down"),
        "Responsibly sourced 800-fill down in a water-resistant shell.",
        "Machine wash warm with down detergent, tumble dry low with two tennis balls.",
        (
            Sku("SLP-0C-REG", ("0 °C", "Regular"), "219.00", 890),
            Sku("SLP-0C-LNG", ("0 °C", "Long"), "229.00", 960),
            Sku("SLP-M10-REG", ("-10 °C", "Regular"), "329.00", 1240, 3),
        ),
    ),
    Goods(
        "Cloudrest Sleeping Mat",
        "Sleeping mats",
        "Sporting Goods > Outdoor Recreation > Camping & Hiking",
        ("Width",),
        "940421",
        "TW",
        ("outdoor", "camping"),
        "Insulated inflatable mat, R-value 4.2.",
        "Wipe with a damp cloth. Store unrolled with the valve open.",
        (Sku("MAT-STD", ("Standard",), "99.00", 480), Sku("MAT-WIDE", ("Wide",), "119.00", 610)),
    ),
    Goods(
        "Ember Camp Stove",
        "Stoves",
        "Sporting Goods > Outdoor Recreation > Camp Stoves",
        (),
        "732111",
        "KR",
        ("outdoor", "kitchen"),
        "Folding canister stove, boils a litre in under four minutes.",
        "Let it cool, brush the burner clean, keep the thread dry.",
        (Sku("STOVE-1", (), "59.00", 96),),
        usage="Outdoors only. Check the seal before screwing on the canister.",
    ),
    Goods(
        "Isobutane Gas Canister",
        "Fuel",
        "Sporting Goods > Outdoor Recreation > Camp Stove Fuel",
        ("Content",),
        "271113",
        "KR",
        ("outdoor", "kitchen", "hazmat"),
        "Four-season isobutane and propane mix, EN 417 valve.",
        "Store below 50 °C away from flame. Never refill.",
        (Sku("GAS-230", ("230 g",), "7.50", 380, 900), Sku("GAS-450", ("450 g",), "12.00", 680, 700)),
        hazmat="UN2037",
    ),
    Goods(
        "Basecamp Pot Set",
        "Cookware",
        "Sporting Goods > Outdoor Recreation > Portable Cooking",
        ("Size",),
        "761510",
        "CN",
        ("outdoor", "kitchen"),
        "Hard-anodised nesting pots with folding handles.",
        "Hand wash. No metal scourers.",
        (Sku("POT-SET-S", ("Small",), "45.00", 420), Sku("POT-SET-L", ("Large",), "65.00", 690)),
    ),
    Goods(
        "Glow Camp Lantern",
        "Lighting",
        "Sporting Goods > Outdoor Recreation > Camping Lights & Lanterns",
        ("Output",),
        "851310",
        "CN",
        ("outdoor", "home", "battery"),
        "Rechargeable lantern with a warm dimmable light.",
        "Wipe clean. Charge every three months when stored.",
        (Sku("LAMP-200", ("200 lm",), "29.00", 210), Sku("LAMP-400", ("400 lm",), "44.00", 340)),
    ),
    Goods(
        "Steel Water Bottle",
        "Bottles",
        "Home & Garden > Kitchen & Dining > Water Bottles",
        ("Volume", "Colour"),
        "732393",
        "CN",
        ("outdoor", "home"),
        "Double-wall insulated bottle, cold for 24 hours.",
        "Dishwasher safe without the lid.",
        (
            Sku("BOT-750-BLU", ("750 ml", "Blue"), "34.00", 390),
            Sku("BOT-750-GRY", ("750 ml", "Grey"), "34.00", 390),
            Sku("BOT-1000-BLU", ("1000 ml", "Blue"), "39.00", 470),
        ),
    ),
    Goods(
        "Stormline Shell Jacket",
        "Jackets",
        "Apparel & Accessories > Clothing > Outerwear > Coats & Jackets",
        ("Cut", "Size"),
        "620140",
        "BD",
        ("outdoor", "clothing", "rain"),
        "Three-layer waterproof shell with pit zips.",
        "Machine wash 30 °C, no softener. Tumble dry low to renew the finish.",
        (
            Sku("SHELL-M-S", ("Men", "S"), "199.00", 410),
            Sku("SHELL-M-M", ("Men", "M"), "199.00", 430),
            Sku("SHELL-M-L", ("Men", "L"), "199.00", 450),
            Sku("SHELL-W-S", ("Women", "S"), "199.00", 370),
            Sku("SHELL-W-M", ("Women", "M"), "199.00", 390),
            Sku("SHELL-W-L", ("Women", "L"), "199.00", 410),
        ),
    ),
    Goods(
        "Merino Hiking Sock",
        "Socks",
        "Apparel & Accessories > Clothing > Socks",
        ("Size",),
        "611594",
        "PT",
        ("clothing", "merino"),
        "Cushioned mid-weight merino, knitted without seams.",
        "Wash inside out at 30 °C. Dry flat.",
        (
            Sku("SOCK-S", ("S",), "19.00", 70, 800),
            Sku("SOCK-M", ("M",), "19.00", 75, 800),
            Sku("SOCK-L", ("L",), "19.00", 80, 800),
        ),
    ),
    Goods(
        "Field Knife",
        "Tools",
        "Hardware > Tools > Pocket Knives",
        (),
        "821193",
        "PT",
        ("outdoor", "age-restricted"),
        "Folding knife with a beech handle and a locking ring.",
        "Dry after use; oil the blade.",
        (Sku("KNIFE-1", (), "24.00", 58),),
    ),
    Goods(
        "Guide Rope 6 mm",
        "Rope",
        "Hardware > Ropes",
        ("Length",),
        "560750",
        "CZ",
        ("outdoor",),
        "Static accessory cord, 7.5 kN.",
        "Keep from acids and sun. Retire after a fall.",
        (Sku("ROPE-20", ("20 m",), "22.00", 480), Sku("ROPE-40", ("40 m",), "39.00", 960)),
    ),
    Goods(
        "Brook Water Filter",
        "Water treatment",
        "Sporting Goods > Outdoor Recreation > Portable Water Filters",
        (),
        "842121",
        "US",
        ("outdoor", "kitchen"),
        "Hollow-fibre squeeze filter, 0.1 micron.",
        "Backflush after each trip. Never let it freeze.",
        (Sku("FILTER-1", (), "39.00", 85),),
    ),
    Goods(
        "Quick-dry Towel",
        "Towels",
        "Home & Garden > Linens & Bedding > Towels",
        ("Size",),
        "630293",
        "TR",
        ("outdoor", "home"),
        "Light microfibre towel with a hanging loop.",
        "Machine wash 40 °C, no softener.",
        (Sku("TOWEL-M", ("M",), "15.00", 120), Sku("TOWEL-L", ("L",), "22.00", 210)),
    ),
    Goods(
        "Enamel Mug",
        "Mugs",
        "Home & Garden > Kitchen & Dining > Mugs",
        ("Colour",),
        "732394",
        "CN",
        ("home", "kitchen"),
        "Steel mug with a hard enamel coat, 350 ml.",
        "Dishwasher safe. Not for the microwave.",
        (Sku("MUG-ENA-WHT", ("White",), "12.00", 150), Sku("MUG-ENA-BLU", ("Blue",), "12.00", 150)),
    ),
    Goods(
        "Cook Kit",
        "Kits",
        "Sporting Goods > Outdoor Recreation > Portable Cooking",
        (),
        "732111",
        "KR",
        ("outdoor", "kitchen", "bundle"),
        "Ember stove and small pot set together, at a better price.",
        "See the parts.",
        (Sku("KIT-COOK", (), "94.00", 516, 0),),
        bundle=("STOVE-1", "POT-SET-S"),
    ),
    Goods(
        "Gift Card",
        "Gift cards",
        "Gift Cards",
        (),
        "",
        "US",
        ("gift",),
        "A gift card sent by email.",
        "",
        (Sku("GIFT-50", (), "50.00", 0, 0),),
        gift_card=True,
    ),
)
