"""Runs that are stopped at random moments: does anything get lost, left behind or stuck?

Usage: interrupts.py [--fits 40] [--captures 0] [--kill] [--seed 0]

A short fit or capture of a song made by code (3 s, two tracks) is stopped at a random moment, by
SIGINT and SIGTERM in turn or by SIGKILL, a third of the times (of SIGKILL two) near or while its
result is written, and run again until it ends. Its result should be that of a run that was not
stopped, to the bit.
Every other run that is killed is to replace an earlier result, which has to be whole until it is
replaced as a whole. Prints Markdown. Needs Linux.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stopped_runs import Loaded, Run, ends_of, hidden_files, table, whole_run, write_song

from mixtrace.store import CAPTURE, FIT, METRICS

PATIENCE_S = 180.0  # a busy machine is slow; the time of its own that a stop takes is counted
LONG_S = 10.0
MOST_RUNS = 5
MOST_OF = 0.8  # of a run's time: later it has often ended
ENDING = {
    "fit": ("refining", "rendering", "measuring", "listening", "coding audio"),
    "capture": ("measuring", "writing"),
}
WRITING = {"fit": ("measuring", "listening", "coding audio"), "capture": ("measuring", "writing")}
"""The first of them ends with the result's own files; the rest write what its page needs."""
MOVES = ".mixtrace-moves.json"


@dataclass
class Case:
    """Runs of one verb that are stopped.

    Attributes:
        loaded: begins them.
        verb: fit or capture.
        song: of all.
        whole: a result that was not stopped.
        earlier: the result of another song.
        whole_s: how much processor time a run takes.
        kill: whether they are killed.
        found: what came of them.
        slowest_s: the most processor time that a stop took.
    """

    loaded: Loaded
    verb: str
    song: Path
    whole: Path
    earlier: Path
    whole_s: float
    kill: bool
    found: Counter[str]
    slowest_s: float = 0.0


