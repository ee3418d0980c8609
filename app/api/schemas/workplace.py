from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from app.api.schemas.base import OF_AN_ID, SOMETIMES, Flag, PageArgs
from app.domain.event_log import EventKind
from app.domain.periods import Grain
from app.models.accounts import PHONE
from app.models.workplace import CHANNELS, VIEWED
from app.services.workplace.dashboards import COLUMNS, KINDS, MOST_ROWS, MOST_WIDGETS
from app.services.workplace.web_vitals import GOOD_AND_POOR

_NAME = validate.Length(min=1, max=100)
_VERSION = {"description": "The one that was seen: a change to another one is refused."}


class WidgetOptionsSchema(Schema):
    """What a widget shows, where that can be chosen."""

    title = fields.String(validate=validate.Length(max=100), metadata=SOMETIMES)
    days = fields.Integer(strict=True, validate=validate.Range(min=1, max=731), metadata=SOMETIMES)
    grain = fields.String(validate=validate.OneOf([grain.value for grain in Grain]), metadata=SOMETIMES)
    connection_id = fields.Integer(strict=True, validate=OF_AN_ID, metadata=SOMETIMES)
    location_id = fields.Integer(strict=True, validate=OF_AN_ID, metadata=SOMETIMES)
    currency = fields.String(validate=validate.Length(equal=3), metadata=SOMETIMES)


class WidgetSchema(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    x = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=COLUMNS - 1))
    y = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=MOST_ROWS - 1))
    width = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=COLUMNS))
    height = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=20))
    options = fields.Nested(WidgetOptionsSchema, load_default=dict)


def _widgets(**options: Any) -> fields.Field[Any]:
    return fields.List(fields.Nested(WidgetSchema), validate=validate.Length(max=MOST_WIDGETS), **options)


class DashboardSchema(Schema):
    id = fields.Integer()
    name = fields.String()
    widgets = fields.List(fields.Nested(WidgetSchema))
    version = fields.Integer()
    created_at = fields.DateTime()


class DefaultDashboardSchema(Schema):
    widgets = fields.List(fields.Nested(WidgetSchema))


class NewDashboardSchema(Schema):
    name = fields.String(required=True, validate=_NAME)
    widgets = _widgets(load_default=None, metadata={"description": "The default ones if left out."})


class VersionSchema(Schema):
    version = fields.Integer(required=True, strict=True, metadata=_VERSION)


class ChangeDashboardSchema(VersionSchema):
    name = fields.String(required=True, validate=_NAME)
    widgets = _widgets(required=True)


def _plain(value: object) -> None:
    """A filter is a value, or a list of some."""
    values = value if isinstance(value, list) else [value]
    if len(values) > 100:
        raise ValidationError("Longer than maximum length 100.")
    for one in values:
        if not (one is None or isinstance(one, str | bool | int)):
            raise ValidationError("Not a text, a whole number, true, false or null, nor a list of them.")


class SavedViewArgs(PageArgs):
    resource = fields.String(
        load_default=None, validate=validate.OneOf(VIEWED), metadata={"description": "Of this list only."}
    )


class ViewContentSchema(Schema):
    name = fields.String(required=True, validate=_NAME)
    filters = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=50)),
        values=fields.Raw(allow_none=True, validate=_plain),
        required=True,
        metadata={"description": "Names of the list's parameters, with a value or a list of values each."},
    )
    sort = fields.String(load_default="", validate=validate.Length(max=100))
    shared = Flag(load_default=False, metadata={"description": "All members see it."})


class NewViewSchema(ViewContentSchema):
    resource = fields.String(required=True, validate=validate.OneOf(VIEWED))


class ChangeViewSchema(ViewContentSchema, VersionSchema):
    pass


class SavedViewSchema(Schema):
    id = fields.Integer()
    resource = fields.String(validate=validate.OneOf(VIEWED))
    name = fields.String()
    filters = fields.Dict()
    sort = fields.String()
    shared = fields.Boolean()
    mine = fields.Boolean(metadata={"description": "One's own: only those can be changed."})
    version = fields.Integer()
    created_at = fields.DateTime()


class PreferenceSchema(Schema):
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in EventKind]))
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    wanted = Flag(required=True)


def _e164(number: str) -> None:
    if re.fullmatch(PHONE, number) is None:
        raise ValidationError("It has to be as +4915112345678 (E.164).")


class PreferencesSchema(Schema):
    items = fields.List(
        fields.Nested(PreferenceSchema),
        load_default=list,
        validate=validate.Length(max=len(EventKind) * len(CHANNELS)),
    )
    phone = fields.String(
        allow_none=True,
        validate=_e164,
        metadata={
            "pattern": f"^{PHONE}$",
            "description": "By which one is told over `sms`, in E.164: +4915112345678. Null for none.",
        },
    )


class VitalSchema(Schema):
    metric = fields.String(required=True, validate=validate.OneOf(list(GOOD_AND_POOR)))
    value = fields.Float(required=True, validate=validate.Range(min=0, max=600_000))


class WebVitalsSchema(Schema):
    route = fields.String(
        required=True,
        validate=validate.Regexp(r"/[A-Za-z0-9/_:.*-]{0,99}\Z"),
        metadata={"description": "The page's pattern, without ids: /orders/:id"},
    )
    items = fields.List(fields.Nested(VitalSchema), required=True, validate=validate.Length(min=1, max=10))
