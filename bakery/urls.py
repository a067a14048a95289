"""Every address starts here."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

from bakery import accounts, health, people, views, views_log, who_may

handler400 = "bakery.views.bad_request"
handler403 = "bakery.views.forbidden"
handler404 = "bakery.views.not_found"
handler500 = "bakery.views.server_error"

urlpatterns = [
    path("login/", accounts.SignIn.as_view(), name="login"),
    path("login/code/", accounts.login_code, name="login_code"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("menu/", views.menu, name="menu"),
    path("menu/health/", health.health, name="health"),
    path("menu/theme/", views.theme_switch, name="theme_switch"),
    path("log/", views_log.log_list, name="log_list"),
    path("log/csv/", views_log.log_csv, name="log_csv"),
    path("history/<str:kind>/<int:pk>/", views_log.object_history, name="object_history"),
    path("account/", accounts.account, name="account"),
    path("account/password/", accounts.password_change, name="password_change"),
    path("account/sign-out/", accounts.sign_out_everywhere, name="sign_out_everywhere"),
    path("account/second-factor/", accounts.factor_begin, name="factor_begin"),
    path("account/second-factor/confirm/", accounts.factor_confirm, name="factor_confirm"),
    path("account/second-factor/codes/", accounts.factor_codes, name="factor_codes"),
    path("account/second-factor/remove/", accounts.factor_remove, name="factor_remove"),
    path("people/", people.people, name="people"),
    path("people/address/", people.address_let_in, name="address_let_in"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/let-in/", people.person_let_in, name="person_let_in"),
    path("people/<int:person_id>/sign-out/", people.person_sign_out, name="person_sign_out"),
    path("people/<int:person_id>/second-factor/", people.person_factor_remove, name="person_factor_remove"),
    path("admin/login/", accounts.admin_sign_in, name="admin_sign_in"),
    path("admin/password_change/", accounts.admin_password_change, name="admin_password_change"),
    path("healthz", health.healthz, name="healthz"),
    path("roles/", who_may.role_list, name="role_list"),
    path("admin/", admin.site.urls),
    path("", include("packaging.urls")),
    path("", include("assembly.urls")),
]
