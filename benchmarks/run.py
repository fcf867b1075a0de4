"""Measure the product: ratios to a peer within one run, and how costs grow. Run by hand: ``make bench``.

Nothing here is a test: machines differ, and the figures that are kept stand in docs/performance.md with the command that
made them. The peer gets an environment of its own in ``benchmarks/.peer``; it is never a dependency of the product.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

# as the command line does: threads for linear algebra cost more than they give
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

HERE = Path(__file__).resolve().parent
PEER = HERE / ".peer"
PEER_PACKAGE = "pyisomme==1.1.0"
OFFICIAL = HERE / ".official"
OFFICIAL_PACKAGE = "euroncap-rating-2026==5.4.9"
CARINDEX = Path(sys.executable).with_name("carindex")
EXAMPLE = (
    HERE.parent / "src" / "carindex" / "examples" / "toyota-camry-2018" / "tests" / "frontal" / "v10146.zip"
)


def seconds(command: list[str]) -> float:
    """Return the wall time of a whole process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def python_with(package: str, folder: Path) -> Path:
    """Return the interpreter of an environment of its own that has a package."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True)
    return python


def peer_python() -> Path:
    return python_with(PEER_PACKAGE, PEER)


def criteria(rounds: int) -> None:
    """Read the 101-channel ISO-MME test and compute every criterion, beside what the peer needs for six of them."""
    from carindex.recordings import read, write_iso_mme

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "v10146"
        recording = read(EXAMPLE, eager=True)
        # the peer cannot read a test in which one channel has no code
        write_iso_mme(recording.with_channels(channel for channel in recording if channel.code), target)
        header = str(next(target.rglob("*.mme")))
        ours = [str(CARINDEX), "criteria", str(target), "--json", str(Path(folder) / "out.json")]
        theirs = [str(peer_python()), str(HERE / "peer_criteria.py"), header]
        pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds + 1)][1:]
    ratios = [peer / own for own, peer in pairs]
    print(f"criteria, whole process, {rounds} rounds")
    print(f"  carindex, all criteria   {statistics.median(own for own, _ in pairs):.3f} s (median)")
    print(f"  peer, six criteria       {statistics.median(peer for _, peer in pairs):.3f} s (median)")
    print(
        f"  ratio                    {min(ratios):.1f} / {statistics.median(ratios):.1f} / {max(ratios):.1f} (min/median/max)"
    )


STEPS = (("cp", "crash_protection"), ("ca", "crash_avoidance"), ("sd", "safe_driving"), ("pc", "post_crash"))


def workbooks(rounds: int, car: Path) -> None:
    """Score five prepared workbooks of one car to five reports, beside the programme's own tool; workbooks to JSON."""
    tool = str(python_with(OFFICIAL_PACKAGE, OFFICIAL).with_name("euroncap_rating_2026"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in car.glob("*_input.xlsx"):
            shutil.copy(file, folder)

        def official() -> float:
            reports = folder / "official"
            shutil.rmtree(reports, ignore_errors=True)
            reports.mkdir()
            taken = [
                seconds(
                    [tool, stage, "compute-score", "-i", f"{folder}/{prefix}_input.xlsx", "-o", str(reports)]
                )
                for prefix, stage in STEPS
            ]
            last = ["-i", f"{folder}/overall_input.xlsx", "-p", str(reports), "-o", str(reports)]
            return sum(taken) + seconds([tool, "overall", "compute-score", *last])

        ours = [str(CARINDEX), "euroncap", "score", name, "-o", f"{name}/ours", "--as", "calculator"]
        rate = [str(CARINDEX), "rate", name, "-p", "euro-ncap-2026", "--json", f"{name}/rating.json"]
        results = {"JSON": [], "reports": [], "official": []}
        for _ in range(rounds + 1):
            for key, command in (("JSON", rate), ("reports", ours)):
                start = time.perf_counter()
                subprocess.run(command, check=False, capture_output=True)  # 1: findings in the workbooks
                results[key].append(time.perf_counter() - start)
            results["official"].append(official())
    ratios = [theirs / own for own, theirs in zip(results["reports"], results["official"], strict=True)][1:]
    print(f"workbooks of one car, whole processes, {rounds} rounds")
    for key, what in (
        ("JSON", "workbooks to JSON"),
        ("reports", "five reports"),
        ("official", "five steps of the tool"),
    ):
        print(f"  {what:24} {statistics.median(results[key][1:]):.3f} s (median)")
    print(
        f"  ratio of the last two    {min(ratios):.1f} / {statistics.median(ratios):.1f} / {max(ratios):.1f} (min/median/max)"
    )


def head_criteria(rounds: int) -> None:
    """HIC15 and HIC36 of one occupant in memory."""
    from carindex.criteria.head import hic
    from carindex.criteria.kinematics import resultant
    from carindex.recordings import read

    recording = read(EXAMPLE, eager=True)
    axes = [recording.select(f"11HEAD0000H3AC{axis}?")[0] for axis in "XYZ"]
    head = resultant(*(axis.values for axis in axes))
    times = []
    for _ in range(rounds * 20):
        start = time.perf_counter()
        hic(head, axes[0].step, 0.015)
        hic(head, axes[0].step, 0.036)
        times.append(time.perf_counter() - start)
    print(f"HIC15 and HIC36 of one occupant: {1e3 * statistics.median(times):.2f} ms together (median)")


def batch(sizes: list[int]) -> None:
    """Rate tables of growing length, CSV to CSV and Parquet to Parquet, in a process of one thread."""
    import numpy as np
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    from carindex.rating import compile_protocol, load_protocol

    plan = compile_protocol(load_protocol("us-ncap-2011"))
    random = np.random.default_rng(1)
    print("batch of US NCAP, whole process (seconds, cars per second, peak memory)")
    for ending in ("csv", "parquet"):
        for size in sizes:
            with tempfile.TemporaryDirectory() as folder:
                source, target = (str(Path(folder) / f"{name}.{ending}") for name in ("in", "out"))
                writer = None
                for start in range(0, size, 200_000):
                    table = _random_cars(plan, random, start, min(size, start + 200_000))
                    if writer is None:
                        make = pacsv.CSVWriter if ending == "csv" else pq.ParquetWriter
                        writer = make(source, table.schema)
                    writer.write(table) if ending == "csv" else writer.write_table(table)
                writer.close()
                command = [
                    str(CARINDEX),
                    "batch",
                    source,
                    "-p",
                    "us-ncap-2011",
                    "-o",
                    target,
                    "--memory",
                    "512M",
                ]
                start = time.perf_counter()
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
                peak = _peak(process)
                taken = time.perf_counter() - start
                print(
                    f"  {ending:8} {size:>10,} cars  {taken:8.2f} s  {size / taken:>10,.0f} cars/s  {peak / 2**20:6.0f} MB"
                )


def euroncap_batch(sizes: list[int], car: Path | None) -> None:
    """Rate cars with all facts of Euro NCAP 2026 in memory, on one core.

    Without a folder of prepared workbooks: random cars, of which a tenth of all cells is tested, or half; with one: the
    cars of all folders beside it, as they are, and with zero wherever a cell is blank.
    """

    from carindex.rating.compiled import compiled
    from carindex.rating.reduced import CARS_AT_ONCE, ReducedPlan

    plan = compiled("euro-ncap-2026")
    reduced = ReducedPlan(plan)
    blocks = _random_block(plan, CARS_AT_ONCE) if car is None else _prepared_block(plan, car, CARS_AT_ONCE)
    print(
        f"Euro NCAP 2026 in memory, {len(plan.facts):,} facts (cars a second, of wall and of processor time)"
    )
    for title, block in blocks.items():
        # the same cars again and again: what is measured is not how fast random numbers are drawn, or pages are made
        reduced.evaluate(block)
        before = 0.0
        for size in sizes:
            wall, own = time.perf_counter(), time.process_time()
            for start in range(0, size, CARS_AT_ONCE):
                reduced.evaluate(block[:, : min(CARS_AT_ONCE, size - start)])
            wall, own = time.perf_counter() - wall, time.process_time() - own
            grown = f"  {own / before:5.2f} times the processor time of the line above" if before else ""
            print(f"  {title:24} {size:>10,} cars  {size / wall:>8,.0f}  {size / own:>8,.0f}{grown}")
            before = own


def _random_block(plan, cars):
    import numpy as np

    random = np.random.default_rng(1)
    blocks = {}
    for title, tested in (("a tenth tested", 0.1), ("half tested", 0.5)):
        block = np.full((len(plan.facts), cars), np.nan)
        for row, (name, quantity, most) in enumerate(
            zip(plan.facts, plan.quantities, plan.most, strict=True)
        ):
            words = len(quantity.categories or ())
            top = most if np.isfinite(most) else 100.0
            if name.endswith("/tested"):
                block[row] = random.random(cars) < tested
            elif not name.startswith("given:"):
                block[row] = random.integers(0, words, cars) if words else random.random(cars).round(2) * top
        blocks[title] = block
    return blocks


def _prepared_block(plan, car, cars):
    import numpy as np

    from carindex.euroncap.evidence import facts_of_folder

    known = []
    for folder in sorted(path for path in car.parent.iterdir() if path.is_dir()):
        facts = {fact.name: fact.value for fact in facts_of_folder(folder, calculator=False).facts}
        known.append([facts.get(name, np.nan) for name in plan.facts])
    block = np.array(known).T[:, np.random.default_rng(1).integers(0, len(known), cars)]
    block = np.ascontiguousarray(block)
    given = np.array([name.startswith("given:") for name in plan.facts])
    return {
        "as prepared": block,
        "blank cells as zero": np.where(np.isnan(block) & ~given[:, None], 0.0, block),
    }


def _random_cars(plan, random, start, stop):
    import pyarrow as pa

    count = stop - start
    columns = {"car": pa.array([f"car {i}" for i in range(start, stop)])}
    for name, quantity in zip(plan.facts, plan.quantities, strict=True):
        if quantity.categories:
            columns[name] = pa.array(random.choice(list(quantity.categories), count, p=[0.98, 0.02]))
        else:
            least, most = quantity.plausible
            values = least + (most - least) * random.beta(1.5, 6, count)
            columns[name] = pa.array(values.round(3))
    return pa.table(columns)


def _peak(process: subprocess.Popen) -> int:
    """Return the largest resident size that a process reaches, in bytes."""
    peak = 0
    while process.poll() is None:
        try:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    peak = max(peak, int(line.split()[1]) * 1024)
        except OSError:
            break
        time.sleep(0.02)
    process.wait()
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", type=int, default=10_000_000, help="longest table")
    parser.add_argument("--million", action="store_true", help="euroncap-batch: up to a million cars")
    parser.add_argument(
        "only",
        nargs="*",
        choices=["criteria", "head", "batch", "workbooks", "euroncap-batch", []],
        help="what to measure; all by default",
    )
    parser.add_argument("--car", type=Path, help="folder of a car's prepared Euro NCAP 2026 workbooks")
    options = parser.parse_args()
    wanted = options.only or ["criteria", "head", "batch", "euroncap-batch"]
    if "head" in wanted:
        head_criteria(options.rounds)
    if "criteria" in wanted:
        criteria(options.rounds)
    if "workbooks" in wanted or (not options.only and options.car is not None):
        if options.car is None:
            parser.error("workbooks: name the folder of a car with --car")
        workbooks(options.rounds, options.car)
    if "batch" in wanted:
        batch([n for n in (10**3, 10**4, 10**5, 10**6, 10**7) if n <= options.largest])
    if "euroncap-batch" in wanted:  # a million cars take minutes
        most = min(options.largest, 10**6 if options.million else 10**5)
        euroncap_batch([n for n in (10**3, 10**4, 10**5, 10**6) if n <= most], options.car)


if __name__ == "__main__":
    main()
