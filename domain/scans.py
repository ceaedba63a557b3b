"""Numbers as scanners read them off labels and off goods."""

_GTIN_DIGITS = (8, 12, 13, 14)
_USPS_ROUTING = "420"
_USPS_LENGTHS = {30: (8,), 34: (8, 12)}  # digits in all -> where the parcel's own number may begin


def tracking_numbers(code: str) -> tuple[str, ...]:
    """What a carrier's label may be called in the ledger: as scanned, in capitals, and without what only routes it.

    A USPS label's code begins with 420 and the ZIP code of 5 or 9 digits, which the number that people know has not
    (Intelligent Mail package barcode, USPS publication 199, read 2026-11).
    """
    text = "".join(letter for letter in code if letter.isprintable() and letter != " ")
    found = [code.strip(), text, text.upper()]
    if text.isdigit() and text.startswith(_USPS_ROUTING):
        found += [text[start:] for start in _USPS_LENGTHS.get(len(text), ())]
    return tuple(dict.fromkeys(each for each in found if each))


def article_codes(code: str) -> tuple[str, ...]:
    """What an article of this code may be called in a catalogue: as scanned, in capitals, and as the GTINs of 8, 12, 13
    and 14 digits that are the same but for zeros before them."""
    text = code.strip()
    bare = text.lstrip("0")
    found = [text, text.upper()]
    found += [bare.zfill(digits) for digits in _GTIN_DIGITS if bare.isdigit() and len(bare) <= digits]
    return tuple(dict.fromkeys(each for each in found if each))


def is_same_article(one: str, other: str) -> bool:
    """Whether two codes name the same article: a SKU in whatever case, a GTIN with or without leading zeros (a UPC of
    12 digits is the EAN of 13 with a zero before it: GS1 General Specifications, 3.3.2)."""
    if not one or not other:
        return False
    if one.isdigit() and other.isdigit():
        return one.lstrip("0") == other.lstrip("0")
    return one.casefold() == other.casefold()