def main() -> None:
    """Stop fits, then captures, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=40, help="fits to stop")
    parser.add_argument("--captures", type=int, default=0, help="captures to stop")
    parser.add_argument("--kill", action="store_true", help="by SIGKILL, which nobody can heed")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as scratch:
        song = write_song(Path(scratch) / "song")
        loaded = Loaded(song, Path(scratch) / "first")
        for verb, count in (("fit", given.fits), ("capture", given.captures)):
            if count:
                case = prepared(loaded, verb, song, Path(scratch), given.kill)
                print(stops_table(case, count, rng), flush=True)
        loaded.close()


def prepared(loaded: Loaded, verb: str, song: Path, scratch: Path, kill: bool) -> Case:
    """Make the result that all have to reach, and an earlier one."""
    whole, earlier = scratch / f"{verb}-whole", scratch / f"{verb}-earlier"
    other = write_song(scratch / f"{verb}-other", level=0.7)
    whole_run(loaded, verb, other, earlier)
    whole_s = whole_run(loaded, verb, song, whole)  # the one before may have compiled loops
    return Case(loaded, verb, song, whole, earlier, whole_s, kill, Counter())


def stops_table(case: Case, count: int, rng: random.Random) -> str:
    """Stop runs and run them again; return how they ended."""
    stopped = 0
    with suppress(KeyboardInterrupt):  # then what was counted so far is printed
        for number in range(count):
            out = case.whole.with_name(f"{case.verb}-{number}")
            more = []
            if case.kill and number % 2:
                shutil.copytree(case.earlier, out)
                more = ["--fresh"]
            stop(case, number, out, more, rng)
            run_again(case, out, more)
            stopped += 1
            shutil.rmtree(out)
    rows = {f"{case.verb}s stopped": stopped, **case.found}
    rows["processor seconds of a whole run"] = f"{case.whole_s:.1f}"
    if not case.kill:
        rows["processor seconds of the slowest stop"] = f"{case.slowest_s:.1f}"
    return table(rows)


def stop(case: Case, number: int, out: Path, more: list[str], rng: random.Random) -> None:
    """Begin a run, stop it, and count what that left."""
    run, found = Run(case.loaded, case.verb, case.song, out, *more), case.found
    if number % 3 > (0 if case.kill else 1):
        stages = WRITING if case.kill else ENDING
        run.wait_for(rng.choice(stages[case.verb]))
        run.work(rng.uniform(0.0, 0.4))
    else:
        run.work(rng.uniform(0.0, MOST_OF * case.whole_s))
    sent = signal.SIGKILL if case.kill else (signal.SIGINT, signal.SIGTERM)[number % 2]
    stage, spent_s, late = run.stage, run.spent_s(), run.is_over()
    run.signal(sent)
    code = run.end(PATIENCE_S)
    took_s = run.spent_s() - spent_s
    print(f"{number}: {sent.name} at {stage}: {code} after {took_s:.1f} s", file=sys.stderr)
    found["had ended before" if late else how(sent, code)] += 1
    found["tracebacks"] += any("Traceback" in line for line in run.lines)
    if case.kill:
        count_what_is_left(case, out, stage, late, bool(more))
        return
    case.slowest_s = max(case.slowest_s, took_s)
    found["did not stop within 10 s"] += code is None or took_s > LONG_S
    found["left hidden files when stopped"] += bool(hidden_files(out))
    found["left a result without its page when stopped"] += lacks_page(case, out)


def how(sent: signal.Signals, code: int | None) -> str:
    """Return how a process that got a signal ended."""
    if sent == signal.SIGKILL:
        return "killed" if code == -sent else f"ended with {code}"
    told = code == 128 + sent
    return f"ended with {code}, as they should" if told else f"ended with {code}"


def count_what_is_left(case: Case, out: Path, stage: str, late: bool, replaces: bool) -> None:
    """Count what a killed run left: the earlier result, the new one, or one that is refused."""
    found = case.found
    parts = list(out.glob("**/.*.part"))
    writes = stage in WRITING[case.verb][1:] or (stage in WRITING[case.verb] and bool(parts))
    found["killed while results were written"] += writes and not late
    found["left half-written temporary files"] += bool(parts)
    if not replaces:
        return
    if (out / MOVES).exists():
        found["killed between the moves of a new result: refused until run again"] += 1
    elif is_earlier(case, out):
        found["killed with the earlier result whole in its place"] += 1
    elif ends_of(out) == ends_of(case.whole):
        found["killed with the new result whole in its place"] += 1
    else:
        found["LOST an earlier result"] += 1


def is_earlier(case: Case, out: Path) -> bool:
    """Return whether all of the earlier result's own files are in their places."""
    facts = FIT if case.verb == "fit" else CAPTURE
    same = all((out / n).read_bytes() == (case.earlier / n).read_bytes() for n in (facts, METRICS))
    return same and ends_of(out) == ends_of(case.earlier)


def lacks_page(case: Case, out: Path) -> bool:
    """Return whether a folder holds a result and no page of it."""
    facts = FIT if case.verb == "fit" else CAPTURE
    return (out / facts).exists() and not (out / "report.html").exists()


def run_again(case: Case, out: Path, more: list[str]) -> None:
    """Run a stopped run until it ends, and count how."""
    runs, code, lines, found = 0, None, "", case.found
    while code != 0 and runs < MOST_RUNS:
        run = Run(case.loaded, case.verb, case.song, out, *more)
        code, runs = run.end(), runs + 1
        lines += "\n".join(run.lines)
    found["needed a second resume"] += runs > 1
    found["tracebacks"] += "Traceback" in lines
    same = code == 0 and ends_of(out) == ends_of(case.whole)
    found["identical" if same else "another result"] += 1
    found["left hidden files at the end"] += bool(hidden_files(out))
    found["lack their page at the end"] += lacks_page(case, out)
    if not same:
        print(lines, file=sys.stderr)


if __name__ == "__main__":
    main()
