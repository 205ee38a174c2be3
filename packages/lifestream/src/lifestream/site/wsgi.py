"""The bundled site for any WSGI server: `gunicorn lifestream.site.wsgi`."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http.request import split_domain_port, validate_host

from lifestream.conf import settings as lifestream_settings
from lifestream.site.public_address import PublicAddress
from lifestream.site.trusted_proxies import trusted
from lifestream.web.request_charset import in_utf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lifestream.site.settings")
_django = get_wsgi_application()


def _is_ours(host: str) -> bool:
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


application = in_utf8(
    PublicAddress(
        _django,
        lifestream_settings.public_url,
        trusted(getattr(settings, "LIFESTREAM_TRUSTED_PROXIES", ())),
        _is_ours,
    )
)
