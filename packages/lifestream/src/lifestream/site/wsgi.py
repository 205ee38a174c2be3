"""The bundled site for any WSGI server: `gunicorn lifestream.site.wsgi`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from lifestream.web.request_charset import in_utf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lifestream.site.settings")
application = in_utf8(get_wsgi_application())
