"""The door: consent is looked at once more, now, and only then are files written.

A list made in the morning must not carry somebody who said no at noon.  There is
no switch around this.  Files appear whole or not at all, the manifest last.

May import: errors, wholefile, config, campaigns, exports.   Imported by: pipeline.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from crm_analytics.campaigns.consent import Register, allowed_channels, check_rule, said_no
from crm_analytics.config import ConsentRule
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.exports import TARGETS
from crm_analytics.wholefile import made, whole

NO_CHANNEL = "no channel they agreed to"
WITHDRAWN = "no consent for the channel any more"
OPTED_OUT = "opted out of a campaign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: the files, how many customers are in them, how many were left out for which reason."""

    file: Path
    manifest: Path
    rows: int
    left_out: Mapping[str, int]


def export_list(
    listed: pl.DataFrame, register: Register, target: str, folder: Path, about: Mapping[str, str]
) -> Exported:
    """Write the customers of a priority list who may be contacted, in the form of `target`.

    Parameters
    ----------
    listed   : a priority list, see `campaigns.priority`
    register : the last word of each customer on each channel, as of now
    about    : what the manifest should say of the list (as_of, run, who asked for it)

    Raises
    ------
    UnknownName : no such target.
    ConfigError : crm.yml says that no consents are recorded, and there are.
    DataError   : nobody may be contacted, so there is nothing to write.
    """
    if target not in TARGETS:
        raise UnknownName("export", "target", target, TARGETS)
    check_rule(register.rule, register.kept)
    reasons = _reasons(listed, register)
    going = listed.filter(reasons.is_null()).drop("may_contact")
    counted = reasons.drop_nulls().value_counts().sort(reasons.name)
    left_out = {str(reason): int(n) for reason, n in counted.iter_rows()}
    if going.is_empty():
        why = ", ".join(f"{n:,} {reason}" for reason, n in left_out.items()) or "the list is empty"
        raise DataError(f"nothing to export: {why}")
    ending, write = TARGETS[target]
    made(folder)
    file = folder / f"priority_list{ending}"
    manifest = file.with_name(f"{file.name}.manifest.json")
    with whole(manifest) as about_file, whole(file) as part:
        write(going, part)
        content = _manifest(file.name, part, target, register.rule, going, left_out, about)
        about_file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return Exported(file=file, manifest=manifest, rows=going.height, left_out=left_out)


def _reasons(listed: pl.DataFrame, register: Register) -> pl.Series:
    """Why each customer is left out; null for those who go."""
    if register.rule == "not_recorded":
        # Nobody was asked, but some have said no all the same, and there is no telling for which other channels.
        opted_out = pl.col("customer_id").is_in(said_no(register.words).implode())
        return listed.select(reason=pl.when(opted_out).then(pl.lit(OPTED_OUT)))["reason"]
    joined = listed.join(allowed_channels(register.words), on="customer_id", how="left", maintain_order="left")
    agreed = pl.col("allowed").list.contains(pl.col("suggested_channel")).fill_null(False)
    return joined.select(
        reason=pl.when(pl.col("suggested_channel").is_null())
        .then(pl.lit(NO_CHANNEL))
        .when(~agreed)
        .then(pl.lit(WITHDRAWN))
    )["reason"]


def _manifest(
    name: str,
    file: Path,
    target: str,
    rule: ConsentRule,
    going: pl.DataFrame,
    left_out: Mapping[str, int],
    about: Mapping[str, str],
) -> dict[str, object]:
    return {
        **about,
        "target": target,
        "file": name,
        "sha256": sha256(file.read_bytes()).hexdigest(),
        "customers": going.height,
        "left_out": left_out,
        "consent": {
            "required": "checked for the suggested channel when this file was written",
            "not_recorded": "not recorded in the sources, only opt-outs were left out: "
            "check it elsewhere before anything is sent",
        }[rule],
        "columns": going.columns,
    }
