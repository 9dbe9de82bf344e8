"""JavaScript frameworks: how each is recognised, built and started. Rows are data, nothing else.

`site` gives files to serve, `hybrid` gives files or a server depending on its configuration,
`server` is a program that listens, `part` only names what a site is made with.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["site", "hybrid", "server", "part"]


@dataclass(frozen=True, slots=True)
class NodeFramework:
    """`static_if` and `server_if` are patterns tried on the configuration files, then packages.

    Where `beside` names packages, one of them has to be required, too. `output_key` is what the
    configuration calls the folder of the result.
    """

    name: str
    packages: tuple[str, ...]
    kind: Kind
    rank: int
    output: str | None = None
    port: int = 3000
    start: str | None = None
    build: str | None = None
    configs: tuple[str, ...] = ()
    static_if: str | None = None
    server_if: str | None = None
    static_packages: tuple[str, ...] = ()
    server_packages: tuple[str, ...] = ()
    is_static_by_default: bool = False
    static_output: str | None = None
    single_page: bool = False
    beside: tuple[str, ...] = ()
    output_key: str | None = None


VITE_CONFIGS = ("vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs")
# Where generators of files are told the folder of their result, and what it is called there.
_OUTPUTS: dict[str, tuple[tuple[str, ...], str]] = {
    "vite": (VITE_CONFIGS, "outDir"),
    "ionic-react": (VITE_CONFIGS, "outDir"),
    "vue": (("vue.config.js", "vue.config.ts"), "outputDir"),
    "eleventy": (("eleventy.config.js", "eleventy.config.mjs", ".eleventy.js"), "output"),
    "webpack": (("webpack.config.js", "webpack.config.ts"), "path"),
}
_NITRO = "node .output/server/index.mjs"


def _site(
    name: str, *packages: str, output: str, build: str, rank: int = 60, spa: bool = False
) -> NodeFramework:
    configs, key = _OUTPUTS.get(name, ((), None))
    return NodeFramework(
        name,
        packages,
        "site",
        rank,
        output=output,
        build=build,
        single_page=spa,
        configs=configs,
        output_key=key,
    )


def _server(name: str, *packages: str, rank: int = 40, port: int = 3000) -> NodeFramework:
    return NodeFramework(name, packages, "server", rank, port=port)


NODE_FRAMEWORKS = (
    # Frameworks that render on a server unless told not to.
    NodeFramework("blitzjs", ("blitz", "@blitzjs/next"), "hybrid", 98, start="blitz start"),
    NodeFramework(
        "redwoodjs",
        ("@redwoodjs/core", "@redwoodjs/api"),
        "hybrid",
        97,
        port=8910,
        start="redwood serve",
    ),
    NodeFramework(
        "nextjs",
        ("next",),
        "hybrid",
        90,
        build="next build",
        # By itself it listens on all addresses and on $PORT.
        start="next start",
        configs=("next.config.js", "next.config.mjs", "next.config.ts", "next.config.cjs"),
        static_if=r"""output['"]?\s*:\s*['"]export['"]""",
        static_output="out",
        output_key="distDir",
    ),
    NodeFramework(
        "nuxt",
        ("nuxt", "nuxt3", "nuxt-edge"),
        "hybrid",
        90,
        build="nuxt build",
        start=_NITRO,
        configs=("nuxt.config.ts", "nuxt.config.js", "nuxt.config.mjs"),
        static_if=r"""preset['"]?\s*:\s*['"]static['"]|target['"]?\s*:\s*['"]static['"]""",
        static_output=".output/public",
    ),
    NodeFramework(
        "sveltekit",
        ("@sveltejs/kit",),
        "hybrid",
        90,
        build="vite build",
        start="node build",
        static_packages=("@sveltejs/adapter-static",),
        configs=("svelte.config.js", "svelte.config.mjs", "svelte.config.ts"),
        server_packages=("@sveltejs/adapter-node",),
        static_output="build",
        output_key="out|pages",
    ),
    NodeFramework(
        "astro",
        ("astro",),
        "hybrid",
        88,
        build="astro build",
        port=4321,
        start="node ./dist/server/entry.mjs",
        configs=("astro.config.mjs", "astro.config.ts", "astro.config.js", "astro.config.mts"),
        server_if=r"""output['"]?\s*:\s*['"](?:server|hybrid)['"]""",
        server_packages=("@astrojs/node",),
        is_static_by_default=True,
        static_output="dist",
        output_key="outDir",
    ),
    NodeFramework(
        "hydrogen", ("@shopify/hydrogen",), "hybrid", 96, start="shopify hydrogen preview"
    ),
    NodeFramework(
        "remix",
        ("@remix-run/dev", "@remix-run/react", "@remix-run/node"),
        "hybrid",
        92,
        build="remix vite:build",
        start="remix-serve ./build/server/index.js",
        configs=VITE_CONFIGS,
        static_if=r"ssr\s*:\s*false",
        static_output="build/client",
        single_page=True,
    ),
    NodeFramework(
        "react-router",
        ("@react-router/dev",),
        "hybrid",
        92,
        build="react-router build",
        start="react-router-serve ./build/server/index.js",
        configs=("react-router.config.ts", "react-router.config.js", "react-router.config.mjs"),
        static_if=r"ssr\s*:\s*false",
        static_output="build/client",
        single_page=True,
    ),
    NodeFramework(
        "tanstack-start",
        ("@tanstack/react-start", "@tanstack/solid-start", "@tanstack/start"),
        "hybrid",
        94,
        build="vite build",
        start="npx srvx --prod -s ../client dist/server/server.js",
        configs=VITE_CONFIGS,
        static_if=r"spa\s*+:\s*+\{[^}]{0,1000}enabled\s*+:\s*+true",
        static_output="dist/client",
        single_page=True,
    ),
    NodeFramework(
        "tanstack-start",
        ("@tanstack/react-start", "@tanstack/solid-start", "@tanstack/start"),
        "hybrid",
        95,
        build="vite build",
        start=_NITRO,
        configs=VITE_CONFIGS,
        static_if=r"spa\s*+:\s*+\{[^}]{0,1000}enabled\s*+:\s*+true",
        static_output="dist/client",
        single_page=True,
        beside=("nitro", "nitropack", "vinxi", "@tanstack/nitro-v2-vite-plugin"),
    ),
    NodeFramework(
        "solidstart",
        ("@solidjs/start", "solid-start"),
        "hybrid",
        92,
        build="vinxi build",
        start=_NITRO,
        configs=("app.config.ts", "app.config.js"),
        static_if=r"""preset['"]?\s*:\s*['"]static['"]""",
        static_output=".output/public",
    ),
    NodeFramework(
        "qwik",
        ("@builder.io/qwik-city", "@qwik.dev/router"),
        "hybrid",
        92,
        build="qwik build",
        start="node server/entry.express",
        is_static_by_default=True,
        static_output="dist",
    ),
    NodeFramework(
        "angular",
        ("@angular/core",),
        "hybrid",
        70,
        build="ng build",
        port=4000,
        server_packages=("@angular/ssr", "@nguniversal/express-engine"),
        is_static_by_default=True,
        static_output="dist",
        single_page=True,
    ),
    NodeFramework(
        "ionic-angular",
        ("@ionic/angular",),
        "site",
        82,
        output="www",
        build="ng build",
        single_page=True,
    ),
    NodeFramework(
        "umijs",
        ("umi", "@umijs/max"),
        "site",
        86,
        output="dist",
        build="umi build",
        single_page=True,
    ),
    NodeFramework(
        "sapper", ("sapper",), "hybrid", 90, build="sapper build", start="node __sapper__/build"
    ),
    # Generators of files.
    _site("gatsby", "gatsby", output="public", build="gatsby build", rank=88),
    _site(
        "docusaurus",
        "@docusaurus/core",
        "docusaurus",
        output="build",
        build="docusaurus build",
        rank=88,
    ),
    _site("vitepress", "vitepress", output=".vitepress/dist", build="vitepress build", rank=86),
    _site(
        "vuepress",
        "vuepress",
        "@vuepress/core",
        output=".vuepress/dist",
        build="vuepress build",
        rank=86,
    ),
    _site("eleventy", "@11ty/eleventy", output="_site", build="eleventy", rank=84),
    _site("hexo", "hexo", output="public", build="hexo generate", rank=84),
    _site(
        "observable", "@observablehq/framework", output="dist", build="observable build", rank=84
    ),
    _site(
        "sanity", "sanity", "@sanity/core", output="dist", build="sanity build", rank=84, spa=True
    ),
    _site("ember", "ember-cli", output="dist", build="ember build", rank=82, spa=True),
    _site("ionic-react", "@ionic/react", output="dist", build="vite build", rank=82, spa=True),
    _site("stencil", "@stencil/core", output="www", build="stencil build", rank=80, spa=True),
    _site(
        "polymer",
        "polymer-cli",
        "@polymer/polymer",
        output="build/default",
        build="polymer build",
        rank=78,
        spa=True,
    ),
    _site(
        "create-react-app",
        "react-scripts",
        "@craco/craco",
        output="build",
        build="react-scripts build",
        rank=76,
        spa=True,
    ),
    _site(
        "vue", "@vue/cli-service", output="dist", build="vue-cli-service build", rank=76, spa=True
    ),
    _site("preact", "preact-cli", output="build", build="preact build", rank=76, spa=True),
    _site(
        "brunch", "brunch", output="public", build="brunch build --production", rank=70, spa=True
    ),
    _site(
        "parcel", "parcel", "parcel-bundler", output="dist", build="parcel build", rank=66, spa=True
    ),
    _site("rsbuild", "@rsbuild/core", output="dist", build="rsbuild build", rank=67, spa=True),
    _site("rspack", "@rspack/cli", output="dist", build="rspack build", rank=56, spa=True),
    _site("vite", "vite", "rolldown-vite", output="dist", build="vite build", rank=65, spa=True),
    _site("svelte", "sirv-cli", output="public", build="rollup -c", rank=62, spa=True),
    _site(
        "webpack",
        "webpack-dev-server",
        output="dist",
        build="webpack --mode production",
        rank=55,
        spa=True,
    ),
    _site("expo", "expo", output="dist", build="expo export -p web", rank=64, spa=True),
    # Servers.
    NodeFramework(
        "strapi",
        ("@strapi/strapi", "strapi"),
        "server",
        95,
        port=1337,
        build="strapi build",
        start="strapi start",
    ),
    NodeFramework(
        "nestjs", ("@nestjs/core",), "server", 85, build="nest build", start="node dist/main"
    ),
    NodeFramework(
        "mastra",
        ("mastra",),
        "server",
        84,
        port=4111,
        build="mastra build",
        start="node .mastra/output/index.mjs",
    ),
    NodeFramework(
        "xmcp", ("xmcp",), "server", 84, port=3001, build="xmcp build", start="node dist/http.js"
    ),
    NodeFramework("nitro", ("nitropack", "nitro"), "server", 50, build="nitro build", start=_NITRO),
    _server("elysia", "elysia", rank=48),
    _server("hono", "hono", "@hono/node-server", rank=46),
    _server("fastify", "fastify", rank=45),
    _server("koa", "koa", rank=44),
    _server("hapi", "@hapi/hapi", rank=44),
    _server("express", "express", rank=42),
    _server("h3", "h3", rank=30),
    _server("polka", "polka", rank=41),
    _server("restify", "restify", rank=41, port=8080),
    _server("adonisjs", "@adonisjs/core", rank=86, port=3333),
    _server("sails", "sails", rank=60, port=1337),
    _server("meteor", "meteor-node-stubs", rank=60),
    _server("apollo", "@apollo/server", "apollo-server", rank=35, port=4000),
    _server("socket.io", "socket.io", rank=20),
    # What a site is written with, when its bundler says no more.
    NodeFramework("react", ("react",), "part", 12),
    NodeFramework("vue", ("vue",), "part", 13),
    NodeFramework("svelte", ("svelte",), "part", 14),
    NodeFramework("preact", ("preact",), "part", 15),
    NodeFramework("solid", ("solid-js",), "part", 14),
)

# Bundlers and tools that serve files while somebody develops: not how a service is started.
DEV_SERVERS = (
    r"(?<![\w-])(?:vite|react-scripts start|craco start|vue-cli-service serve|ng serve"
    r"|ember s(?:erve)?"
    r"|webpack(?:-dev-server| serve)|parcel(?! build)|gatsby (?:develop|serve)|next dev|nuxt dev"
    r"|nuxi dev|astro (?:dev|preview)|docusaurus start|vuepress dev|vitepress dev|eleventy --serve"
    r"|hexo server|hexo s|stencil build .*--serve|polymer serve|preact (?:watch|serve)"
    r"|sanity (?:start|dev)|umi dev|max dev|brunch watch|expo start|ionic serve|sirv|serve"
    r"|http-server|live-server|lite-server|browser-sync|snowpack|rsbuild dev|rspack serve"
    r"|storybook|start-storybook|react-app-rewired start|svelte-kit dev|rollup -c -w)(?![\w-])"
)
