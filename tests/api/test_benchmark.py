"""What the benchmark of the API asks is what the API answers."""

from __future__ import annotations

import random
import re

from flask import Flask
from werkzeug.routing import MapAdapter

from app.api.policy import POLICY, Access
from benchmarks.api import BARS
from benchmarks.api_mix import Ids, Question, asked_by_chance, questions

IDS = Ids(variants=[1], orders=[2], listings=[3], connections=[4], location=5)


def mix() -> list[Question]:
    return questions(IDS, random.Random(1))


def test_every_question_is_a_route_that_a_merchant_may_ask(app: Flask) -> None:
    routes: MapAdapter = app.url_map.bind("bench")
    for question in mix():
        endpoint, _ids = routes.match(f"/api/v1{question.path().partition('?')[0]}", method=question.method)
        assert POLICY[endpoint] >= Access.VIEWER, question.name


def test_questions_have_a_name_of_their_own_that_is_no_figures() -> None:
    names = [question.name for question in mix()]
    assert len(names) == len(set(names))
    assert not {f"{name}_p99_ms" for name in names} & BARS.keys()


def test_requests_are_drawn_by_weight_and_say_how_long_they_are() -> None:
    draw = asked_by_chance(mix(), "a token", random.Random(2))
    drawn = [draw() for _ in range(2000)]
    assert {request.name for request in drawn} == {question.name for question in mix()}
    for request in drawn:
        head, _end, body = request.raw.partition(b"\r\n\r\n")
        assert b"\r\nAuthorization: Bearer a token" in head
        told = re.search(rb"\r\nContent-Length: (\d+)", head)
        assert len(body) == (int(told[1]) if told else 0)
