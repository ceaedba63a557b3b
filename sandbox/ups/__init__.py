"""A fake UPS: labels for the way out and for the way back, their voids, and tracking."""

from sandbox.ups.vendor import build

__all__ = ["build"]
