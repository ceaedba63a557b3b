"""Which columns name people: every column of every table with its class; a test fails for one that is not listed.

- plain: ids, codes, amounts, times, and texts that were never a person's.
- personal: names a person; only in the customers', the contacts' and the agents' tables. Erasing overwrites a
  customer's; an agent's stays as long as the audit trail names the agent.
- sealed: files, raw bodies, agents' notes, questions and their answers may name people; purged when they reach a set
  age.
"""

from collections.abc import Mapping
from enum import StrEnum

from domain.privacy_delays import PLAIN_COLUMNS
from domain.privacy_offers import OFFER_TABLES


class Privacy(StrEnum):
    PLAIN = "plain"
    PERSONAL = "personal"
    SEALED = "sealed"


PLAIN, PERSONAL, SEALED = Privacy

COLUMNS: Mapping[str, Mapping[Privacy, str]] = {
    "payment": {
        PLAIN: (
            "id order_id gateway currency authorised_minor captured_minor refunded_minor "
            "authorisation_external_id authorisation_expires_at declined_code"
        ),
    },
    "money_transaction": {
        PLAIN: (
            "id order_id payment_id external_id parent_external_id kind status amount_minor currency processed_at "
            "error_code"
        ),
    },
    "journal_entry": {
        PLAIN: "id key order_id kind currency posted_at",
    },
    "journal_line": {
        PLAIN: "entry_id account amount_minor",
    },
    "customer": {
        PLAIN: "id locale created_at",
        PERSONAL: "email phone name",
    },
    # name is the shop's order number; country and region are the destination, for routing and reports
    "orders": {
        PLAIN: (
            "id source account external_id name customer_id contact_id state placed_at source_updated_at "
            "captured_at currency total_minor tax_minor shipping_minor discount_minor taxes_included locale "
            "country region shipping_code risk_level risk_recommendation release_at cancelled_at cancel_reason "
            "test fence_token fenced_by version"
        ),
    },
    # title is the product's
    "order_line": {
        PLAIN: (
            "id order_id external_id sku title unit_price_minor discount_minor tax_minor requires_shipping "
            "ordered reserved backordered released shipped delivered cancelled return_requested returned written_off"
        ),
    },
    "order_contact": {
        PLAIN: "id order_id kind version origin verdict created_at",
        PERSONAL: "name company line1 line2 city region postal_code country phone email",
    },
    # released_by is a role or an agent's id
    "hold": {
        PLAIN: "id order_id name owner reason placed_by placed_at due_at released_at released_by",
    },
    "shop_fulfilment": {
        PLAIN: "id order_id external_id status hold_external_id hold_state lines",
    },
    # texts are the merchant's own
    "product": {
        PLAIN: (
            "id system account external_id title handle status category product_type tags description image_url "
            "hazmat gift_card care_text usage_text updated_at"
        ),
    },
    "product_variant": {
        PLAIN: (
            "id product_id system account external_id inventory_external_id sku title options price_minor "
            "currency barcode weight_g requires_shipping origin_country hs_code image_url kit_parts"
        ),
    },
    # a node's own address
    "location": {
        PLAIN: "id name system account node_location country region postal_code time_zone ships_itself",
    },
    "inventory_level": {
        PLAIN: "location_id sku on_hand node_free reserved_ours safety_stock read_at promised_at",
    },
    "reservation": {
        PLAIN: "id order_id order_line_id fulfilment_order_id location_id sku quantity holder created_at",
    },
    "stock_movement": {
        PLAIN: "id location_id sku delta kind ref at",
    },
    "fulfilment_order": {
        PLAIN: (
            "id order_id location_id state request_state release_at priority attempt node_external_id "
            "pick_list_id created_at released_at accepted_at"
        ),
    },
    "fulfilment_order_line": {
        PLAIN: "id fulfilment_order_id order_line_id sku quantity per_unit shipped",
    },
    "pick_list": {
        PLAIN: "id location_id zone priority version state document_id created_at",
    },
    # error and the urls are codes and carriers' addresses
    "shipment": {
        PLAIN: (
            "due_at attempts lease_token lease_until error id order_id fulfilment_order_id external_id state "
            "tracking_number tracking_url carrier service label_document_id quote_external_id label_cost_minor "
            "label_currency tracker_external_id followed_by polling shop_fulfilment_external_id created_at shipped_at "
            "delivered_at estimated_delivery heard_at inspect_at act_at"
        ),
    },
    # reason is a bank's code
    "dispute": {
        PLAIN: (
            "id order_id payment_id system account external_id state is_inquiry amount_minor currency reason "
            "answer_by document_id let_go opened_at ended_at"
        ),
    },
    "shipment_line": {
        PLAIN: "shipment_id order_line_id sku quantity",
    },
    # facts are amounts, names of orders and products, dates; the body is rendered when it is sent
    "message": {
        PLAIN: (
            "id kind subject_id order_id contact_id channel locale facts dedupe_key template_version state reason "
            "created_at sent_at address_key"
        ),
    },
    # address_key is a hash under the shop's secret
    "consent": {
        PLAIN: "id address_key channel given source proof order_id at",
    },
    "channel_state": {
        PLAIN: "address_key channel state reason since",
    },
    # subject is the vendor's id of an order or parcel
    "inbox_event": {
        PLAIN: (
            "due_at attempts lease_token lease_until error id source account topic delivery_id subject "
            "received_at handled_at outcome"
        ),
        SEALED: "body",
    },
    "work": {
        PLAIN: "due_at attempts lease_token lease_until error id stage subject_id priority",
    },
    # request and response name ids and contact versions; error is a code
    "effect": {
        PLAIN: (
            "due_at attempts lease_token lease_until error id key kind target order_id subject_id request state "
            "response external_id created_at done_at"
        ),
    },
    "deadline": {
        PLAIN: "due_at attempts lease_token lease_until error id kind subject_id order_id owner action state outcome",
    },
    # facts and resolution may quote a vendor's error, which connectors have redacted
    "review_case": {
        PLAIN: (
            "id key kind severity order_id subject_id owner due_at state facts choices resolution created_at "
            "resolved_at"
        ),
    },
    # inputs are snapshots that name contact versions
    "decision": {
        PLAIN: "id workflow order_id policy_version inputs_digest inputs candidates choice explanation decided_at",
    },
    # actor is a role or an agent's id; cause is a code
    "audit_event": {
        PLAIN: "id aggregate aggregate_id actor from_state to_state cause flow_run_id at",
    },
    # password_hash is argon2id
    "agent": {
        PLAIN: "id password_hash active created_at",
        PERSONAL: "login name",
    },
    # id is a digest of the token
    "agent_session": {
        PLAIN: "id agent_id created_at expires_at last_seen_at revoked_at",
    },
    # author is an agent's id
    "case_note": {
        PLAIN: "id case_id order_id author created_at",
        SEALED: "text",
    },
    "clock": {
        PLAIN: "id offset_s",
    },
    "claim_counter": {
        PLAIN: "id value",
    },
    # detail may quote a vendor's error, redacted
    "heartbeat": {
        PLAIN: "name at detail",
    },
    # key is a hash under our own secret: without it nobody finds out whose
    "throttle": {
        PLAIN: "key window_start count",
    },
    "sync_cursor": {
        PLAIN: "id since",
    },
    # a vendor's ids, of customers too: without the vendor they name nobody
    "external_ref": {
        PLAIN: "system account kind external_id our_id",
    },
    "document": {
        PLAIN: "id kind content_type order_id subject_id created_at purge_at",
        SEALED: "content",
    },
    # actions name a contact version, quote and plan ids and amounts; a payment page's address is no person's
    "edit_request": {
        PLAIN: (
            "id order_id origin actor inbox_id state base_version agreed_minor quote plan reasons approved_by "
            "payment_target payment_external_id payment_ref payment_url paid_minor paid_at ticket_external_id "
            "expires_at run_missing touches received_at created_at ended_at "
            "due_at attempts lease_token lease_until error"
        ),
    },
    # author is an agent's id; what was asked and answered are free words
    "edit_question": {
        PLAIN: "id request_id order_id case_id author asked_at answered_at",
        SEALED: "question answer",
    },
    "edit_action": {
        PLAIN: "id request_id kind line_id sku quantity contact_version shipping_code",
    },
    # photos are ids of documents; what a customer writes is a document too
    "return_request": {
        PLAIN: (
            "id rma customer_id order_id origin actor inbox_id state location_id keep instant reasons plan "
            "policy_version approved_by reminders expires_at run_missing touches received_at created_at ended_at "
            "due_at attempts lease_token lease_until error"
        ),
    },
    "return_line": {
        PLAIN: (
            "id request_id order_id order_line_id sku kind reason condition resolution wanted_sku photos state "
            "decision_id asked waiting returned written_off gross_minor fee_minor"
        ),
    },
    "exchange": {
        PLAIN: (
            "id request_id order_id state reason lines currency to_pay_minor to_refund_minor reserved_until "
            "shop_return_external_id payment_target payment_external_id payment_ref payment_url paid_minor paid_at "
            "created_at ended_at"
        ),
    },
    "return_unit": {
        PLAIN: (
            "id request_id line_id sku reception location_id grade disposition movement_id refunded photos "
            "received_at inspected_at"
        ),
    },
    "return_parcel": {
        PLAIN: (
            "id request_id order_id location_id state tracking_number tracking_url carrier service "
            "label_document_id quote_external_id label_cost_minor label_currency tracker_external_id followed_by "
            "polling created_at scanned_at delivered_at due_at attempts lease_token lease_until error"
        ),
    },
    "refund": {
        PLAIN: (
            "id order_id payment_id subject_id amount_minor currency reason state tries external_id created_at done_at"
        ),
    },
    **{table: {PLAIN: columns} for table, columns in OFFER_TABLES.items()},
    "interaction": {
        PLAIN: "id customer_id order_id kind subject_id outcome channel actor at",
    },
    **{table: {PLAIN: names} for table, names in PLAIN_COLUMNS.items()},
}


def columns_of(*classes: Privacy) -> set[tuple[str, str]]:
    """(table, column) of these classes."""
    return {
        (table, column)
        for table, by_class in COLUMNS.items()
        for privacy, names in by_class.items()
        for column in names.split()
        if privacy in classes
    }


def personal_columns() -> set[tuple[str, str]]:
    """Where a person's name, address or contact may stand, sealed stores included; nowhere else."""
    return columns_of(PERSONAL, SEALED)
