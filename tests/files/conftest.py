"""A blob store, trees and sessions in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from raro.files.blobs import BlobStore
from raro.files.trees import Trees
from raro.files.workspace import Session, Sessions


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "storage" / "blobs")


@pytest.fixture
def trees(tmp_path: Path, blobs: BlobStore) -> Trees:
    return Trees(tmp_path / "storage", blobs)


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "storage" / "sessions")


@pytest.fixture
def session(sessions: Sessions) -> Session:
    return sessions.create("run-1")
