"""The fake Stripe: hosted checkout pages, payments, refunds, signed events."""

from sandbox.stripe.vendor import build

__all__ = ["build"]
