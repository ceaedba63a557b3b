"""A fake ShipBob (API 2026-01) with two fulfilment centres."""

from sandbox.shipbob.vendor import build

__all__ = ["build"]
