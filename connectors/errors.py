"""Errors named by the next move of whoever catches them."""


class ConnectorError(Exception):
    """`detail` is a code or redacted text: it may be stored and shown, so it never repeats what we sent."""

    code = "connector_error"

    def __init__(self, vendor: str, operation: str, detail: str = "") -> None:
        super().__init__(f"{vendor} {operation}: {detail}" if detail else f"{vendor} {operation}")
        self.vendor = vendor
        self.operation = operation
        self.detail = detail


class Retryable(ConnectorError):
    """Nothing happened at the vendor: 429, refused connection, 5xx on a safe call. Try again later."""

    code = "retryable"

    def __init__(self, vendor: str, operation: str, detail: str = "", after_s: float | None = None) -> None:
        super().__init__(vendor, operation, detail)
        self.after_s = after_s


class VendorRejected(ConnectorError):
    """Understood and refused. Repeating the same call gets the same answer. `reason` is a stable code."""

    code = "vendor_rejected"

    def __init__(self, vendor: str, operation: str, detail: str = "", reason: str = "rejected") -> None:
        super().__init__(vendor, operation, detail)
        self.reason = reason


class OutcomeUnknown(ConnectorError):
    """A write may or may not have happened: timeout or 5xx after sending. Look it up before any repeat."""

    code = "outcome_unknown"


class AuthFailed(ConnectorError):
    """Our credentials are refused; an operator must act."""

    code = "auth_failed"


class Withdrawn(ConnectorError):
    """Not sent: whoever wanted the call has lost the right to it, and another may be making it."""

    code = "withdrawn"


class NotSupported(ConnectorError):
    """The vendor cannot do this at all."""

    code = "not_supported"
