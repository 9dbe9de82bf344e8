"""Makes a Dockerfile safe to build beside other teams': cache mounts, image names, privileges.

People's own files and generated ones take the same way. What is changed is noted for the build log;
what would reach past the build's walls is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from services.builds import refs
from services.builds.base_images.recipes import is_local
from services.builds.dockerfile import Dockerfile, Instruction, parse
from services.builds.plain_runs import without_heredocs
from services.builds.stages import Stage, Stages
from services.builds.words import join_flags, refused

MOST_STAGES = 250  # who takes what of whom is looked for among all of them, for each
TEAM_ID = re.compile(r"[A-Za-z0-9]{16,64}")
MOUNT_TYPES = frozenset({"bind", "cache", "secret", "ssh", "tmpfs"})
MOUNT_OPTIONS = frozenset(
    {"destination", "dst", "env", "from", "gid", "id", "mode", "readonly", "readwrite", "required"}
    | {"ro", "rw", "sharing", "size", "source", "src", "target", "type", "uid"}
)
FLAGS = {
    "FROM": frozenset({"platform"}),
    "RUN": frozenset({"mount", "network", "security"}),
    "COPY": frozenset({"from", "chown", "chmod", "link", "parents", "exclude"}),
    "ADD": frozenset({"chown", "chmod", "link", "checksum", "exclude"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
}
ALLOWED = {"network": frozenset({"default", "none"}), "security": frozenset({"sandbox"})}


@dataclass(frozen=True, slots=True)
class Policy:
    """`cache_id` is the team's secret. `images` maps names (team's rows first); `mirror` takes hub
    names. Names starting with one of `private` are refused unless they start with one of `own`."""

    cache_id: str
    images: Mapping[str, str] = field(default_factory=dict)
    mirror: str = ""
    private: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The only thing a build takes. `images` are the outside images it will ask for: they are to be
    on the engine and looked at before (`check_triggers`). `notes` belong into its log; `cache_id`
    also names the cache mounts that base images bring along (ONBUILD). `pins`: what the text calls
    images by (where it has other names for them), and what people call them."""

    text: str
    cache_id: str
    images: tuple[str, ...]
    notes: tuple[str, ...]
    dockerfile: Dockerfile
    pins: Mapping[str, str] = field(default_factory=dict)

    def written_as(self, other: "Prepared") -> "Prepared":
        """The same to people, with the text of one that has pins."""
        return replace(self, text=other.text, pins=other.pins)


def prepare(
    text: str,
    policy: Policy,
    *,
    build_args: Mapping[str, str] | None = None,
    platform: str = "",
    target: str = "",
    pins: Mapping[str, str] | None = None,
) -> Prepared:
    """`platform` is the engine's: images for another would not be the ones that are looked at.
    `pins` are names by which the text, and only that, is to ask for images."""
    if not TEAM_ID.fullmatch(policy.cache_id):
        raise ValueError("a team's cache id is 16 to 64 letters and digits")
    source = parse(text)
    values = refs.platform_values(platform)
    rewriter = _Rewriter(policy, dict(build_args or {}), values, platform=platform)
    if source.syntax:
        rewriter.notes.append(
            f"the line '# syntax={source.syntax}' was left out: builds use the engine's own syntax"
        )
    rewriter.stages_ahead = _stage_names(source)
    rewriter.pins = pins or {}
    rewritten = map(rewriter.rewrite, source.instructions)
    done = replace(source, instructions=tuple(without_heredocs(rewritten)))
    if not rewriter.stages.rows:
        raise refused(1, "the file has no FROM instruction")
    notes = tuple(dict.fromkeys(rewriter.notes))
    return Prepared(
        text=done.render(),
        cache_id=policy.cache_id,
        images=rewriter.stages.images(target),
        notes=notes,
        dockerfile=done,
        pins={pin: image for image, pin in rewriter.pins.items()},
    )


def check_triggers(lines: Iterable[str], policy: Policy) -> None:
    """InvalidError for an ONBUILD line of a base image that a Dockerfile could not have, or not as
    it is. Builders run these lines as they stand, so they cannot be made safe."""
    rewriter = _Rewriter(policy, {}, {}, is_foreign=True)
    for line in lines:
        if "\n" in line or "\r" in line:
            raise refused(1, "it is more than one line")
        found = parse(f"ONBUILD {line}").instructions[0].trigger
        done = rewriter.rewrite(found)
        if (done.flags, done.arguments) != (found.flags, found.arguments):
            raise refused(1, "it would have to be changed, and cannot be")


