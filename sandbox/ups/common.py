"""Error bodies and small values of UPS.

The vendor's files list no error codes. Those of tracking are recorded ones; those of a void and of a label that is not
found are the ones that public code meets; the others stand for "refused" and should be told apart by nobody.
"""

from typing import Any

from sandbox.core.http import Reply, json_reply

INVALID, UNKNOWN_SHIPPER, NOT_VOIDABLE, NO_LABEL = "120002", "120100", "190102", "9801031"


def errors(status: int, code: str, message: str) -> Reply:
    return json_reply(status, {"response": {"errors": [{"code": code, "message": message}]}})


def status(code: str = "1", description: str = "Success") -> dict[str, str]:
    return {"Code": code, "Description": description}


def response(request: Any) -> dict[str, Any]:
    """The head of an answer; the caller's context comes back."""
    given = request.get("TransactionReference") if isinstance(request, dict) else None
    context = given.get("CustomerContext") if isinstance(given, dict) else None
    head: dict[str, Any] = {"ResponseStatus": status()}
    return {**head, "TransactionReference": {"CustomerContext": context}} if context else head


def money(amount: float, currency: str = "USD") -> dict[str, str]:
    return {"CurrencyCode": currency, "MonetaryValue": f"{amount:.2f}"}
