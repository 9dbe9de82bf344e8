from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from guestbook.models import Entry


def index(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        text = request.POST.get("text", "").strip()[:200]
        if text:
            Entry.objects.create(text=text)
        return redirect("index")
    return render(request, "guestbook/index.html", {"entries": Entry.objects.all()[:50]})


def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok", "entries": Entry.objects.count()})
