"""Slow reference for two bodies on a plane: their corners, and one polygon cut with the edges of another."""

from __future__ import annotations

from math import cos, sin


def corners(b):
    """Front left, rear left, rear right, front right, from the reference point along the body's own axes."""
    found = []
    for ahead, aside in (
        (b.front, b.width / 2),
        (b.front - b.length, b.width / 2),
        (b.front - b.length, -b.width / 2),
        (b.front, -b.width / 2),
    ):
        found.append(
            (
                b.x + ahead * cos(b.heading) - aside * sin(b.heading),
                b.y + ahead * sin(b.heading) + aside * cos(b.heading),
            )
        )
    return found


def clipped(polygon, other):
    """Cut a polygon with every edge of a convex one (counter-clockwise); what is left, as corners."""
    for (ax, ay), (bx, by) in zip(other, other[1:] + other[:1], strict=True):
        kept = []

        def inside(p, ax=ax, ay=ay, bx=bx, by=by):
            return (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax)

        for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            if inside(p) >= 0:
                kept.append(p)
            if inside(p) * inside(q) < 0:
                share = inside(p) / (inside(p) - inside(q))
                kept.append((p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])))
        polygon = kept
        if not polygon:
            return []
    return polygon
