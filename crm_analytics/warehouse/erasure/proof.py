"""The proof of an erasure: when, by whom, what was done where, totals before and after; no word of the person.

May import: wholefile, engines, warehouse.erasure.*.   Imported by: pipeline.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.warehouse.erasure.folder import Recall
from crm_analytics.warehouse.erasure.log import PROOF
from crm_analytics.warehouse.erasure.tables import Step, Totals
from crm_analytics.wholefile import made, whole

VERSION = 1
FOLDER = "erasures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was done, or would be with a dry run."""

    proof_id: str
    pseudonym: str
    erased_at: datetime
    by: str
    tables: Sequence[Step]
    files: Sequence[Step]
    totals: Totals
    recall: Sequence[Recall]
    outside: Sequence[str]
    shared: Sequence[str] = ()
    again: bool = False

    @property
    def left(self) -> list[Step]:
        """What names the person still and could not be changed."""
        return [step for step in (*self.tables, *self.files) if step.left]

    def lines(self) -> Iterator[str]:
        """What people are told: what was done, what was left, what is theirs to do."""
        if self.again:
            yield f"erased before, as {self.pseudonym}; nothing of them was found"
        for step in (*self.tables, *self.files):
            if not step.left:
                yield f"{step.where:<45} {counted(step.rows)}  {step.done}"
        for step in self.left:
            yield f"left: {step.where}: {step.left}"
        for kind in self.shared:
            yield f"note: the {kind} is another customer's too, who keeps it"
        for place in self.outside:
            yield f"not ours to change: {place}: erase there too, or each load has to pseudonymise it anew"
        for export in self.recall:
            yield f"recall: {export.file} for {export.target}, as of {export.as_of}: tell whoever was sent it"

    def document(self) -> dict[str, Any]:
        """The proof as it is written; `sha256` is of everything else, as JSON with sorted keys and no spaces."""
        content: dict[str, Any] = {
            "version": VERSION,
            "proof_id": self.proof_id,
            "pseudonym": self.pseudonym,
            "erased_at": self.erased_at.isoformat(timespec="seconds"),
            "erased_by": self.by,
            "tables": [asdict(s) for s in self.tables],
            "files": [asdict(s) for s in self.files],
            "totals_before_and_after": dict(self.totals),
            "recall": [asdict(r) for r in self.recall],
            "outside": list(self.outside),
            "also_borne_by_others": list(self.shared),
        }
        return {**content, "sha256": digest(content)}


def counted(rows: int) -> str:
    """`1 row `, `12 rows`: of one width, so that what follows stands in a column."""
    return f"{rows:>7,} row{'s' if rows != 1 else ' '}"


def digest(content: dict[str, Any]) -> str:
    """The sum of a proof without its own."""
    text = json.dumps({k: v for k, v in content.items() if k != "sha256"}, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def keep_proof(engine: Engine, erasure: Erasure) -> None:
    """Put the proof into the warehouse, in the transaction of the erasure itself."""
    engine.execute(
        f"INSERT INTO {PROOF} VALUES ($id, $at, $by, $pseudonym, $proof)",
        {
            "id": erasure.proof_id,
            "at": erasure.erased_at,
            "by": erasure.by,
            "pseudonym": erasure.pseudonym,
            "proof": json.dumps(erasure.document(), ensure_ascii=False),
        },
    )


def write_proofs(engine: Engine, output: Path, pseudonym: str) -> Path:
    """Write the proofs of a pseudonym below the output folder, those that a killed erasure owes too; gives the last."""
    path = output / FOLDER
    made(path)
    for proof_id, proof in engine.rows(
        f"SELECT proof_id, proof FROM {PROOF} WHERE pseudonym = $name ORDER BY erased_at, proof_id", {"name": pseudonym}
    ):
        path = output / FOLDER / f"{proof_id}.json"
        with whole(path) as part:
            part.write_text(json.dumps(json.loads(str(proof)), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
