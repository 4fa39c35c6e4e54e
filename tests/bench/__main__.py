"""`make bench`: JSON lines on stdout."""

from __future__ import annotations

import argparse

from tests.bench import checking, core, logs, machine, paper, publishing, service
from tests.bench.meter import Meter

PARTS = {
    "appends": core.appends,
    "statements": core.statements,
    "credentials": core.credentials,
    "audits": logs.long_audits,
    "batches": logs.batches,
    "proofs": logs.proofs,
    "published": publishing.published,
    "witnessed": publishing.witnessed,
    "paper": paper.paper,
    "bundle": checking.bundle,
    "checking": checking.checking,
    "singles": service.singles,
    "bulk": service.bulk,
    "issuing": service.issuing,
    "desk": service.desk,
    "verifying": service.verifying,
}


def main() -> None:
    """Runs all parts, or the ones named."""
    parser = argparse.ArgumentParser(description="Measure; one JSON line a figure.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all when none is named")
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each figure")
    options = parser.parse_args()
    meter = Meter(options.seconds)
    machine.run(meter)
    for name, part in PARTS.items():
        if not options.parts or name in options.parts:
            part(meter)


if __name__ == "__main__":
    main()
