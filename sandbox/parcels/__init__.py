"""The parcels themselves, apart from what any vendor says of them: one road for all carriers."""

from sandbox.parcels.model import Parcel, Place, Step
from sandbox.parcels.road import Road

__all__ = ["Parcel", "Place", "Road", "Step"]
