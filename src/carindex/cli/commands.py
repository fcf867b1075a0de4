"""A group of commands, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click


class Commands(click.Group):
    """A group of commands that are imported when they are asked for.

    Attributes
    ----------
    modules
        Name of each command, in the order of the work, to ``module:function``.
    """

    modules: Mapping[str, str]

    @classmethod
    def of(cls, modules: Mapping[str, str]) -> type[Commands]:
        """Return a group whose commands lie in ``modules``, for `click.group`."""
        return type(cls.__name__, (cls,), {"modules": modules})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the work."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in self.modules:
            return None
        module, _, name = self.modules[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command
