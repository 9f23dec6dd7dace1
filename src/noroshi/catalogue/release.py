"""The policies that an arm of a scenario names: found, parsed, and held to nations that exist."""

import re
from collections.abc import Collection
from pathlib import Path

from noroshi.catalogue.arms import Arm
from noroshi.catalogue.assemble import shipped_names
from noroshi.catalogue.base import did_you_mean
from noroshi.catalogue.policies import load_policies, shipped_arms
from noroshi.errors import InputError
from noroshi.sharing.policy import Policy

_NATION = re.compile(r'Nation::"([^"]*)"')


def arm_policies(arm: Arm, nations: Collection[str], file: str) -> dict[str, Policy]:
    """The policy of each nation in an arm; a folder that is not shipped lies beside the scenario `file`.

    Raises InputError: no such folder or file, no usable Cedar, or a nation that nobody knows.
    """
    folder = arm.policies if arm.policies in shipped_arms() else Path(file).parent / arm.policies
    if isinstance(folder, Path) and not folder.is_dir():
        need = "is neither a shipped policy folder nor a folder beside this file."
        raise InputError(file, f"arms.{arm.name}.policies", arm.policies, need, _hint(arm.policies))
    policies = load_policies(folder, nations)
    known = shipped_names("nations") | set(nations)
    for nation, policy in policies.items():
        for number, line in enumerate(policy.text.splitlines(), start=1):
            for named in _NATION.findall(line.partition("//")[0]):
                if named not in known:
                    where = policy.source or f"{arm.policies}/{nation}.cedar"
                    need = "is not a known nation."
                    raise InputError(where, f"line {number}: Nation", named, need, did_you_mean(named, known))
    return policies


def _hint(folder: str) -> str:
    return did_you_mean(folder, shipped_arms())
