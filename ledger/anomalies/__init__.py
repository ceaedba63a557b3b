"""Troubles of parcels, and the incidents that they share: `facts` reads, `detecting` writes what was found, `incidents`
groups and tells. The rules are `domain.anomalies`.
"""
