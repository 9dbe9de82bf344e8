"""Reading Dockerfiles as BuildKit does, and writing them so that there is one reading only."""

import pytest

from services.builds.dockerfile import parse
from services.builds.words import join_flags, split_flags
from services.errors import InvalidError


def read(text: str) -> list[tuple[str, str, int]]:
    return [(one.keyword, one.text, one.line) for one in parse(text).instructions]


def test_continuations_comments_and_blank_lines_inside_are_joined() -> None:
    text = "FROM a\nRUN one \\\n  # a comment\n\n  && two \\  \n&& three\nCMD x\n"

    assert read(text) == [("FROM", "a", 1), ("RUN", "one   && two && three", 2), ("CMD", "x", 7)]


# Half a million characters: read by the square of their length they would take minutes.
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "line",
    [
        "#a=x" + " " * 500_000 + "y",
        "#" + "a" * 500_000,
        "RUN <<E " + "${" * 250_000 + "\nE",
        "RUN <<E " + "${a$" * 120_000 + "\nE",
        "RUN <<E " + "1" * 500_000 + "\nE",
    ],
)
def test_a_long_line_is_read_once(line: str) -> None:
    assert parse(f"{line}\nFROM a\n").instructions[-1].keyword == "FROM"


@pytest.mark.parametrize("line", ["# a = x y \t", "#a=\t ", "#a=x\t=\t"])
def test_what_stands_around_a_directive_is_no_part_of_it(line: str) -> None:
    text = f"{line}\n# escape = ` \nFROM a `\n AS b\n"

    assert parse(text).escape == "`"


def test_the_escape_directive_changes_the_continuation() -> None:
    text = "# escape=`\nFROM a\nRUN dir c:\\\nRUN one `\n two\n"

    assert read(text)[1:] == [("RUN", "dir c:\\", 3), ("RUN", "one  two", 4)]
    assert parse(text).render().startswith("# escape=`\nFROM a\n")


@pytest.mark.parametrize(
    "top",
    [
        "# syntax=evil/image\n",
        "#syntax = evil/image\n",
        "\ufeff# SYNTAX=evil/image\r\n",
        "# escape=`\n# syntax=evil/image\n",
        "# check=skip=all\n#syntax=evil/image\n",
    ],
)
def test_a_syntax_line_is_seen_and_never_written(top: str) -> None:
    found = parse(f"{top}FROM a\n")

    assert found.syntax == "evil/image"
    assert "syntax" not in found.render().lower()


def test_rendering_keeps_line_numbers_and_leaves_no_continuation() -> None:
    text = "# hello\n\nfrom a\n  run one \\\n    two\n# end\nCMD x"

    rendered = parse(text).render()

    assert rendered.split("\n") == ["", "", "FROM a", "RUN one     two", "", "", "CMD x", ""]
    assert read(rendered) == read(text)


def test_heredocs_keep_their_bodies() -> None:
    text = "FROM a\nRUN <<EOF cat && \\\n sh <<-'TWO'\nRUN body\nEOF\nx\n\tTWO\nUSER me\n"

    found = parse(text)

    assert [one.keyword for one in found.instructions] == ["FROM", "RUN", "USER"]
    assert found.instructions[1].body == ("RUN body", "EOF", "x", "\tTWO")
    assert read(found.render()) == read(text)


@pytest.mark.parametrize(
    "line",
    [
        "RUN cat<<EOF",
        "RUN echo $((1 << 2))",
        "RUN cat <<< word",
        'RUN echo " <<EOF "',
        "RUN python -c 'print(1 <<2)'",
        "CMD cat <<EOF",
        "ENV A='<<EOF'",
    ],
)
def test_what_only_looks_like_a_heredoc_is_none(line: str) -> None:
    assert [one.keyword for one in parse(f"FROM a\n{line}\nUSER me\n").instructions][2:] == ["USER"]


@pytest.mark.parametrize(
    "line",
    [
        'RUN <<"USER root"',
        "RUN <<E\\OF",
        "RUN ${X:-<<EOF}",
        "RUN ${X:-'} <<EOF '}",
        "RUN <<EOF ${X${Y'}'}",
        "RUN <<EOF ${X$'}'",
        "RUN ' <<EOF",
        'RUN ["a"] <<EOF',
        "RUN 3<<E$OF",
        "RUN <<CMD\nCMD",
        "RUN <<run\nrun",
        "RUN <<''",
    ],
)
def test_a_heredoc_that_could_be_read_in_two_ways_is_refused(line: str) -> None:
    with pytest.raises(InvalidError, match="line 2"):
        parse(f"FROM a\n{line}\nUSER root\nEOF\n")


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUNX y\n",
        '{"syntax": "x"}',
        "// syntax=x\nFROM a",
        "#!/x\nFROM a\nfoo",
        "FROM a\nRUN x \\\\",
        "# escape=x\nFROM a",
        "FROM a\nRUN <<EOF\nnever",
        "FROM a\nONBUILD FROM b",
        "FROM a\0",
        "FROM a\nONBUILD ONBUILD RUN x",
        "FROM a\nRUN\u00a0x",
        "FROM a\udc80",
        "FROM " + "a" * 600_000,
    ],
)
def test_what_cannot_be_read_safely_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse(text)

    assert caught.value.error_code == "build.dockerfile_refused"


def test_flags_are_read_through_quotes_and_escapes() -> None:
    flags, rest = split_flags('--mount="type=cache,target=/a b" --x=\\"1 \'--y\'=2 cmd --z', 1)

    assert (flags, rest) == (["--mount=type=cache,target=/a b", '--x="1'], "'--y'=2 cmd --z")
    assert split_flags(join_flags(flags, rest), 1) == (flags, rest)


@pytest.mark.parametrize("text", ["-- --mount=x y", "--mount=é y", "--m\u00a0x y"])
def test_flags_that_versions_read_differently_are_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        split_flags(text, 1)
