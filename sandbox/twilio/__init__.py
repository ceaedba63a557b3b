"""A fake Twilio: text messages out and in, their delivery, and people who want no more of them."""

from sandbox.twilio.vendor import build

__all__ = ["build"]
