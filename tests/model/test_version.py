"""How versions are written, compared and asked for (design page section 4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.version import Version, VersionRequest

NUMBER = st.integers(0, 999_999_999)
NUMBERS = st.lists(NUMBER, min_size=1, max_size=4)
TAG = st.from_regex(r"[0-9A-Za-z]{1,8}(\.[0-9A-Za-z]{1,8}){0,2}", fullmatch=True) | st.just("")
VERSIONS = st.builds(Version, st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), TAG)
FEW = st.builds(Version, st.tuples(*[st.integers(0, 2)] * 4), st.sampled_from(["", "", "beta"]))


def dotted(numbers: list[int]) -> str:
    return ".".join(map(str, numbers))


@given(VERSIONS)
def test_what_is_written_is_read_back(version: Version) -> None:
    assert Version.parse(str(version)) == version


@given(NUMBERS, TAG)
def test_missing_parts_are_zero(numbers: list[int], tag: str) -> None:
    suffix = f"-{tag}" if tag else ""
    assert Version.parse(dotted(numbers) + suffix).parts == (*numbers, 0, 0, 0)[:4]


@given(st.text())
def test_any_text_is_a_version_or_an_error_with_a_hint(text: str) -> None:
    refusals = []
    try:
        Version.parse(text)
    except InvalidRequestError as refused:
        refusals = [(refused.code, refused.target, bool(refused.hint))]
    assert refusals in ([], [("InvalidVersion", text, True)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1.",
        ".1",
        "1..2",
        "1.2.3.4.5",
        "v1",
        "1.0-",
        "1.0+b",
        "1.0 beta",
        "-1",
        "1e3",
        "1.0-a/b",
        "1.0-..",
        "1.0-a.",
        "1.0-.a",
        "\u0661.0",
        "1.0\n2",
        "1" * 10,
        "1.0-" + "a" * 33,
    ],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Version.parse(text)
    assert caught.value.code == "InvalidVersion"


def test_blanks_around_a_version_do_not_matter() -> None:
    assert Version.parse(" 1.10 \n") == Version((1, 10, 0, 0))


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.2", "1.10"),
        ("9.5", "9.5.0.1"),
        ("9.99.99.99", "10"),
        ("1.0-beta", "1.0"),
        ("1.0", "1.0.1-beta"),
        ("1.0-alpha", "1.0-beta"),
    ],
)
def test_parts_are_compared_as_numbers_and_a_tag_comes_before_its_release(lower: str, higher: str) -> None:
    assert Version.parse(lower) < Version.parse(higher)
    assert not Version.parse(higher) <= Version.parse(lower)


def test_zero_padding_makes_no_other_version() -> None:
    assert Version.parse("1") == Version.parse("1.0.0.0")
    assert len({Version.parse("01.0"), Version.parse("1")}) == 1


@given(FEW, FEW, FEW)
def test_versions_are_in_one_order(a: Version, b: Version, c: Version) -> None:
    assert sum([a < b, a == b, a > b]) == 1
    if a <= b and b <= c:
        assert a <= c
    if a == b:
        assert hash(a) == hash(b)


# Requests.


@given(VERSIONS, st.integers(1, 4))
def test_any_prefix_of_a_release_asks_for_it(version: Version, length: int) -> None:
    release = Version(version.parts)
    assert VersionRequest(version.parts[:length]).matches(release)


@given(FEW, st.lists(st.integers(0, 2), max_size=4))
def test_a_request_without_a_tag_asks_for_releases_with_its_prefix_only(
    version: Version, numbers: list[int]
) -> None:
    expected = not version.tag and list(version.parts[: len(numbers)]) == numbers
    assert VersionRequest(tuple(numbers)).matches(version) is expected


@pytest.mark.parametrize("text", [None, ""])
def test_nothing_asks_for_the_newest_release(text: str | None) -> None:
    offered = [Version.parse(v) for v in ("1.2", "1.10", "2.0-rc", "1.9")]
    assert VersionRequest.parse(text).best_of(offered) == Version.parse("1.10")


def test_one_number_is_not_a_prefix_of_another() -> None:
    assert not VersionRequest.parse("1.1").matches(Version.parse("1.10"))


def test_a_prefix_is_not_padded() -> None:
    assert VersionRequest.parse("1").matches(Version.parse("1.5"))
    assert not VersionRequest.parse("1.0").matches(Version.parse("1.5"))


@given(FEW, st.sampled_from(["", "1", "1.0", "1.0.0.0"]))
def test_a_pre_release_is_asked_for_exactly_or_not_at_all(version: Version, text: str) -> None:
    assert not (version.tag and VersionRequest.parse(text).matches(version))
    exact = VersionRequest.parse(str(Version(version.parts, "beta")))
    assert exact.matches(version) is (version.tag == "beta")


def test_an_exact_pre_release_may_be_written_short() -> None:
    assert VersionRequest.parse("2.0-rc1").matches(Version.parse("2.0.0.0-rc1"))
    assert not VersionRequest.parse("2.0-rc1").matches(Version.parse("2.0.1-rc1"))


def test_nothing_that_matches_is_none() -> None:
    assert VersionRequest.parse("3").best_of([Version.parse("1.0")]) is None


@pytest.mark.parametrize(
    ("asked", "widened"), [("9.5.10", "9"), ("9", "9"), ("", ""), ("2.0-beta", "2.0-beta")]
)
def test_widening_leaves_the_major_and_never_touches_a_pre_release(asked: str, widened: str) -> None:
    assert VersionRequest.parse(asked).widened_to_major() == VersionRequest.parse(widened)


@given(NUMBERS, TAG)
def test_a_request_is_read_back_as_it_was_asked(numbers: list[int], tag: str) -> None:
    request = VersionRequest(tuple(numbers), tag)
    assert VersionRequest.parse(str(request)) == request


@pytest.mark.parametrize("text", ["latest", "9.*", "1.2.3.4.5", "None"])
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        VersionRequest.parse(text)
    assert caught.value.code == "InvalidVersion"
