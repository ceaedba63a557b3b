"""What is wrong with a parcel, and which parcels share one trouble. Pure.

`calendar` counts a carrier's working days in local time, `facts` is what is known of a parcel, `rules` has one rule
for each kind of trouble, `detection` holds them against what stands already, `grouping` makes incidents of troubles
that share a place, a lane or a cause, and `words` says them to people.
"""
