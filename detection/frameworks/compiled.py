"""Frameworks of Go, Rust, Java, Ruby and PHP: a name, what it is required as, its port."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Framework:
    """`requires` are module, crate, artifact, gem or package names; a prefix is enough for Go."""

    name: str
    requires: tuple[str, ...]
    port: int = 8080
    rank: int = 50


GO_FRAMEWORKS = (
    Framework("gin", ("github.com/gin-gonic/gin",)),
    Framework("echo", ("github.com/labstack/echo",), port=1323),
    Framework("fiber", ("github.com/gofiber/fiber",), port=3000),
    Framework("beego", ("github.com/beego/beego", "github.com/astaxie/beego")),
    Framework("chi", ("github.com/go-chi/chi",)),
    Framework("mux", ("github.com/gorilla/mux",), rank=40),
    Framework("fasthttp", ("github.com/valyala/fasthttp",), rank=30),
    Framework("iris", ("github.com/kataras/iris",)),
    Framework("buffalo", ("github.com/gobuffalo/buffalo",), port=3000),
    Framework("httprouter", ("github.com/julienschmidt/httprouter",), rank=20),
)

RUST_FRAMEWORKS = (
    Framework("actix-web", ("actix-web",)),
    Framework("axum", ("axum",), port=3000),
    Framework("rocket", ("rocket",), port=8000),
    Framework("warp", ("warp",), port=3030, rank=40),
    Framework("poem", ("poem",), port=3000),
    Framework("salvo", ("salvo",), port=5800),
    Framework("tide", ("tide",), rank=40),
    Framework("leptos", ("leptos_axum", "leptos_actix"), port=3000, rank=60),
    Framework("tonic", ("tonic",), port=50051, rank=30),
    Framework("hyper", ("hyper",), port=3000, rank=10),
)

# By group and artifact; the group alone tells for the large ones.
JAVA_FRAMEWORKS = (
    Framework("spring-boot", ("org.springframework.boot",), rank=90),
    Framework("quarkus", ("io.quarkus", "io.quarkus.platform"), rank=90),
    Framework("micronaut", ("io.micronaut", "io.micronaut.application"), rank=90),
    Framework("vertx", ("io.vertx",), port=8888, rank=70),
    Framework("openliberty", ("io.openliberty", "io.openliberty.tools"), port=9080, rank=80),
    Framework("wildfly", ("org.wildfly", "org.wildfly.plugins"), rank=80),
    Framework("play", ("com.typesafe.play", "org.playframework"), port=9000, rank=80),
    Framework("helidon", ("io.helidon",), rank=80),
    Framework("dropwizard", ("io.dropwizard",), rank=80),
    Framework("ktor", ("io.ktor",), rank=75),
    Framework("javalin", ("io.javalin",), port=7070, rank=70),
    Framework("spark", ("com.sparkjava",), port=4567, rank=70),
    Framework("jetty", ("org.eclipse.jetty",), rank=30),
)

RUBY_FRAMEWORKS = (
    Framework("rails", ("rails", "railties"), port=3000, rank=90),
    Framework("hanami", ("hanami",), port=2300, rank=85),
    Framework("sinatra", ("sinatra",), port=4567, rank=70),
    Framework("roda", ("roda",), port=9292, rank=70),
    Framework("grape", ("grape",), port=9292, rank=60),
    Framework("rack", ("rack", "rackup"), port=9292, rank=10),
)

PHP_FRAMEWORKS = (
    Framework("laravel", ("laravel/framework",), port=8000, rank=90),
    Framework("lumen", ("laravel/lumen-framework",), port=8000, rank=85),
    Framework("symfony", ("symfony/framework-bundle", "symfony/symfony"), port=8000, rank=80),
    Framework("cakephp", ("cakephp/cakephp",), port=8765, rank=80),
    Framework("laminas", ("laminas/laminas-mvc", "mezzio/mezzio"), rank=80),
    Framework("codeigniter", ("codeigniter4/framework",), rank=80),
    Framework("yii", ("yiisoft/yii2",), rank=80),
    Framework("drupal", ("drupal/core", "drupal/core-recommended"), rank=85),
    Framework("wordpress", ("johnpbloch/wordpress", "roots/wordpress"), rank=80),
    Framework("slim", ("slim/slim",), rank=60),
)


def best(rows: tuple[Framework, ...], required: frozenset[str]) -> Framework | None:
    """The highest-ranked framework among exact names."""
    found = [row for row in rows if required.intersection(row.requires)]
    return max(found, key=lambda row: row.rank, default=None)


def best_by_prefix(rows: tuple[Framework, ...], required: frozenset[str]) -> Framework | None:
    """As `best`, where a name may go on after a slash: module paths with a major version."""
    found = [
        row
        for row in rows
        if any(name == r or name.startswith(f"{r}/") for name in required for r in row.requires)
    ]
    return max(found, key=lambda row: row.rank, default=None)
