"""Which candidate describes a place best: all are scored, and the losers say why."""

from dataclasses import dataclass, replace

from detection.finding import Finding
from detection.model import Evidence, RunnerUp, ServiceType

_ENOUGH = 0.5
# How much of the doubt that the reasons leave is borne out, measured on labelled folders: people
# rarely leave two manifests about that mean different things. See benchmarks/detection.py.
_BORNE_OUT = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    winner: Finding | None
    confidence: float = 0.0
    runners_up: tuple[RunnerUp, ...] = ()


def choose(findings: list[Finding], *, forced: ServiceType | None = None) -> Verdict:
    """The best candidate, with confidence lowered by how close the next one came."""
    if forced:
        return _forced(findings, forced)
    weighed = sorted((_weigh(f, findings) for f in findings), key=lambda f: -f.score)
    if not weighed or weighed[0].score <= 0:
        return Verdict(None)
    winner, *others = weighed
    runners_up = tuple(
        RunnerUp(other.service_type, round(other.score, 2), _why_not(other, winner))
        for other in others
    )
    return Verdict(winner, _confidence(winner, others), runners_up)


def _forced(findings: list[Finding], forced: ServiceType) -> Verdict:
    asked = Evidence("override", "kyozo.toml", f"type is {forced} by request", 0.99)
    match = [f for f in findings if f.service_type == forced]
    if match:
        winner = replace(match[0], evidence=(asked, *match[0].evidence))
    else:
        winner = Finding(forced, _LANGUAGE.get(forced, ""), "program", (asked,))
    return Verdict(winner, 1.0)


_LANGUAGE = {
    "nodejs": "javascript",
    "golang": "go",
    "python": "python",
    "rust": "rust",
    "java": "java",
    "ruby": "ruby",
    "php": "php",
    "static": "html",
}


def _weigh(finding: Finding, all_findings: list[Finding]) -> Finding:
    """Evidence against: files of one language that serve another one's application."""
    others = [f for f in all_findings if f is not finding]
    servers = [f for f in others if f.role == "server" and f.score >= _ENOUGH]
    runnable = [f for f in others if f.role in {"server", "program"} and f.score >= _ENOUGH]
    built = [f for f in others if f.role == "site" and f.build_command]
    against: Evidence | None = None
    if built and finding.role == "site" and not finding.build_command:
        return replace(
            finding, evidence=(*finding.evidence, _against("a build makes the files", -0.8))
        )
    if servers and finding.role in {"site", "library"}:
        against = _against(f"its files serve the {servers[0].language} application", -0.75)
    elif runnable and finding.role == "library":
        against = _against(f"{runnable[0].language} has something to start", -0.6)
    elif servers and finding.role == "program":
        against = _against(f"{servers[0].language} has a server here", -0.3)
    return replace(finding, evidence=(*finding.evidence, against)) if against else finding


def _against(detail: str, weight: float) -> Evidence:
    return Evidence("beside-another", ".", detail, weight)


def _why_not(other: Finding, winner: Finding) -> str:
    against = [item.detail for item in other.evidence if item.weight < 0]
    if against:
        return against[-1]
    return (
        f"evidence for {winner.service_type} is stronger ({winner.score:.2f} to {other.score:.2f})"
    )


def _confidence(winner: Finding, others: list[Finding]) -> float:
    """The score, less a share for a close second and for a start nobody wrote down."""
    second = max((other.score for other in others), default=0.0)
    closeness = max(0.0, 1 - (winner.score - second) / max(winner.score, 0.01))
    is_clear = winner.start_command or winner.role == "site" or winner.service_type == "unknown"
    unclear = 0.0 if is_clear else 0.25
    raw = winner.score * (1 - 0.3 * closeness**2 - unclear)
    return round(min(0.99, 1 - _BORNE_OUT * (1 - raw)), 2)
