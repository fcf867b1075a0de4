"""Track tests of driver assistance: from named channels of a run to the quantities of crash avoidance.

Which names and units a channel may have and what is computed of which is data (``track.yaml``, to be read with
``docs/measures.md``). The modules find the channels (`channels`), bring them on one clock (`clock`) and run the
steps (`compute`).
"""

from carindex.measures.track.compute import measure_track

__all__ = ["measure_track"]
