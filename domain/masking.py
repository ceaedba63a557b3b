"""What may be shown of a person's mailbox or number to whoever may not be that person."""

_HIDDEN = "••••"


def masked_email(email: str) -> str:
    """So much of a mailbox that its owner knows it."""
    local, at, host = email.rpartition("@")
    return f"{local[:1]}{_HIDDEN}@{host}" if at else ""


def masked_phone(phone: str) -> str:
    """The last digits of a number."""
    return f"{_HIDDEN} {phone[-3:]}" if len(phone) > 6 else ""
