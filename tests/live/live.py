"""Tries each fact, and prints a table of verdicts. Drops what it made, also when it is interrupted."""

import argparse
import json
import signal
import sys
import time

from google.auth.exceptions import GoogleAuthError

from experiments import FACTS
from world import JOB_LIMIT, LIMIT, PRICE_PER_TIB, DoesNotHold, NotHere, NotTried, OnerowEnded, World

HOLDS, NOT, LACKS, UNTRIED = "holds", "does not hold", "not supported here", "could not be tried"


def arguments():
    parser = argparse.ArgumentParser(prog="tests/live/run", description=__doc__)
    parser.add_argument("--project", required=True, help="the project that is billed")
    parser.add_argument("--dataset", required=True, help="a dataset there, in which tables are made and dropped")
    parser.add_argument("--location", help="where the dataset is; may be left out in the US and the EU")
    parser.add_argument("--only", action="append", metavar="ID", help="try these facts alone, such as E8")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is sent")
    parser.add_argument("--endpoint", help="where an emulator serves BigQuery's REST API")
    parser.add_argument("--storage-endpoint", metavar="HOST:PORT", help="where it serves the Storage Write API")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    return parser.parse_args()


def consent(args, world, facts):
    """Says what will be done and what it costs, and asks."""
    dollars = PRICE_PER_TIB * LIMIT / (1 << 40)
    print(
        f"This makes tables {world.prefix}* in {args.project}.{args.dataset}, tries {len(facts)} facts with them,\n"
        f"and drops them. Each job may bill {JOB_LIMIT >> 30} GiB; nothing more is tried once {LIMIT >> 30} GiB are\n"
        f"billed, which is ${dollars:.2f} at ${PRICE_PER_TIB} for a TiB. It is expected to be under $0.10.",
        file=sys.stderr,
    )
    if args.yes:
        return True
    return sys.stdin.isatty() and input("Go on? [y/N] ").strip().lower() in ("y", "yes")


def first_line(text):
    return str(text).strip().splitlines()[0][:200] if str(text).strip() else "nothing is said"


def verdict(world, try_it):
    """What became of one experiment, and a note."""
    try:
        if world.billed and not world.endpoint and world.spent() > LIMIT:
            return UNTRIED, "the limit of what may be billed is reached"
        return HOLDS, try_it(world)
    except DoesNotHold as found:
        return NOT, found
    except NotTried as why:
        return UNTRIED, why
    except NotHere as why:
        return LACKS, why
    except OnerowEnded as why:
        return (LACKS if world.endpoint else NOT), why
    except Exception as why:  # whatever it is, the other facts are tried
        # What an emulator leaves out of its answers is no attribute of anything.
        return (LACKS if world.endpoint else UNTRIED), why


def stop(signal, frame):
    raise KeyboardInterrupt


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, stop)
    try:
        world = World(args.project, args.dataset, args.location, args.endpoint, args.storage_endpoint)
    except GoogleAuthError as error:
        sys.exit(f"error: no credentials: {first_line(error)}\n  help: run `gcloud auth application-default login`")
    facts = [fact for fact in FACTS if not args.only or fact[0] in args.only]
    if not facts:
        sys.exit("error: no fact has such an id\n  help: docs/live-check.md lists them")
    if not consent(args, world, facts):
        sys.exit("nothing was sent")
    seen = []
    try:
        for id, sentence, try_it in facts:
            began = time.monotonic()
            what, note = verdict(world, try_it)
            seen.append({"id": id, "fact": sentence, "verdict": what, "note": first_line(note)})
            print(f"{id}: {what} ({time.monotonic() - began:.1f} s)", file=sys.stderr, flush=True)
    finally:
        print("dropping the tables", file=sys.stderr)
        # A second interrupt does not stop this.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        report(args, seen)
        for table in left_by(world):
            print(f"not dropped: {table}", file=sys.stderr)
    if args.format != "json":
        spent = world.spent()
        print(f"\nBilled at most {spent >> 20} MiB, ${PRICE_PER_TIB * spent / (1 << 40):.4f}.")
    sys.exit(any(one["verdict"] == NOT for one in seen) and not args.endpoint)


def report(args, seen):
    if args.format == "json":
        print(json.dumps(seen, indent=2))
        return
    print("| id | fact | verdict | seen |\n| --- | --- | --- | --- |")
    for one in seen:
        print("| " + " | ".join(one[key].replace("|", "\\|") for key in ("id", "fact", "verdict", "note")) + " |")


def left_by(world):
    try:
        return world.clean_up()
    except Exception as why:  # the tables are named all the same
        return [f"{world.prefix}… in {world.dataset} ({first_line(why)})"]


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
