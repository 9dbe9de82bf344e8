"""Ruby and PHP: versions that a lock knows better, servers, scripts that say where to listen."""

import json

import pytest

from detection import render_dockerfile
from tests.detection.conftest import Analyzed

RACK = {"config.ru": "run App\n", "Gemfile": "gem 'sinatra'\n"}
LOCK = "RUBY VERSION\n   ruby 3.4.7p58\n"


@pytest.mark.parametrize(
    ("asked", "lock", "version"),
    [
        ("~> 3.4.0", LOCK, "3.4.7"),
        (">= 3.2", LOCK, "3.4.7"),
        ("~> 3.3.0", "", "3.3"),
        ("3.3.1", "", "3.3.1"),
    ],
)
def test_a_range_of_ruby_is_what_the_lock_made_of_it(
    analyzed: Analyzed, asked: str, lock: str, version: str
) -> None:
    found = analyzed(RACK | {"Gemfile": f"ruby '{asked}'\ngem 'sinatra'\n", "Gemfile.lock": lock})

    assert found.services[0].language_version == version
    assert not any("says ruby" in warning for warning in found.warnings)


def test_a_lock_that_contradicts_an_exact_version_is_a_warning(analyzed: Analyzed) -> None:
    found = analyzed(RACK | {"Gemfile": "ruby '3.3.1'\n", "Gemfile.lock": LOCK})

    assert found.warnings == ("Gemfile says ruby 3.3.1, Gemfile.lock says 3.4.7: took 3.3.1",)


@pytest.mark.parametrize(
    ("gem", "start"),
    [
        ("puma", "bundle exec puma -b tcp://0.0.0.0:$PORT"),
        ("unicorn", "bundle exec unicorn -l 0.0.0.0:$PORT"),
        ("thin", "bundle exec thin start -R config.ru -a 0.0.0.0 -p $PORT"),
        ("rack", "bundle exec rackup config.ru -o 0.0.0.0 -p $PORT"),
    ],
)
def test_a_rack_application_is_served_by_the_server_it_brings(
    analyzed: Analyzed, gem: str, start: str
) -> None:
    web = analyzed(RACK | {"Gemfile": f"gem 'sinatra'\ngem '{gem}'\n"}).services[0]

    assert web.start_command == start


def test_the_port_of_puma_is_in_its_settings(analyzed: Analyzed) -> None:
    files = {"Gemfile": "gem 'puma'\n", "config/puma.rb": "port ENV.fetch('PORT') { 3344 }\n"}

    assert analyzed(RACK | files).services[0].port == 3344


def composer(**said: object) -> dict[str, str]:
    return {"composer.json": json.dumps(said), "composer.lock": "{}"}


def test_a_script_of_composer_says_where_pages_are_and_where_to_listen(analyzed: Analyzed) -> None:
    script = {"start": "php -S localhost:8888 -t web/app"}

    shop = analyzed(composer(scripts=script) | {"web/app/index.php": ""}).services[0]

    assert (shop.start_command, shop.port) == ("php -S 0.0.0.0:$PORT -t web/app", 8888)


def test_laravel_listens_where_artisan_does(analyzed: Analyzed) -> None:
    files = composer(require={"laravel/framework": "^12"}) | {"artisan": "", "public/index.php": ""}

    assert analyzed(files).services[0].port == 8000


def test_extensions_get_what_they_compile_against(analyzed: Analyzed) -> None:
    files = composer(require={"ext-intl": "*", "ext-pdo_mysql": "*"}) | {"index.php": ""}

    text = render_dockerfile(analyzed(files).services[0]).dockerfile

    assert "install -y --no-install-recommends libicu-dev" in text
    assert "docker-php-ext-install intl pdo_mysql" in text


def test_the_database_of_the_example_settings_gets_its_extension(analyzed: Analyzed) -> None:
    files = composer(require={"laravel/framework": "^12"}) | {
        "public/index.php": "",
        ".env.example": "DB_CONNECTION=pgsql\n",
    }

    shop = analyzed(files).services[0]

    assert shop.build_facts["extensions"] == "pdo_pgsql"
    assert shop.system_packages == ("libpq-dev",)


@pytest.mark.parametrize("script", ["build", "production"])
def test_what_pages_of_laravel_load_is_built_beside_it(analyzed: Analyzed, script: str) -> None:
    files = composer(require={"laravel/framework": "^12"}) | {
        "public/index.php": "",
        "yarn.lock": "",
        "package.json": json.dumps({"scripts": {script: "x"}}),
    }

    text = render_dockerfile(analyzed(files).services[0]).dockerfile

    assert "yarn install --frozen-lockfile\n" in text
    assert f"RUN yarn run {script}\n" in text
    assert "COPY --from=assets --chown=10001:10001 /app/public ./public\n" in text
