"""The command line: one thin command a job. Heavy imports wait until the command that needs them runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carindex.messages import Finding, InputError, Language, language_from, phrase, worst_severity

if TYPE_CHECKING:
    from carindex.dossier.folder import Dossier
    from carindex.rating import Plan, Protocol, Rating
    from carindex.recordings import Recording

app = typer.Typer(
    name="carindex",
    help="The open engine of an automotive index: evidence in, rating out, every point explained.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
protocols_app = typer.Typer(help="The rules of each programme.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(protocols_app, name="protocols")

_DONE, _DONE_WITH_ERRORS, _UNUSABLE = 0, 1, 2


Lang = Annotated[
    str | None, typer.Option("--lang", help="Language of texts: en or zh; the environment's by default.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write JSON to this file ('-' for standard output).")
]
ProtocolName = Annotated[
    str, typer.Option("--protocol", "-p", help="Protocol, see `carindex protocols list`.")
]
ProtocolNames = Annotated[
    list[str], typer.Option("--protocol", "-p", help="Protocol; may be given several times.")
]
Evidence = Annotated[Path, typer.Argument(help="Dossier folder or facts file (CSV, JSON, Parquet).")]
Car = Annotated[str | None, typer.Option("--car", help="Which car, where a facts file has several.")]


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="Recording (file, folder, archive) or dossier.")],
    json_file: JsonFile = None,
    lang: Lang = None,
) -> None:
    """Show what a recording or dossier holds, and every data-quality finding."""
    from carindex.report.terminal import show_findings, show_recording

    language = _language(lang)
    findings: list[Finding] = []
    entries: list[dict[str, Any]] = []
    for recording, found in _inspected(path):
        findings.extend(found)
        if recording is None:
            continue
        entries.append(_recording_json(recording))
        if not _to_stdout(json_file):
            show_recording(recording, language)
    if not _to_stdout(json_file):
        show_findings(findings, language)
    found_json = [finding.as_json(language) for finding in findings]
    _write_json(json_file, {"recordings": entries, "findings": found_json})
    raise typer.Exit(_status(findings))


@app.command()
def criteria(
    path: Annotated[Path, typer.Argument(help="Recording of one test (file, folder, archive).")],
    json_file: JsonFile = None,
    lang: Lang = None,
) -> None:
    """Compute all criteria that the channels of one recorded test allow."""
    from carindex.measures import measure
    from carindex.recordings import read
    from carindex.recordings.quality import examine

    language = _language(lang)
    recording = read(path, eager=True)
    quality = examine(recording)
    result = measure(recording, findings=quality)
    findings = [*quality, *result.findings]
    _write_json(json_file, result.as_json())
    if not _to_stdout(json_file):
        from carindex.report.terminal import show_criteria, show_findings

        show_criteria(result, language)
        show_findings(findings, language)
    raise typer.Exit(_status(findings))


@app.command()
def rate(
    path: Evidence,
    protocol: ProtocolNames,
    json_file: JsonFile = None,
    report: Annotated[Path | None, typer.Option(help="Write a report into this folder.")] = None,
    bounds: Annotated[bool, typer.Option("--bounds", help="Show the interval of every node.")] = False,
    assume: Annotated[Path | None, typer.Option(help="JSON {node path: points} to assume.")] = None,
    car: Car = None,
    lang: Lang = None,
) -> None:
    """Rate one car under one or more protocols."""
    from carindex.report.terminal import show_rating

    language = _language(lang)
    dossier, ratings = _ratings(path, protocol, assume, car)
    documents = [rating.as_json(language) for rating in ratings]
    _write_json(json_file, documents[0] if len(documents) == 1 else documents)
    if not _to_stdout(json_file):
        for rating in ratings:
            show_rating(rating, language, bounds=bounds)
    if report is not None:
        from carindex.report import write_reports

        for file in write_reports(ratings, dossier, report, language):
            typer.echo(file)
    raise typer.Exit(_status(finding for rating in ratings for finding in rating.findings))


@app.command()
def explain(
    path: Evidence,
    protocol: ProtocolName,
    top: Annotated[int, typer.Option(help="How many losses to show; 0 for all.", min=0)] = 10,
    assume: Annotated[Path | None, typer.Option(help="JSON {node path: points} to assume.")] = None,
    car: Car = None,
    json_file: JsonFile = None,
    lang: Lang = None,
) -> None:
    """Show where the points went."""
    from carindex.report.terminal import show_losses

    language = _language(lang)
    _, (rating,) = _ratings(path, [protocol], assume, car)
    _write_json(json_file, rating.as_json(language))
    if not _to_stdout(json_file):
        show_losses(rating, language, top)
    raise typer.Exit(_status(rating.findings))


@app.command()
def batch(
    facts: Annotated[
        Path, typer.Argument(help="Wide table: one row a car, a column `car`, a column a fact.")
    ],
    protocol: ProtocolName,
    output: Annotated[Path, typer.Option("--output", "-o", help="Table to write, .csv or .parquet.")],
    memory: Annotated[str, typer.Option(help="Memory to use, such as 512M or 4G.")] = "1G",
    lang: Lang = None,
) -> None:
    """Rate a table of cars of any length."""
    from carindex.campaign.batch import memory_size, rate_table

    language = _language(lang)
    plan = _plan(protocol)
    with _progress(facts, language) as advance:
        result = rate_table(
            plan, facts, output, memory=memory_size(memory), language=language, progress=advance
        )
    _tell("campaign.rated", language, cars=result.cars, final=result.final, output=output)
    for finding in result.findings:
        typer.echo(finding.line(language), err=True)
    raise typer.Exit(_status(result.findings))


@app.command("import")
def import_(
    table: Annotated[str, typer.Argument(help="Published table, such as safercar.")],
    csv: Annotated[Path, typer.Argument(help="The table's file, CSV or Parquet.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Facts table to write, .csv or .parquet.")],
    lang: Lang = None,
) -> None:
    """Turn a published table into facts for `batch`, its published outcomes beside them."""
    from carindex.campaign.imports import write_facts
    from carindex.dossier.published import import_table

    language = _language(lang)
    imported = import_table(table, csv)
    write_facts(imported, output)
    _tell(
        "campaign.imported", language, cars=len(imported.rows), columns=len(imported.columns), output=output
    )
    for finding in imported.findings:
        typer.echo(finding.line(language), err=True)
    raise typer.Exit(_status(imported.findings))


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report.")] = Path("out/demo"),
    lang: Lang = None,
) -> None:
    """Rate the bundled real car and write its report."""
    from carindex.examples import camry
    from carindex.report import write_reports
    from carindex.report.terminal import show_rating

    language = _language(lang)
    with camry() as folder:
        dossier, ratings = _ratings(folder, ["us-ncap-2011"])
        show_rating(ratings[0], language, bounds=False)
        for file in write_reports(ratings, dossier, output, language, both_languages=True):
            typer.echo(file)
    raise typer.Exit(_status(finding for rating in ratings for finding in rating.findings))


@protocols_app.command("list")
def list_protocols(lang: Lang = None, json_file: JsonFile = None) -> None:
    """List all protocols with how well their rules are verified."""
    from carindex.rating import available_protocols, load_protocol
    from carindex.report.terminal import show_protocols

    protocols = [load_protocol(name) for name in available_protocols()]
    _write_json(json_file, [_protocol_json(protocol) for protocol in protocols])
    if not _to_stdout(json_file):
        show_protocols(protocols, _language(lang))


@protocols_app.command("show")
def show_protocol_(
    name: Annotated[str, typer.Argument(help="Protocol or folder.")], lang: Lang = None
) -> None:
    """Show the tree of a protocol: rules, limits, facts asked for, sources."""
    from carindex.report.terminal import show_protocol

    show_protocol(_plan(name), _language(lang))


@protocols_app.command("check")
def check_protocols(
    names: Annotated[list[str] | None, typer.Argument(help="Protocols or folders; all by default.")] = None,
    lang: Lang = None,
) -> None:
    """Check that protocols are complete and sound, and count their rules by kind."""
    from carindex.rating import available_protocols
    from carindex.report.terminal import show_check

    for name in names or available_protocols():
        show_check(_plan(name), _language(lang))


@protocols_app.command("diff")
def diff_protocols(
    first: Annotated[str, typer.Argument(help="Protocol or folder.")],
    second: Annotated[str, typer.Argument(help="Protocol or folder.")],
    lang: Lang = None,
) -> None:
    """Show what differs between two protocols, rule by rule."""
    from carindex.rating import load_protocol
    from carindex.rating.difference import differences
    from carindex.report.terminal import show_differences

    show_differences(differences(load_protocol(first), load_protocol(second)), _language(lang))


# -- what the commands share ---------------------------------------------------------------------------------


def _language(text: str | None) -> Language:
    """Return the language asked for, by the option or else by the environment."""
    environment = (os.environ.get(name) for name in ("CARINDEX_LANG", "LC_ALL", "LANG"))
    return language_from(text or next((value for value in environment if value), "en"))


def _tell(message: str, language: Language, **parameters: object) -> None:
    typer.echo(phrase(message, "found", language, parameters))


def _plan(name: str) -> Plan:
    from carindex.rating import compile_protocol, load_protocol

    return compile_protocol(load_protocol(name))


def _ratings(
    path: Path, protocols: list[str], assume: Path | None = None, car: str | None = None
) -> tuple[Dossier, list[Rating]]:
    from carindex.dossier.folder import load_dossier
    from carindex.rating import rate as rate_car

    plans = [_plan(name) for name in protocols]
    assumed = _assumed(assume) if assume is not None else {}
    dossier = load_dossier(path, car)
    ratings = [
        rate_car(
            plan,
            dossier.facts,
            car=dossier.car,
            assumed=assumed,
            findings=dossier.findings,
            inputs=dossier.inputs,
        )
        for plan in plans
    ]
    return dossier, ratings


def _assumed(path: Path) -> dict[str, float]:
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(
            path, "dossier.unreadable", reason=str(error), expected="JSON {node path: points}"
        ) from None
    if not isinstance(data, dict):
        raise InputError(
            path, "dossier.unreadable", reason=type(data).__name__, expected="JSON {node path: points}"
        )
    for key, value in data.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{path}: {key}", "dossier.not_a_number", text=value, unit="points")
    return {str(key): float(value) for key, value in data.items()}


def _to_stdout(json_file: Path | None) -> bool:
    return json_file is not None and str(json_file) == "-"


def _write_json(json_file: Path | None, document: object) -> None:
    if json_file is None:
        return
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False, default=str) + "\n"
    if _to_stdout(json_file):
        sys.stdout.write(text)
        return
    try:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(json_file, "campaign.not_written", reason=error.strerror) from None


def _status(findings: Iterable[Finding]) -> int:
    return _DONE_WITH_ERRORS if worst_severity(findings) == "error" else _DONE


def _inspected(path: Path) -> Iterator[tuple[Recording | None, tuple[Finding, ...]]]:
    """Yield each recording below a path with what was found in it; a dossier also has findings of its own."""
    from carindex.dossier.folder import load_dossier
    from carindex.recordings import read
    from carindex.recordings.quality import examine

    if path.is_dir() and (path / "car.toml").is_file():
        dossier = load_dossier(path)
        for test in dossier.tests:
            yield test.recording, ()
        yield None, dossier.findings
        return
    recording = read(path, eager=True)
    yield recording, examine(recording)


def _protocol_json(protocol: Protocol) -> dict[str, Any]:
    rules: dict[str, int] = {}
    for node in protocol.nodes.values():
        level = "open" if node.spec.open else node.verified
        rules[level] = rules.get(level, 0) + 1
    head = protocol.head
    return {
        "id": protocol.id,
        "programme": head.programme,
        "edition": head.edition,
        "valid": head.valid,
        "source": head.source,
        "rules": len(protocol.nodes),
        "verified": rules,
        "hash": protocol.hash,
    }


def _recording_json(recording: Recording) -> dict[str, Any]:
    return {
        "path": str(recording.path),
        "format": recording.format,
        "attributes": dict(recording.attributes),
        "files": dict(recording.files),
        "channels": [
            {
                "code": channel.code.text if channel.code else None,
                "name": channel.name,
                "unit": channel.unit,
                "source_unit": channel.source_unit,
                "samples": int(channel.values.size),
                "start": channel.start,
                "step": channel.step if channel.has_constant_step else None,
            }
            for channel in recording
        ],
    }


@contextmanager
def _progress(path: Path, language: Language) -> Iterator[Callable[[int], None] | None]:
    """Show how many cars are done, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(path.name, total=None)
        yield lambda done: bar.update(task, completed=done)


def main() -> None:
    """Run the command line; errors in the input end in one clear line, never in a traceback."""
    language = _language_of(sys.argv)
    try:
        app()
    except InputError as error:
        typer.echo(error.line(language), err=True)
        sys.exit(_UNUSABLE)
    except BrokenPipeError:
        # the reader of our output went away, as `head` does: nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_DONE)


def _language_of(arguments: list[str]) -> Language:
    """Return the language that the command line asks for, before it is parsed: errors need it too."""
    for i, argument in enumerate(arguments):
        if argument == "--lang" and i + 1 < len(arguments):
            return _language(arguments[i + 1])
        if argument.startswith("--lang="):
            return _language(argument.removeprefix("--lang="))
    return _language(None)
