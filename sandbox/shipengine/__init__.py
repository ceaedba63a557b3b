"""A fake ShipEngine: tracking by number for many carriers, and its webhooks signed by RSA."""

from sandbox.shipengine.vendor import build

__all__ = ["build"]
