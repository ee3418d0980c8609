"""Where the account keeps stock, and which of a shop's locations is which of ours."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import partial

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidInput, NotFound
from app.models import Connection, Location
from app.platforms.base import ExternalLocation
from app.services import cells as cell_store
from app.services import linking, versions
from app.services.audit import audit, audit_subject
from app.services.catalog import Place
from app.services.leases import Lease
from app.services.nudge import Drain, nudge
from app.services.uow import unit_of_work
from app.services.work import Job

CELLS_AT_A_TIME = 1000
LONGEST_NAME = 200
CHANGEABLE = ("name",)
IMPORTABLE = ("importing", "review", "active", "paused")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A location of the shop, and ours that it is. On a platform without locations `external_location_id` is
    "", and may be named with several of ours."""

    external_location_id: str
    location_id: int


def create_location(account_id: int, name: str, *, actor: str) -> int:
    """A new place where stock is kept. Returns its id. Raises InvalidInput, and Conflict for a known name."""
    with unit_of_work() as uow:
        location = Location(account_id=account_id, name=_named(name))
        uow.session.add(location)
        _flush(uow.session)
        audit_subject(
            uow.session, account_id, actor, "location.created", f"location:{location.id}", {"name": name}
        )
        uow.commit()
        return location.id


def rename_location(
    account_id: int, location_id: int, name: str, *, actor: str, seen: Collection[str] | None = None
) -> None:
    """Raises NotFound, InvalidInput, Conflict, Outdated."""
    with unit_of_work() as uow:
        location = uow.session.get(Location, location_id, with_for_update={"key_share": True})
        if location is None or location.account_id != account_id:
            raise NotFound("There is no such location.")
        versions.require(seen, versions.version_of(location, CHANGEABLE))
        location.name = _named(name)
        _flush(uow.session)
        audit_subject(
            uow.session, account_id, actor, "location.renamed", f"location:{location_id}", {"name": name}
        )
        uow.commit()


def map_locations(
    account_id: int,
    connection_id: int,
    mapped: Sequence[Mapped],
    *,
    actor: str,
    seen: Collection[str] | None = None,
) -> None:
    """Say which of the shop's locations are which of ours, in the order in which what happens hits them.

    The shop is read again and goes to review: what the new numbers would change is shown before anything is
    written. Numbers at a location that is not named any more are left alone. Raises NotFound, InvalidInput,
    Outdated, and Conflict for a shop that is not connected. The same again changes nothing.
    """
    with unit_of_work() as uow:
        session = uow.session
        connection = session.get(Connection, connection_id, with_for_update={"key_share": True})
        if connection is None or connection.account_id != account_id:
            raise NotFound("There is no such connection.")
        if connection.state not in IMPORTABLE:
            raise Conflict(f"The locations of a connection that is {connection.state} cannot be changed.")
        params = {"id": connection_id, "account_id": account_id}
        known = session.execute(_KNOWN, params).all()
        _check(
            mapped,
            known={row.external_location_id for row in known},
            own=set(session.execute(_OWN, params).scalars()),
        )
        current = [Mapped(*row) for row in known if row.location_id is not None]
        versions.require(seen, version_of(current))
        if list(mapped) == current:
            return
        _write(session, connection, mapped)
        audit(
            session,
            account_id,
            actor,
            "connection.locations_mapped",
            connection_id,
            {"locations": [asdict(each) for each in mapped]},
        )
        connection.state, connection.state_reason = "importing", ""
        uow.after_commit(partial(nudge, Drain.IMPORT, connection_id))
        uow.commit()


def version_of(mapped: Sequence[Mapped]) -> str:
    """Of what a shop's locations are."""
    return versions.version_of({"mapped": [astuple(each) for each in mapped]}, ("mapped",))


def places_of(job: Job) -> list[Place]:
    """The shop's locations that we work with."""
    with unit_of_work() as uow:
        rows = uow.session.execute(_PLACES, {"id": job.scope.connection_id})
        return [Place(row.external_location_id, row.location_id) for row in rows]


