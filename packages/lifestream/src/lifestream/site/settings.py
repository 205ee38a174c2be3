"""The settings of the bundled site, from `lifestream.toml` in LIFESTREAM_HOME and from the environment.

`options` lists what can be set, and `lifestream config` prints the values in effect and where they come from.
LIFESTREAM_HOME, the folder of the database, the secret key and `lifestream.toml`, is set in the environment only; its
default is `~/.lifestream`.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import dj_database_url
import django

from lifestream.content import players
from lifestream.page_limits import LONGEST_FORM
from lifestream.site.fetching_settings import (  # noqa: F401  settings are read from here
    CONFIGURATION,
    LANGUAGE_CODE,
    LOGGING,
    TIME_ZONE,
    USE_TZ,
)
from lifestream.site.home import PrivateConnection, home, secret_key
from lifestream.site.own_templates import SHIPPED

HOME = home()
_mail = {name: value for name, value in CONFIGURATION.chosen.items() if name.startswith("EMAIL_")}
globals().update(
    {name: value for name, value in CONFIGURATION.chosen.items() if name != "DATABASE_URL" and name not in _mail}
)

SECRET_KEY = secret_key(HOME)
DEBUG = False

try:
    _public = urlsplit(CONFIGURATION["LIFESTREAM_PUBLIC_URL"] or "")
    _public_host, _public_path = _public.hostname, _public.path.rstrip("/")
except ValueError:  # check E009 reports what is wrong with the URL
    _public, _public_host, _public_path = urlsplit(""), None, ""

_hosts = list(CONFIGURATION["LIFESTREAM_HOSTS"])
if _public_host and _public_host not in _hosts:
    _hosts.append(_public_host)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *_hosts]
LIFESTREAM_TRUSTED_PROXIES = CONFIGURATION["LIFESTREAM_TRUSTED_PROXIES"]
CSRF_TRUSTED_ORIGINS = [f"https://{host.removeprefix('.')}" for host in _hosts if host != "*"]
if _public_path:
    FORCE_SCRIPT_NAME = _public_path
if _public.scheme == "https":
    # The site is at an https address only: cookies are sent over TLS only, and requests by http are redirected.
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = ["^(healthz|readyz|metrics)$"]
    SECURE_HSTS_SECONDS = CONFIGURATION["SECURE_HSTS_SECONDS"]
    # Only the owner knows whether other sites of the domain have TLS, and whether browsers may preload the HSTS rule.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # `urls` imports the classes of the admin, only to serve pages
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "lifestream",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "lifestream.site.policy.ContentSecurityPolicyMiddleware",
    "lifestream.site.nul.NulMiddleware",
    "lifestream.site.outage_pages.OutageMiddleware",
    "lifestream.site.compression.CompressionMiddleware",
    "lifestream.site.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "lifestream.site.refusal_pages.RefusalMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if "LANGUAGE_CODE" not in CONFIGURATION.chosen:
    # Each reader gets the pages in the language of the browser, if all strings are translated into that language.
    MIDDLEWARE.insert(
        MIDDLEWARE.index("lifestream.site.refusal_pages.RefusalMiddleware"), "django.middleware.locale.LocaleMiddleware"
    )
    LANGUAGES = [("de", "Deutsch"), ("en", "English")]
DATA_UPLOAD_MAX_MEMORY_SIZE = LONGEST_FORM
LOGIN_URL = "lifestream_owner:login"
LOGIN_REDIRECT_URL = "lifestream:index"
CSRF_FAILURE_VIEW = "lifestream.site.errors.csrf_failure"
ROOT_URLCONF = "lifestream.site.urls"
WSGI_APPLICATION = "lifestream.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Templates in LIFESTREAM_HOME replace the shipped ones.
        "DIRS": [HOME / "templates", SHIPPED],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "lifestream.site.own_templates.RegularFiles",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

try:
    _database = dj_database_url.parse(
        CONFIGURATION["DATABASE_URL"] or f"sqlite:///{(HOME / 'lifestream.sqlite3').as_posix()}",
        conn_max_age=600,
        conn_health_checks=True,
    )
except ValueError:
    raise SystemExit(  # The message has no URL, since that may contain a password.
        "DATABASE_URL is no address of a database: write it like postgresql://user:password@host/name, with special "
        "characters of the password percent-encoded."
    ) from None
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # Readers do not wait for the writer. A writer waits at the start of its transaction, where waiting is possible.
    # A claim of 250 feeds writes 500 pages of a large database, too many for the default cache and log (2 and 4 MB).
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "factory": PrivateConnection,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
            "PRAGMA cache_size=-8000; PRAGMA wal_autocheckpoint=4000"
        ),
    }
DATABASES = {"default": _database}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

STATIC_URL = "static/"  # below FORCE_SCRIPT_NAME
# Files in this folder are served, too, and replace shipped files of the same name.
_static = HOME / "static"
STATICFILES_DIRS = [_static] if os.path.isdir(_static) else []  # noqa: PTH112  `Path.is_dir` raises in closed folders


def _is_ours(name: str) -> bool:
    """Return whether the folder has the file *name*, and this user may read it."""
    return os.path.isfile(_static / name) and os.access(_static / name, os.R_OK)  # noqa: PTH113


# Files with these names are used without a setting.
if CONFIGURATION["LIFESTREAM_STYLES"] is None and _is_ours("custom.css"):
    LIFESTREAM_STYLES = ["custom.css"]
_logos = [name for name in ("logo.svg", "logo.webp", "logo.png", "logo.jpg", "logo.gif") if _is_ours(name)]
if CONFIGURATION["LIFESTREAM_LOGO"] is None and _logos:
    LIFESTREAM_LOGO = _logos[0]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "lifestream.site.static_files.VersionedStorage"},
}
WHITENOISE_USE_FINDERS = True  # Static files are served from the apps, so nothing has to be collected.
WHITENOISE_MAX_AGE = 3600
# The pictures of a feed are requested without naming the page that shows them.
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "style-src-attr": ["'unsafe-inline'"],  # Of the styles in feeds, the sanitiser kept only LIFESTREAM_VALID_STYLES.
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "img-src": ["'self'", "data:", "http:", "https:"],
    "media-src": ["'self'", "http:", "https:"],
    "frame-src": list(players.ORIGINS),
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}

if CONFIGURATION["LIFESTREAM_SERVE_PICTURES"]:
    # Unless LIFESTREAM_CSP_SOURCES allows it, no page can load a picture from another site, whatever the owner's own
    # templates contain.
    CONTENT_SECURITY_POLICY["img-src"] = ["'self'", "data:"]
LIFESTREAM_PICTURE_FOLDER = CONFIGURATION["LIFESTREAM_PICTURE_FOLDER"] or str(HOME.absolute() / "pictures")

for _directive, _sources in CONFIGURATION["LIFESTREAM_CSP_SOURCES"].items():
    CONTENT_SECURITY_POLICY[_directive] = [*CONTENT_SECURITY_POLICY.get(_directive, ()), *_sources]

# Without a server for mail, none is sent: all code here checks EMAIL_HOST before it sends mail. Django 6.1 deprecates
# the settings that begin with EMAIL_, and complains about a backend that sends nothing.
_mail_server = CONFIGURATION["EMAIL_HOST"]
if django.VERSION < (6, 1):
    EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _mail_server else 'dummy'}.EmailBackend"
    globals().update(_mail)
elif _mail_server:
    _names = {"EMAIL_HOST_USER": "username", "EMAIL_HOST_PASSWORD": "password"}
    _options = {_names.get(name, name.removeprefix("EMAIL_").lower()): value for name, value in _mail.items()}
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": _options}}

if os.environ.get("LIFESTREAM_DEMO"):
    LIFESTREAM_PER_HOST_RATE = 0  # The feeds come from a server in the same process, and somebody waits.
LIFESTREAM_CHECK_EVERY = float(
    60 if CONFIGURATION["LIFESTREAM_CHECK_EVERY"] is None else CONFIGURATION["LIFESTREAM_CHECK_EVERY"]
)

CELERY_BROKER_URL = CONFIGURATION["CELERY_BROKER_URL"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # otherwise a worker ends when Redis is out of memory
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A process takes one message at a time, and leaves the others to processes that are free; see lifestream.tasks.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULER = "lifestream.site.beat:Scheduler"  # goes on when the clock is set back
# A task is dropped if no worker has taken it by the time the next one is sent.
CELERY_BEAT_SCHEDULE = {
    "update-feeds": {
        "task": "lifestream.update_feeds",
        "schedule": LIFESTREAM_CHECK_EVERY,
        "options": {"expires": LIFESTREAM_CHECK_EVERY},
    },
    "cleanup": {"task": "lifestream.cleanup", "schedule": 86400.0, "options": {"expires": 86000.0}},
    "report": {"task": "lifestream.report", "schedule": 86400.0, "options": {"expires": 86000.0}},
    "find-icons": {"task": "lifestream.find_icons", "schedule": 3600.0, "options": {"expires": 3500.0}},
}
