"""One thing that is wrong with a run: the evidence, the remedy and how to try it."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["fault", "remark"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        key: Its stable name, for machines.
        severity: A `fault` makes the run worse than it should be; a `remark` may be intended.
        title: What it is, in a few words.
        evidence: The measurements that show it.
        remedy: What to do about it; empty where nothing is known to help.
        try_fields: The fields of the recipe, by dotted name, that the remedy changes.
        resume: Whether the remedy resumes the run, instead of training a new one.
    """

    key: str
    severity: Severity
    title: str
    evidence: str
    remedy: str = ""
    try_fields: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False

    @property
    def has_remedy(self) -> bool:
        """Whether a command tries a remedy."""
        return self.resume or bool(self.try_fields)

    @property
    def flags(self) -> str:
        """The options of `isthmus train` that try the remedy; empty where there is none."""
        texts = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in self.try_fields.items()
        }
        settings = [f"--set {shlex.quote(f'{name}={text}')}" for name, text in texts.items()]
        return " ".join([*(["--resume"] if self.resume else []), *settings])

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Finding":
        """Read what `to_json` gave."""
        return cls(**{name: value for name, value in values.items() if name != "flags"})

    def to_json(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {**asdict(self), "flags": self.flags}