def mapping_of(job: Job) -> int:
    """Which mapping it is: every new one has a higher number."""
    with unit_of_work() as uow:
        number: int = uow.session.execute(_MAPPING, {"id": job.scope.connection_id}).scalar_one()
    return number


def refresh_places(job: Job) -> None:
    """Hear of locations that the shop has new, calls otherwise or has no more. At first its first active one
    is our first."""
    shown = job.shop.channel.locations()
    with unit_of_work() as uow:
        params = {"id": job.scope.connection_id, "account_id": job.scope.account_id}
        _note(uow.session, job.scope.account_id, job.scope.connection_id, shown)
        if uow.session.execute(_MAPPING, params).scalar_one() is None:
            uow.session.execute(_MAIN_LOCATION, params)
            uow.session.execute(_MAP_FIRST, params)
        uow.commit()


def follow_mapping(job: Job, held: Lease) -> None:
    """Take the cells to where their locations are mapped now, and leave those alone whose location is not.

    What a fall of their numbers held is free, or held elsewhere: all numbers of their variants are looked at.
    """
    params = {"id": job.scope.connection_id, "limit": CELLS_AT_A_TIME}
    ids = [0]
    while ids:
        with unit_of_work() as uow:
            concerned = uow.session.execute(_CONCERNED, {**params, "after": ids[-1]}).all()
            ids = [row.id for row in concerned]
            variants = {row.variant_id for row in concerned} - {None}
            locked, at = cell_store.lock_at(uow.session, variant_ids=variants, cell_ids=ids)
            unmapped = {row.id: locked[row.id] for row in concerned if row.location_id is None}
            linking.begin_anew(uow.session, unmapped.values(), at)
            uow.session.execute(_MOVE, {"ids": ids})
            cell_store.want(uow, [cell for cell in locked.values() if cell.id not in unmapped], at)
            uow.commit()
        held.carry_on()


def _named(name: str) -> str:
    stripped = name.strip()
    if not 0 < len(stripped) <= LONGEST_NAME:
        raise InvalidInput(f"A location has a name of at most {LONGEST_NAME} characters.")
    return stripped


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as err:
        raise Conflict("There is a location of that name.") from err


def _check(mapped: Sequence[Mapped], *, known: set[str], own: set[int]) -> None:
    if not mapped:
        raise InvalidInput("At least one location is needed.")
    if any(each.external_location_id not in known for each in mapped):
        raise InvalidInput("The shop has no such location.")
    if any(each.location_id not in own for each in mapped):
        raise NotFound("There is no such location.")
    if len({each.location_id for each in mapped}) < len(mapped):
        raise InvalidInput("Each of our locations can stand for one of the shop's only.")
    named = [each.external_location_id for each in mapped if each.external_location_id]
    if len(set(named)) < len(named):
        raise InvalidInput("Each of the shop's locations can be one of ours only.")


def _write(session: Session, connection: Connection, mapped: Sequence[Mapped]) -> None:
    rows = [{**asdict(each), "priority": position} for position, each in enumerate(mapped)]
    params = {"id": connection.id, "account_id": connection.account_id, "rows": json.dumps(rows)}
    shown = [row._asdict() for row in session.execute(_FORGET, params)]
    session.execute(_MAP, {**params, "shown": json.dumps(shown)})


def _note(session: Session, account_id: int, connection_id: int, shown: Sequence[ExternalLocation]) -> None:
    rows = [
        {"id": each.external_id, "name": each.name, "active": each.active, "position": position}
        for position, each in enumerate(shown or [ExternalLocation("", "")])
    ]
    params = {"account_id": account_id, "id": connection_id, "rows": json.dumps(rows)}
    session.execute(_NOTE_KNOWN, params)
    session.execute(_NOTE_NEW, params)


