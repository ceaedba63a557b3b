"""Shops: `base.py` is the protocol in our words; one vendor per module, helpers prefixed with its name."""
