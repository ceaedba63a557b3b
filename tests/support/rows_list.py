"""The rows of REQUIREMENTS, by area and how many it has. A test compares it with the file where that is at hand."""

AREAS = {
    "CAP": 7,
    "VAL": 6,
    "RTE": 7,
    "FUL": 5,
    "COM": 5,
    "REC": 5,
    "EDT": 9,
    "RET": 7,
    "TRK": 3,
    "DLY": 5,
    "ENG": 2,
    "PEO": 5,
    "TRU": 5,
    "SCA": 3,
}
ROWS = tuple(f"{area}-{number}" for area, count in AREAS.items() for number in range(1, count + 1))
