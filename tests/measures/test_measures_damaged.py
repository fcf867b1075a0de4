"""Recordings with something wrong: what is refused, what stands in, and that everything else is still computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_recordings import changed, channel, recoded, recording, scaled

from carindex.criteria import filters
from carindex.measures import Measurements, Overrides, measure, setup_from
from carindex.messages import LANGUAGES, Finding
from carindex.recordings import Channel, Recording

HEAD_CRITERIA = {"hic15", "hic36", "head_a3ms", "head_peak"}


def of(results: Measurements, occupant: str | None) -> dict[str, float]:
    return {m.criterion: m.value for m in results.values if m.occupant == occupant}


def only(results: Measurements, code: str) -> list[Finding]:
    return [finding for finding in results.findings if finding.code == code]


def removed(_: Channel) -> None:
    return None


# For property tests, whose arguments are printed when they fail: a recording does not belong there.
READ: list[tuple[Recording, Measurements]] = []


@pytest.fixture(scope="module", autouse=True)
def sound(camry: Recording) -> Measurements:
    results = measure(camry)
    READ.append((camry, results))
    return results


def test_an_axis_without_replacement_leaves_out_what_needs_it(camry: Recording, sound: Measurements) -> None:
    damaged = changed(changed(camry, "11HEAD0000H3ACY", removed), "11HEAD00RDH3ACY", removed)
    results = measure(damaged)
    assert not HEAD_CRITERIA & set(of(results, "driver"))
    kept = {k: v for k, v in of(sound, "driver").items() if k not in HEAD_CRITERIA}
    assert of(results, "driver") == kept
    assert of(results, "front_passenger") == of(sound, "front_passenger")
    (note,) = only(results, "measures.channel_missing")
    assert note.severity == "note"
    assert "11HEAD0000??ACY" in note.text()
    assert "hic15" in note.text()


def test_nothing_is_said_of_criteria_without_any_channel(camry: Recording) -> None:
    damaged = changed(changed(camry, "11HEAD", removed), "11FEMR", removed)
    results = measure(damaged)
    assert not {"hic15", "femur_left"} & set(of(results, "driver"))
    assert not only(results, "measures.channel_missing")


def test_only_the_redundant_sensor_is_used_with_a_warning(camry: Recording) -> None:
    damaged = changed(camry, "13HEAD0000HFAC", removed)
    results = measure(damaged)
    hic = results.get("front_passenger", "hic15")
    # The redundant triad of this test gives 332 against 335.
    assert round(hic.value) == 332
    assert all("RD" in code for code in hic.channels)
    assert "measures.redundant_only" in hic.findings
    assert len(only(results, "measures.redundant_only")) == 3


def test_a_refused_channel_is_replaced_by_the_redundant_one_with_a_warning(camry: Recording) -> None:
    error = Finding("recordings.held", "error", "here", "11HEAD0000H3ACX0", {})
    results = measure(camry, findings=[error])
    hic = results.get("driver", "hic15")
    assert hic.channels[0] == "11HEAD00RDH3ACX0"
    assert "measures.stands_in" in hic.findings
    (finding,) = only(results, "measures.stands_in")
    assert finding.severity == "warning"
    assert "11HEAD0000H3ACX0" in finding.text()


def test_a_refused_channel_without_replacement_refuses_its_criteria(
    camry: Recording, sound: Measurements
) -> None:
    error = Finding("recordings.held", "error", "here", "11NECKUP00H3MOY0", {})
    results = measure(camry, findings=[error])
    lost = {"nij", "nij_te", "nij_tf", "nij_ce", "nij_cf", "neck_extension", "neck_flexion"}
    assert not lost & set(of(results, "driver"))
    assert of(results, "driver") == {k: v for k, v in of(sound, "driver").items() if k not in lost}
    refused = only(results, "measures.refused")
    assert {f.channel for f in refused} == {"11NECKUP00H3MOY0"}
    assert all(f.severity == "error" for f in refused)
    assert lost == {name for f in refused for name in str(f.parameters["criteria"]).split(", ")}


def test_warnings_about_a_channel_travel_with_its_criteria(camry: Recording) -> None:
    warning = Finding("recordings.polarity", "warning", "here", "11FEMRLE00H3FOZ0", {})
    results = measure(camry, findings=[warning])
    assert results.get("driver", "femur_left").findings == ("recordings.polarity",)
    assert results.get("driver", "femur_right").findings == ()
    assert results.findings == ()


def test_labelled_in_the_wrong_unit(camry: Recording, sound: Measurements) -> None:
    """Head acceleration in m/s² labelled g: a HIC of ten thousands must not come out."""
    damaged = changed(camry, "HEAD", lambda c: scaled(9.80665)(c) if c.code.dimension == "AC" else c)
    damaged = changed(damaged, "13CHST0003", scaled(1e6 / 1e3))
    results = measure(damaged)
    assert not HEAD_CRITERIA & set(of(results, "driver"))
    assert not HEAD_CRITERIA & set(of(results, "front_passenger"))
    assert not {"chest_deflection", "chest_vc"} & set(of(results, "front_passenger"))
    assert of(results, "driver")["femur_left"] == of(sound, "driver")["femur_left"]
    told = " ".join(f.text() for f in only(results, "measures.refused"))
    assert "hic15" in told
    assert "13CHST0003HFDSX0" in told


def test_unknown_dummy_keeps_what_needs_no_constants(camry: Recording, sound: Measurements) -> None:
    damaged = replace(changed(camry, "H3", recoded("H3", "00")), occupants={})
    results = measure(damaged)
    have = of(results, "driver")
    needing = {"nij", "nij_te", "nij_tf", "nij_ce", "nij_cf", "neck_extension", "neck_flexion", "chest_vc",
               "tibia_index_upper_left", "tibia_index_upper_right", "tibia_index_lower_left",
               "tibia_index_lower_right", "tibia_index_left", "tibia_index_right"}  # fmt: skip
    assert have == {k: v for k, v in of(sound, "driver").items() if k not in needing}
    assert {m.dummy for m in results.values if m.occupant == "driver"} == {None}
    (finding,) = only(results, "measures.dummy_unknown")
    assert finding.severity == "error"
    assert set(str(finding.parameters["criteria"]).split(", ")) == needing
    assert "[occupants.driver] dummy" in finding.text()
    assert "驾驶员" in finding.text("zh")
    stated = setup_from(damaged, Overrides(occupants={"driver": (None, "h3_50m")}))
    assert of(measure(damaged, stated), "driver") == of(sound, "driver")


def test_another_dummy_has_other_constants(camry: Recording, sound: Measurements) -> None:
    as_female = measure(changed(camry, "11", lambda c: recoded("H3", "HF")(c)))
    assert of(as_female, "driver")["hic15"] == of(sound, "driver")["hic15"]
    # Tension-flexion: 4287 N and 155 N·m instead of 6806 N and 310 N·m.
    assert of(as_female, "driver")["nij_tf"] > 1.5 * of(sound, "driver")["nij_tf"]


def test_known_dummy_without_constants(camry: Recording) -> None:
    results = measure(changed(camry, "11", lambda c: recoded("H3", "Y6")(c)))
    assert "nij" not in of(results, "driver")
    assert any("nij" in f.consequence() for f in only(results, "measures.no_constants"))
    assert all(f.severity == "note" for f in only(results, "measures.no_constants"))


def filtered_as(letter: str, cfc: float) -> Callable[[Channel], Channel]:
    def change(c: Channel) -> Channel:
        values = filters.cfc(c.values, c.step, cfc)
        code = replace(c.code, text=c.code.text[:15] + letter)
        return replace(c, code=code, load=lambda: values)

    return change


def test_a_filtered_channel_is_not_filtered_to_its_class_again(camry: Recording, sound: Measurements) -> None:
    results = measure(changed(camry, "11FEMRLE00", filtered_as("B", 600)))
    femur = results.get("driver", "femur_left")
    assert femur.filter == "CFC600 (already applied)"
    assert femur.value == pytest.approx(of(sound, "driver")["femur_left"], rel=1e-12)


def test_a_channel_below_the_class_is_left_alone(camry: Recording) -> None:
    lower = changed(camry, "11FEMRLE00", filtered_as("C", 180))
    femur = measure(lower).get("driver", "femur_left")
    assert femur.filter == "CFC180 (already applied)"
    assert femur.value == pytest.approx(float(lower.by_code["11FEMRLE00H3FOZC"][0].values.min()))
    assert "recordings.filtered_too_low" in femur.findings


def test_a_channel_above_the_class_is_filtered_down(camry: Recording, sound: Measurements) -> None:
    results = measure(changed(camry, "11CHST0000H3AC", filtered_as("A", 1000)))
    clip = results.get("driver", "chest_a3ms")
    assert clip.filter == "CFC180"
    assert clip.value == pytest.approx(of(sound, "driver")["chest_a3ms"], abs=0.05)


def test_hic_takes_class_1000_where_the_recording_filter_is_not_known(camry: Recording) -> None:
    def bare(c: Channel) -> Channel:
        return replace(c, attributes={k: v for k, v in c.attributes.items() if k != "Cut off frequency"})

    hic = measure(changed(camry, "11HEAD", bare)).get("driver", "hic15")
    assert hic.filter == "CFC1000"
    # Independent computation with CFC 1000: 139.80 in 77.6 to 92.6 ms.
    assert hic.value == pytest.approx(139.80, abs=0.005)
    assert (hic.t1, hic.t2) == pytest.approx((0.0776, 0.0926), abs=1e-9)


def test_the_least_filtered_of_several_records_of_a_sensor_is_used(
    camry: Recording, sound: Measurements
) -> None:
    low = filtered_as("D", 60)(camry.by_code["11FEMRLE00H3FOZ0"][0])
    results = measure(camry.with_channels([low, *camry.channels]))
    assert results.get("driver", "femur_left").value == of(sound, "driver")["femur_left"]


def test_a_record_that_ends_in_gaps_is_read_up_to_them(camry: Recording) -> None:
    def ending(c: Channel) -> Channel:
        values = c.values.copy()
        values[3000:] = np.nan  # from 250 ms on
        return replace(c, load=lambda: values)

    results = measure(changed(camry, "11FEMRLE00", ending))
    assert results.get("driver", "femur_left").value == pytest.approx(-1923.3, abs=0.05)


def test_a_gap_in_the_crash_refuses(camry: Recording) -> None:
    def holed(c: Channel) -> Channel:
        values = c.values.copy()
        values[900:950] = np.nan
        return replace(c, load=lambda: values)

    results = measure(changed(changed(camry, "11FEMRLE00", holed), "11FEMRLERD", removed))
    assert results.get("driver", "femur_left") is None
    assert any("femur_left" in f.text() for f in only(results, "measures.refused"))


def test_axes_with_different_steps_are_not_combined(camry: Recording) -> None:
    damaged = changed(camry, "11NECKUP00H3FOX", lambda c: replace(c, step=5e-5))
    results = measure(damaged, findings=())
    assert results.get("driver", "nij") is None
    assert results.get("driver", "neck_tension") is not None
    assert only(results, "measures.steps_differ")
    assert only(results, "measures.refused")


def test_axes_that_start_at_different_times_share_a_span(camry: Recording, sound: Measurements) -> None:
    def later(c: Channel) -> Channel:
        return replace(c, load=lambda: c.values[100:], start=c.start + 100 * c.step)

    results = measure(changed(camry, "11HEAD0000H3ACX", later), findings=())
    assert of(results, "driver")["hic15"] == pytest.approx(of(sound, "driver")["hic15"], rel=1e-12)
    assert results.get("driver", "hic15").t1 == pytest.approx(0.0777, abs=1e-9)


def test_a_time_shift_moves_the_times_only(camry: Recording, sound: Measurements) -> None:
    shifted = camry.with_channels(replace(c, start=c.start + 0.01) for c in camry)
    results = measure(shifted, findings=())
    assert of(results, "driver")["hic36"] == of(sound, "driver")["hic36"]
    assert results.get("driver", "hic36").t1 == pytest.approx(
        sound.get("driver", "hic36").t1 + 0.01, abs=1e-9
    )


def test_sampled_too_slowly_for_the_class(camry: Recording) -> None:
    def thinned(c: Channel) -> Channel:
        return replace(c, load=lambda: c.values[::2], step=2 * c.step, declared_samples=None)

    results = measure(changed(camry, "11FEMR", thinned))
    femur = results.get("driver", "femur_left")
    assert "too low for CFC600" in femur.filter
    assert "measures.not_filtered" in femur.findings
    assert femur.value == camry.by_code["11FEMRLE00H3FOZ0"][0].values[::2].min()


def test_explicit_times(camry: Recording, sound: Measurements) -> None:
    def explicit(c: Channel) -> Channel:
        time = c.time.copy()
        return replace(c, start=float(time[0]), step=float("nan"), load_time=lambda: time)

    results = measure(changed(camry, "11", explicit))
    assert of(results, "driver")["hic15"] == pytest.approx(of(sound, "driver")["hic15"], rel=1e-9)

    def uneven(c: Channel) -> Channel:
        time = c.time.copy()
        time[500] += 0.4 * c.step
        return replace(c, start=float(time[0]), step=float("nan"), load_time=lambda: time)

    refused = measure(changed(camry, "11FEMRLE00", uneven), findings=())
    assert refused.get("driver", "femur_left") is None
    assert only(refused, "measures.no_time_base")


def test_time_zero_outside_the_record(camry: Recording) -> None:
    late = changed(camry, "10FLOR", lambda c: replace(c, start=0.01))
    results = measure(late, findings=())
    assert results.get(None, "olc") is None
    (first, *_) = only(results, "measures.not_computed")
    assert first.severity == "error"
    assert "time zero" in first.text()


def test_a_pulse_that_ends_too_early_has_no_olc(camry: Recording) -> None:
    short = changed(camry, "10FLOR", lambda c: replace(c, load=lambda: c.values[:800]))
    results = measure(short, findings=())
    assert results.get(None, "olc") is None
    assert any("OLC" in f.text() for f in only(results, "measures.no_value"))


@pytest.mark.parametrize("samples", [0, 1, 4])
def test_too_few_samples(samples: int) -> None:
    whole = recording(channel("11FEMRLE00H3FOZ0", np.full(samples, -500.0)))
    results = measure(whole, findings=())
    assert results.values == ()
    assert only(results, "measures.too_few_samples")
    assert all(f.line("zh") and f.line("en") for f in results.findings)


def test_an_empty_recording() -> None:
    assert measure(recording()).values == ()


def test_findings_of_quality_are_returned_when_they_were_not_given(camry: Recording) -> None:
    damaged = changed(camry, "11HEAD0000H3ACX", scaled(1e6))
    assert any(f.code.startswith("recordings.") and f.severity == "error" for f in measure(damaged).findings)
    assert all(f.code.startswith("measures.") for f in measure(damaged, findings=()).findings)


@settings(max_examples=25, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_channels_does_not_matter(order: Random) -> None:
    camry, sound = READ[0]
    channels = list(camry.channels)
    order.shuffle(channels)
    results = measure(camry.with_channels(channels), findings=())
    assert [(m.occupant, m.criterion, m.value) for m in results.values] == [
        (m.occupant, m.criterion, m.value) for m in sound.values
    ]


@settings(max_examples=30, deadline=None)
@given(gone=st.sets(st.integers(0, 101), max_size=60))
def test_any_channels_may_be_missing(gone: set[int]) -> None:
    """Whatever is left out, no criterion changes unless a redundant or other sensor stands in and says so."""
    camry, sound = READ[0]
    kept = camry.with_channels(c for i, c in enumerate(camry.channels) if i not in gone)
    results = measure(kept, findings=())
    for m in results.values:
        # The force of the tibia is that of the end that is measured, as its method says.
        if not m.findings and m.occupant is not None and not m.criterion.startswith("tibia_force"):
            before = sound.get(m.occupant, m.criterion)
            assert before is not None
            assert m.value == pytest.approx(before.value, rel=1e-12), m.criterion
    for finding in results.findings:
        for language in LANGUAGES:
            assert "{" not in finding.line(language) + finding.consequence(language)
