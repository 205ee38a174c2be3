"""The addresses of the test site: the admin, and the app's own at the root."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("lifestream.owner.urls")),
    path("", include("lifestream.urls")),
]
