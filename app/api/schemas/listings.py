from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs, Said
from app.domain.matching import UnlinkedReason
from app.models.stock import CELL_STATES
from app.services.linking import MOST_AT_ONCE


class ListingFilters(Schema):
    connection_id = fields.Integer(load_default=None)
    variant_id = fields.Integer(load_default=None)
    linked = fields.Boolean(load_default=None)
    reason = fields.String(
        load_default=None,
        validate=validate.OneOf([reason.value for reason in UnlinkedReason]),
        metadata={"description": "Why it is not linked."},
    )
    cell_state = fields.String(load_default=None, validate=validate.OneOf(CELL_STATES))
    price_waits = fields.Boolean(
        load_default=None,
        metadata={"description": "Whether its price was changed or refused at the shop, and waits."},
    )
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "Part of the SKU, the title or the barcode, in any case."},
    )


class ListingSearchArgs(PageArgs, ListingFilters):
    pass


class LinkSchema(Schema):
    variant_id = fields.Integer(required=True, strict=True)


class PairSchema(Schema):
    listing_id = fields.Integer(required=True, strict=True)
    variant_id = fields.Integer(required=True, strict=True)


class LinksSchema(Schema):
    links = fields.List(
        fields.Nested(PairSchema), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE)
    )


class UnlinksSchema(Schema):
    listing_ids = fields.List(
        fields.Integer(strict=True), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE)
    )


class VerdictSchema(Schema):
    listing_id = fields.Integer()
    variant_id = fields.Integer(allow_none=True)
    problem = fields.String(metadata={"description": "Why nothing was done, else empty."})
    problem_said = Said("problem")


class VerdictsSchema(Schema):
    items = fields.List(fields.Nested(VerdictSchema))


class MakeVariantsSchema(Schema):
    listing_ids = fields.List(
        fields.Integer(strict=True), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE)
    )


class MadeVariantSchema(Schema):
    listing_id = fields.Integer()
    variant_id = fields.Integer(allow_none=True)
    problem = fields.String(metadata={"description": "Why there is no variant, else empty."})
    problem_said = Said("problem")


class MadeVariantsSchema(Schema):
    items = fields.List(fields.Nested(MadeVariantSchema))


class SuggestionArgs(PageArgs):
    kept_apart = fields.Boolean(
        load_default=False,
        metadata={"description": "Those that somebody left unlinked, in place of those that wait."},
    )


class CandidateSchema(Schema):
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    likeness = fields.Float(metadata={"description": "From 0 to 1: 1 where nothing tells the titles apart."})
    available = fields.Integer(
        allow_none=True, metadata={"description": "Over all locations; null where it was never counted."}
    )
    listed_here = fields.Boolean(
        metadata={"description": "Another listing of this shop is linked to it already."}
    )


class SuggestionSchema(Schema):
    listing_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    unlinked_reason = fields.String(validate=validate.OneOf([reason.value for reason in UnlinkedReason]))
    candidates = fields.List(
        fields.Nested(CandidateSchema), metadata={"description": "At most three, likest first."}
    )
