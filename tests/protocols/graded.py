"""Rate cars from facts as a user writes them, and read grades and demerits off."""

from __future__ import annotations

import shutil

from carindex.dossier.facts import Fact, quantity_of, value_from_text
from carindex.dossier.folder import load_dossier
from carindex.examples import camry
from carindex.rating import compile_protocol, load_protocol
from carindex.rating import rate as rate_car


class Programme:
    """A protocol, compiled once."""

    def __init__(self, name):
        self.plan = compile_protocol(load_protocol(name))

    def rate(self, facts):
        """Rate a car of which facts are known: ``{name: value in the vocabulary's unit, or word}``."""
        found = []
        for name, value in facts.items():
            quantity = quantity_of(name)
            found.append(Fact(name, value_from_text(str(value), quantity, "test"), quantity.unit))
        return Rated(rate_car(self.plan, found))


class Rated:
    def __init__(self, rating):
        self.rating = rating
        self.nodes = {node.path: node for node in rating.nodes}

    def grade(self, path=""):
        """A grade, or ``A-M`` where it is open between the two."""
        node = self.nodes[path]
        return node.outcome if node.outcome is not None else f"{node.outcome_upper}-{node.outcome_lower}"

    def demerits(self, path=""):
        """Demerits of a node, ``(least, most)`` where they are open."""
        node = self.nodes[path]
        low, high = node.maximum - node.upper, node.maximum - node.lower
        return low if node.score is not None else (low, high)


def around(limits, step):
    """Values on each limit, which still have the better grade, and just beyond it."""
    for index, limit in enumerate(limits):
        yield limit, index
        yield limit + step, index + 1


def taken_as(test, folder):
    """Return NHTSA test 10146 asked as an engineer would who wants to know how its dummy would be graded.

    The car ran full width into a wall: no rating of an offset test follows from it. The question is put in the open:
    the copy of the dossier says in its own test.toml for which test the recording is to be taken.
    """
    with camry() as example:
        shutil.copytree(example, folder / "car")
    entries = folder / "car" / "tests" / "frontal" / "test.toml"
    said = entries.read_text("utf-8").replace("full_width_rigid_56", test)
    entries.chmod(0o644)
    entries.write_text(
        said.replace("NHTSA test 10146", f"NHTSA test 10146, full width, taken as {test}"), "utf-8"
    )
    return load_dossier(folder / "car")