def _stage_names(source: Dockerfile) -> set[str]:
    words = [one.arguments.split() for one in source.instructions if one.keyword == "FROM"]
    return {word[2].lower() for word in words if len(word) == 3}


@dataclass(slots=True)
class _Rewriter:
    policy: Policy
    given: dict[str, str]
    values: dict[str, str]
    platform: str = ""
    is_foreign: bool = False
    stages: Stages = field(default_factory=Stages)
    stages_ahead: set[str] = field(default_factory=set)
    pins: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def rewrite(self, one: Instruction) -> Instruction:
        if one.keyword == "ONBUILD":
            # It stays in the image, for longer than a pin is there.
            return one.with_trigger(replace(self, pins={}).rewrite(one.trigger))
        if one.keyword == "ARG" and not self.stages.rows:
            refs.read_arg(one.text, self.values, self.given)
        rules = {"FROM": self._from, "RUN": self._run, "COPY": self._copy, "ADD": self._add}
        flags = self._checked_flags(one)
        rule = rules.get(one.keyword)
        return rule(one, flags) if rule else one

    def _checked_flags(self, one: Instruction) -> list[tuple[str, str]]:
        known = FLAGS.get(one.keyword, frozenset())
        pairs = []
        for flag in one.flags:
            name, _, value = flag.removeprefix("--").partition("=")
            if name not in known:
                raise refused(one.line, f"{one.keyword} --{name} is not allowed")
            if name in ALLOWED and value not in ALLOWED[name]:
                raise refused(one.line, f"{one.keyword} --{name}={value} is not allowed")
            pairs.append((name, value))
        return pairs

    def _from(self, one: Instruction, flags: list[tuple[str, str]]) -> Instruction:
        words = one.arguments.split()
        if len(words) not in {1, 3} or (len(words) == 3 and words[1].upper() != "AS"):
            raise refused(one.line, "FROM takes an image and perhaps AS and a name")
        image = refs.expand(words[0], self.values, one.line)
        is_stage = image.lower() in self.stages.names
        # Names of stages may be written in any case, those of images may not.
        if not refs.is_ref(image.lower() if is_stage else image):
            raise refused(one.line, f"{image[:100]!r} is not an image name")
        if len(self.stages.rows) >= MOST_STAGES:
            raise refused(one.line, f"the file has more than {MOST_STAGES} stages")
        self.stages.rows.append(Stage())
        if is_stage:
            self.stages.current.takes.add(image.lower())
        elif image != "scratch":
            image = self._image(image, one.line)
        self.stages.current.name = words[2].lower() if len(words) == 3 else ""
        flags = [flag for flag in flags if not self._is_usual(flag, one.line)]
        return replace(one, text=_join(flags, " ".join([image, *words[1:]])))

    def _is_usual(self, flag: tuple[str, str], line: int) -> bool:
        """Whether a FROM names the engine's own platform. For another one some builders fetch an
        image anew, whichever is here."""
        if not self.platform:
            return False
        if not refs.is_platform(refs.filled(flag[1], self.values), self.platform):
            raise refused(
                line,
                f"FROM --platform={flag[1][:100]} is not allowed: builds are for {self.platform}",
                fix="Leave --platform out.",
            )
        return True

    def _copy(self, one: Instruction, flags: list[tuple[str, str]]) -> Instruction:
        changed = [
            (name, self._source(value, one.line) if name == "from" else value)
            for name, value in flags
        ]
        return replace(one, text=_join(changed, one.arguments)) if changed != flags else one

    def _add(self, one: Instruction, flags: list[tuple[str, str]]) -> Instruction:
        """The engine itself fetches remote sources: from the host, where it reaches everything."""
        # In the JSON form \\u003a is a colon that nobody sees.
        is_hidden = one.arguments.startswith("[") and "\\" in one.arguments
        words = re.sub(r"[\"'\\\[\],]", " ", one.arguments).split()[:-1]
        remote = next((word for word in words if is_hidden or not _is_no_address(word)), None)
        if remote is not None:
            raise refused(
                one.line,
                f"ADD of {remote[:100]!r} is not allowed: it may be fetched from a network",
                fix="Use COPY for files of the folder, and RUN curl for downloads.",
            )
        return one

    def _run(self, one: Instruction, flags: list[tuple[str, str]]) -> Instruction:
        if not flags:
            return one
        changed = [
            (name, self._mount(value, one.line) if name == "mount" else value)
            for name, value in flags
        ]
        return replace(one, text=_join(changed, one.arguments))

    def _mount(self, value: str, line: int) -> str:
        if re.search(r"[\"\s]", value):
            raise refused(line, "a mount with quotes or spaces in it is not allowed")
        pairs = [field.partition("=") for field in value.split(",")]
        options = [(name.lower(), equals, what) for name, equals, what in pairs]
        known = {name: what for name, _, what in options}
        if len(known) < len(options) or not known.keys() <= MOUNT_OPTIONS:
            raise refused(line, f"the mount {value[:100]!r} repeats an option or has a wrong one")
        kind = known.get("type", "bind").lower()
        if kind not in MOUNT_TYPES:
            raise refused(line, f"a mount of type {kind!r} is not allowed")
        if kind == "cache":
            options = [option for option in options if option[0] != "id"]
            options.append(("id", "=", self._cache_id(known, line)))
        return ",".join(
            f"{name}{equals}{self._source(what, line) if name == 'from' else what}"
            for name, equals, what in options
        )

    def _cache_id(self, known: Mapping[str, str], line: int) -> str:
        target = known.get("target") or known.get("dst") or known.get("destination")
        own = known.get("id") or target
        if not own:
            raise refused(line, "a cache mount needs a target")
        return f"{self.policy.cache_id}-{own}"

    def _source(self, name: str, line: int) -> str:
        """A `from=`: the number or name of an earlier stage stays, an image is looked at."""
        if self.is_foreign:
            raise refused(line, f"from={name[:100]} reaches beyond what it stands on")
        if (name.isascii() and name.isdigit()) or name.lower() in self.stages.names:
            self.stages.current.takes.add(str(int(name)) if name.isdigit() else name.lower())
            return name
        if name.lower() in self.stages_ahead:
            raise refused(line, f"the stage {name} comes only later")
        if not refs.is_ref(name):
            raise refused(line, f"from={name[:100]} is neither a stage nor an image")
        return self._image(name, line)

    def _image(self, asked: str, line: int) -> str:
        image = refs.find_mapping(asked, self.policy.images) or self._from_mirror(asked)
        if image != asked:
            self.notes.append(f"line {line}: {asked} is taken from {image}")
        if not refs.is_ref(image):
            raise refused(line, f"{asked} is mapped to {image[:100]!r}, which is not an image name")
        if is_of_others(image, self.policy):
            raise refused(line, f"the image {asked} belongs to somebody else")
        self.stages.current.images.append(image)
        return self.pins.get(image, image)

    def _from_mirror(self, asked: str) -> str:
        """What is made on this machine is in no registry: under its name one has another image."""
        if is_local(asked) or _starts(refs.full_name(asked), self.policy.private):
            return asked
        return refs.through_mirror(asked, self.policy.mirror)


def _is_no_address(word: str) -> bool:
    """A variable may only follow a beginning that no address can have."""
    fixed, dollar, _ = word.partition("$")
    if ":" in fixed or "@" in fixed or fixed.startswith("github.com/"):
        return False
    return not dollar or "/" in fixed or "." in fixed


def is_of_others(image: str, policy: Policy) -> bool:
    """By its name: whether an image is made here, and not for this team."""
    full = refs.full_name(image)
    return _starts(full, policy.private) and not _starts(full, policy.own)


def _starts(full: str, prefixes: tuple[str, ...]) -> bool:
    return any(
        full.startswith(refs.full_name(prefix).removesuffix(":latest")) for prefix in prefixes
    )


def _join(flags: list[tuple[str, str]], rest: str) -> str:
    written = [f"--{name}={value}" if value else f"--{name}" for name, value in flags]
    return join_flags(written, rest)
