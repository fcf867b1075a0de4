"""Read a YAML file of a protocol: a mapping in which no key stands twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from carindex.messages import InputError


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice in a mapping: YAML itself would silently keep the last one."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key, _ in node.value:
        name = (key.tag, getattr(key, "value", None))
        if name in seen and key.tag != "tag:yaml.org,2002:merge":
            raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands twice", key.start_mark)
        if isinstance(key.value, str):
            seen.add(name)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def mapping_of(raw: bytes, place: Path) -> dict[str, Any]:
    """Return what a file says.

    Parameters
    ----------
    raw
        The file's bytes.
    place
        The file, for messages.

    Raises
    ------
    InputError
        When it is not YAML, naming the line, says a key twice, or is no mapping.
    """
    try:
        data = yaml.load(raw, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", error)
        raise InputError(f"{place}{line}", "rating.not_yaml", reason=reason) from None
    if not isinstance(data, dict):
        raise InputError(place, "rating.not_a_mapping")
    return data
