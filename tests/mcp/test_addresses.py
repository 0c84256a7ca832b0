"""raro:// addresses: everything that has a name has one, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.errors import BadName
from raro.mcp.addresses import Address, ArtifactAddress, LibraryAddress, OutputAddress, parse

segments = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..")
)
paths = st.lists(segments, min_size=1, max_size=4).map("/".join)
addresses: st.SearchStrategy[Address] = st.one_of(
    st.builds(LibraryAddress, segments),
    st.builds(ArtifactAddress, segments, paths),
    st.builds(OutputAddress, segments, segments),
)


@given(addresses)
def test_what_is_written_is_read_back(address: Address) -> None:
    assert parse(str(address)) == address
    assert str(address).isascii()


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "raro://",
        "raro:///library/x",
        "raro://library",
        "raro://library/",
        "raro://library/../health",
        "raro://library/%2e%2e",
        "raro://library/%2E%2E%2F%2E%2E%2Fhealth",
        "raro://library/a/b",
        "raro://library/a?version=1",
        "raro://library/a#b",
        "raro://library/%ff",
        "raro://artifacts/run_1",
        "raro://artifacts/run_1/",
        "raro://artifacts//etc/passwd",
        "raro://artifacts/run_1//etc/passwd",
        "raro://artifacts/run_1/../run_2/secret",
        "raro://artifacts/run_1/a/%2e%2e/%2e%2e/b",
        "raro://artifacts/run_1%2F..%2Frun_2/a",
        "raro://artifacts/run_1%2Ffiles/a",
        "raro://outputs/run_1",
        "raro://outputs/run_1/a/b",
        "raro://elsewhere/x",
        "RARO://library/a",
        "file:///etc/passwd",
        "http://127.0.0.1/runtime/library",
        "raro://library/" + "a" * 20_000,
    ],
)
def test_what_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(BadName):
        parse(uri)


@given(st.text(max_size=100))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for uri in (text, f"raro://{text}", f"raro://artifacts/{text}"):
        try:
            address = parse(uri)
        except BadName:
            continue
        assert ".." not in [part for value in vars_of(address) for part in value.split("/")]


def vars_of(address: Address) -> list[str]:
    return [str(getattr(address, name)) for name in address.__slots__]
