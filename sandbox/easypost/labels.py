"""What is printed on a label."""

from typing import Any


def label_lines(shipment: dict[str, Any]) -> list[str]:
    """What is printed: carrier, receiver, tracking code, reference."""
    to, rate = shipment["to_address"], shipment["selected_rate"]
    return [
        f"{rate['carrier']} {rate['service']}",
        str(to.get("name") or to.get("company") or ""),
        str(to.get("street1") or ""),
        str(to.get("street2") or ""),
        f"{to.get('city') or ''} {to.get('state') or ''} {to.get('zip') or ''} {to.get('country') or ''}",
        str(shipment["tracking_code"]),
        f"Ref {shipment['reference'] or '-'}",
    ]
