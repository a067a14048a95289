"""Every address starts here."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

from bakery import views, who_may

handler400 = "bakery.views.bad_request"
handler403 = "bakery.views.forbidden"
handler404 = "bakery.views.not_found"
handler500 = "bakery.views.server_error"

urlpatterns = [
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("menu/", views.menu, name="menu"),
    path("menu/theme/", views.theme_switch, name="theme_switch"),
    path("roles/", who_may.role_list, name="role_list"),
    path("admin/", admin.site.urls),
    path("", include("packaging.urls")),
    path("", include("assembly.urls")),
]
