"""An SMTP server that keeps every mail, and a mailbox to look at them."""

from sandbox.mail.vendor import build

__all__ = ["build"]
