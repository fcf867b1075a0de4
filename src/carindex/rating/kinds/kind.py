"""What a rule kind has to say of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from carindex.rating import schema
    from carindex.rating.compile import Compiled, Compiler
    from carindex.rating.protocol import Node
import msgspec


class Kind(msgspec.Struct, frozen=True):
    """A rule kind, by the field of a node in which a file writes its rule.

    Attributes
    ----------
    facts
        Names of the facts that the rule of a node reads, full or to be completed by the node's context.
    compile
        Compile the rule of a node to operations.
    maximum
        Greatest score that the rule can give by itself, ``None`` where the file has to state it.
    """

    facts: Callable[[Any, Node], Iterable[str]]
    compile: Callable[[Compiler, Any, Node], Compiled]
    maximum: Callable[[Any, schema.Node], float | None] = lambda rule, spec: None
