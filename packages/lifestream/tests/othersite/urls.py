"""The app stands below /river/ here."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("river/", include("lifestream.urls"))]
