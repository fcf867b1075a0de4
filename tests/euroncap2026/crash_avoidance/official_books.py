"""Compares our workbooks with the programme's own tool, run as a program beside; no test imports this.

    python -m tests.euroncap2026.crash_avoidance.official_books OFFICIAL CASES FOLDER

OFFICIAL is the interpreter of an environment with ``euroncap-rating-2026==5.4.9``; CASES holds the ready cars; FOLDER is for files.

1. `blank` against the tool's own template: every value, fill and option, and the order of the sheets.
2. `blank` filled with a car's answers: the tool prepares it.
3. `prepare` of that template, a car's draw kept and its values filled in: the tool's scores are those of the car.
4. `report` of each car against the tool's report, every cell.
5. `prepare` with a draw of our own and values by lot: the tool's scores are those of the slow reference.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openpyxl

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_avoidance import blank, drawn_in, prepare, read, report
from carindex.euroncap.pages import write_book

from .books import Reference, both, filled_in
from .reference import facts_of, score


def official(python: str, folder: Path, *arguments: str) -> str:
    command = [python, "-m", "euroncap_rating_2026", "crash_avoidance", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "rror" in line or "arning" in line]
    return f"exit {done.returncode} {said}"


def options(sheet: object) -> dict[str, list[str]]:
    found = {}
    for validation in sheet.data_validations.dataValidation:  # type: ignore[attr-defined]
        if validation.type == "list":
            words = [word for word in validation.formula1.strip('"').split(",") if word]
            for place in validation.sqref.ranges:
                for row in sheet.iter_rows(place.min_row, place.max_row, place.min_col, place.max_col):  # type: ignore[attr-defined]
                    found |= {cell.coordinate: words for cell in row}
    return found


def compare_blank(python: str, folder: Path) -> None:
    print("template:", official(python, folder, "generate-template"))
    write_book(folder / "blank.xlsx", blank())
    ours, theirs = (openpyxl.load_workbook(folder / name) for name in ("blank.xlsx", "ca_template.xlsx"))
    print("sheets in order:", ours.sheetnames == theirs.sheetnames)
    values = differ = 0
    for _, one, other in both(folder / "blank.xlsx", folder / "ca_template.xlsx"):
        values += other.value is not None
        differ += one.value != other.value
    offered = [(options(ours[name]), options(theirs[name])) for name in ours.sheetnames]
    stray = sum(len(set(b) - set(a)) for a, b in offered)
    lists = sum(sorted(a[place]) != sorted(b.get(place, [])) for a, b in offered for place in a)
    print(
        f"{values} values, {differ} differ; option lists: {lists} differ, {stray} of the tool's on headings"
    )


def main(python: str, cases: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    compare_blank(python, folder)
    for case in sorted(cases.iterdir()):
        work = folder / case.name
        work.mkdir(exist_ok=True)
        book, answers = (
            openpyxl.load_workbook(folder / "blank.xlsx"),
            openpyxl.load_workbook(case / "ca_template.xlsx"),
        )
        for sheet in book:
            for row in answers[sheet.title].iter_rows():
                for cell in row:
                    if cell.value is not None and sheet[cell.coordinate].value is None:
                        sheet[cell.coordinate].value = cell.value
        book.save(work / "template.xlsx")
        print(
            case.name,
            "prepared by the tool:",
            official(python, work, "preprocess", "-i", "template.xlsx", "-o", "."),
        )

        pages, _ = prepare(Book(work / "template.xlsx"), 0, drawn=drawn_in(Book(case / "ca_input.xlsx")))
        write_book(work / "kept.xlsx", pages)
        book, values = (
            openpyxl.load_workbook(work / "kept.xlsx"),
            openpyxl.load_workbook(case / "ca_input.xlsx"),
        )
        for sheet in book:
            for row in values[sheet.title].iter_rows() if sheet.title.endswith("verif.") else ():
                for cell in row:
                    grey = cell.fill.fill_type and str(cell.fill.fgColor.rgb).endswith("D9D9D9")
                    if grey or cell.value in ("Information", "Warning", "Retention"):
                        sheet[cell.coordinate].value = cell.value
        book.save(work / "kept.xlsx")
        said = official(python, work, "compute-score", "-i", "kept.xlsx", "-o", ".")
        (made,) = work.glob("*report*.xlsx")
        scored = [
            place
            for place, one, other in both(made, case / "ca_report.xlsx")
            if ("Scores!" in place or "verif.!" in place) and one.value != other.value
        ]
        print(case.name, "scored by the tool:", said, "differences:", scored)
        made.unlink()

        rows, _ = read(Book(case / "ca_input.xlsx"), calculator=True)
        result = score(facts_of(case / "ca_input.xlsx"), "calculator")
        write_book(work / "report.xlsx", report(Book(case / "ca_input.xlsx"), rows, Reference(result)))
        cells, differ = 0, []
        for place, one, other in both(work / "report.xlsx", case / "ca_report.xlsx"):
            cells += 1
            heading = "000000" in (one.fill, other.fill)
            if one.value != other.value or (one.fill != other.fill and not heading):
                differ.append((place, one.value, other.value))
        print(case.name, f"report: {cells} cells, {len(differ)} differ")
        (work / "report.xlsx").unlink()

        pages, _ = prepare(Book(case / "ca_template.xlsx"), 2026)
        write_book(work / "own.xlsx", pages)
        own = filled_in(work / "own.xlsx", 1)
        said = official(python, work, "compute-score", "-i", own.name, "-o", ".")
        (made,) = work.glob("*report*.xlsx")
        result = score(facts_of(own), "calculator")
        write_book(
            work / "ours.xlsx", report(Book(own), read(Book(own), calculator=True)[0], Reference(result))
        )
        differ = [
            (place, one.value, other.value)
            for place, one, other in both(work / "ours.xlsx", made)
            if one.value != other.value
        ]
        print(case.name, "our own draw scored by the tool:", said, "differences:", differ)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve())
