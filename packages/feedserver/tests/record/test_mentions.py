"""A text that compares the name of a secret with something that may be the secret is a secret as a whole."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import pytest

from feedserver.record.mentions import mentioned_in_text, mentioned_in_value, parts_beside
from feedserver.record.secret_search import without_secrets

NOTHING: frozenset[str] = frozenset()

COMPARISONS = [
    *("password eq 'S3'", "password%20eq%20S3", "'S3' eq password", "password ne 'S 3'", "password is not 'S3'"),
    *("password='S3'", "`password`='S3'", "password::text='S3'", "'S3'==password", "password <=> 'S3'"),
    *("password like N'S3'", "'S3' in password", "password in ('b', 'S3')", "password between 'b' and 'S3'"),
    *("startswith(password,'S3')", "substringof('S3',lower(password))", "eq(password,S3)", "trim(pwd) ~* 'S3'"),
    *("user:ada,password:S3", "a:b|pwd:S3|e:f", "(a:b,-pwd:S3)", "password = S3", "token='secretS3'"),
    *("password.eq.S3", '["password","=","S3"]', '{"field": "password", "op": "eq", "value": "S3"}', "{'otp': 'S3'}"),
    *('{"filter": "password ne \'S3\'"}', "the pin:S3", "contrase\xf1a: S3", "пароль: S3", "a=1,pwd=b S3"),
    *("'S3'\\u003dpassword", "password =~ 'S3'", "password=~'S3'", "password not between 'S3' and 'S4'"),
    *("startswith(user.password, 'S3')", "'S3'==user.password", "password starts_match 'S3'", "password has 'S3'"),
    *("password:/S3/", "//user[password/text()='S3']", "(|(uid=a)(userPassword=S3))"),
]


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_a_value_of_a_parameter_that_mentions_a_secret_is_replaced_whole(comparison: str) -> None:
    raw = comparison.encode().decode("latin-1")
    for value in (raw, quote(comparison), quote_plus(comparison), quote(quote(comparison))):
        cleaned, found = without_secrets(f"/?a=b&q={value}&c=d")
        if "='" not in comparison:  # where the string is replaced alone
            assert (cleaned, found) == ("/?a=b&q=removed&c=d", ("parameter q",))
        for before, after in (("/?q=", ""), ("</?q=", ">; rel=next"), ("0; url=/?q=", ""), ("see /?q=", " x")):
            if before != "see /?q=" or "'" in comparison or " " not in value:  # a URL in a sentence ends at a blank
                assert "S3" not in without_secrets(f"{before}{value}{after}", mentions=True)[0]


@pytest.mark.parametrize("text", [each for each in COMPARISONS if "'S3'" in each and "{" not in each])
def test_a_sentence_that_mentions_a_secret_beside_a_string_is_replaced_whole(text: str) -> None:
    assert "S3" not in without_secrets(f"x-{text}, and more", mentions=True)[0]
    assert "S3" not in without_secrets(f'{{"a": "x {text}"}}', mentions=True)[0]
    assert "S3" not in without_secrets(f"x {text.replace(chr(39), '%27')}", mentions=True)[0]


@pytest.mark.parametrize("text", ["password eq S3", "token%20eq%20S3", "pwd in (S3, S4)", '{"a": "user:b,pwd:S3"}'])
def test_a_comparison_in_a_sentence_needs_no_quotes(text: str) -> None:
    assert "S3" not in without_secrets(text, mentions=True)[0]


@pytest.mark.parametrize(
    "value",
    [
        *("password", "access_token", "reset-password", "user.password", "token is null", "token in ()", "password=''"),
        *("key eq 'a'", "session:keynote", "how to pass an exam", "cookie recipes", "monkey:a", "author:ada"),
        *("token:desc", "token asc, name desc", "auth:8080", "auth.example:80/x", "/auth/token/x", "https://auth/a"),
        *("password manager", "Sid Meier's Civilization", "oauth 2.0", "pat metheny 2026", "passwords, privacy, C++"),
        *('"password manager" OR token', "title:password flair:'token' x:y", "Talk:Token_ring", "auth|security|x1"),
        *("id,title,token", "user.auth,comments", "src/auth/x1.md", "repo:a/b oauth is:open", "Category eq 'auth'"),
        *("startswith(Title,'Password')", "text ~ 'token' and a > 1", "//item[category='auth']", "que se passe-t-il"),
        *('{"tag":"auth","lang":"en"}', "Invalid token, please log in", "two-factor authentication", "auth.co.uk/x"),
        *("%2Fauth%2Ftoken%2Fx", "?a=b", "../password/x", "a.php?token=x", '{"password": "x", "a": 1}', "[1, 2]"),
        '{"url": "https://auth.example/x", "password": null}',
    ],
)
def test_a_value_without_anything_that_may_be_the_secret_mentions_none(value: str) -> None:
    assert mentioned_in_value(value, NOTHING) == ""


@pytest.mark.parametrize(
    "text",
    [
        '199 - "Basic authentication, Bearer Token or token based: see the docs"',
        '<https://h/token>; rel="self", </auth/x>; rel="next"; title="a"',
        "your token isn't valid, and the user's password is old",
        '{"group": "auth", "max_age": 1}, {"group": "token", "endpoints": ["a"]}',
        '["token", "id"]',
        "{password: 'removed', title: 'x'}",
        "password == 'removed' and key == 'x'",
        "token = null, a = 'x'",
        "the token is a8f5",
        "the 'token' parameter is deprecated, use 'Authorization' instead",
        "you don't need a password here, isn't it \"nice\"",
        "\"Invalid password\" for user 'ada'",
        '"auth", "web"',
        "default-src 'self' auth.example 'unsafe-inline'",
        'auth, "web dev"',
    ],
)
def test_a_sentence_without_a_string_beside_the_name_mentions_no_secret(text: str) -> None:
    assert mentioned_in_text(text, NOTHING) == ""


def test_names_that_are_kept_are_not_mentioned() -> None:
    for keep, name in ((frozenset({"password"}), ""), (frozenset({"pin"}), "password")):
        assert mentioned_in_value("password:a", keep) == name
        assert mentioned_in_text("password ne 'a'", keep) == name


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("user:ada,password:hunter2", {"hunter2"}),
        ("pwd%3D%27it%20is%27+or+x", {"it is", "it is' or x"}),
        ("'ab' in password", {"ab"}),
        ("password = correct horse", {"correct horse", "correct"}),
        ("reset password", set()),
        ("password eq hunterab", {"hunterab"}),
        ("password.eq.ab12", {"ab12"}),
        ("pwd:not-ab12", {"not-ab12"}),
    ],
)
def test_the_strings_and_what_follows_the_name_may_be_the_secret(value: str, parts: set[str]) -> None:
    assert set(parts_beside("contrase%C3%B1a:ab12", "contraseña")) == {"ab12"}
    assert {each for each in parts_beside(value, "pwd" if "pwd" in value else "password") if each} == parts


def test_brackets_that_are_nested_deeply_are_no_error() -> None:
    assert mentioned_in_value(f"{'[' * 50_000}'password' = 'a'{']' * 50_000}", NOTHING) == "password"
