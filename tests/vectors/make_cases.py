"""Makes cases.json and evidence.json: what is shown to a verifier, and what each of its stages must say.

`python -m tests.vectors.make_cases` writes both again; a test compares them with what is made here. The cases
themselves are in `case_positive`, `case_bytes`, `case_trust` and `case_bundle`; ORIGIN.md says how to read
one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.vectors import case_bundle, case_bytes, case_positive, case_trust
from tests.vectors.case_form import Evidences
from tests.vectors.case_world import scene

CASES: Final = Path(__file__).with_name("cases.json")
EVIDENCE: Final = Path(__file__).with_name("evidence.json")


def make() -> tuple[dict[str, Any], dict[str, Any]]:
    """The documents of both files."""
    evidence = Evidences(scene())
    modules = (case_positive, case_bytes, case_trust, case_bundle)
    found = [case for module in modules for case in module.cases(evidence)]
    names = [case["id"] for case in found]
    assert len(set(names)) == len(names), "two cases of one name"
    return {"version": 1, "cases": found}, evidence.document(found)


def rendered(document: dict[str, Any]) -> str:
    """As it stands in the file: one line a field, Chinese as it is."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for path, document in zip((CASES, EVIDENCE), make(), strict=True):
        path.write_text(rendered(document), encoding="utf-8")
