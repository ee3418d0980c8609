from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.services.linking import MOST_AT_ONCE


class LinkSchema(Schema):
    variant_id = fields.Integer(required=True)


class MakeVariantsSchema(Schema):
    listing_ids = fields.List(
        fields.Integer(), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE)
    )


class MadeVariantSchema(Schema):
    listing_id = fields.Integer()
    variant_id = fields.Integer(allow_none=True)
    problem = fields.String(metadata={"description": "Why there is no variant, else empty."})


class MadeVariantsSchema(Schema):
    items = fields.List(fields.Nested(MadeVariantSchema))


class CandidateSchema(Schema):
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    likeness = fields.Float(metadata={"description": "From 0 to 1: 1 where nothing tells the titles apart."})
    listed_here = fields.Boolean(
        metadata={"description": "Another listing of this shop is linked to it already."}
    )


class SuggestionSchema(Schema):
    listing_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    unlinked_reason = fields.String()
    candidates = fields.List(
        fields.Nested(CandidateSchema), metadata={"description": "At most three, likest first."}
    )
