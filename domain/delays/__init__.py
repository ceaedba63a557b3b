"""How long parcels take and which will be late: arrays in, probabilities and quantiles out. Pure.

One pooled survival curve of elapsed time over an expected scale (`survival`), the scale per carrier, service and lane
shrunk towards its parents (`effects`, `scale`), times what the network does these weeks (`drift`), with a calibration
learned from predictions that were made as they would have been (`calibration`, `fitting`); `model` answers.
Times are days since 1970-01-01 UTC as floats, NaN for what is not known.
"""
