"""What is not known of the cars of a table, in a few words a car."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from carindex.messages import Finding, Language, enumerated
from carindex.rating import Plan
from carindex.rating.missing import way
from carindex.vocabulary import GIVEN

Flags = NDArray[np.bool_]

# So many facts of a test are named one by one; of more, how many of how many.
_NAMED = 8
_REMEMBERED = 1 << 16


class Unknown:
    """Says which facts that a protocol asks for are not known of each car of a table.

    A test of which nothing is known is named as a whole (``test/*``); of one of which much is not known stands how much
    (``test (431/512)``), so that a cell stays readable where a protocol asks for thousands of facts.
    """

    def __init__(self, plan: Plan, language: Language) -> None:
        self.plan, self.language = plan, language
        # facts that nobody misses: they count in nothing as yet, or state what a rule works out otherwise
        optional = {f"{GIVEN}{path}" for path, node in plan.nodes.items() if not node.node.spec.open}
        self.missed = np.array([name not in optional for name in plan.facts], bool)
        self.missed[list(plan.idle)] = False
        self.stated = [i for i, name in enumerate(plan.facts) if name.startswith(GIVEN)]
        tests: dict[str, list[int]] = {}
        for i, name in enumerate(plan.facts):
            tests.setdefault(name.partition("/")[0], []).append(i)
        self.tests = list(tests)
        self.order = np.array([i for facts in tests.values() for i in facts], np.intp)
        self.starts = np.cumsum([0, *(len(facts) for facts in tests.values())])
        self._asked = lru_cache(maxsize=4096)(self._asked_beside)
        self._named = lru_cache(maxsize=_REMEMBERED)(self._named_facts)

    def texts(self, missing: Flags) -> tuple[list[str], NDArray[np.intp]]:
        """Say what is not known.

        Parameters
        ----------
        missing
            Which facts are not known, ``(facts, cars)``.

        Returns
        -------
        tuple
            The different texts, and for each car the number of its own; an empty text where nothing is missed.
        """
        patterns, which = _patterns(missing)
        return [self._text(pattern) for pattern in patterns], which

    def _asked_beside(self, stated: tuple[int, ...]) -> tuple[Flags, NDArray[np.intp]]:
        """Return the facts asked for beside scores that are stated, in the order of tests, and their counts."""
        plan = self.plan
        given = {plan.facts[i].removeprefix(GIVEN) for i in stated}
        asked = np.zeros(len(plan.facts), bool)
        for path, node_plan in plan.nodes.items():
            # evidence below a score that is stated is not asked for
            if given.isdisjoint(way(path)) and not node_plan.node.beside:
                asked[list(node_plan.facts)] = True
        mine = (asked & self.missed)[self.order]
        return mine, np.add.reduceat(mine, self.starts[:-1], dtype=np.intp)

    def _text(self, pattern: Flags) -> str:
        asked, totals = self._asked(tuple(i for i in self.stated if not pattern[i]))
        gone = pattern[self.order] & asked
        counts = np.add.reduceat(gone, self.starts[:-1], dtype=np.intp)
        parts: list[str] = []
        for test in np.flatnonzero(counts).tolist():
            name, count, total = self.tests[test], int(counts[test]), int(totals[test])
            part = slice(self.starts[test], self.starts[test + 1])
            if count <= _NAMED or count == total:
                parts += self._named(test, gone[part].tobytes(), asked[part].tobytes())
            else:
                parts.append(f"{name} ({count}/{total})")
        if not parts:
            return ""
        parameters = {"facts": enumerated(parts, self.language)}
        return Finding("dossier.facts_not_known", "note", "", None, parameters).text(self.language)

    def _named_facts(self, test: int, gone: bytes, asked: bytes) -> tuple[str, ...]:
        """Name facts of a test, groups of them as a whole where nothing of a group is known."""
        facts = self.order[self.starts[test] : self.starts[test + 1]]
        names = [self.plan.facts[i] for i in facts]
        lacking, wanted = np.frombuffer(gone, bool), np.frombuffer(asked, bool)
        return tuple(_grouped(names, lacking, wanted, depth=1))


def _grouped(names: list[str], lacking: Flags, wanted: Flags, depth: int) -> Iterator[str]:
    """Name what is lacking; all of several that begin alike, of which nothing is known, as one."""
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        if wanted[i]:
            groups.setdefault("/".join(name.split("/")[:depth]), []).append(i)
    for group, members in groups.items():
        gone = [i for i in members if lacking[i]]
        if len(gone) > 1 and len(gone) == len(members):
            yield f"{group}/*"
        elif len(members) == 1 or all(names[i] == group for i in members):
            yield from (names[i] for i in gone)
        elif gone:
            own = np.array(members)
            yield from _grouped([names[i] for i in members], lacking[own], wanted[own], depth + 1)


def _patterns(missing: Flags) -> tuple[list[Flags], NDArray[np.intp]]:
    """Return the different columns of a truth table and which of them each column is."""
    packed = np.ascontiguousarray(np.packbits(missing, axis=0).T)
    width, whole = packed.shape[1], packed.tobytes()
    first: dict[bytes, int] = {}
    which = np.empty(len(packed), np.intp)
    columns: list[Flags] = []
    for car in range(len(packed)):
        own = whole[car * width : (car + 1) * width]
        number = first.setdefault(own, len(columns))
        if number == len(columns):
            columns.append(np.ascontiguousarray(missing[:, car]))
        which[car] = number
    return columns, which
