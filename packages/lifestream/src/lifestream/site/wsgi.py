"""The bundled site for any WSGI server: `gunicorn lifestream.site.wsgi`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lifestream.site.settings")
application = get_wsgi_application()
