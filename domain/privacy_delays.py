"""The columns of the tables about scans and delays that name nobody; see `domain.privacy`."""

from collections.abc import Mapping

PLAIN_COLUMNS: Mapping[str, str] = {
    # the model's groups are carriers, services, our places and regions
    "delay_model": (
        "id format policy_version cold trained_from trained_until parcels delivered left_out fit_cpu_ms model report "
        "drift drift_at fitted_at"
    ),
    "parcel_forecast": (
        "due_at attempts lease_token lease_until error id order_id followed promised_at promised_on promise_zone "
        "late_probability eta_from eta_to predicted_at fitted_model_id"
    ),
    # answered_by is a role or an agent's id
    "delay_notice": ("id order_id number kind revised_at silence answer_by answer answered_by answered_at created_at"),
    # evidence and facility have towns, as scans have; carrier, lane, region and cause are codes
    "anomaly": (
        "id shipment_id order_id kind state evidence carrier facility lane region cause opened_at cleared_at reason "
        "incident_id alerted_at"
    ),
    "incident": "id kind cause_kind cause_key opened_at closed_at parcels",
    # a scan's town, never a street
    "tracking_event": (
        "shipment_id digest state raw_code detail_code city region country occurred_at corrects source map_version"
    ),
    # codes of carriers, never their texts, which may name a person
    "status_code": "source map_version raw_code detail_code state mapped count first_seen_at last_seen_at",
    "status_day": "source day told unmapped",
}
