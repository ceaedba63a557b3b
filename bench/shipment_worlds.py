"""The worlds of `bench.shipments` and where their numbers come from.

Sources, read in October 2026: [1] USPS press release of 2022-06-13, April to June 2022: 93.5 % of First-Class Mail
within its standard, mean 2.4 days. [2] postal-reporter.com on the week of 2021-03-06, after the winter storms: 83.7 %.
[3] antoniogoncalvesnoticias.com.br, "Metade das encomendas não foi entregue durante greve, dizem Correios" (lorry
drivers' strike of May 2018): half of the usual parcels arrived, 15 days until normal. [4] novaondagiro.blogspot.com of
May 2018: Correios add five working days to every service. What carries no number is our assumption, chosen so that
shares of late parcels lie where [1] and [2] put them, or lower where promises are long.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """`carrier` may write empty words as many shops' files have them. Speeds in km per working day."""

    carrier: str
    name: str
    share: float
    km_per_day: float
    hub_days: float
    saturday: bool


@dataclass(frozen=True, slots=True)
class World:
    """`padding`: how long a promise is, as a multiple of the usual time; 0 gives the service's fixed number of days.

    Rates are per region and year unless they say otherwise.
    """

    about: str
    regions: int
    days: int
    services: tuple[Service, ...]
    country_km: float
    handling_days: float
    padding: float
    promise_noise: float
    storms: float
    storm_days: float
    strikes: float  # of the whole network, per year
    peak: float  # how much slower the last weeks of the year are
    wander: float  # daily noise of a region's congestion, which lasts for weeks
    stalls: float  # share of parcels that sit in a hub until somebody looks
    stall_days: float
    failed_attempts: float
    lost: float
    trend: float  # change of all times over a year, as a share


GROUND = Service("alpha", "ground", 0.5, 700, 0.6, False)
EXPRESS = Service("alpha", "express", 0.15, 2200, 0.25, True)
POST = Service("beta", "standard", 0.25, 550, 0.8, True)
LOCAL = Service("gamma", "parcel", 0.10, 900, 0.5, False)

WORLDS = {
    "retailer": World(
        about="three carriers, promises by service, storms in winter",
        regions=12, days=540, services=(GROUND, EXPRESS, POST, LOCAL), country_km=3500, handling_days=0.7,
        padding=0, promise_noise=0, storms=2.0, storm_days=4, strikes=0.3, peak=0.25, wander=0.05,  # [2]: 83.7 of 93.5
        stalls=0.015, stall_days=5, failed_attempts=0.04, lost=0.003, trend=0,
    ),
    "marketplace": World(
        about="one carrier, pairs of regions, long promises that most parcels beat, a strike",
        regions=26, days=600, services=(Service("", "", 1.0, 280, 1.6, False),), country_km=3200, handling_days=2.5,
        padding=1.55, promise_noise=0.12, storms=0.8, storm_days=6, strikes=0.9, peak=0.35, wander=0.08,  # [3], [4]
        stalls=0.04, stall_days=9, failed_attempts=0.06, lost=0.006, trend=-0.15,
    ),
    "calm": World(
        about="no storms, no strikes, no season: only lanes, weekends and bad luck",
        regions=12, days=540, services=(GROUND, EXPRESS, POST, LOCAL), country_km=3500, handling_days=0.7,
        padding=0, promise_noise=0, storms=0, storm_days=0, strikes=0, peak=0, wander=0.01,
        stalls=0.02, stall_days=5, failed_attempts=0.04, lost=0.003, trend=0,
    ),
    "rough": World(
        about="congestion that wanders all year, strikes, tight promises",
        regions=18, days=540, services=(GROUND, POST), country_km=3500, handling_days=1.2,
        padding=1.5, promise_noise=0.08, storms=3.0, storm_days=5, strikes=1.5, peak=0.4, wander=0.09,
        stalls=0.03, stall_days=7, failed_attempts=0.06, lost=0.006, trend=0.1,
    ),
}  # fmt: skip
STRIKE_DAYS, STRIKE_SLOWER, STRIKE_FADES = 10, 2.0, 15  # [3]: half of the usual throughput, 15 days until normal
STORM_SLOWER = 1.6  # while it lasts; it fades over as many days again
