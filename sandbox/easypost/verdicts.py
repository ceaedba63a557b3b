"""What EasyPost finds out about an address; readable from the input so that tests can steer it.

street1 with UNDELIVERABLE or UNKNOWN STREET is not found, MISSING UNIT lacks its flat, MISPELT is corrected,
a US zip of another state is corrected; some countries cannot be verified.
"""

import hashlib
from typing import Any

_UNSUPPORTED = frozenset("AF BY CU IR KP RU SD SO SS SY YE".split())

# state: leading digits of its zips, and a zip to correct to
_STATES = {
    "AL": ("35 36", "36104"), "AK": ("99", "99801"), "AZ": ("85 86", "85001"), "AR": ("71 72", "72201"),
    "CA": ("90 91 92 93 94 95 96", "95814"), "CO": ("80 81", "80202"), "CT": ("06", "06103"),
    "DE": ("19", "19901"), "DC": ("20", "20001"), "FL": ("32 33 34", "32301"), "GA": ("30 31 39", "30303"),
    "HI": ("96", "96813"), "ID": ("83", "83702"), "IL": ("60 61 62", "62701"), "IN": ("46 47", "46225"),
    "IA": ("50 51 52", "50309"), "KS": ("66 67", "66603"), "KY": ("40 41 42", "40601"),
    "LA": ("70 71", "70802"), "ME": ("03 04", "04330"), "MD": ("20 21", "21401"),
    "MA": ("01 02 05", "02201"), "MI": ("48 49", "48933"), "MN": ("55 56", "55102"),
    "MS": ("38 39", "39205"), "MO": ("63 64 65", "65101"), "MT": ("59", "59623"), "NE": ("68 69", "68502"),
    "NV": ("88 89", "89701"), "NH": ("03", "03301"), "NJ": ("07 08", "08608"), "NM": ("87 88", "87501"),
    "NY": ("00 06 10 11 12 13 14", "12207"), "NC": ("27 28", "27601"), "ND": ("58", "58501"),
    "OH": ("43 44 45", "43215"), "OK": ("73 74", "73102"), "OR": ("97", "97301"),
    "PA": ("15 16 17 18 19", "17101"), "RI": ("02", "02903"), "SC": ("29", "29217"), "SD": ("57", "57501"),
    "TN": ("37 38", "37219"), "TX": ("73 75 76 77 78 79 88", "78701"), "UT": ("84", "84111"),
    "VT": ("05", "05602"), "VA": ("20 22 23 24", "23219"), "WA": ("98 99", "98507"),
    "WV": ("24 25 26", "25301"), "WI": ("53 54", "53703"), "WY": ("82 83", "82001"),
}  # fmt: skip


def verify(address: dict[str, Any]) -> dict[str, Any]:
    """Verify in place, as EasyPost does: the address is rewritten when it is found. Returns verifications."""
    problem = _problem(address)
    if problem is not None:
        failure = {"code": problem[0], "field": problem[1], "message": problem[2], "suggestion": None}
        return {
            "zip4": {"success": False, "errors": [failure], "details": None},
            "delivery": {"success": False, "errors": [failure], "details": {}},
        }
    _normalise(address)
    return {
        "zip4": {"success": True, "errors": [], "details": None},
        "delivery": {"success": True, "errors": [], "details": _place(address)},
    }


def _problem(address: dict[str, Any]) -> tuple[str, str, str] | None:
    street = str(address.get("street1") or "").upper()
    country = str(address.get("country") or "US").upper()
    if not street.strip():
        return "E.STREET.MISSING", "street1", "Missing street"
    if country in _UNSUPPORTED:
        return "E.COUNTRY.UNSUPPORTED", "country", "Address verification is not supported for this country"
    if "UNDELIVERABLE" in street or "UNKNOWN STREET" in street:
        return "E.ADDRESS.NOT_FOUND", "address", "Address not found"
    if "MISSING UNIT" in street and not address.get("street2"):
        return "E.SECONDARY_INFORMATION.MISSING", "address", "Missing secondary information(Apt/Suite#)"
    if country == "US" and str(address.get("state") or "").upper() not in _STATES:
        return "E.ADDRESS.NOT_FOUND", "address", "Address not found"
    return None


def _normalise(address: dict[str, Any]) -> None:
    street = str(address["street1"])
    if "MISPELT" in street.upper():
        start = street.upper().index("MISPELT")
        address["street1"] = street[:start] + "MAPLE" + street[start + len("MISPELT") :]
    if str(address.get("country") or "US").upper() != "US":
        return
    for name in ("name", "company", "street1", "street2", "city", "state"):
        if address.get(name):
            address[name] = str(address[name]).upper()
    address["street2"] = address.get("street2") or ""
    address["country"] = "US"
    prefixes, capital = _STATES[address["state"]]
    zip5 = str(address.get("zip") or "")[:5]
    if zip5[:2] not in prefixes.split() or len(zip5) != 5:
        zip5 = capital
    plus4 = int(hashlib.sha256(f"{address['street1']}{zip5}".encode()).hexdigest(), 16) % 9000 + 1000
    address["zip"] = f"{zip5}-{plus4}"
    address["residential"] = not address.get("company")


def _place(address: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(str(address.get("zip") or address.get("city")).encode()).digest()
    return {
        "latitude": round(30 + digest[0] * 15 / 255, 5),
        "longitude": round(-120 + digest[1] * 45 / 255, 5),
        "time_zone": "America/Chicago",
    }
