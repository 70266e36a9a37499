"""Small translations between columns and types that several tables share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.version import Version, VersionRequest


def time_text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)


def time_of(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)


def version_text(version: Version | None) -> str | None:
    return None if version is None else str(version)


def version_of(text: str | None) -> Version | None:
    return None if text is None else version_in(text)


@lru_cache(maxsize=1024)
def version_in(text: str) -> Version:
    return Version.parse(text)


@lru_cache(maxsize=1024)
def request_in(text: str) -> VersionRequest:
    return VersionRequest.parse(text)


def manifest_text(manifest: HandlerManifest | None) -> str | None:
    return None if manifest is None else json.dumps(manifest.to_json())


@lru_cache(maxsize=256)
def manifest_of(text: str | None) -> HandlerManifest | None:
    """Every row of a handler has the same text, and a plan reads a hundred of them."""
    return None if text is None else HandlerManifest.from_json(json.loads(text))


def names_text(names: Sequence[str]) -> str:
    return json.dumps(list(names))


def names_of(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text)) if text != "[]" else ()


def tags_text(tags: Mapping[str, str]) -> str:
    return json.dumps(dict(tags))


def tags_of(text: str) -> dict[str, str]:
    tags: dict[str, str] = json.loads(text) if text != "{}" else {}
    return tags
