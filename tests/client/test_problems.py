"""From a problem back to the error it was."""

from __future__ import annotations

import httpx
import pytest

from raro.client.problems import error_from
from raro.errors import BadAnswer, Conflict, RaroError


def every_error(cls: type[RaroError] = RaroError) -> list[type[RaroError]]:
    return [cls, *(leaf for sub in cls.__subclasses__() for leaf in every_error(sub))]


@pytest.mark.parametrize("cls", every_error(), ids=lambda cls: cls.code)
def test_every_code_comes_back_as_its_own_class(cls: type[RaroError]) -> None:
    problem = {"code": cls.code, "status": cls.status, "detail": "because", "filename": "a.csv"}
    error = error_from(httpx.Response(cls.status, json=problem))
    assert (type(error), error.message, error.detail) == (cls, "because", {"filename": "a.csv"})


def test_a_code_of_a_newer_server_falls_back_to_the_status() -> None:
    assert type(error_from(httpx.Response(409, json={"code": "brand_new", "detail": "no"}))) is Conflict


def test_an_error_page_of_something_else_is_a_bad_answer() -> None:
    assert type(error_from(httpx.Response(500, text="<html>oops</html>"))) is BadAnswer
