"""Functions of a package that are imported when they are asked for: reading a workbook does not need what draws one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def on_demand(package: str, **modules: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package (PEP 562) that imports its functions when they are asked for.

    Parameters
    ----------
    package
        The package, its ``__name__``.
    modules
        The module of the package that each function is in, by the function's name; none is called like a module.
    """

    def found(name: str) -> Any:  # noqa: ANN401 - whatever the module holds
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return found
