"""Routes of the pages."""

from django.urls import path

from services.dashboard import password, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", password.sign_in, name="sign-in-with-password"),
    path("sign-in/<str:secret>", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
]
