from __future__ import annotations

from marshmallow import Schema, fields, validate


class NewApiKeySchema(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    scopes = fields.List(
        fields.String(validate=validate.Length(max=64)),
        required=True,
        validate=validate.Length(min=1, max=100),
        metadata={"description": "What it may do; `GET /api-keys/scopes` lists what there is."},
    )
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)


class ApiKeySchema(Schema):
    id = fields.Integer()
    name = fields.String()
    prefix = fields.String(metadata={"description": "The beginning of the secret."})
    scopes = fields.List(fields.String())
    created_at = fields.DateTime()
    expires_at = fields.DateTime(allow_none=True)
    last_used_at = fields.DateTime(allow_none=True, metadata={"description": "To the minute."})
    revoked_at = fields.DateTime(allow_none=True)
    user_id = fields.Integer(allow_none=True)
    made_by = fields.String(
        allow_none=True,
        metadata={"description": "Whose rights it has; it ends when they leave the account."},
    )


class ShownApiKeySchema(ApiKeySchema):
    secret = fields.String(metadata={"description": "Shown only now. Send it as `Bearer` token."})


class ScopesSchema(Schema):
    items = fields.List(fields.String())