_KNOWN = text(
    """
    SELECT external_location_id, location_id FROM connection_locations
    WHERE connection_id = :id ORDER BY priority, id
    """
)
_OWN = text("SELECT id FROM locations WHERE account_id = :account_id")
_PLACES = text(
    """
    SELECT external_location_id, location_id FROM (
        SELECT DISTINCT ON (external_location_id) external_location_id, location_id, priority, id
        FROM connection_locations WHERE connection_id = :id AND location_id IS NOT NULL
        ORDER BY external_location_id, priority, id
    ) firsts ORDER BY priority, id
    """
)
_MAPPING = text(
    "SELECT max(id) FROM connection_locations WHERE connection_id = :id AND location_id IS NOT NULL"
)
_MAIN_LOCATION = text(
    """
    INSERT INTO locations (account_id, name) VALUES (:account_id, 'Main')
    ON CONFLICT (account_id, name) DO NOTHING
    """
)
_MAP_FIRST = text(
    """
    UPDATE connection_locations SET location_id = (
        SELECT id FROM locations WHERE account_id = :account_id ORDER BY id LIMIT 1
    )
    WHERE id = (
        SELECT id FROM connection_locations WHERE connection_id = :id ORDER BY active DESC, id LIMIT 1
    ) AND NOT EXISTS (
        SELECT 1 FROM connection_locations WHERE connection_id = :id AND location_id IS NOT NULL
    )
    """
)
_NOTE_KNOWN = text(
    """
    UPDATE connection_locations l SET name = coalesce(r.name, l.name), active = coalesce(r.active, false)
    FROM connection_locations o LEFT JOIN jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (id text, name text, active boolean) ON r.id = o.external_location_id
    WHERE o.connection_id = :id AND l.id = o.id
    """
)
_NOTE_NEW = text(
    """
    INSERT INTO connection_locations (account_id, connection_id, external_location_id, name, active, priority)
    SELECT :account_id, :id, r.id, r.name, r.active, 0
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id text, name text, active boolean, position int)
    WHERE NOT EXISTS (
        SELECT 1 FROM connection_locations o
        WHERE o.connection_id = :id AND o.external_location_id = r.id
    )
    ORDER BY r.position
    ON CONFLICT DO NOTHING
    """
)
_FORGET = text(
    """
    DELETE FROM connection_locations WHERE connection_id = :id
    RETURNING external_location_id AS id, name, active
    """
)
_MAP = text(
    """
    WITH shown AS (
        SELECT DISTINCT ON (s.id) s.* FROM jsonb_to_recordset(CAST(:shown AS jsonb))
            AS s (id text, name text, active boolean)
    )
    INSERT INTO connection_locations (account_id, connection_id, external_location_id, name, active,
        location_id, priority)
    SELECT :account_id, :id, s.id, s.name, s.active, r.location_id, coalesce(r.priority, 0)
    FROM shown s LEFT JOIN jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (external_location_id text, location_id bigint, priority int) ON r.external_location_id = s.id
    ORDER BY r.priority, s.id
    """
)
_FIRST = """
    LEFT JOIN LATERAL (
        SELECT m.location_id FROM connection_locations m
        WHERE m.connection_id = c.connection_id AND m.external_location_id = c.external_location_id
            AND m.location_id IS NOT NULL
        ORDER BY m.priority, m.id LIMIT 1
    ) p ON true
"""
_CONCERNED = text(
    f"""
    SELECT c.id, c.variant_id, p.location_id FROM stock_cells c {_FIRST}
    WHERE c.connection_id = :id AND c.id > :after
        AND (p.location_id <> c.location_id OR p.location_id IS NULL AND c.account IS NOT NULL)
    ORDER BY c.id LIMIT :limit
    """  # noqa: S608  (a constant)
)
# Its number opened the level of another place: what the shop took before is on that shelf, not on this one.
_MOVE = text(
    f"""
    UPDATE stock_cells s SET location_id = p.location_id, opened_level = false
    FROM stock_cells c {_FIRST}
    WHERE c.id = ANY(CAST(:ids AS bigint[])) AND s.id = c.id AND p.location_id <> c.location_id
    """  # noqa: S608  (a constant)
)
