"""A made-up world for a simulation: its weather, its carriers and its customers. See `sandbox/world.py`."""
