"""Names of secrets, and ordinary names that look like them."""

from __future__ import annotations

import pytest

from feedserver.record.secret_names import decoded, is_secret

SECRET = """
X-Passwd X-Pwd X-AuthKey X-Access-Key X-PassPhrase
Ocp-Apim-Subscription-Key X-Functions-Key X-Encryption-Key X-OTP DPoP
DPoP-Nonce Authorization Proxy-Authorization Authentication-Info Proxy-Authentication-Info Set-Cookie Set-Cookie2 Cookie
X-Api-Key X-APIKey Api_Key apikey X-Auth-Token X-AuthToken x-csrf-token X-CSRFToken X-XSRF-TOKEN X-Session-Id
X-SessionID
X-Amz-Security-Token X-Amz-Signature X-Amz-Credential AWSAccessKeyId Key-Pair-Id X-Goog-Signature X-Hub-Signature-256
token access_token accessToken ACCESS_TOKEN id_token refreshToken auth_token2 client_secret clientSecret code_verifier
password passwd pwd pass user[pass] auth%5Btoken%5D auth%255Bkey%255D auth[key] a.password PHPSESSID JSESSIONID
ASPSESSIONIDQQSTABCD sid sessid sess_id sig hmac key api.key rss_key feedkey ticket SAMLResponse SAMLRequest SAMLart
assertion client_assertion otp totp passphrase pass_phrase passcode pin jwt bearer oauth_nonce xsrf credential
X-MFA X-PW psk kennwort
X-Pincode X-PAT X-Access-Code X-Recovery-Code X-Backup-Code verification_code inviteCode invite_code authcode X-Authcode
device_code user_code reset_code X-2FA-Code X-One-Time-Code onetime_code
_wpnonce crumb Jenkins-Crumb sharekey resourcekey X-ChallengeKey cred mot_de_passe senha parola wachtwoord mnemonic
hdnts hdnea
ｔｏｋｅｎ ｐａｓｓｗｏｒｄ %EF%BD%94oken %ef%bc%b0assword 𝐬𝐞𝐜𝐫𝐞𝐭 ⓚⓔⓨ ｘ－ａｐｉ－ｋｅｙ ÐºÐ»ÑŽÑ_token
sesskey passkeys adminpw
contraseña contrase%C3%B1a contraseÃ±a lösenord jelszó adgangskode motdepasse mdp X-Geheimnis
haslo hasło has%C5%82o heslo salasana passord lozinka şifre parool geslo pswd psw user_pswd X-Psw
userpwd dbpwd oldpwd newpwd userpass dbpass adminpass ftppass rootpw userpw mysid proxyauth basicauth X-Userauth userotp
passw pword user_psswd clave contrasenya sshkey privkey resetkey accountkey memberpass keystorepass tempkey
security_code door_code two_factor_code
пароль Пароль_2 %D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C user[密码] 密碼 κωδικος κωδικός סיסמה
X-Vault-Token Private-Token X-Shared-Secret X-Master-Key x_secret_1 tok creds
"""

ORDINARY = """
ETag Digest Content-MD5 Content-Digest Repr-Digest Last-Modified Cache-Control Content-Type Server Vary Via Age Expires
X-Author Author Authority X-Keyword keyword keywords keyboard monkey donkey turkey hockey keynote Surrogate-Key xkey
X-Cache-Key Idempotency-Key sort_key sortKey primary-key public_key Location Link Refresh Content-Location Alt-Svc
X-Request-Id X-Correlation-Id traceparent CF-Ray Content-Language Retry-After X-Pingback X-Compass bypass passage
page pagination pinned spin tokenize secretary sides sidebar design signal assign significant code state
id q v channel_id
country_code status_code zip-code codec userCodec pattern patch path sharekeyboard seed codes error-code
cookiecutter oauthor ticketing assertive hotpot notpot dpi hmacos noncesfree announce breadcrumb breadcrumbs fast_code
keyring cookiejar tokenkind passport patsy hpw
enclave linker linkage account reset temps temperature member priority trusty
парламент 密度 password_url
username userid website apiary newspaper oldest mypage appinfo dbname proxying accessible clientele sitekey X-Newsroom
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_a_name_of_a_secret_is_recognized(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ORDINARY.split())
def test_an_ordinary_name_is_no_secret(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("name", "beside", "secret"),
    [
        ("code", {"state"}, True),
        ("Code", {"iss"}, True),
        ("state", {"code"}, True),
        ("code", {"page"}, False),
        ("state", {"city"}, False),
        ("policy", {"signature"}, True),
        ("policy", set(), False),
        ("md5", {"expires"}, True),
        ("hash", {"e"}, True),
        ("hash", {"url", "key"}, True),
        ("md5", {"size"}, False),
        ("RelayState", {"samlresponse"}, True),
    ],
)
def test_some_names_are_secrets_only_beside_certain_others(name: str, beside: set[str], secret: bool) -> None:
    assert is_secret(name, frozenset(beside)) == secret


def test_percent_encoding_that_was_applied_several_times_is_undone_within_a_bound() -> None:
    assert decoded("a%5Bb%5D") == decoded("a%255Bb%255D") == decoded("a[b]") == "a[b]"
    assert decoded("%" + "25" * 50 + "5B").startswith("%"), "decoding stops at the bound"
