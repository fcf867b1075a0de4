"""The Crash Avoidance workbook: the blank template, prepared for testing, read to facts, and filled in as a report.

A report asks for the scores of these nodes: stage subelements (``crash_avoidance/frontal_collisions/car_ptw``),
categories below them (``…/longitudinal``), layers of scenarios (``…/longitudinal/ccrs/standard``), and the scenarios
without matrices themselves (``…/driver_acceptance/driveability``, ``…/driver_acceptance/driver_state_link``). It asks
for one named value of every tested cell, its colour as an index into green yellow orange brown red grey:
``<matrix>/<row>-<column>#colour``, such as ``ccrs/50_km_h-0_km_h-0.5#colour`` or ``cbda/0.50_m-10_km_h#colour``.

What is read are these facts; what the workbook leaves empty is not among them:

=============================================================  ====================================================
``<scenario>/prediction_standard``, ``/prediction_extended``   VTA, Self claimed, N/A
``elk_re/extended_range_performance``                          ELK, LDW, N/A
``driveability/heading_correction``                            Steering input, Differential braking
``cbda/vehicle_response``                                      Information, Warning, Retention, N/A
``<scenario>/<layer>/claimed``                                 YES, NO
``<matrix>/<cell>/prediction``                                 green, yellow, orange, brown, red, grey
``<matrix>/<row>/function``                                    AEB, FCW: rows of CPLA and CBLA that are declared
``<matrix>/<row>/taken_out``                                   yes: the row is not there, it repeated another one
``<matrix>/<cell>/tested``                                     yes: the cell has a verification row
``<matrix>/tested``                                            yes: all of the matrix is written down (not in
                                                               calculator mode, nor where a cell was not understood)
``<matrix>/<cell>/<quantity>``                                 the measured value
``<matrix>/<cell>/robustness``                                 PASS, FAIL, NOT APPLICABLE
``<matrix>/robustness_layer``, ``/verification_condition``     words; ``<matrix>/<cell>/…`` where rows differ
``cbda/<cell>/system``, ``cbda/<cell>/door``                   words
``<element>_<subelement>/general_requirements``                PASS, FAIL
``driveability/check``, ``driver_state_link/check``            PASS, FAIL
=============================================================  ====================================================
"""

from typing import TYPE_CHECKING

from carindex.euroncap.on_demand import on_demand

if TYPE_CHECKING:
    from carindex.euroncap.crash_avoidance.blanks import blank
    from carindex.euroncap.crash_avoidance.drawn import drawn_in
    from carindex.euroncap.crash_avoidance.preparing import prepare
    from carindex.euroncap.crash_avoidance.reading import read
    from carindex.euroncap.crash_avoidance.reporting import report

__all__ = ["blank", "drawn_in", "prepare", "read", "report"]
__getattr__ = on_demand(
    __name__, blank="blanks", drawn_in="drawn", prepare="preparing", read="reading", report="reporting"
)
