"""Signing in to the console and out of it."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from admin import guard
from admin.pages import fault_page, page
from app.api.errors import STATUSES, TooManyRequests
from app.api.limits import forgive_staff_sign_ins, limit_staff_sign_in
from app.errors import Conflict
from app.services.one_time_codes import TooManyCodes, WrongCode
from app.services.sign_in import WrongCredentials
from app.services.staff import sessions
from app.services.staff import sign_in as service

LONGEST = 1000


def blueprint() -> Blueprint:
    """The pages of people who are not signed in yet, and the console's style."""
    made = Blueprint(
        "console",
        __name__,
        url_prefix=guard.PATH,
        template_folder="templates",
        static_folder="static",
        static_url_path="/assets",
    )
    made.add_url_rule("/sign-in", view_func=sign_in, methods=["GET", "POST"])
    made.add_url_rule("/sign-in/code", view_func=code, methods=["GET", "POST"])
    made.add_url_rule("/sign-in/enrol", view_func=enrol, methods=["POST"])
    made.add_url_rule("/sign-out", view_func=sign_out, methods=["POST"])
    made.register_error_handler(Exception, fault_page)
    made.register_error_handler(HTTPException, fault_page)
    return made


def sign_in() -> ResponseReturnValue:
    """The address and the password."""
    to = guard.own_page(request.values.get("to"))
    if request.method != "POST":
        return page("sign_in.html", to=to)
    email, password = request.form.get("email", "")[:LONGEST], request.form.get("password", "")[: LONGEST + 1]
    try:
        limit_staff_sign_in(email)
        token = service.enter_password(email, password, address=request.remote_addr or "")
    except (WrongCredentials, TooManyRequests) as err:
        return page("sign_in.html", to=to, email=email, error=str(err)), STATUSES[err.code]
    forgive_staff_sign_ins(email)
    return guard.keep_session(_to(url_for("console.code", to=to)), token)


def code() -> ResponseReturnValue:
    """The one-time code; for those who have none yet, the way to set them up."""
    at, to = guard.at_work(), guard.own_page(request.values.get("to"))
    if at.signed_in:
        return redirect(to or guard.PATH)
    enrolled = service.has_codes(at)
    if request.method != "POST":
        return page("code.html" if enrolled else "enrol.html", to=to)
    try:
        token = service.enter_code(at, request.form.get("code", "")[:LONGEST])
    except (WrongCode, TooManyCodes, Conflict) as err:
        template = "code.html" if enrolled else "enrol.html"
        return page(template, to=to, error=str(err), begun=True), STATUSES[err.code]
    return guard.keep_session(_to(to or guard.PATH), token)


def enrol() -> ResponseReturnValue:
    """The secret for the authenticator app, shown once, and the field for its first code."""
    enrolment = service.enrol(guard.at_work())
    return page("enrol.html", to=guard.own_page(request.form.get("to")), enrolment=enrolment, begun=True)


def sign_out() -> ResponseReturnValue:
    """End the session."""
    sessions.sign_out(guard.at_work())
    return guard.drop_session(_to(url_for(guard.SIGN_IN)))


def _to(address: str) -> Response:
    return redirect(address)  # type: ignore[return-value]  # is a Flask response here
