from __future__ import annotations

from marshmallow import Schema, fields


class SampleDataSchema(Schema):
    account_id = fields.Integer(
        metadata={"description": "The sample's: `POST /auth/switch-account` with it, and look around."}
    )
    account_name = fields.String()
    own_account_id = fields.Integer(metadata={"description": "The account to switch back to."})
    created_at = fields.DateTime()
    expires_at = fields.DateTime(metadata={"description": "When it goes by itself."})
