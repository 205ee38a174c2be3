"""The addresses of the bundled site: the admin, and the pages at the root."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from lifestream.conf import settings
from lifestream.site.account_admin import check_lists
from lifestream.site.admin_login import AdminLoginForm, admin_login, admin_password
from lifestream.web import views

# By default, Django imports the admin for every command; here only commands that serve or check addresses import it.
admin.autodiscover()
check_lists()
admin.site.login_form = AdminLoginForm
admin.site.site_header = admin.site.site_title = settings.title or "Lifestream"

handler400 = "lifestream.site.errors.bad_request"
handler403 = "lifestream.site.errors.permission_denied"
handler404 = "lifestream.site.errors.page_not_found"
handler500 = "lifestream.site.outage_pages.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/login/", admin_login),
    path("admin/password_change/", admin.site.admin_view(admin_password, cacheable=True)),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics),
    path("robots.txt", views.robots),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("favicon.ico", views.favicon),
    path("", include("lifestream.owner.urls")),
    path("", include("lifestream.urls")),
]
