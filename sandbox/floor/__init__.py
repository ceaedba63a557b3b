"""The people of the merchant's own warehouse, with a handheld that talks to the merchant's receiver."""

from sandbox.floor.vendor import build

__all__ = ["build"]
