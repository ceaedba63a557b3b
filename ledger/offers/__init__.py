"""Offers to customers whose parcel is late or will not come: proposed, taken by one tap, carried out, withdrawn."""
